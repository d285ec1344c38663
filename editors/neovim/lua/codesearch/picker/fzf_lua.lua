-- A picker with fzf-lua: lines of `path:line:column:text`, for its previewer and its file actions.

local hits = require('codesearch.hits')

local M = {}

function M.available()
  return (pcall(require, 'fzf-lua'))
end

local function line(item)
  local name = vim.fn.fnamemodify(item.filename, ':~:.')
  return ('%s:%d:%d:%s'):format(name, item.lnum, hits.column(item), (item.text:gsub('%s+', ' ')))
end

local function options(request)
  local fzf = require('fzf-lua')
  return {
    prompt = request.title .. '> ',
    query = request.text,
    previewer = 'builtin',
    actions = fzf.defaults.actions.files,
    -- The server has ranked the answers.
    fzf_opts = { ['--no-sort'] = true, ['--delimiter'] = ':', ['--multi'] = true },
  }
end

function M.live(request)
  local ask = request.session({ once = true })
  require('fzf-lua').fzf_live(function(arguments)
    local text = vim.trim(type(arguments) == 'table' and arguments[1] or arguments or '')
    return function(add)
      if text == '' then
        return add()
      end
      -- fzf-lua calls this outside the main loop, where requests are not allowed.
      vim.schedule(function()
        ask(text, function(problem, items)
          if problem then
            vim.notify('codesearch: ' .. problem, vim.log.levels.WARN)
          end
          for _, item in ipairs(items) do
            add(line(item))
          end
          add()
        end)
      end)
    end
  end, options(request))
end

function M.static(request)
  require('fzf-lua').fzf_exec(vim.tbl_map(line, request.items), options(request))
end

return M
