-- lane and place, position, when it is forgotten
local mark, position, till = unpack(A)
local before = call('HGET', P .. ':marks', mark)
-- Longer than what Lua counts exactly, so compared as text.
if not before or #before < #position or (#before == #position and before < position) then
  call('HSET', P .. ':marks', mark, position)
end
call('ZADD', P .. ':marked', 'GT', till, mark)
return 1
