-- Adds to a counter of this run, if it is the one that is meant. Where there is none, any lease ends: whoever loads the
-- first value may have counted before this change or after it.
-- KEYS[1] counter   KEYS[2] its lease   KEYS[3] operations that were applied, scored by their time in ms
-- ARGV[1] run of this server, 8 bytes   ARGV[2] what to add   ARGV[3] operation, 16 bytes, or nothing
-- ARGV[4] how long operations are known, in ms   ARGV[5] how many are known   ARGV[6] seed that is meant, 8 bytes
-- returns {0} no counter, {1, value, epoch} applied, {2, value, epoch} applied before, {3} a counter of another run,
-- {4, seed, epoch} another counter
local counter = redis.pcall('HMGET', KEYS[1], 'epoch', 'seed')
local epoch = counter[1]
if not epoch or string.sub(epoch, 1, 8) ~= ARGV[1] then
  redis.call('DEL', KEYS[2])
  return { epoch and 3 or 0 }
end
if counter[2] ~= ARGV[6] then
  return { 4, counter[2], epoch }
end
if ARGV[3] ~= '' and redis.call('ZSCORE', KEYS[3], ARGV[3]) then
  return { 2, redis.call('HGET', KEYS[1], 'n'), epoch }
end
redis.call('HINCRBY', KEYS[1], 'n', ARGV[2])
if ARGV[3] ~= '' then
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  redis.call('ZADD', KEYS[3], now, ARGV[3])
  redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now - ARGV[4])
  redis.call('ZREMRANGEBYRANK', KEYS[3], 0, -1 - ARGV[5])
  redis.call('PEXPIRE', KEYS[3], ARGV[4])
end
return { 1, redis.call('HGET', KEYS[1], 'n'), epoch }
