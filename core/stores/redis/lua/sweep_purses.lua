-- → how many purses are gone
local gone = call('ZRANGEBYSCORE', P .. ':purses', '-inf', NOW)
for _, purse in ipairs(gone) do
  call('DEL', key('purse', purse))
  call('ZREM', P .. ':purses', purse)
end
return #gone
