-- lane, key, person, body, until it is the caller's, when it is forgotten → its token
local lane, name, person, body, till, expires = unpack(A)
local unsaid = unsaid_of(lane, name)
local token = token_above(call('HGET', unsaid, 'token'))
call('HSET', unsaid, 'person', person, 'body', body)
keep_unsaid(lane, name, expires)
lend_unsaid(lane, name, token, till)
return token
