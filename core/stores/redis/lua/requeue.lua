-- turn → 1 it waits again, 0 it is not set aside
local id = A[1]
if call('ZREM', P .. ':aside', id) == 0 then return 0 end
local turn = key('t', id)
call('HDEL', turn, 'token', 'until', 'fixed', 'parent', 'epoch', 'stop', 'aside_at') -- its reason tells that it was set aside
call('HSET', turn, 'state', 'queued', 'attempts', 0, 'ready', ARGV[6])
enqueue(call('HGET', turn, 'conv'), id)
return 1
