-- key, digest, until, when it is forgotten → {fresh, token}, {done, body}, {running, ''} or {mismatch, ''}
local name, digest, till, expires = unpack(A)
local receipt = key('i', name)
local kept, last, lease, body, known_until = unpack(call('HMGET', receipt, 'digest', 'token', 'until', 'body', 'expires'))
if after(known_until, NOW) then
  if kept ~= digest then return {'mismatch', ''} end
  if body then return {'done', body} end
  if after(lease, STEADY) then return {'running', ''} end
end
local token = token_above(last)
call('DEL', receipt)
call('HSET', receipt, 'digest', digest, 'token', token, 'until', till, 'expires', expires)
keep_receipt(name, expires)
return {'fresh', token}
