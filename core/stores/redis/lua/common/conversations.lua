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
