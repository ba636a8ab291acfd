-- owner → {conversation, title, its last activity}…, the newest activity first
local rows = {}
local found = call('ZREVRANGEBYSCORE', key('o', A[1]), '+inf', '(' .. faded_before(), 'WITHSCORES')
for index = 1, #found, 2 do
  rows[#rows + 1] = {found[index], call('HGET', key('n', A[1]), found[index]) or '', found[index + 1]}
end
return rows
