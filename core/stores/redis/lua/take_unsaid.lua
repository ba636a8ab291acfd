-- lane, until it is the caller's → {key, person, body, token}…
local lane, till = A[1], A[2]
local rows = {}
for _, name in ipairs(call('ZRANGEBYSCORE', key('outbox', lane), '-inf', STEADY)) do
  local person, body, last = unpack(call('HMGET', unsaid_of(lane, name), 'person', 'body', 'token'))
  if person then
    also_when_full()
    local token = token_above(last)
    lend_unsaid(lane, name, token, till)
    rows[#rows + 1] = {name, person, body, token}
  else
    forget_unsaid(lane, name)
  end
end
return rows
