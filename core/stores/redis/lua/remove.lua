-- conversation, nobody's conversation of this partition, person ('' for anybody) → how many rows are gone; -1 where others
-- than the person speak
local conv, nobodys, person = unpack(A)
if person ~= '' and (call('SISMEMBER', key('a', conv), person) == 0 or call('SCARD', key('a', conv)) > 1) then return -1 end
local rows = 0
local used = call('HGETALL', key('u', conv))
for index = 1, #used, 2 do call('HINCRBY', key('u', nobodys), used[index], used[index + 1]) end
if #used > 0 then fade(nobodys) end
-- The last one first, so that none of the others is made known to the workers meanwhile.
for _, id in ipairs(call('ZREVRANGE', key('q', conv), 0, -1)) do
  leave(id)
  remember_events(id)
  rows = rows + 1
end
for _, id in ipairs(call('ZRANGE', P .. ':aside', 0, -1)) do
  if call('HGET', key('t', id), 'conv') == conv then
    rows = rows + call('ZREM', P .. ':aside', id)
    remember_events(id)
  end
end
for _, id in ipairs(call('SMEMBERS', key('x', conv))) do rows = rows + call('DEL', key('f', id)) end
call('DEL', key('x', conv), key('g', conv))
return rows + forget(conv)
