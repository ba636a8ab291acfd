-- turn, conversation, position, events as JSON, set aside at ('' if it waits), (field, value)… → 0 known already
local id, conv, position, events = unpack(A, 1, 4)
local turn = key('t', id)
if call('EXISTS', turn) == 1 then return 0 end
call('HSET', turn, 'conv', conv, 'seq', position, 'events', events)
for index = 6, #A, 2 do call('HSET', turn, A[index], A[index + 1]) end
if after(call('HGET', turn, 'ready'), STEADY) then call('HSET', turn, 'ready', ARGV[6]) end -- another store's time
for _, event in ipairs(list_of(events)) do
  call('HSET', key('t', event), 'state', 'joined', 'conv', conv)
end
local group, fixed = unpack(call('HMGET', turn, 'group', 'fixed'))
if group and not fixed then call('HSET', key('g', conv), group, id) end
if tonumber(position) > tonumber(call('GET', P .. ':seq') or '0') then call('SET', P .. ':seq', position) end
if A[5] ~= '' then
  call('HSET', turn, 'state', 'aside')
  call('ZADD', P .. ':aside', A[5], id)
else
  call('HSET', turn, 'state', 'queued')
  call('ZADD', key('q', conv), position, id)
  call('ZADD', P .. ':open', position, id)
  signal(conv)
end
return 1
