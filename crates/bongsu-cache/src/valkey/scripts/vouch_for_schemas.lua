-- Says of a list of schemas that none is missing.
-- KEYS[1] the model's schemas   KEYS[2] the name of that list: run, id, and 1 if somebody vouches for it
-- ARGV[1] run of this server, 8 bytes   ARGV[2] id of the list that is meant, 8 bytes
-- returns 1 said, 0 it is another list
local name = redis.call('GET', KEYS[2])
if not name or string.sub(name, 1, 16) ~= ARGV[1] .. ARGV[2] or redis.call('EXISTS', KEYS[1]) == 0 then
  return 0
end
redis.call('SET', KEYS[2], ARGV[1] .. ARGV[2] .. '1', 'KEEPTTL')
return 1
