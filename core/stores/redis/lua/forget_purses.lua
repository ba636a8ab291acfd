-- → how many purses are gone that older versions named after people (`core.limits.pseudonyms`)
local rows = 0
for _, purse in ipairs(call('ZRANGE', P .. ':purses', 0, -1)) do
  if not purse:find(' total ', 1, true) then
    call('DEL', key('purse', purse))
    rows = rows + call('ZREM', P .. ':purses', purse)
  end
end
return rows
