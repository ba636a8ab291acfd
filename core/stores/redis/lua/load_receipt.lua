-- key, digest, when it is forgotten, body if it was answered → 0 known already
local name, digest, expires, body = unpack(A)
local receipt = key('i', name)
if call('HEXISTS', receipt, 'digest') == 0 then
  call('HSET', receipt, 'digest', digest, 'token', 0, 'until', 0, 'expires', expires)
  keep_receipt(name, expires)
end
if body then call('HSETNX', receipt, 'body', body) end
return 1
