-- turn, token, reason, incoming → 0 the lease is lost, 1 done
local id, token, reason, incoming = unpack(A)
if not is_held(id, token) then return 0 end
set_failed(call('HGET', key('t', id), 'conv'), incoming)
leave(id)
local more = tonumber(call('HGET', key('t', id), 'more') or '0')
for part = 1, more do call('HDEL', key('t', id), 'more:' .. part) end
call('HDEL', key('t', id), 'revised', 'more') -- the given one is made of them
call('HSET', key('t', id), 'state', 'aside', 'incoming', incoming, 'reason', reason, 'aside_at', ARGV[1])
call('ZADD', P .. ':aside', ARGV[1], id)
return 1
