-- conversation, parent ('' for the roots) → the JSON of each message that follows it, oldest first
local found = {}
for _, id in ipairs(list_of(call('HGET', key('k', A[1]), A[2]))) do
  found[#found + 1] = unpack_message(call('HGET', key('m', A[1]), id)).json
end
return found
