-- moment → the latest that was told
local latest = call('GET', P .. ':clock')
if latest and not after(A[1], tonumber(latest)) then return latest end
also_when_full()
call('SET', P .. ':clock', A[1])
return A[1]
