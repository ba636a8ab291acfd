-- turn → 1 forgotten, 0 it is not set aside
if call('ZREM', P .. ':aside', A[1]) == 0 then return 0 end
remember_events(A[1])
return 1
