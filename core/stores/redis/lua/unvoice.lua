-- conversation, person → 1 nothing says any more that they have words there
forget_voice(A[1], A[2])
return 1
