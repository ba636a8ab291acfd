-- moment → the latest that was told. Writes in any case: who is full says so here.
local latest = call('GET', P .. ':clock')
if not latest or after(A[1], tonumber(latest)) then latest = A[1] end
call('SET', P .. ':clock', latest)
return latest
