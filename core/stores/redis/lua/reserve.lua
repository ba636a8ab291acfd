-- key, least, most, when it lapses, (purse, limit, when it is forgotten, fixed, each)…
-- → {tokens granted, 0, 0}, or {0, the place of the purse that is short, 1 if others hold part of it}
local name, least, most, lapses = A[1], tonumber(A[2]), tonumber(A[3]), A[4]
local reservations = P .. ':reservations'
for _, lapsed in ipairs(call('ZRANGEBYSCORE', reservations, '-inf', STEADY)) do give_back(lapsed) end
local own = reserved(name)
local granted, short = most, 0
for index = 5, #A, 5 do
  local purse, fixed, each = A[index], tonumber(A[index + 3]), tonumber(A[index + 4])
  local spent, held = purse_of(purse)
  local left = tonumber(A[index + 1]) - spent - held + (own[purse] or 0) - fixed
  local allowed = most
  if left < 0 then
    allowed = -1
  elseif each > 0 then
    allowed = math.min(most, math.floor(left / each))
  end
  if allowed < granted then granted, short = allowed, index end
end
if granted < least then
  local _, held = purse_of(A[short])
  return {0, (short - 5) / 5 + 1, held > (own[A[short]] or 0) and 1 or 0}
end
give_back(name)
local taken = {}
for index = 5, #A, 5 do
  local amount = tonumber(A[index + 3]) + granted * tonumber(A[index + 4])
  taken[A[index]] = amount
  fill(A[index], A[index + 2], 'held', amount)
end
call('SET', key('reserved', name), cjson.encode(taken), 'EX', MEMORY_TTL)
call('ZADD', reservations, lapses, name)
return {granted, 0, 0}
