-- conversation, ref → 1 removed, 0 there is no such unclaimed turn
local conv, ref = unpack(A)
local question = shown_as(conv, ref)
local id = question and question:match('^(.*)/q$')
if not id or not is_waiting(id) then return 0 end
leave(id)
remember_events(id)
unshow(conv, question)
return 1
