-- conversation, turn ('' for any) → 1 its running turn is asked to stop, 0 none is running; between two attempts it runs as well
local id = call('ZRANGE', key('q', A[1]), 0, 0)[1]
if not id or (A[2] ~= '' and A[2] ~= id) or not call('HGET', key('t', id), 'fixed') then return 0 end
call('HSET', key('t', id), 'stop', 1)
tell('stop ' .. id)
return 1
