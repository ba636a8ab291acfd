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

-- A full server refuses a script whose first write takes memory. That is right for what is new (put begins so); what
-- was accepted is still to be answered, so the steps of a claimed turn begin with a write that takes none.
local function also_when_full()
  call('HDEL', P .. ':held', '')
end
