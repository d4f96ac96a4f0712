-- Says that entries of a schema may exist. A list that came back with a failover may lack its last schemas, so it gets
-- another name; so does one that is empty.
-- KEYS[1] the model's schemas, scored by their end on the server's clock in ms
-- KEYS[2] the name of that list: run, id, and 1 if somebody vouches for it
-- ARGV[1] schema   ARGV[2] life in ms   ARGV[3] run of this server, 8 bytes   ARGV[4] a fresh id, 8 bytes
-- returns {1 it was listed or 0, the name, then each schema and the ms it has left}
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local name = redis.call('GET', KEYS[2])
if not name or string.sub(name, 1, 8) ~= ARGV[3] or redis.call('EXISTS', KEYS[1]) == 0 then
  name = ARGV[3] .. ARGV[4] .. '0'
  redis.call('SET', KEYS[2], name)
end
local answer = { redis.call('ZSCORE', KEYS[1], ARGV[1]) and 1 or 0, name }
redis.call('ZADD', KEYS[1], 'GT', now + ARGV[2], ARGV[1])
local listed = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
redis.call('PEXPIREAT', KEYS[1], listed[#listed])
redis.call('PEXPIREAT', KEYS[2], listed[#listed])
for place = 1, #listed, 2 do
  answer[#answer + 1] = listed[place]
  answer[#answer + 1] = math.floor(listed[place + 1] - now)
end
return answer
