-- turn, token, incoming if it failed → 0 the lease is lost, 1 done
local id, token, failed = unpack(A)
if not is_held(id, token) then return 0 end
if failed ~= '' then fail(id, failed) end
leave(id)
remember_events(id)
return 1
