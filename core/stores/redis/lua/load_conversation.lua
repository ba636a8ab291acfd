-- conversation, (field, value)…
local conv = A[1]
call('HDEL', key('c', conv), 'head', 'epoch', 'model', 'persona', 'failed')
for index = 2, #A, 2 do call('HSET', key('c', conv), A[index], A[index + 1]) end
fade(conv)
return 1
