-- → {turn, its fields} for each turn that is set aside
local rows = {}
for _, id in ipairs(call('ZRANGE', P .. ':aside', 0, -1)) do
  rows[#rows + 1] = {id, call('HGETALL', key('t', id))}
end
return rows
