-- owner, conversation, title, at (the last activity), 1 if the title takes the place of the one it has
local owner, conv, title, at, instead = unpack(A)
local titles = key('n', owner)
local before = call('HGET', titles, conv)
if instead == '1' or not before or before == '' then call('HSET', titles, conv, title) end
call('ZADD', key('o', owner), 'GT', at, conv)
fade_shelf(owner)
return 1
