-- Sets the first value of a counter if the lease still stands, and its run, and ends the lease.
-- KEYS[1] counter   KEYS[2] its lease   KEYS[3] operations that were applied to the counter before
-- ARGV[1] token, 8 bytes   ARGV[2] value   ARGV[3] life in ms   ARGV[4] run of this server, 8 bytes
-- ARGV[5] epoch of the lease, 16 bytes. A lease that a failover brought back may have been ended on the other server.
-- returns 1 stored, 0 superseded
if redis.call('GET', KEYS[2]) ~= ARGV[1] or string.sub(ARGV[5], 1, 8) ~= ARGV[4] then
  return 0
end
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])
redis.call('HSET', KEYS[1], 'epoch', ARGV[5], 'seed', ARGV[1], 'n', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
