-- Puts events of visits into a part of the queue: ARGV[3] is how many, ARGV[4] the events,
-- packed.
--
-- KEYS[1] is the part, a stream: of each entry t (when it was put), n (how many events it
-- has) and e (the events). Who takes entries is the group "mergers". With it go KEYS[2], a
-- sorted set of the entries that are taken, by when the lease is over; and KEYS[3], how many
-- events are in the part. What is settled is deleted.

redis.call('XADD', KEYS[1], '*', 't', int(instant()), 'n', ARGV[3], 'e', ARGV[4])
redis.call('INCRBY', KEYS[3], ARGV[3])
return {OK}
