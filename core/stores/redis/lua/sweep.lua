-- the most to delete of each kind (conversations, event ids, bookmarks, shelves, receipts, what is unsaid)
-- → how many rows are gone, 1 if there may be more
local most, rows = tonumber(A[1]), 0
local ended = call('ZRANGEBYSCORE', P .. ':ended', '-inf', NOW, 'LIMIT', 0, most)
for _, id in ipairs(ended) do
  local state, till = unpack(call('HMGET', key('t', id), 'state', 'until'))
  if state == 'ended' and not after(till, NOW) then call('DEL', key('t', id)) end
  rows = rows + call('ZREM', P .. ':ended', id)
end
local faded = call('ZRANGEBYSCORE', P .. ':conversations', '(0', NOW, 'LIMIT', 0, most)
for _, conv in ipairs(faded) do rows = rows + forget(conv) end
local marks = call('ZRANGEBYSCORE', P .. ':marked', '-inf', NOW, 'LIMIT', 0, most)
for _, mark in ipairs(marks) do
  call('HDEL', P .. ':marks', mark)
  rows = rows + call('ZREM', P .. ':marked', mark)
end
local shelves = call('ZRANGEBYSCORE', P .. ':owners', '(0', NOW, 'LIMIT', 0, most)
for _, owner in ipairs(shelves) do rows = rows + fade_shelf(owner) end
local receipts = call('ZRANGEBYSCORE', P .. ':receipts', '-inf', NOW, 'LIMIT', 0, most)
for _, name in ipairs(receipts) do rows = rows + forget_receipt(name) end
local unsaid = call('ZRANGEBYSCORE', P .. ':unsaid', '-inf', NOW, 'LIMIT', 0, most)
for _, member in ipairs(unsaid) do
  local lane, name = member:match('^([^\n]*)\n(.*)$')
  rows = rows + forget_unsaid(lane, name)
end
local full = math.max(#ended, #faded, #marks, #shelves, #receipts, #unsaid)
return {rows, full == most and 1 or 0}
