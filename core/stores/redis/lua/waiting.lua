-- conversation → the fields of each turn that waits or is being answered, in their order
local rows = {}
for _, id in ipairs(call('ZRANGE', key('q', A[1]), 0, -1)) do rows[#rows + 1] = call('HGETALL', key('t', id)) end
return rows
