-- cursor, about how many → {next cursor, {lane and place, position, when it is forgotten}…}
local rows = {}
local cursor, found = unpack(call('ZSCAN', P .. ':marked', A[1], 'COUNT', A[2]))
for index = 1, #found, 2 do
  rows[#rows + 1] = {found[index], call('HGET', P .. ':marks', found[index]), found[index + 1]}
end
return {cursor, rows}
