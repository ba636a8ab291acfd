-- key, seconds for which it is remembered, (pace, permits per second, permits at most)…
-- → {0, 0} when it is admitted, or {the place of the pace that has no permit for longest, seconds until it has}
local admitted = key('admitted', A[1])
if call('EXISTS', admitted) == 1 then return {0, '0'} end
local short, longest, left = 0, 0, {}
for index = 3, #A, 3 do
  local pace, rate, burst = key('pace', A[index]), tonumber(A[index + 1]), tonumber(A[index + 2])
  local level, at = level_of(pace, rate, burst)
  level = level - 1
  left[#left + 1] = {pace, level, math.max(STEADY, at), (burst - level) / rate}
  if -level / rate > longest then short, longest = #left, -level / rate end
end
if short > 0 then return {short, string.format('%.17g', longest)} end
for _, taken in ipairs(left) do
  local pace, level, at, full_in = unpack(taken)
  call('HSET', pace, 'level', string.format('%.17g', level), 'at', string.format('%.17g', at))
  call('EXPIRE', pace, math.ceil(full_in) + 1)
end
call('SET', admitted, '', 'EX', A[2])
return {0, '0'}
