-- (pace, permits per second, permits at most)… → how many permits each has
local levels = {}
for index = 1, #A, 3 do
  local level = level_of(key('pace', A[index]), tonumber(A[index + 1]), tonumber(A[index + 2]))
  levels[#levels + 1] = string.format('%.17g', level)
end
return levels
