-- Asks for the right to load.
-- KEYS[1] entry or counter   KEYS[2] its lease
-- ARGV[1] token, 8 bytes   ARGV[2] life of the lease in ms   ARGV[4] run, 8 bytes
-- ARGV[3] 1: also over an entry, 2: also over the lease of another one
-- returns {1} won, {2, ms left} held by another one, {3, value, ms left} there is an entry
if ARGV[3] == '0' then
  local value = redis.pcall('GET', KEYS[1])
  if type(value) == 'table' then
    -- A counter; one of another run is as good as none.
    local counter = redis.call('HMGET', KEYS[1], 'epoch', 'n')
    value = counter[1] and string.sub(counter[1], 1, 8) == ARGV[4] and counter[2]
  end
  if value then
    return { 3, value, redis.call('PTTL', KEYS[1]) }
  end
end
if ARGV[3] == '2' then
  redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
  return { 1 }
end
if redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then
  return { 1 }
end
if redis.call('GET', KEYS[2]) == ARGV[1] then
  return { 1 }
end
return { 2, redis.call('PTTL', KEYS[2]) }
