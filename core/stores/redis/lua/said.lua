-- lane, key, token → how many rows are gone
local lane, name, token = unpack(A)
if call('HGET', unsaid_of(lane, name), 'token') ~= token then return 0 end
return forget_unsaid(lane, name)
