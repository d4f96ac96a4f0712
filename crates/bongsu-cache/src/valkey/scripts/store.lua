-- Stores an entry, if the lease still stands, and ends it. Not in place of one of the same epoch with a newer version.
-- Places in an entry, counted from 1: 3 flags, 13 to 28 epoch, 29 to 36 version, big-endian.
-- KEYS[1] entry   KEYS[2] its lease
-- ARGV[1] entry   ARGV[2] its life in ms   ARGV[3] the flag that says that there is a version   ARGV[4] token, 8 bytes
-- ARGV[5] 1: in place of one of the same version, as a fill that begins its life anew, 0: not
-- returns 1 stored, 0 another one stands, 2 superseded
local function versioned(entry)
  return #entry >= 36 and math.floor(string.byte(entry, 3) / ARGV[3]) % 2 == 1
end

-- A double does not hold 64 bits, so the two halves are compared one after the other.
local function half(entry, at)
  local a, b, c, d = string.byte(entry, at, at + 3)
  return ((a * 256 + b) * 256 + c) * 256 + d
end

local function stands(stored, new)
  local high, other = half(stored, 29), half(new, 29)
  if high ~= other then
    return high > other
  end
  high, other = half(stored, 33), half(new, 33)
  return high > other or (high == other and ARGV[5] == '0')
end

if redis.call('GET', KEYS[2]) ~= ARGV[4] then
  return 2
end
redis.call('DEL', KEYS[2])
if versioned(ARGV[1]) then
  local stored = redis.pcall('GET', KEYS[1])
  if type(stored) == 'string' and versioned(stored)
    and string.sub(stored, 13, 28) == string.sub(ARGV[1], 13, 28) and stands(stored, ARGV[1]) then
    return 0
  end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
