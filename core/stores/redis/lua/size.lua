-- → about how many records this partition has
local rows = call('ZCARD', P .. ':open') + call('ZCARD', P .. ':aside') + call('HLEN', P .. ':marks')
for _, conv in ipairs(call('ZRANGE', P .. ':conversations', 0, -1)) do
  rows = rows + 1 + call('HLEN', key('m', conv)) + call('HLEN', key('r', conv))
end
return rows
