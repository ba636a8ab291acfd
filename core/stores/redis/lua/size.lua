-- → about how many records this partition has
local rows = call('HLEN', P .. ':marks')
for _, set in ipairs({'open', 'aside', 'receipts', 'purses'}) do rows = rows + call('ZCARD', P .. ':' .. set) end
for _, conv in ipairs(call('ZRANGE', P .. ':conversations', 0, -1)) do
  rows = rows + 1 + call('HLEN', key('m', conv)) + call('HLEN', key('r', conv))
end
for _, owner in ipairs(call('ZRANGE', P .. ':owners', 0, -1)) do rows = rows + call('ZCARD', key('o', owner)) end
return rows
