-- cursor, about how many → {next cursor, {key, digest, when it is forgotten, body if it was answered}…}
local rows = {}
local cursor, found = unpack(call('ZSCAN', P .. ':receipts', A[1], 'COUNT', A[2]))
for index = 1, #found, 2 do
  local digest, body = unpack(call('HMGET', key('i', found[index]), 'digest', 'body'))
  if digest then rows[#rows + 1] = {found[index], digest, found[index + 1], body or nil} end
end
return {cursor, rows}
