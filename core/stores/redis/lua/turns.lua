-- set (open or aside), cursor, about how many → {next cursor, {turn, its fields, its further events}…}
local rows = {}
local cursor, found = unpack(call('ZSCAN', P .. ':' .. A[1], A[2], 'COUNT', A[3]))
for index = 1, #found, 2 do
  local id = found[index]
  rows[#rows + 1] = {id, call('HGETALL', key('t', id)), list_of(call('HGET', key('t', id), 'events'))}
end
return {cursor, rows}
