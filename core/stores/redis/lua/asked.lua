-- conversation, turn → the fields of what it asks, empty if that is not known (any more)
local conv, id = unpack(A)
local place, state = unpack(call('HMGET', key('t', id), 'conv', 'state'))
if place ~= conv then return {} end
if state ~= 'ended' then return call('HGETALL', key('t', id)) end
local failed = call('GET', key('f', id))
return failed and {'incoming', failed} or {}
