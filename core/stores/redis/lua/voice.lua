-- conversation, who spoke ('' for nobody), who is quoted… → 1 they have words there
note_voices(A[1], A[2], {unpack(A, 3)})
return 1
