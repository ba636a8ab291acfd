-- feed… → how many of them there were
local rows = 0
for _, feed in ipairs(A) do rows = rows + call('DEL', key('e', feed)) end
return rows
