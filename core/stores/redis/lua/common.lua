-- Stands before every script. All keys of a partition share one hash tag, so a script may reach any of them, on a
-- cluster as well; KEYS[1] is the partition, `parlour:{pN}`. The caller's clock is the only clock: NOW is
-- Unix time, STEADY what is waited by (`core/stores/timekeeping.py`).
local P = KEYS[1]
local NOW = tonumber(ARGV[1])
local HISTORY_TTL, HISTORY_UNTIL = tonumber(ARGV[2]), ARGV[3]
local MEMORY_TTL, MEMORY_UNTIL = tonumber(ARGV[4]), ARGV[5]
local STEADY = tonumber(ARGV[6])
local A = {unpack(ARGV, 7)}
local GROUP = 'workers'
local CHANNEL = 'parlour:wake'
local HISTORY = {'c', 'm', 'k', 'r', 's', 'u'}

local call = redis.call

local function key(kind, name)
  return P .. ':' .. kind .. ':' .. name
end

-- Numbers go through the caller as text: Lua would round them to 14 digits.
local function after(text, moment)
  return text and tonumber(text) > moment
end

local function next_seq()
  return call('INCR', P .. ':seq')
end

local function tell(message)
  -- A user without the right to publish loses speed, not messages: everybody looks once a second anyway.
  redis.pcall('PUBLISH', CHANNEL, message)
end

-- Above every earlier one, also where the last one was lost or forgotten.
local function token_above(last)
  return string.format('%.0f', math.max(tonumber(last or '0') + 1, math.floor(STEADY * 1000000)))
end

local function list_of(text)
  return text and cjson.decode(text) or {}
end

-- Conversations: c head, epoch, settings · m messages · k children · r ref to message · s message to refs · u usage.

local function fade(conv)
  local before = call('ZSCORE', P .. ':conversations', conv)
  local score = HISTORY_TTL > 0 and HISTORY_UNTIL or '0'
  call('ZADD', P .. ':conversations', score, conv)
  for _, kind in ipairs(HISTORY) do
    if HISTORY_TTL > 0 then
      call('EXPIRE', key(kind, conv), HISTORY_TTL)
    elseif before and before ~= '0' then
      call('PERSIST', key(kind, conv))
    end
  end
end

-- Voices: w:<conversation> whose words it has · a:<conversation> who of them asked there, and is not only quoted ·
-- v:<person> the conversations of this partition that have their words.
local function note_voice(conv, person)
  call('SADD', key('w', conv), person)
  call('SADD', key('v', person), conv)
  -- So that whoever forgets the conversation finds it.
  if not call('ZSCORE', P .. ':conversations', conv) then fade(conv) end
end

local function note_voices(conv, speaker, quoted)
  for _, person in ipairs(quoted) do note_voice(conv, person) end
  if speaker == '' then return end
  note_voice(conv, speaker)
  call('SADD', key('a', conv), speaker)
end

local function forget_voice(conv, person)
  call('SREM', key('w', conv), person)
  call('SREM', key('a', conv), person)
  call('SREM', key('v', person), conv)
end

-- How many rows are gone.
local function forget(conv)
  local rows = call('HLEN', key('m', conv)) + call('HLEN', key('r', conv)) + call('ZREM', P .. ':conversations', conv)
  for _, kind in ipairs(HISTORY) do call('DEL', key(kind, conv)) end
  for _, person in ipairs(call('SMEMBERS', key('w', conv))) do forget_voice(conv, person) end
  return rows
end

-- A turn that shows a kept answer instead of a sibling keeps none: its answer's name only stands for the one shown. The
-- messages that show it are refs of that name, and the name is itself a ref of the answer.
local function is_answer(name)
  return name:sub(-2) == '/a'
end

-- The answer, kept or only in name, whose messages a ref is one of.
local function place_of(conv, ref)
  local entry = call('HGET', key('r', conv), ref)
  return entry and entry:match('^%d+ (.*)$')
end

local function shown_as(conv, ref)
  local place = place_of(conv, ref)
  return place and (place_of(conv, place) or place)
end

-- The platform's messages for one answer, which may be one only in name; and the names that stand for it.
local function posted(conv, place)
  local refs, names = {}, {}
  for _, ref in ipairs(list_of(call('HGET', key('s', conv), place))) do
    local kind = is_answer(ref) and names or refs
    kind[#kind + 1] = ref
  end
  return refs, names
end

local function show(conv, ref, message, seq)
  call('HSET', key('r', conv), ref, (seq or next_seq()) .. ' ' .. message)
  local refs = list_of(call('HGET', key('s', conv), message))
  for _, known in ipairs(refs) do
    if known == ref then return refs end
  end
  refs[#refs + 1] = ref
  call('HSET', key('s', conv), message, cjson.encode(refs))
  return refs
end

local function forget_ref(conv, message, ref)
  local left = {}
  for _, known in ipairs(list_of(call('HGET', key('s', conv), message))) do
    if known ~= ref then left[#left + 1] = known end
  end
  call('HDEL', key('r', conv), ref)
  if #left > 0 then
    call('HSET', key('s', conv), message, cjson.encode(left))
  else
    call('HDEL', key('s', conv), message)
  end
end

-- All messages of one answer show another one from now on.
local function hand_over(conv, place, answer)
  local stands_for = place_of(conv, place)
  if stands_for then forget_ref(conv, stands_for, place) end
  local refs, names = posted(conv, place)
  if #refs == 0 then return end
  if #names > 0 then
    call('HSET', key('s', conv), place, cjson.encode(names))
  else
    call('HDEL', key('s', conv), place)
  end
  for _, ref in ipairs(refs) do show(conv, ref, answer) end
  fade(conv)
end

local function unshow(conv, message)
  local refs = list_of(call('HGET', key('s', conv), message))
  for _, ref in ipairs(refs) do
    if shown_as(conv, ref) == message then call('HDEL', key('r', conv), ref) end
  end
  call('HDEL', key('s', conv), message)
end

-- A message is kept as `<seq> <o200k> <cl100k> <length of parent> <parent><JSON>`: a walk decodes no JSON.
local function unpack_message(packed)
  local seq, o200k, cl100k, length, rest = packed:match('^(%d+) (%d+) (%d+) (%d+) ()')
  length = tonumber(length)
  return {
    seq = tonumber(seq), o200k = tonumber(o200k), cl100k = tonumber(cl100k),
    parent = packed:sub(rest, rest + length - 1), json = packed:sub(rest + length),
  }
end

local function seq_of(conv, id)
  return unpack_message(call('HGET', key('m', conv), id)).seq
end

local function pack_message(seq, o200k, cl100k, parent, json)
  return table.concat({seq, o200k, cl100k, #parent, parent .. json}, ' ')
end

local function keep(conv, seq, id, parent, o200k, cl100k, json)
  local packed = pack_message(seq, o200k, cl100k, parent, json)
  if call('HSETNX', key('m', conv), id, packed) == 0 then return end
  local children = list_of(call('HGET', key('k', conv), parent))
  local place = #children + 1
  -- Copies may come in any order; what is said here is always the newest and takes no turn of this loop.
  while place > 1 and seq_of(conv, children[place - 1]) > tonumber(seq) do place = place - 1 end
  table.insert(children, place, id)
  call('HSET', key('k', conv), parent, cjson.encode(children))
end

-- The conversation goes on from an answer where it stands at its question or at another answer to it.
local function choose(conv, epoch, answer, question)
  local now, head = unpack(call('HMGET', key('c', conv), 'epoch', 'head'))
  if (now or '0') ~= epoch or not head then return end
  local stands = call('HGET', key('m', conv), head)
  if head == question or (stands and unpack_message(stands).parent == question) then
    call('HSET', key('c', conv), 'head', answer)
  end
end

-- Turns: t:<turn> the turn · f:<turn> what one asked that failed · x:<conversation> the turns that failed · q:<conversation> its order · ready:<lane> a stream with one entry for each conversation
-- whose first turn can be claimed · due:<lane> first turns whose time has not come · leases:<lane> held turns.

local function is_waiting(id)
  local state, fixed = unpack(call('HMGET', key('t', id), 'state', 'fixed'))
  return state == 'queued' and not fixed
end

-- A full server refuses a script whose first write takes memory. That is right for what is new (put begins so); what
-- was accepted is still to be answered, so the steps of a claimed turn begin with a write that takes none.
local function also_when_full()
  call('HDEL', P .. ':held', '')
end

-- Whether nobody else took the turn since, though its lease may have lapsed.
local function is_last_holder(id, token)
  local state, held = unpack(call('HMGET', key('t', id), 'state', 'token'))
  if state ~= 'held' or held ~= token then return false end
  also_when_full()
  return true
end

local function is_held(id, token)
  return after(call('HGET', key('t', id), 'until') or '', STEADY) and is_last_holder(id, token)
end

local function unsignal(id)
  local lane, entry = unpack(call('HMGET', key('t', id), 'lane', 'entry'))
  call('ZREM', key('due', lane), id)
  if not entry then return end
  local stream = key('ready', lane)
  call('XACK', stream, GROUP, entry)
  call('XDEL', stream, entry)
  if call('XLEN', stream) == 0 then call('DEL', stream) end
  call('HDEL', key('t', id), 'entry')
end

local function announce(id, lane)
  local stream = key('ready', lane)
  if call('EXISTS', stream) == 0 then call('XGROUP', 'CREATE', stream, GROUP, '0', 'MKSTREAM') end
  call('ZREM', key('due', lane), id)
  call('HSET', key('t', id), 'entry', call('XADD', stream, '*', 'turn', id))
end

-- Makes the first turn of a conversation known to the workers, now or when its time comes.
local function signal(conv)
  if call('HEXISTS', P .. ':held', conv) == 1 then return end
  local id = call('ZRANGE', key('q', conv), 0, 0)[1]
  if not id then return end
  local lane, ready, entry = unpack(call('HMGET', key('t', id), 'lane', 'ready', 'entry'))
  if after(ready, STEADY) then
    unsignal(id)
    call('ZADD', key('due', lane), ready, id)
  elseif not entry then
    announce(id, lane)
  end
  tell('work ' .. P)
end

local function enqueue(conv, id)
  local seq = next_seq()
  call('HSET', key('t', id), 'seq', seq)
  call('ZADD', key('q', conv), seq, id)
  call('ZADD', P .. ':open', seq, id)
  signal(conv)
end

-- Nobody holds it any more; it stays in its place.
local function let_go(id)
  local conv, lane = unpack(call('HMGET', key('t', id), 'conv', 'lane'))
  unsignal(id)
  call('ZREM', key('leases', lane), id)
  if call('HGET', P .. ':held', conv) == id then call('HDEL', P .. ':held', conv) end
  return conv
end

-- The next moment at which a hold, a postponement or a lease of these lanes ends, as text; '' if there is none.
local function soonest(lanes)
  local found = ''
  for _, lane in ipairs(lanes) do
    for _, queue in ipairs({key('leases', lane), key('due', lane)}) do
      local moment = call('ZRANGE', queue, 0, 0, 'WITHSCORES')[2]
      if moment and (found == '' or tonumber(moment) < tonumber(found)) then found = moment end
    end
  end
  return found
end

local function forget_group(conv, id)
  local group = call('HGET', key('t', id), 'group')
  if group and call('HGET', key('g', conv), group) == id then call('HDEL', key('g', conv), group) end
end

local function leave(id)
  local conv = let_go(id)
  forget_group(conv, id)
  call('ZREM', key('q', conv), id)
  call('ZREM', P .. ':open', id)
  signal(conv)
  return conv
end

local function remember_event(id, conv, token)
  call('DEL', key('t', id))
  call('HSET', key('t', id), 'state', 'ended', 'conv', conv, 'token', token, 'until', MEMORY_UNTIL)
  call('EXPIRE', key('t', id), MEMORY_TTL)
  call('ZADD', P .. ':ended', MEMORY_UNTIL, id)
end

-- By which an event is known whose id names who is forgotten (`core/stores/forgetting.py`).
local function digest_of(event)
  return 'gone:' .. redis.sha1hex(event)
end

-- What is left of a turn that is over: its event ids.
local function remember_events(id)
  local conv, token, events = unpack(call('HMGET', key('t', id), 'conv', 'token', 'events'))
  for _, event in ipairs(list_of(events)) do
    remember_event(event, conv, '')
  end
  remember_event(id, conv, token or '')
end

local function fail(id, incoming)
  local conv = call('HGET', key('t', id), 'conv')
  call('HSET', key('c', conv), 'failed', incoming)
  local ttl = HISTORY_TTL > 0 and math.min(HISTORY_TTL, MEMORY_TTL) or MEMORY_TTL
  call('SET', key('f', id), incoming, 'EX', ttl)
  call('SADD', key('x', conv), id)
  call('EXPIRE', key('x', conv), ttl)
  fade(conv)
end

-- Purses: purse:<name> what is spent of it and held · reserved:<key> what is taken of each purse, or that it is settled.
local SETTLED = 'settled'

local function purse_of(purse)
  local spent, held = unpack(call('HMGET', key('purse', purse), 'spent', 'held'))
  return tonumber(spent or 0), tonumber(held or 0)
end

-- *forgotten* may be missing for a purse that is known.
local function fill(purse, forgotten, field, amount)
  call('HINCRBY', key('purse', purse), field, string.format('%.0f', amount))
  if forgotten then call('ZADD', P .. ':purses', 'GT', forgotten, purse) end
end

local function reserved(name)
  local taken = call('GET', key('reserved', name))
  return taken and taken ~= SETTLED and cjson.decode(taken) or {}
end

local function give_back(name)
  for purse, amount in pairs(reserved(name)) do
    if call('EXISTS', key('purse', purse)) == 1 then fill(purse, nil, 'held', -amount) end
  end
  call('ZREM', P .. ':reservations', name)
  if call('GET', key('reserved', name)) ~= SETTLED then call('DEL', key('reserved', name)) end
end

-- Shelves: o:<owner> conversations by their last activity · n:<owner> their titles · owners when each shelf is over.

local function faded_before()
  return HISTORY_TTL > 0 and string.format('%.17g', NOW - HISTORY_TTL) or '-inf'
end

local function unshelve(owner, conv)
  call('HDEL', key('n', owner), conv)
  return call('ZREM', key('o', owner), conv)
end

-- How many rows are gone.
local function fade_shelf(owner)
  local place, rows = key('o', owner), 0
  for _, conv in ipairs(call('ZRANGEBYSCORE', place, '-inf', faded_before())) do rows = rows + unshelve(owner, conv) end
  if call('EXISTS', place) == 0 then
    call('ZREM', P .. ':owners', owner)
    return rows
  end
  call('ZADD', P .. ':owners', HISTORY_TTL > 0 and HISTORY_UNTIL or '0', owner)
  for _, kind in ipairs({'o', 'n'}) do
    if HISTORY_TTL > 0 then call('EXPIRE', key(kind, owner), HISTORY_TTL) else call('PERSIST', key(kind, owner)) end
  end
  return rows
end

-- Feeds: e:<feed> its events · z:<digest> that it was forgotten, and that who does not know that yet still writes to it.

local function silence_of(feed)
  return key('z', redis.sha1hex(feed))
end

-- Receipts: i:<key> a request that carries it · receipts when each is forgotten.

local function is_begun(receipt, token)
  local held, body = unpack(call('HMGET', receipt, 'token', 'body'))
  return held == token and not body
end

local function keep_receipt(name, expires)
  call('ZADD', P .. ':receipts', expires, name)
  call('EXPIRE', key('i', name), math.max(1, math.ceil(tonumber(expires) - NOW)))
end

local function forget_receipt(name)
  call('DEL', key('i', name))
  return call('ZREM', P .. ':receipts', name)
end

-- Outbox: unsaid:<lane>\n<key> what is to be said · outbox:<lane> by when each key is anybody's · unsaid by when each
-- <lane>\n<key> is forgotten.

local function unsaid_of(lane, name)
  return key('unsaid', lane .. '\n' .. name)
end

local function lend_unsaid(lane, name, token, till)
  call('HSET', unsaid_of(lane, name), 'token', token)
  call('ZADD', key('outbox', lane), till, name)
end

local function keep_unsaid(lane, name, expires)
  call('ZADD', P .. ':unsaid', expires, lane .. '\n' .. name)
  call('EXPIRE', unsaid_of(lane, name), math.max(1, math.ceil(tonumber(expires) - NOW)))
end

-- How many rows are gone.
local function forget_unsaid(lane, name)
  call('DEL', unsaid_of(lane, name))
  call('ZREM', key('outbox', lane), name)
  return call('ZREM', P .. ':unsaid', lane .. '\n' .. name)
end
