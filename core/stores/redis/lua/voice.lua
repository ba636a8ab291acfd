-- conversation, person… → 1 they have words there
note_voices(A[1], {unpack(A, 2)})
return 1
