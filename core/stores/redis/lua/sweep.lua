-- the most conversations, event ids and bookmarks to delete → how many rows are gone, 1 if there may be more
local most, rows = tonumber(A[1]), 0
local ended = call('ZRANGEBYSCORE', P .. ':ended', '-inf', NOW, 'LIMIT', 0, most)
for _, id in ipairs(ended) do
  local state, till = unpack(call('HMGET', key('t', id), 'state', 'until'))
  if state == 'ended' and not after(till, NOW) then call('DEL', key('t', id)) end
  rows = rows + call('ZREM', P .. ':ended', id)
end
local faded = call('ZRANGEBYSCORE', P .. ':conversations', '(0', NOW, 'LIMIT', 0, most)
for _, conv in ipairs(faded) do
  rows = rows + call('HLEN', key('m', conv)) + call('ZREM', P .. ':conversations', conv)
  for _, kind in ipairs(HISTORY) do call('DEL', key(kind, conv)) end
end
local marks = call('ZRANGEBYSCORE', P .. ':marked', '-inf', NOW, 'LIMIT', 0, most)
for _, mark in ipairs(marks) do
  call('HDEL', P .. ':marks', mark)
  rows = rows + call('ZREM', P .. ':marked', mark)
end
return {rows, (#ended == most or #faded == most or #marks == most) and 1 or 0}
