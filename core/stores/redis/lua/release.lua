-- key
give_back(A[1])
return 1
