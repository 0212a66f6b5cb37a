-- Answers status, and a slot's life: '' of one that nothing was put into. Where all of the
-- shard was lost the time begins here to put it again, though this slot was empty.

local life = alive(redis.call('HGET', BOOK, LIFE))
if redis.call('EXISTS', ANSWERS, NOTES) == 0 then life = '' end
return {OK, life}
