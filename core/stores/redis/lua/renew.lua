-- turn, token, until → 0 the lease is lost, 1 held, 2 held and to be stopped
local id, token, till = unpack(A)
if not is_held(id, token) then return 0 end
local lane, stop = unpack(call('HMGET', key('t', id), 'lane', 'stop'))
call('ZADD', key('leases', lane), till, id)
call('HSET', key('t', id), 'until', till)
return stop and 2 or 1
