-- cursor, about how many owners → {next cursor, {owner, conversation, title, its last activity}…}
local rows = {}
local cursor, found = unpack(call('ZSCAN', P .. ':owners', A[1], 'COUNT', A[2]))
for index = 1, #found, 2 do
  local owner = found[index]
  local shelf = call('ZRANGE', key('o', owner), 0, -1, 'WITHSCORES')
  for place = 1, #shelf, 2 do
    rows[#rows + 1] = {owner, shelf[place], call('HGET', key('n', owner), shelf[place]) or '', shelf[place + 1]}
  end
end
return {cursor, rows}
