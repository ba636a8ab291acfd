-- purse, spent, when it is forgotten
local spent = purse_of(A[1])
fill(A[1], A[3], 'spent', math.max(0, tonumber(A[2]) - spent))
return 1
