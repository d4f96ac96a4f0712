-- Gives a lease back.
-- KEYS[1] lease
-- ARGV[1] token, 8 bytes
-- returns 1 given back, 0 it did not stand any more
if redis.call('GET', KEYS[1]) == ARGV[1] then
  return redis.call('DEL', KEYS[1])
end
return 0
