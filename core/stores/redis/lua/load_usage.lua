-- conversation, day, (field, number)…
for index = 3, #A, 2 do call('HSET', key('u', A[1]), A[2] .. ' ' .. A[index], A[index + 1]) end
fade(A[1])
return 1
