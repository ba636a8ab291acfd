-- conversation, ref → the message, '' if there is none
return shown_as(A[1], A[2]) or ''
