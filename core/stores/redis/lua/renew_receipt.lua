-- key, token, until, when it is forgotten → 0 somebody else began it since, 1 done
local name, token, till, expires = unpack(A)
local receipt = key('i', name)
if not is_begun(receipt, token) then return 0 end
call('HSET', receipt, 'until', till, 'expires', expires)
keep_receipt(name, expires)
return 1
