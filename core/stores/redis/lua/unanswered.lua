-- conversation → {the fields of each turn that is set aside}, {the JSON of each that ended in an error}
local aside, failed = {}, {}
for _, id in ipairs(call('ZRANGE', P .. ':aside', 0, -1)) do
  if call('HGET', key('t', id), 'conv') == A[1] then aside[#aside + 1] = call('HGETALL', key('t', id)) end
end
for _, id in ipairs(call('SMEMBERS', key('x', A[1]))) do
  local incoming = call('GET', key('f', id))
  if incoming then failed[#failed + 1] = incoming end
end
return {aside, failed}
