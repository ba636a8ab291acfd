-- turn, token, epoch, answer id, its question → 0 the lease is lost, 1 done
local id, token, epoch, answer, question = unpack(A)
if not is_held(id, token) then return 0 end
choose(call('HGET', key('t', id), 'conv'), epoch, answer, question)
return 1
