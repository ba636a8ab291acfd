-- cursor, about how many → {next cursor, {purse, what is spent of it, when it is forgotten}…}
local rows = {}
local cursor, found = unpack(call('ZSCAN', P .. ':purses', A[1], 'COUNT', A[2]))
for index = 1, #found, 2 do
  rows[#rows + 1] = {found[index], string.format('%.0f', purse_of(found[index])), found[index + 1]}
end
return {cursor, rows}
