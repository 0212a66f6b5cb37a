-- Brings a reader's map of attributes to the present.
--
-- ARGV[3] and ARGV[4] are the reader's epoch and timestamp. Answers status, and what
-- delta returns.

local state = open({'at', 'afloor'})
if not state then return {UNKNOWN} end
return {OK, unpack(delta(state, ARGV[3], n(ARGV[4])))}
