--- A cache.
-- @module cache
local M = {}

--- Looks a key up.
-- @param key what to look for
function M.find(key)
  local function inner() end
  return key
end

--[[
Puts a value.
]]
function M:put(key, value)
end

M.drop = function(self, key)
end

local helper = function(x) return x end

local handlers = {
  run = function() end,
  ["on stop"] = function() end,
  sub = { go = function() end },
}

function top()
end

describe("a cache", function()
  it("finds", function()
  end)
end)

return { exported = function() end, M = M }
