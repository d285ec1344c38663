-- Find code by meaning: sends questions, and shows the answers in a picker or the quickfix list.

local client = require('codesearch.client')
local config = require('codesearch.config')
local hits = require('codesearch.hits')

local M = {}

local function say(message, level)
  vim.notify('codesearch: ' .. message, level or vim.log.levels.WARN)
end

--- Set the options, and attach to files when they are opened (see `autostart`). Optional: without it, the commands use
--- the defaults, and the server starts with the first question.
function M.setup(options)
  config.set(options)
  local native = vim.lsp.config ~= nil and vim.lsp.enable ~= nil
  if native then
    vim.lsp.config('codesearch', config.server())
    vim.lsp.enable('codesearch', config.options.autostart)
  end
  local group = vim.api.nvim_create_augroup('codesearch', { clear = true })
  if not (native and config.options.autostart) then
    vim.api.nvim_create_autocmd('FileType', {
      group = group,
      callback = function(event)
        client.attach(event.buf, config.options.autostart)
      end,
    })
    if config.options.autostart then
      for _, bufnr in ipairs(vim.api.nvim_list_bufs()) do
        client.attach(bufnr, true)
      end
    end
  end
end

-- Milliseconds until a question is asked again if its folder is still being indexed.
local AGAIN = 400

--- A series of questions of which only the newest is answered. Returns ask(text, on_hits) and stop().
---
--- on_hits(problem, hits, result) may be called several times for one question, each time with all hits: first with
--- preliminary ones, and again while the folder is being indexed. With `once`, it is called once: with the first final
--- answer that has hits, or that is complete. It is never called for a question that a newer one has replaced.
function M.session(bufnr, options)
  local once = (options or {}).once
  local newest, cancel = 0, nil
  local function stop()
    newest = newest + 1
    if cancel then
      cancel()
      cancel = nil
    end
  end
  local function ask(text, on_hits)
    stop()
    local mine = newest
    local send
    local function answered(problem, result, encoding)
      if mine ~= newest then
        return
      end
      if problem or not result then
        return on_hits(problem or 'no answer', {})
      end
      local waiting = result.complete == false and result.stage ~= 'instant'
      if not once or (result.stage ~= 'instant' and (not waiting or #result.hits > 0)) then
        on_hits(nil, hits.from(result.hits, encoding), result)
        waiting = waiting and not once
      end
      if waiting then
        vim.defer_fn(function()
          if mine == newest then
            send()
          end
        end, AGAIN)
      end
    end
    send = function()
      cancel = client.request(bufnr, 'codesearch/query', { text = text, limit = config.options.limit },
        answered, not once and function(value, encoding)
          answered(nil, value, encoding)
        end or nil)
    end
    send()
  end
  return ask, stop
end

local function to_quickfix(title, items)
  vim.fn.setqflist({}, ' ', { title = title, items = vim.tbl_map(hits.quickfix, items) })
  if config.options.open_quickfix then
    vim.cmd('botright copen')
  end
end

local stop_quickfix

-- Ask once and fill the quickfix list. A newer question replaces an older one.
local function query_to_quickfix(bufnr, text)
  if stop_quickfix then
    stop_quickfix()
  end
  local ask, stop = M.session(bufnr, { once = true })
  stop_quickfix = stop
  ask(text, function(problem, items, result)
    if problem then
      return say(problem, vim.log.levels.ERROR)
    end
    if #items == 0 then
      return say(hits.nothing(result, text))
    end
    to_quickfix('Codesearch ' .. text, items)
  end)
end

--- Search while the user types, starting with `text`. With `quickfix`, ask once and fill the quickfix list.
function M.query(text, options)
  options = options or {}
  text = vim.trim(text or '')
  local bufnr = options.bufnr or vim.api.nvim_get_current_buf()
  if options.quickfix then
    if text ~= '' then
      return query_to_quickfix(bufnr, text)
    end
    return vim.ui.input({ prompt = 'Search code: ' }, function(given)
      if given and vim.trim(given) ~= '' then
        query_to_quickfix(bufnr, vim.trim(given))
      end
    end)
  end
  require('codesearch.picker').live({
    title = 'Codesearch', text = text, session = function(how)
      return M.session(bufnr, how)
    end, quickfix = to_quickfix,
  }, options.picker)
end

--- Find code similar to the function under the cursor, or to the one at `params`
--- ({ textDocument = ..., position = ... }).
function M.similar(options)
  options = options or {}
  local bufnr = vim.api.nvim_get_current_buf()
  local params = options.params
  if not params then
    if vim.bo[bufnr].buftype ~= '' or vim.api.nvim_buf_get_name(bufnr) == '' then
      return say('this buffer has no file')
    end
    params = {
      textDocument = { uri = vim.uri_from_bufnr(bufnr) },
      position = { line = vim.api.nvim_win_get_cursor(0)[1] - 1, character = 0 },
    }
  end
  params = vim.tbl_extend('force', params, { limit = config.options.limit })
  client.request(bufnr, 'codesearch/similar', params, function(problem, result, encoding)
    if problem then
      return say(problem, vim.log.levels.ERROR)
    end
    if #result.hits == 0 then
      return say(result.message ~= '' and result.message or 'nothing similar found')
    end
    local of = type(result.of) == 'table' and result.of.qualname or ''
    local title = 'Similar to ' .. of
    local items = hits.from(result.hits, encoding)
    if options.quickfix then
      return to_quickfix(title, items)
    end
    require('codesearch.picker').static({ title = title, items = items, quickfix = to_quickfix }, options.picker)
  end)
end

--- Show the status of the index; with a callback, pass it on instead.
function M.status(callback)
  client.request(vim.api.nvim_get_current_buf(), 'codesearch/status', vim.empty_dict(), function(problem, result)
    if callback then
      return callback(problem, result)
    end
    if problem then
      return say(problem, vim.log.levels.ERROR)
    end
    say(table.concat(hits.status_lines(result), '\n'), vim.log.levels.INFO)
  end)
end

--- Update the index; with `rebuild`, from scratch.
function M.reindex(options)
  client.request(vim.api.nvim_get_current_buf(), 'codesearch/reindex',
    { rebuild = (options or {}).rebuild or false }, function(problem)
      if problem then
        say(problem, vim.log.levels.ERROR)
      end
    end)
end

return M
