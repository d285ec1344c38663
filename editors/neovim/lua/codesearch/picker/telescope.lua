-- A picker with telescope.nvim, in the server's order.

local config = require('codesearch.config')
local hits = require('codesearch.hits')

local M = {}

function M.available()
  return (pcall(require, 'telescope.pickers'))
end

-- Entries that telescope neither filters nor sorts: the server has ranked the answers.
local function entry(item)
  local label = hits.label(item)
  return {
    value = item,
    ordinal = label,
    display = label,
    filename = item.filename,
    lnum = item.lnum,
    col = hits.column(item),
    text = item.text,
  }
end

local function open(request, finder, close, sorter)
  local values = require('telescope.config').values
  local options = { prompt_title = request.title, default_text = request.text }
  require('telescope.pickers').new(options, {
    finder = finder,
    sorter = sorter,
    previewer = values.grep_previewer(options),
    attach_mappings = function(bufnr)
      vim.api.nvim_create_autocmd('BufWipeout', { buffer = bufnr, once = true, callback = close })
      return true
    end,
  }):find()
end

function M.live(request)
  local channel = require('plenary.async.control').channel
  local ask, stop = request.session({ once = true })
  local timer
  local finder = require('telescope.finders').new_dynamic({
    entry_maker = entry,
    fn = function(prompt)
      stop()
      if timer then
        timer:stop()
      end
      if vim.trim(prompt or '') == '' then
        return {}
      end
      local send, receive = channel.oneshot()
      timer = vim.defer_fn(function()
        ask(prompt, function(problem, items)
          if problem then
            vim.notify('codesearch: ' .. problem, vim.log.levels.WARN)
          end
          send(items)
        end)
      end, config.options.debounce_ms)
      return receive()
    end,
  })
  open(request, finder, stop, require('telescope.sorters').empty())
end

function M.static(request)
  open(request, require('telescope.finders').new_table({ results = request.items, entry_maker = entry }),
    function() end, require('telescope.config').values.generic_sorter({}))
end

return M
