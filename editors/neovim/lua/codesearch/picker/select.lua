-- A picker with vim.ui.input and vim.ui.select, which many plugins replace: one question, then a choice.

local hits = require('codesearch.hits')

local M = {}

function M.available()
  return true
end

function M.static(request)
  vim.ui.select(request.items, {
    prompt = request.title,
    kind = 'codesearch',
    format_item = hits.label,
  }, function(item)
    if item then
      hits.open(item)
    end
  end)
end

function M.live(request)
  local function search(text)
    text = vim.trim(text or '')
    if text == '' then
      return
    end
    local ask = request.session({ once = true })
    ask(text, function(problem, items, result)
      if problem then
        return vim.notify('codesearch: ' .. problem, vim.log.levels.ERROR)
      end
      if #items == 0 then
        return vim.notify('codesearch: ' .. hits.nothing(result, text), vim.log.levels.WARN)
      end
      M.static({ title = request.title .. ' ' .. text, items = items })
    end)
  end
  if request.text ~= '' then
    return search(request.text)
  end
  vim.ui.input({ prompt = 'Search code: ' }, search)
end

return M
