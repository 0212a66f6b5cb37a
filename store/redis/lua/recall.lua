-- Takes the contents of a message away and appends the system message that says so, as
-- feed.Log's Recall does.
--
-- ARGV[3] is the message's timestamp; ARGV[4] '1' where staff recalls; ARGV[5] the rate of
-- recalls by viewers; ARGV[6] the whitelist rate that the recall comes with, and ARGV[7] its
-- revision; ARGV[8] the length of the part of the system message's content that a recall
-- leaves, and ARGV[9] the content. Answers a receipt, or '' if there is no such message.

local refused = opened()
if refused then return refused end

local STAFF, VIEWERS = 4, 3 -- windows

-- find returns where in a bucket's ring the entry with timestamp t is, and the entry.
local function find(b, t)
  if t > log[HEAD + 2 * b] then return nil end
  local ring, low, high = key('ring' .. b), 0, size(b)
  while low < high do
    local middle = math.floor((low + high) / 2)
    local entry = redis.call('LINDEX', ring, middle)
    local at = struct.unpack('>I8', entry)
    if at == t then return middle, entry end
    if at < t then low = middle + 1 else high = middle end
  end
end

-- locate is find for any bucket.
local function locate(t)
  for b = 0, 2 do
    local i, entry = find(b, t)
    if i then return b, i, entry end
  end
end

-- bury leaves of an entry what remains of a recalled message.
local function bury(b, i, entry)
  local t, s, recalls, _, kept, content = struct.unpack(HEADER, entry)
  local rest = string.sub(entry, content, content + kept - 1)
  redis.call('LSET', key('ring' .. b), i, struct.pack(HEADER, t, s, recalls, 1, kept) .. rest)
end

local function recall()
  local target = tonumber(ARGV[3])
  local b, i, entry = locate(target)
  if not b then return '' end
  local _, _, _, recalled = struct.unpack(HEADER, entry)
  if recalled == 1 then return receipt(DUPLICATE, WHITELIST, 0, 0, 0) end
  local staff, limit, room = ARGV[4] == '1', tonumber(ARGV[5]), own(tonumber(ARGV[7]))
  if staff then limit = room and n(room.wrate) or tonumber(ARGV[6]) end
  local w = window(staff and STAFF or VIEWERS)
  local at = free(w, limit)
  if at > now then return receipt(RATE_LIMITED, WHITELIST, 0, 0, at - now) end
  admit(w)
  bury(b, i, entry)
  local t, s = put(WHITELIST, target, tonumber(ARGV[8]), ARGV[9])
  return receipt(ACCEPTED, WHITELIST, t, s, 0)
end

local receipts = recall()
close()
return answer(receipts)
