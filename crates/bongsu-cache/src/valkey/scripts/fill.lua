-- Stores an entry if the lease still stands, and ends the lease.
-- KEYS[1] entry   KEYS[2] its lease
-- ARGV[1] token, 8 bytes   ARGV[2] entry   ARGV[3] its life in ms
-- returns 1 stored, 0 superseded
if redis.call('GET', KEYS[2]) ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('DEL', KEYS[2])
return 1
