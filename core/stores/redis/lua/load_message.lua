-- conversation, position, id, parent, o200k, cl100k, JSON
local conv, position = A[1], A[2]
keep(conv, position, unpack(A, 3, 7))
if tonumber(position) > tonumber(call('GET', P .. ':seq') or '0') then call('SET', P .. ':seq', position) end
fade(conv)
return 1
