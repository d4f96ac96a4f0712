-- The generation that holds now. One written under another run may have come back with a failover: it is replaced.
-- KEYS[1] generation
-- ARGV[1] run of this server, 8 bytes   ARGV[2] a fresh generation, 8 bytes
-- returns the generation, 8 bytes
local stored = redis.call('GET', KEYS[1])
if stored and #stored == 16 and string.sub(stored, 1, 8) == ARGV[1] then
  return string.sub(stored, 9, 16)
end
redis.call('SET', KEYS[1], ARGV[1] .. ARGV[2])
return ARGV[2]
