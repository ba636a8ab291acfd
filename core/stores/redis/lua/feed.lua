-- feed, event ('' for the oldest) → {id, {'event', event}} of it and of those that came after it
return call('XRANGE', key('e', A[1]), A[2] ~= '' and A[2] or '-', '+')
