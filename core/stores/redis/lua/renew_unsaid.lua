-- lane, key, token, body, until it is the caller's, when it is forgotten → 0 it is not the caller's, 1 done
local lane, name, token, body, till, expires = unpack(A)
local unsaid = unsaid_of(lane, name)
if call('HGET', unsaid, 'token') ~= token then return 0 end
also_when_full()
call('HSET', unsaid, 'body', body)
keep_unsaid(lane, name, expires)
lend_unsaid(lane, name, token, till)
return 1
