-- purse… → {what is spent of it, what is held}…
local found = {}
for index, purse in ipairs(A) do found[index] = {purse_of(purse)} end
return found
