-- person, JSON of {names of whose events nothing but a digest stays, those whose receipts go, {lane, how the name of a
-- place ends}…} → how many rows are gone
local person, plan = A[1], cjson.decode(A[2])
local rows = call('ZCARD', key('o', person))
call('DEL', key('o', person), key('n', person))
call('ZREM', P .. ':owners', person)

local function is_named(text, names)
  for _, name in ipairs(names) do
    if text:sub(1, #name + 1) == name .. '/' then return true end
  end
end

for _, event in ipairs(call('ZRANGE', P .. ':ended', 0, -1)) do
  if is_named(event, plan.events) then
    rows = rows + call('DEL', key('t', event))
    call('ZREM', P .. ':ended', event)
    remember_event(digest_of(event), '', '')
  end
end
local lane = person:match('^[^:]*')
for _, name in ipairs(call('ZRANGE', key('outbox', lane), 0, -1)) do
  if call('HGET', unsaid_of(lane, name), 'person') == person then rows = rows + forget_unsaid(lane, name) end
end
for _, name in ipairs(call('ZRANGE', P .. ':receipts', 0, -1)) do
  if is_named(name, plan.receipts) then rows = rows + forget_receipt(name) end
end
for _, mark in ipairs(call('HKEYS', P .. ':marks')) do
  for _, place in ipairs(plan.places) do
    local lane, ending = unpack(place)
    if mark:sub(1, #lane + 1) == lane .. '\n' and mark:sub(-#ending) == ending then
      rows = rows + call('HDEL', P .. ':marks', mark)
      call('ZREM', P .. ':marked', mark)
    end
  end
end
return rows
