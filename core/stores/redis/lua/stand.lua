-- queue, how many may be inside, until when who waits is heard, until when who is inside has a place, for how many seconds,
-- {waiting: {key: since when}, inside: [key…], gone: [key…]} (JSON) → key, 0 or its number in line, …
-- line:<queue> who waits, by since when · heard:<queue> the same, by until when · inside:<queue> who is inside, by until when.
also_when_full()
local queue, most, word, till = A[1], tonumber(A[2]), A[3], A[4]
local lease, said = math.ceil(tonumber(A[5])), cjson.decode(A[6])
local line, heard, inside = key('line', queue), key('heard', queue), key('inside', queue)

local function step_out(member)
  call('ZREM', line, member)
  call('ZREM', heard, member)
end

local function step_in(member)
  step_out(member)
  call('ZADD', inside, till, member)
end

for _, member in ipairs(said.gone) do
  step_out(member)
  call('ZREM', inside, member)
end
call('ZREMRANGEBYSCORE', inside, '-inf', STEADY)
for _, member in ipairs(call('ZRANGEBYSCORE', heard, '-inf', STEADY)) do step_out(member) end
for _, member in ipairs(said.inside) do step_in(member) end
for member, since in pairs(said.waiting) do
  if call('ZSCORE', inside, member) then
    step_in(member)
  else
    call('ZADD', line, since, member)
    call('ZADD', heard, word, member)
  end
end

-- Places are kept free for those of other processes who come before.
local free, ranks, entered, found = most - call('ZCARD', inside), {}, 0, {}
for member in pairs(said.waiting) do ranks[member] = call('ZRANK', line, member) or nil end
for member, rank in pairs(ranks) do
  if rank < free then
    step_in(member)
    entered = entered + 1
  end
end
for member in pairs(said.waiting) do
  local rank = ranks[member]
  found[#found + 1] = member
  found[#found + 1] = rank and rank >= free and rank - entered + 1 or 0
end
for _, place in ipairs({line, heard, inside}) do call('EXPIRE', place, lease + 1) end
return found
