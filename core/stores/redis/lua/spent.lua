-- purse… → what is spent of each, or reserved
local found = {}
for index, purse in ipairs(A) do
  local spent, held = purse_of(purse)
  found[index] = spent + held
end
return found
