-- owner, conversation, title → 1 it has that title now, 0 it is not on the shelf
local owner, conv, title = unpack(A)
if not call('ZSCORE', key('o', owner), conv) then return 0 end
call('HSET', key('n', owner), conv, title)
return 1
