-- Records notes of a slot: of what is noted twice the earlier counts.
--
-- From ARGV[5] on two of each: what it is of, and the note, which begins with its instant.
-- Answers status, life, and '1' if the slot is sealed: then nothing was noted.

local FIRST = 5

local book = redis.call('HMGET', BOOK, LIFE, SEALED)
if book[2] == '1' then return {OK, alive(book[1]), '1'} end
local life = alive(book[1])
local begins = redis.call('EXISTS', NOTES) == 0

-- less compares texts by their bytes, whatever the server's locale says.
local function less(a, b)
  for i = 1, math.min(#a, #b) do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then return x < y end
  end
  return #a < #b
end

-- earlier says whether a note is of before another, and so takes its place.
local function earlier(note, other)
  if not other then return true end
  local at, before = struct.unpack('>I8', note), struct.unpack('>I8', other)
  if at == before then return less(note, other) end
  return at < before
end

-- note notes what is in some arguments.
local function note(from, to)
  local names = {}
  for i = from, to, 2 do names[#names + 1] = ARGV[i] end
  local kept, known, fresh = redis.call('HMGET', NOTES, unpack(names)), {}, {}
  for i, name in ipairs(names) do known[name] = known[name] or kept[i] end
  for i = from, to, 2 do
    local name, value = ARGV[i], ARGV[i + 1]
    if earlier(value, known[name]) then
      known[name] = value
      fresh[#fresh + 1] = name
      fresh[#fresh + 1] = value
    end
  end
  if #fresh > 0 then redis.call('HSET', NOTES, unpack(fresh)) end
end

for from = FIRST, #ARGV, 2 * AT_ONCE do
  note(from, math.min(from + 2 * AT_ONCE - 1, #ARGV))
end
if begins then
  keep(NOTES)
  keep(BOOK)
end
return {OK, life, ''}
