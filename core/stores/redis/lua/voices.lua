-- person → the conversations of this partition that have words of theirs
return call('SMEMBERS', key('v', A[1]))
