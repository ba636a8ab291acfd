-- conversation, (field, value)… of those that change
for index = 2, #A, 2 do call('HSET', key('c', A[1]), A[index], A[index + 1]) end
fade(A[1])
return 1
