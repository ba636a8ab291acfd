-- conversation, head ('' for a new root)
local conv, head = unpack(A)
if head == '' then
  call('HDEL', key('c', conv), 'head')
else
  call('HSET', key('c', conv), 'head', head)
end
call('HDEL', key('c', conv), 'failed')
call('HINCRBY', key('c', conv), 'epoch', 1)
fade(conv)
return 1
