-- → {queued, running, set aside, the JSON of the message that waits longest}; who lost its lease waits again
local held, running = call('HVALS', P .. ':held'), 0
for _, id in ipairs(held) do
  if after(call('HGET', key('t', id), 'until'), STEADY) then running = running + 1 end
end
local first = ''
for _, id in ipairs(call('ZRANGE', P .. ':open', 0, #held)) do
  local state, till, incoming = unpack(call('HMGET', key('t', id), 'state', 'until', 'incoming'))
  if state == 'queued' or not after(till, STEADY) then
    first = incoming
    break
  end
end
return {call('ZCARD', P .. ':open') - running, running, call('ZCARD', P .. ':aside'), first}
