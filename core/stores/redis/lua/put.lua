-- id, conversation, lane, incoming, ref, reply_to, revises, group, ready ('' without a hold),
-- the message that is its parent if that is known now, replaces, show, 1 if it has no parts,
-- who says it, whom it quotes… → 1 new, 0 known
local id, conv, lane, incoming, ref, reply_to, revises, group, ready, again, replaces, show_kept, bare = unpack(A)
local turn = key('t', id)

local state, till = unpack(call('HMGET', turn, 'state', 'until'))
if state and (state ~= 'ended' or after(till, NOW)) then
  call('HSET', turn, 'seen', ARGV[1]) -- a write, so that WAIT has something to wait for
  return 0
end
if after(call('HGET', key('t', digest_of(id)), 'until'), NOW) then return 0 end
if state then call('DEL', turn) end
note_voices(conv, A[14], {unpack(A, 15)})

local function show_question(target)
  if ref == '' then return end
  show(conv, ref, target .. '/q')
  fade(conv)
end

local function join(target)
  local events = list_of(call('HGET', key('t', target), 'events'))
  events[#events + 1] = id
  call('HSET', key('t', target), 'events', cjson.encode(events))
  call('HSET', turn, 'state', 'joined', 'conv', conv)
  show_question(target)
  local due = call('HGET', key('t', target), 'ready')
  if ready ~= '' and after(ready, tonumber(due)) then
    call('HSET', key('t', target), 'ready', ready)
  end
  signal(conv)
  return 1
end

local question = revises ~= '' and shown_as(conv, revises)
local edited = question and question:match('^(.*)/q$')
if edited and is_waiting(edited) then
  call('HSET', key('t', edited), 'revised', incoming)
  call('HDEL', key('t', edited), 'more')
  return join(edited)
end

local album = group ~= '' and call('HGET', key('g', conv), group)
if album and (is_waiting(album) or bare ~= '') then
  local more = call('HINCRBY', key('t', album), 'more', 1)
  call('HSET', key('t', album), 'more:' .. more, incoming)
  return join(album)
end

call('HSET', turn, 'state', 'queued', 'conv', conv, 'lane', lane, 'incoming', incoming,
  'ready', ready ~= '' and ready or ARGV[6], 'attempts', 0)
local about = {edits = question or '', group = group, again = again, replaces = replaces, show = show_kept}
about.reply_to = reply_to
for field, value in pairs(about) do
  if value ~= '' then call('HSET', turn, field, value) end
end
if group ~= '' then call('HSET', key('g', conv), group, id) end
show_question(id)
enqueue(conv, id)
return 1
