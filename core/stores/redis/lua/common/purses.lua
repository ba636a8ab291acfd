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
    if call('EXISTS', key('purse', purse)) == 1 then fill(purse, nil, 'held', 0 - amount) end
  end
  call('ZREM', P .. ':reservations', name)
  if call('GET', key('reserved', name)) ~= SETTLED then call('DEL', key('reserved', name)) end
end

-- Paces: pace:<name> how many permits were there, and when · admitted:<key> that it took of them.

-- How many are there now, and when they were counted.
local function level_of(pace, rate, burst)
  local level, at = unpack(call('HMGET', pace, 'level', 'at'))
  at = tonumber(at or STEADY)
  return math.min(burst, tonumber(level or burst) + math.max(0, STEADY - at) * rate), at
end
