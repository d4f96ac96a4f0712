-- The schemas of a model under which entries may exist.
-- KEYS[1] the model's schemas, scored by their end on the server's clock in ms
-- KEYS[2] the name of that list: run, id, and 1 if somebody vouches for it
-- returns {the name or nothing, then each schema and the ms it has left}
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local answer = { redis.call('GET', KEYS[2]) or '' }
local listed = redis.call('ZRANGE', KEYS[1], '(' .. now, '+inf', 'BYSCORE', 'WITHSCORES')
for place = 1, #listed, 2 do
  answer[#answer + 1] = listed[place]
  answer[#answer + 1] = math.floor(listed[place + 1] - now)
end
return answer
