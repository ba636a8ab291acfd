-- → {queued, running, set aside, the JSON of the message that waits longest}
local running = call('HLEN', P .. ':held')
local first = ''
for _, id in ipairs(call('ZRANGE', P .. ':open', 0, running)) do
  local state, incoming = unpack(call('HMGET', key('t', id), 'state', 'incoming'))
  if state == 'queued' then
    first = incoming
    break
  end
end
return {call('ZCARD', P .. ':open') - running, running, call('ZCARD', P .. ':aside'), first}
