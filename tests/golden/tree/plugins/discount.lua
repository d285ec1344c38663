-- Rules that shopkeepers write themselves.
local Discount = {}
Discount.__index = Discount

--- Make a rule: `count` for the price of `paid`.
function Discount.bundle(count, paid)
  return setmetatable({ count = count, paid = paid }, Discount)
end

--- Return what some pieces of a product cost.
function Discount:price(pieces, each)
  local bundles = math.floor(pieces / self.count)
  return (bundles * self.paid + pieces % self.count) * each
end

--- The happy hour: everything fresh is cheaper before closing time.
local function happy_hour(price, hour)
  if hour >= 20 then
    return math.floor(price * 0.7)
  end
  return price
end

return { Discount = Discount, happy_hour = happy_hour }
