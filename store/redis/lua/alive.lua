-- Answers status, and a slot's life: '' of one that nothing was put into.

local known = redis.call('HGET', BOOK, LIFE)
if not known or redis.call('EXISTS', ANSWERS, NOTES) == 0 then return {OK, ''} end
return {OK, alive(known)}
