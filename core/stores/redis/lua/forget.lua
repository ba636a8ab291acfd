-- turn, token, ref → 0 the lease is lost, 1 done
local id, token, ref = unpack(A)
if not is_held(id, token) then return 0 end
local conv = call('HGET', key('t', id), 'conv')
if place_of(conv, ref) == id .. '/a' then forget_ref(conv, id .. '/a', ref) end
return 1
