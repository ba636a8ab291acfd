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
