-- The schemas of a model under which entries may exist.
-- KEYS[1] the model's schemas, scored by their end on the server's clock in ms
-- returns their list
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
return redis.call('ZRANGE', KEYS[1], '(' .. now, '+inf', 'BYSCORE')
