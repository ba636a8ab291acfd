-- seconds for which whoever still writes to them is not heard, feed… → how many of them there were
local rows = 0
for index = 2, #A do
  rows = rows + call('DEL', key('e', A[index]))
  call('SET', silence_of(A[index]), '', 'EX', A[1])
end
return rows
