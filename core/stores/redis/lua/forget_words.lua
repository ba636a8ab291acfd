-- conversation, JSON of what changes: {turns that go, {turn, what it asks}…, {message, its JSON}…, questions that are shown
-- as nothing any more, what failed last ('' if that goes, nothing if it stays)} → how many rows
local conv, plan = A[1], cjson.decode(A[2])
local rows = 0

local function is_here(id)
  return call('HGET', key('t', id), 'conv') == conv
end

local function drop(id)
  local state = call('HGET', key('t', id), 'state')
  if state == 'queued' or state == 'held' then leave(id) end
  if state ~= 'ended' then remember_events(id) end
  rows = rows + call('ZREM', P .. ':aside', id) + call('DEL', key('f', id))
  call('SREM', key('x', conv), id)
  if state == 'queued' or state == 'held' then rows = rows + 1 end
end

local function ask_instead(id, incoming)
  local state, more = unpack(call('HMGET', key('t', id), 'state', 'more'))
  if call('SET', key('f', id), incoming, 'XX', 'KEEPTTL') then rows = rows + 1 end
  if state == 'ended' then return end
  for part = 1, tonumber(more or '0') do call('HDEL', key('t', id), 'more:' .. part) end
  call('HDEL', key('t', id), 'revised', 'more') -- the given one is made of them
  call('HSET', key('t', id), 'incoming', incoming)
  rows = rows + 1
  if state == 'held' then -- by somebody who would keep what it was
    let_go(id)
    call('HSET', key('t', id), 'state', 'queued', 'ready', ARGV[6])
    signal(conv)
  end
end

for _, id in ipairs(plan.turns) do if is_here(id) then drop(id) end end
for _, change in ipairs(plan.asked) do if is_here(change[1]) then ask_instead(unpack(change)) end end
for _, change in ipairs(plan.messages) do
  local packed = call('HGET', key('m', conv), change[1])
  if packed then
    local old = unpack_message(packed)
    local new = pack_message(old.seq, old.o200k, old.cl100k, old.parent, change[2])
    call('HSET', key('m', conv), change[1], new)
    rows = rows + 1
  end
end
for _, question in ipairs(plan.questions) do
  rows = rows + #list_of(call('HGET', key('s', conv), question))
  unshow(conv, question)
end
if plan.failed == '' then
  rows = rows + call('HDEL', key('c', conv), 'failed')
elseif plan.failed then
  call('HSET', key('c', conv), 'failed', plan.failed)
end
return rows
