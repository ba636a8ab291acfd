-- turn, token, reason, incoming → 0 the lease is lost, 1 done
local id, token, reason, incoming = unpack(A)
if not is_held(id, token) then return 0 end
fail(id, incoming)
leave(id)
call('HSET', key('t', id), 'state', 'aside', 'reason', reason, 'aside_at', ARGV[1])
call('ZADD', P .. ':aside', ARGV[1], id)
return 1
