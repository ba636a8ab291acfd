-- key, what was used by unit (JSON), seconds for which that is remembered, (purse, when it is forgotten)…
-- The purses of the reservation are charged: an answer that goes on past midnight is one of the day before.
local name, used, memory = A[1], cjson.decode(A[2]), tonumber(A[3])
if call('GET', key('reserved', name)) == SETTLED then return 0 end
local charged, ends = reserved(name), {}
for index = 4, #A, 2 do ends[A[index]] = A[index + 1] end
give_back(name)
for purse in pairs(next(charged) and charged or ends) do
  fill(purse, ends[purse], 'spent', used[purse:match('^%S+')] or 0)
end
call('SET', key('reserved', name), SETTLED, 'EX', memory)
return 1
