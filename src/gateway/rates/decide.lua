-- One decision: counts a request for several limits, for all of them or for none.
--
-- KEYS: one for each limit. ARGV: five for each: how it counts, how many there may be, in how long (for a bucket: how long
-- one takes to come back), how many are wanted, and whether the limit refuses (1) or only watches (0).
-- Answers three numbers for each: whether it was counted, what is left, and how long until there is more; -1 is never.
-- Times are microseconds, by this server's clock.

local clock = redis.call('TIME')
local second = tonumber(clock[1])
local now = second * 1000000 + tonumber(clock[2])
local day_length = 86400

-- Each way to count: what is stored, how many there may be, in how long, how many are wanted -> whether they may be had, what
-- is left then, how long until there is more, what is to be stored then, and for how many milliseconds.
local count = {}

-- Stored: when it is full, and how long one took to come back.
function count.bucket(stored, most, each, wanted)
  local full, was = string.match(stored, '^b(%d+):(%d+)$')
  local missing = 0
  if full then
    missing = math.max(0, tonumber(full) - now)
    if tonumber(was) ~= each then
      missing = math.ceil(missing * each / tonumber(was))
    end
    missing = math.min(missing, most * each)
  end
  local after = missing + wanted * each
  if after > most * each then
    local reset = after - most * each
    if wanted > most then reset = -1 end
    return false, math.floor((most * each - missing) / each), reset
  end
  local left = math.floor((most * each - after) / each)
  local reset = after
  if left == 0 then reset = after - (most - 1) * each end
  return true, left, reset, string.format('b%.0f:%.0f', now + after, each), math.ceil(after / 1000)
end

-- Stored: which window, what was used in the one before and in this one, and how long they are.
function count.window(stored, most, span, wanted)
  local index, before, current, was = string.match(stored, '^w(%d+):(%d+):(%d+):(%d+)$')
  local function weighed(used, elapsed, of)
    return math.ceil(used * math.max(0, of - elapsed) / of)
  end
  local this = math.floor(now / span)
  local elapsed = now - this * span
  if index then
    index, before, current, was = tonumber(index), tonumber(before), tonumber(current), tonumber(was)
    local moved = math.floor(now / was) - index
    if moved == 1 then before, current = current, 0 end
    if moved > 1 then before, current = 0, 0 end
    if was ~= span then
      before, current = 0, current + weighed(before, now % was, was)
    end
  else
    before, current = 0, 0
  end
  local left = math.max(0, most - current - weighed(before, elapsed, span))
  -- How much of a window must be over for what was used in the one before to count no more than this.
  local function elapsed_for(used, at_most)
    if used <= at_most then return 0 end
    return span - math.floor(at_most * span / used)
  end
  local function wait(units)
    local room = most - units
    if room < 0 then return -1 end
    if room >= current then return math.max(0, elapsed_for(before, room - current) - elapsed) end
    return span - elapsed + elapsed_for(current, room)
  end
  if wanted > left then return false, left, wait(wanted) end
  current, left = current + wanted, left - wanted
  local reset = span - elapsed
  if left == 0 then reset = wait(1) end
  local state = string.format('w%.0f:%.0f:%.0f:%.0f', this, before, current, span)
  return true, left, reset, state, math.ceil((2 * span - elapsed) / 1000)
end

-- The month of a day since 1970; only whether two days have the same one is asked. Years begin in March here.
local function month_of(day)
  local shifted = day + 719468
  local of_era = shifted % 146097
  local year = math.floor((of_era - math.floor(of_era / 1460) + math.floor(of_era / 36524) - math.floor(of_era / 146096)) / 365)
  local of_year = of_era - (365 * year + math.floor(year / 4) - math.floor(year / 100))
  return math.floor((5 * of_year + 2) / 153)
end

-- Stored: when the period ends, in seconds, and what was used in it. One that ends after the next one is from a clock that was
-- wrong, and not believed.
local function quota(stored, most, wanted, ends, next_ends)
  local until_when, used = string.match(stored, '^q(%d+):(%d+)$')
  if until_when and tonumber(until_when) >= ends and tonumber(until_when) <= next_ends then
    ends, used = tonumber(until_when), tonumber(used)
  else
    used = 0
  end
  local left = math.max(0, most - used)
  local reset = ends * 1000000 - now
  if wanted > most then return false, left, -1 end
  if wanted > left then return false, left, reset end
  local state = string.format('q%.0f:%.0f', ends, used + wanted)
  return true, left - wanted, reset, state, math.ceil(reset / 1000)
end

local today = math.floor(second / day_length)

function count.day(stored, most, _, wanted)
  return quota(stored, most, wanted, (today + 1) * day_length, (today + 2) * day_length)
end

function count.week(stored, most, _, wanted)
  -- 1970 began on a Thursday; weeks begin on Mondays.
  local ends = math.floor((today + 3) / 7) * 7 + 4
  return quota(stored, most, wanted, ends * day_length, (ends + 7) * day_length)
end

function count.month(stored, most, _, wanted)
  local function next_first(day)
    local first = day + 1
    while month_of(first) == month_of(day) do first = first + 1 end
    return first
  end
  local first = next_first(today)
  return quota(stored, most, wanted, first * day_length, next_first(first) * day_length)
end

local answer, writes, refused = {}, {}, false
for i, key in ipairs(KEYS) do
  local at = 5 * (i - 1)
  local most, span, wanted = tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4])
  local stored = redis.call('GET', key) or ''
  local admitted, left, reset, state, milliseconds = count[ARGV[at + 1]](stored, most, span, wanted)
  if admitted then
    writes[#writes + 1] = { key, state, math.max(1, milliseconds) }
  elseif ARGV[at + 5] == '1' then
    refused = true
  end
  answer[#answer + 1] = admitted and 1 or 0
  answer[#answer + 1] = left
  answer[#answer + 1] = reset
end
if not refused then
  for _, write in ipairs(writes) do
    redis.call('SET', write[1], write[2], 'PX', string.format('%.0f', write[3]))
  end
end
return answer
