-- owner, conversation → 1 it was on the shelf, 0 it was not
return unshelve(A[1], A[2])
