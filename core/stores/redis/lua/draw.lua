-- bucket, permits per second, permits at most, permits to take → seconds until they may be used, the end of a hold
local bucket = key('b', A[1])
local rate, burst, permits = tonumber(A[2]), tonumber(A[3]), tonumber(A[4])
local level, at, held = unpack(call('HMGET', bucket, 'level', 'at', 'held'))
at = tonumber(at or STEADY)
local passed = math.max(0, STEADY - at)
level = math.min(burst, tonumber(level or burst) + passed * rate) - permits
call('HSET', bucket, 'level', string.format('%.17g', level), 'at', string.format('%.17g', math.max(STEADY, at)))
call('EXPIRE', bucket, MEMORY_TTL)
return {string.format('%.17g', math.max(0, -level / rate)), held or '0'}
