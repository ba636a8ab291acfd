-- key, token, until → 0 somebody else began it since, 1 done
local receipt = key('i', A[1])
if not is_begun(receipt, A[2]) then return 0 end
call('HSET', receipt, 'until', A[3])
return 1
