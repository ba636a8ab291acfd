-- Turns: t:<turn> the turn · f:<turn> what one asked that failed · x:<conversation> the turns that failed ·
-- q:<conversation> its order · ready:<lane> a stream with one entry for each conversation whose first turn can be claimed ·
-- due:<lane> first turns whose time has not come · leases:<lane> held turns.

local function is_waiting(id)
  local state, fixed = unpack(call('HMGET', key('t', id), 'state', 'fixed'))
  return state == 'queued' and not fixed
end

-- Whether nobody else took the turn since, though its lease may have lapsed.
local function is_last_holder(id, token)
  local state, held = unpack(call('HMGET', key('t', id), 'state', 'token'))
  if state ~= 'held' or held ~= token then return false end
  also_when_full()
  return true
end

local function is_held(id, token)
  return after(call('HGET', key('t', id), 'until'), STEADY) and is_last_holder(id, token)
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

local function set_failed(conv, incoming)
  call('HSET', key('c', conv), 'failed', incoming)
  fade(conv)
end

local function fail(id, incoming)
  local conv = call('HGET', key('t', id), 'conv')
  set_failed(conv, incoming)
  local ttl = HISTORY_TTL > 0 and math.min(HISTORY_TTL, MEMORY_TTL) or MEMORY_TTL
  call('SET', key('f', id), incoming, 'EX', ttl)
  call('SADD', key('x', conv), id)
  call('EXPIRE', key('x', conv), ttl)
end
