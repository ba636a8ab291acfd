-- conversation, message → the refs that show it, in the order they were posted
local refs, names = posted(A[1], A[2])
for _, name in ipairs(names) do
  for _, ref in ipairs((posted(A[1], name))) do refs[#refs + 1] = ref end
end
return refs
