-- lanes… → {1 if something can be claimed now, the next moment at which something may become so or ''}
local moment = soonest(A)
if moment ~= '' and not after(moment, STEADY) then return {1, moment} end
for _, lane in ipairs(A) do
  local stream = key('ready', lane)
  if call('EXISTS', stream) == 1 and call('XLEN', stream) > call('XPENDING', stream, GROUP)[1] then
    return {1, moment}
  end
end
return {0, moment}
