-- → {queued, running, set aside}
local running = call('HLEN', P .. ':held')
return {call('ZCARD', P .. ':open') - running, running, call('ZCARD', P .. ':aside')}
