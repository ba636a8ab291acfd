-- bucket, until
local bucket = key('b', A[1])
if after(A[2], tonumber(call('HGET', bucket, 'held') or '0')) then call('HSET', bucket, 'held', A[2]) end
call('EXPIRE', bucket, MEMORY_TTL)
return 1
