-- key, when it lapses → whether it was reserved
also_when_full()
if not call('ZSCORE', P .. ':reservations', A[1]) then return 0 end
call('ZADD', P .. ':reservations', A[2], A[1])
return 1
