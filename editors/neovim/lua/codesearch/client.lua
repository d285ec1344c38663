-- One language server per root, on Neovim 0.7 and newer, and requests that can be cancelled.

local config = require('codesearch.config')

local M = {}

-- The error codes of cancelled requests: cancelled by us, or by a newer query.
local CANCELLED = { [-32800] = true, [-32802] = true }

-- By client id: functions to call when the server is ready, or with an error if it stops before.
local waiting = {}
-- By client id: true while the server is running and has answered `initialize`.
local ready = {}
-- By token: the function that receives partial results.
local partial = {}
-- The requests without an answer: functions that end them with an error.
local pending = {}
local last_token = 0

-- The command of the code action "Find similar functions", named in the option `showSimilarCommand`.
vim.lsp.commands['codesearch.showSimilar'] = function(command)
  require('codesearch').similar({ params = command.arguments[1] })
end

-- Client objects have methods since Neovim 0.11, and plain functions before.
local function call(client, name, ...)
  if vim.fn.has('nvim-0.11') == 1 then
    return client[name](client, ...)
  end
  return client[name](...)
end

local function settle(id, problem)
  local callbacks = waiting[id] or {}
  waiting[id] = nil
  for _, callback in ipairs(callbacks) do
    vim.schedule(function()
      callback(problem)
    end)
  end
end

function M.on_init(client)
  ready[client.id] = true
  settle(client.id, nil)
end

function M.on_exit(code, signal, id)
  ready[id] = nil
  settle(id, ('the server ended with status %d%s; see :checkhealth codesearch'):format(
    code, signal and signal ~= 0 and (', signal ' .. signal) or ''))
end

-- A message that Neovim cannot decode is dropped; the request that it answers would wait forever.
function M.on_error(code, _)
  local codes = vim.lsp.rpc.client_errors
  if code ~= codes.INVALID_SERVER_JSON and code ~= codes.INVALID_SERVER_MESSAGE then
    return
  end
  vim.schedule(function()
    local all = pending
    pending = {}
    for fail in pairs(all) do
      fail('the answer of the server cannot be read; see :messages')
    end
  end)
end

function M.on_progress(err, result, context, options)
  if result and partial[result.token] then
    partial[result.token](result.value)
    return
  end
  local default = vim.lsp.handlers['$/progress']
  if default then
    return default(err, result, context, options)
  end
end

--- All running clients of this plugin.
function M.all()
  local all
  if vim.lsp.get_clients then
    all = vim.lsp.get_clients({ name = 'codesearch' })
  else
    all = vim.tbl_filter(function(client)
      return client.name == 'codesearch'
    end, vim.lsp.get_active_clients())
  end
  return vim.tbl_filter(function(client)
    return not call(client, 'is_stopped')
  end, all)
end

-- By root: the ids of clients that are starting (in Neovim 0.7, M.all() lists only initialized ones).
local starting = {}

local function by_root(root)
  for _, client in ipairs(M.all()) do
    if client.config.root_dir == root then
      return client.id
    end
  end
  local id = starting[root]
  if id and waiting[id] then
    return id
  end
end

--- Is this buffer to be sent to the server: a file of a known type whose root is `root`?
function M.wanted(bufnr, root)
  if not vim.api.nvim_buf_is_loaded(bufnr) or vim.bo[bufnr].buftype ~= '' then
    return false
  end
  local name = vim.api.nvim_buf_get_name(bufnr)
  return name ~= '' and vim.tbl_contains(config.options.filetypes, vim.bo[bufnr].filetype)
    and config.root(bufnr) == root
end

-- Start a server for a root without attaching a buffer. Returns its id, or nil and an error message.
local function start(root)
  local settings = config.server()
  if type(settings.cmd) == 'table' and vim.fn.executable(settings.cmd[1]) == 0 then
    return nil, ('there is no command %q; install codesearch, or set `cmd` in setup()'):format(settings.cmd[1])
  end
  if vim.lsp.config then
    settings = vim.tbl_extend('force', settings, vim.lsp.config.codesearch or {})
  end
  settings.root_dir = root
  settings.workspace_folders = { { uri = vim.uri_from_fname(root), name = vim.fn.fnamemodify(root, ':t') } }
  local ok, id
  if vim.fn.has('nvim-0.11') == 1 then
    ok, id = pcall(vim.lsp.start, settings, { attach = false })
  else
    ok, id = pcall(vim.lsp.start_client, settings)
  end
  if not ok or not id then
    return nil, 'the server did not start: ' .. tostring(id)
  end
  waiting[id] = waiting[id] or {}
  starting[root] = id
  return id
end

-- Attach all loaded buffers that belong to a client.
local function attach_all(id, root)
  for _, bufnr in ipairs(vim.api.nvim_list_bufs()) do
    if M.wanted(bufnr, root) and not vim.lsp.buf_is_attached(bufnr, id) then
      vim.lsp.buf_attach_client(bufnr, id)
    end
  end
end

--- Call callback(client) when the server for a buffer's root is ready, or callback(nil, problem) if it cannot be used.
function M.with(bufnr, callback)
  local root = config.root(bufnr)
  local id, problem = by_root(root)
  if not id then
    id, problem = start(root)
  end
  if not id then
    return callback(nil, problem)
  end
  local function go(failure)
    local client = vim.lsp.get_client_by_id(id)
    if failure or not client then
      return callback(nil, failure or 'the server has ended')
    end
    attach_all(id, root)
    callback(client)
  end
  local client = vim.lsp.get_client_by_id(id)
  if ready[id] or (client and client.initialized) then
    return go(nil)
  end
  waiting[id] = waiting[id] or {}
  table.insert(waiting[id], go)
end

--- Attach a buffer if a server for its root is running; with `wanted_now`, start one.
function M.attach(bufnr, wanted_now)
  local root = config.root(bufnr)
  if M.wanted(bufnr, root) and (wanted_now or by_root(root)) then
    M.with(bufnr, function() end)
  end
end

--- Send a request. Calls callback(problem, result, position encoding); returns a function that cancels the request.
--- `on_partial` receives each partial result, which replaces the previous one.
function M.request(bufnr, method, params, callback, on_partial)
  local state = { cancelled = false }
  M.with(bufnr, function(client, problem)
    if state.cancelled then
      return
    end
    if not client then
      return callback(problem)
    end
    local token
    if on_partial then
      last_token = last_token + 1
      token = 'codesearch-' .. last_token
      partial[token] = function(value)
        if not state.cancelled then
          on_partial(value, client.offset_encoding)
        end
      end
      params = vim.tbl_extend('force', params, { partialResultToken = token })
    end
    local function fail(message)
      if not state.cancelled and not state.done then
        state.done = true
        callback(message)
      end
    end
    pending[fail] = true
    state.fail = fail
    local sent, id = call(client, 'request', method, params, function(err, result)
      pending[fail] = nil
      if token then
        partial[token] = nil
      end
      if state.cancelled or state.done or (err and CANCELLED[err.code]) then
        return
      end
      state.done = true
      callback(err and (err.message or tostring(err)) or nil, result, client.offset_encoding)
    end, bufnr)
    if not sent then
      pending[fail] = nil
      return callback('the server has ended')
    end
    state.client, state.id, state.token = client, id, token
  end)
  return function()
    state.cancelled = true
    if state.fail then
      pending[state.fail] = nil
    end
    if state.token then
      partial[state.token] = nil
    end
    if state.id and not state.done and not call(state.client, 'is_stopped') then
      call(state.client, 'cancel_request', state.id)
    end
  end
end

return M
