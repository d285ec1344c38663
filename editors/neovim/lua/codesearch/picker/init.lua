-- Selects the picker. A picker is a module with
--   available()            is the plugin that it uses installed?
--   live(request)          ask while the user types: request.title, .text, .session() -> ask, stop
--   static(request)        choose from request.items
-- Both may call request.quickfix(title, items).

local config = require('codesearch.config')

local M = {}

local MODULES = {
  telescope = 'codesearch.picker.telescope',
  ['fzf-lua'] = 'codesearch.picker.fzf_lua',
  snacks = 'codesearch.picker.snacks',
  builtin = 'codesearch.picker.builtin',
  select = 'codesearch.picker.select',
}

local ORDER = { 'telescope', 'fzf-lua', 'snacks', 'builtin' }

--- The name of the picker to use (the configured one, or the first that is installed), and whether it is available.
function M.chosen(name)
  name = name or config.options.picker
  if name ~= 'auto' then
    return name, require(MODULES[name]).available()
  end
  for _, candidate in ipairs(ORDER) do
    if require(MODULES[candidate]).available() then
      return candidate, true
    end
  end
end

--- The names of the available pickers.
function M.installed()
  return vim.tbl_filter(function(name)
    return require(MODULES[name]).available()
  end, ORDER)
end

local function use(name)
  local chosen, available = M.chosen(name)
  if not available then
    vim.notify(('codesearch: %s is not installed; using the built-in picker'):format(chosen), vim.log.levels.WARN)
    chosen = 'builtin'
  end
  return require(MODULES[chosen])
end

function M.live(request, name)
  return use(name).live(request)
end

function M.static(request, name)
  return use(name).static(request)
end

return M
