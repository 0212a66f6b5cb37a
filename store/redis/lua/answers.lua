-- Records answers of a slot: of each user the first counts.
--
-- ARGV[5] is '1' for a slot of an entry question; ARGV[6] is '1' if answers are put again,
-- of which the one that was received first counts; ARGV[7] has 9 bytes of each answer, its
-- option and when it was received; from ARGV[8] on who gave it. Answers status, life, a
-- byte for what became of each answer, and of each that was repeated what is kept.

local FIRST = 8
local TAKEN, REPEATED, TOO_LATE, NOT_PLAYING = 1, 2, 3, 4
local TALLY = '>I4I4I4I4I4I4'

-- Where users stand: the first byte of their standing.
local SPECTATOR, PLAYING, REVIVABLE, WON = 0, 1, 2, 4
local REVIVE = '\4' -- begins the name of a note that a user comes back

local book = redis.call('HMGET', BOOK, LIFE, SEALED, COUNTS, 'after')
local entry, again, sealed = ARGV[5] == '1', ARGV[6] == '1', book[2] == '1'
if question > 1 and not sealed and n(book[4]) < question - 1 then return {NO_STANDINGS} end

local life, now = alive(book[1]), struct.pack('>I8', instant())
local counts = {struct.unpack(TALLY, book[3] or string.rep('\0', 24))}
local verdicts, repeated = {}, {}

-- statuses returns where users of some arguments stand. Who chose to come back plays.
local function statuses(from, to)
  if question == 1 or sealed then return {} end
  local all, names, waiting = {}, {}, {}
  for i, standing in ipairs(redis.call('HMGET', STANDINGS, unpack(ARGV, from, to))) do
    all[i] = standing and string.byte(standing) or SPECTATOR
    if all[i] == REVIVABLE then
      names[#names + 1], waiting[#waiting + 1] = REVIVE .. ARGV[from + i - 1], i
    end
  end
  if #names == 0 then return all end
  for k, note in ipairs(redis.call('HMGET', NOTES, unpack(names))) do
    if note then all[waiting[k]] = PLAYING end
  end
  return all
end

-- plays says whether who stands so, or nowhere, may answer.
local function plays(status)
  if not status or status == SPECTATOR then return entry end
  return status == PLAYING or status == WON
end

-- earlier says whether an answer that is put again comes before the one that is there: of
-- what was received at once the lowest option.
local function earlier(answer, before)
  if not again or sealed then return false end
  local option, at = struct.unpack('>BI8', answer)
  local other, first = struct.unpack('>BI8', before)
  return at < first or at == first and option < other
end

-- count counts an answer, or one less.
local function count(answer, by)
  local option = string.byte(answer)
  counts[option] = counts[option] + by
end

-- record records the answers of some arguments.
local function record(from, to)
  local kept, standing = redis.call('HMGET', ANSWERS, unpack(ARGV, from, to)), statuses(from, to)
  local fresh, seen = {}, {}
  for i = from, to do
    local user, place, verdict = ARGV[i], i - FIRST + 1, TAKEN
    local answer = string.sub(ARGV[7], 9 * place - 8, 9 * place)
    local before = seen[user] or kept[i - from + 1]
    if before and not earlier(answer, before) then
      verdict = REPEATED
      repeated[#repeated + 1] = string.sub(before, 1, 9)
    elseif not before and sealed then
      verdict = TOO_LATE
    elseif not before and not plays(standing[i - from + 1]) then
      verdict = NOT_PLAYING
    else
      if before then count(before, -1) end
      count(answer, 1)
      seen[user] = answer
      fresh[#fresh + 1] = user
      fresh[#fresh + 1] = answer .. now
    end
    verdicts[place] = string.char(verdict)
  end
  if #fresh > 0 then redis.call('HSET', ANSWERS, unpack(fresh)) end
  return #fresh > 0
end

local taken = false
for from = FIRST, #ARGV, AT_ONCE do
  taken = record(from, math.min(from + AT_ONCE - 1, #ARGV)) or taken
end
if taken then
  redis.call('HSET', BOOK, COUNTS, struct.pack(TALLY, unpack(counts, 1, 6)))
  if again then redis.call('HSET', BOOK, AGAIN, int(clock())) end
  if not book[3] then
    keep(ANSWERS)
    keep(BOOK)
  end
end
return {OK, life, table.concat(verdicts), table.concat(repeated)}
