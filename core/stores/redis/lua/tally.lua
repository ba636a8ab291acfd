-- add or set, day, model, the day's number, the numbers below which days and who was seen are forgotten, how many words of
-- numbers, (what, number)…, (whose, name)…
local how, day, model, number, old, unseen, words = unpack(A, 1, 7)
local tallies, last = P .. ':tallies', 7 + tonumber(words)
for index = 8, last, 2 do
  local field = day .. ' ' .. A[index] .. ' ' .. model
  if how == 'add' then call('HINCRBY', tallies, field, A[index + 1]) else call('HSET', tallies, field, A[index + 1]) end
  call('ZADD', P .. ':tallied', number, field)
end
local faded = call('ZRANGEBYSCORE', P .. ':tallied', '-inf', '(' .. old, 'LIMIT', 0, 100)
for _, field in ipairs(faded) do
  call('HDEL', tallies, field)
  call('ZREM', P .. ':tallied', field)
end
for index = last + 1, #A, 2 do
  local seen = P .. ':seen:' .. A[index]
  call('ZADD', seen, 'GT', number, A[index + 1])
  call('ZREMRANGEBYSCORE', seen, '-inf', '(' .. unseen)
end
