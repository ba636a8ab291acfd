-- conversation, leaf, encoding, window → the JSON of each message of the branch within the window, leaf first
local conv, id, encoding, window = A[1], A[2], A[3], tonumber(A[4])
local found, floor = {}, nil
while id ~= '' do
  local packed = call('HGET', key('m', conv), id)
  if not packed then break end
  local message = unpack_message(packed)
  floor = floor or message[encoding] - window
  if message[encoding] <= floor then break end
  found[#found + 1] = message.json
  id = message.parent
end
return found
