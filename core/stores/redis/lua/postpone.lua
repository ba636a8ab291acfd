-- turn, token, ready, 1 if the attempt counts → 0 somebody else has the turn, 1 done
local id, token, ready, spent = unpack(A)
if not is_last_holder(id, token) then return 0 end
local conv = let_go(id)
call('HSET', key('t', id), 'state', 'queued', 'ready', ready)
if spent == '0' then call('HINCRBY', key('t', id), 'attempts', -1) end
signal(conv)
return 1
