-- key, token, when it is forgotten, body if it was answered → 0 somebody else began it since, 1 done
local name, token, expires, body = unpack(A)
local receipt = key('i', name)
if not is_begun(receipt, token) then return 0 end
if body then
  call('HSET', receipt, 'body', body, 'expires', expires)
  keep_receipt(name, expires)
else
  forget_receipt(name)
end
return 1
