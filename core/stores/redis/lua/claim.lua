-- until, consumer, lanes… → {turn, its fields, its conversation's fields, shown refs}, or {'', when to look again}
local till, consumer = A[1], A[2]
local lanes = {unpack(A, 3)}

local function next_token()
  local token = token_above(call('GET', P .. ':token'))
  call('SET', P .. ':token', token)
  return token
end

-- From the answers to a question that was edited, and from the error of one that was to be answered again.
local function inherit(conv, id, question)
  local answers = {}
  for _, child in ipairs(list_of(call('HGET', key('k', conv), question))) do
    if child:match('/a$') then answers[#answers + 1] = child end -- others follow it with questions of their own
  end
  answers[#answers + 1] = question:gsub('/q$', '/a')
  local failed = call('HGET', key('c', conv), 'failed')
  failed = failed and cjson.decode(failed)
  if failed and failed.again == question then answers[#answers + 1] = failed.event_id .. '/a' end
  for _, answer in ipairs(answers) do
    local _, names = posted(conv, answer)
    hand_over(conv, answer, id .. '/a')
    for _, name in ipairs(names) do hand_over(conv, name, id .. '/a') end
  end
end

local function take_over(conv, id)
  local edits, replaces, kept = unpack(call('HMGET', key('t', id), 'edits', 'replaces', 'show'))
  if edits then inherit(conv, id, edits) end
  local place = replaces and place_of(conv, replaces)
  if place then hand_over(conv, place, id .. '/a') end
  if kept then show(conv, id .. '/a', kept) end
end

local function parent_of(conv, id)
  local again, edits, reply_to = unpack(call('HMGET', key('t', id), 'again', 'edits', 'reply_to'))
  local head = call('HGET', key('c', conv), 'head') or ''
  if again then return again end
  if edits then
    local question = call('HGET', key('m', conv), edits)
    return question and unpack_message(question).parent or head
  end
  local replied = reply_to and shown_as(conv, reply_to)
  if replied and call('HEXISTS', key('m', conv), replied) == 1 then return replied end
  return head
end

local function take(id)
  also_when_full()
  local turn = key('t', id)
  local conv, lane, fixed = unpack(call('HMGET', turn, 'conv', 'lane', 'fixed'))
  if not fixed then
    local epoch = call('HGET', key('c', conv), 'epoch') or '0'
    call('HSET', turn, 'fixed', 1, 'parent', parent_of(conv, id), 'epoch', epoch)
    take_over(conv, id)
  end
  call('HINCRBY', turn, 'attempts', 1)
  call('HSET', turn, 'state', 'held', 'token', next_token(), 'until', till)
  call('ZADD', key('leases', lane), till, id)
  call('HSET', P .. ':held', conv, id)
  return {id, call('HGETALL', turn), call('HGETALL', key('c', conv)), (posted(conv, id .. '/a'))}
end

local function lapsed(lane)
  local id = call('ZRANGEBYSCORE', key('leases', lane), '-inf', STEADY, 'LIMIT', 0, 1)[1]
  if not id then return nil end
  local entry = call('HGET', key('t', id), 'entry')
  if entry then call('XCLAIM', key('ready', lane), GROUP, consumer, 0, entry) end
  return id
end

local function promote(lane)
  for _, id in ipairs(call('ZRANGEBYSCORE', key('due', lane), '-inf', STEADY, 'LIMIT', 0, 100)) do
    also_when_full()
    announce(id, lane)
  end
end

local function announced(lane)
  local stream = key('ready', lane)
  while call('EXISTS', stream) == 1 do
    local batch = call('XREADGROUP', 'GROUP', GROUP, consumer, 'COUNT', 1, 'STREAMS', stream, '>')
    if not batch then return nil end
    local entry, fields = unpack(batch[1][2][1])
    local state, expected = unpack(call('HMGET', key('t', fields[2]), 'state', 'entry'))
    if state == 'queued' and expected == entry then return fields[2] end
    call('XACK', stream, GROUP, entry)
    call('XDEL', stream, entry)
    if call('XLEN', stream) == 0 then call('DEL', stream) end
  end
end

for _, lane in ipairs(lanes) do
  local id = lapsed(lane)
  if id then return take(id) end
end
for _, lane in ipairs(lanes) do
  promote(lane)
  local id = announced(lane)
  if id then return take(id) end
end
return {'', soonest(lanes)}
