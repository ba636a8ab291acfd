-- conversation, position, ref, message
local conv, position, ref, message = unpack(A)
local refs = show(conv, ref, message, position)
local place = {}
for _, known in ipairs(refs) do
  place[known] = tonumber(call('HGET', key('r', conv), known):match('^%d+'))
end
table.sort(refs, function(one, other) return place[one] < place[other] end)
call('HSET', key('s', conv), message, cjson.encode(refs))
if tonumber(position) > tonumber(call('GET', P .. ':seq') or '0') then call('SET', P .. ':seq', position) end
fade(conv)
return 1
