-- turn, token, epoch, answer id, day, number of usage fields, (field, number)…, (id, parent, o200k, cl100k, JSON)…
-- → 0 the lease is lost, 1 kept (also when it was kept before)
local id, token, epoch, answer, day, fields = unpack(A, 1, 6)
if not is_held(id, token) then return 0 end
local conv = call('HGET', key('t', id), 'conv')
if call('HEXISTS', key('m', conv), answer) == 1 then
  call('HSET', key('t', id), 'seen', ARGV[1]) -- a write, so that WAIT has something to wait for
  return 1
end
local first = 7 + 2 * tonumber(fields)
for index = 7, first - 1, 2 do
  call('HINCRBY', key('u', conv), day .. ' ' .. A[index], A[index + 1])
end
for index = first, #A, 5 do
  keep(conv, next_seq(), unpack(A, index, index + 4))
end
if #A - first < 5 then -- the question was kept before
  choose(conv, epoch, answer, A[first + 1])
elseif (call('HGET', key('c', conv), 'epoch') or '0') == epoch then
  call('HSET', key('c', conv), 'head', answer)
end
call('HDEL', key('c', conv), 'failed')
fade(conv)
return 1
