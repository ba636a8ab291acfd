-- feed, event, channel, how many are kept, for how many seconds → its id; '' where nobody is to hear it
local feed, event, channel, most, seconds = unpack(A)
local stream = key('e', feed)
also_when_full()
if call('EXISTS', silence_of(feed)) == 1 then return '' end
local before = call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
local id = call('XADD', stream, 'MAXLEN', '~', most, '*', 'event', event)
call('EXPIRE', stream, seconds)
redis.pcall('PUBLISH', channel, (before and before[1] or '') .. ' ' .. id .. ' ' .. event)
return id
