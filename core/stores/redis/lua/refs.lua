-- conversation, message → the refs that show it, in the order they were posted
return list_of(call('HGET', key('s', A[1]), A[2]))
