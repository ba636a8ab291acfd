-- whose, the day's number, name
call('ZADD', P .. ':seen:' .. A[1], 'GT', A[2], A[3])
