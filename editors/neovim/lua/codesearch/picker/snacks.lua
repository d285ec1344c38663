-- A picker with snacks.nvim.

local hits = require('codesearch.hits')

local M = {}

function M.available()
  local found, snacks = pcall(require, 'snacks')
  return found and snacks.picker ~= nil and pcall(require, 'snacks.picker')
end

local function entry(item)
  return {
    text = hits.label(item),
    file = item.filename,
    pos = { item.lnum, hits.column(item) - 1 },
    line = item.text,
  }
end

local function format(item)
  return { { item.text } }
end

function M.live(request)
  local ask = request.session({ once = true })
  require('snacks').picker.pick({
    title = request.title,
    search = request.text,
    live = true,
    supports_live = true,
    format = format,
    -- The server has ranked the answers.
    sort = { fields = { 'idx' } },
    finder = function(_, context)
      local text = vim.trim(context.filter.search)
      if text == '' then
        return {}
      end
      return function(add)
        local async = require('snacks.picker.util.async').running()
        local answered = false
        vim.schedule(function()
          ask(text, function(problem, items)
            if problem then
              vim.notify('codesearch: ' .. problem, vim.log.levels.WARN)
            end
            for _, item in ipairs(items) do
              add(entry(item))
            end
            answered = true
            async:resume()
          end)
        end)
        if not answered then
          async:suspend()
        end
      end
    end,
  })
end

function M.static(request)
  require('snacks').picker.pick({
    title = request.title,
    items = vim.tbl_map(entry, request.items),
    format = format,
    sort = { fields = { 'score:desc', 'idx' } },
  })
end

return M
