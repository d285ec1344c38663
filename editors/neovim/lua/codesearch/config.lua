-- The options, their defaults, and the configuration of the language server made from them.

local M = {}

M.defaults = {
  -- How to start the server: a list. nil: what `codesearch editor install neovim` wrote down, else `codesearch lsp`.
  cmd = nil,
  -- Attach to files as they are opened, so that the index is fresh before the first question.
  autostart = true,
  -- Answers to ask for.
  limit = 50,
  -- 'auto' takes the first that is installed of 'telescope', 'fzf-lua', 'snacks', else 'builtin'.
  -- 'select' asks with vim.ui.input and vim.ui.select.
  picker = 'auto',
  -- Quiet time after a keystroke before the picker asks.
  debounce_ms = 60,
  -- Show the source beside the answers (in the built-in picker; the others have their own setting).
  preview = true,
  -- Open the quickfix window when answers are put there.
  open_quickfix = true,
  -- What marks the folder to search: the nearest one above the file that holds one of these.
  root_markers = { '.codesearch/index.db', '.codesearch.toml', '.git', '.hg', '.jj' },
  -- Options of the server; docs/lsp.md lists them.
  server = {},
  -- Files of these types are sent to the server, so that what is not saved yet counts.
  filetypes = require('codesearch.languages').filetypes,
}

local TYPES = {
  cmd = 'table', autostart = 'boolean', limit = 'number', picker = 'string', debounce_ms = 'number',
  preview = 'boolean', open_quickfix = 'boolean', root_markers = 'table', server = 'table', filetypes = 'table',
}

M.PICKERS = { 'auto', 'telescope', 'fzf-lua', 'snacks', 'builtin', 'select' }

M.options = vim.deepcopy(M.defaults)

-- Options that setup() was given and that could not be used; checkhealth shows them.
M.problems = {}

--- Take over what the user gave; an option that cannot be used is told, and its default stays.
function M.set(given)
  M.options = vim.deepcopy(M.defaults)
  M.problems = {}
  for name, value in pairs(given or {}) do
    if not TYPES[name] then
      table.insert(M.problems, ('there is no option %q'):format(tostring(name)))
    elseif type(value) ~= TYPES[name] then
      table.insert(M.problems, ('%s must be a %s, not a %s'):format(name, TYPES[name], type(value)))
    elseif name == 'picker' and not vim.tbl_contains(M.PICKERS, value) then
      table.insert(M.problems, ('picker must be one of %s'):format(table.concat(M.PICKERS, ', ')))
    else
      M.options[name] = vim.deepcopy(value)
    end
  end
  for _, problem in ipairs(M.problems) do
    vim.notify('codesearch: ' .. problem, vim.log.levels.WARN)
  end
end

--- The command that starts the server.
function M.cmd()
  if M.options.cmd then
    return M.options.cmd
  end
  local found, installed = pcall(require, 'codesearch.installed')
  return found and installed.cmd or { 'codesearch', 'lsp' }
end

-- The path of a buffer's file, or '' if it is not one.
local function file_of(bufnr)
  local name = vim.bo[bufnr].buftype == '' and vim.api.nvim_buf_get_name(bufnr) or ''
  return name:match('^%w[%w+.-]+://') and '' or name
end

--- The folder to search for a buffer: the nearest one above its file with a marker, else the file's own.
--- For a buffer without a file (a quickfix list, a terminal): of the window before, else of the current folder.
function M.root(bufnr)
  local name = file_of(bufnr)
  if name == '' and bufnr == vim.api.nvim_get_current_buf() then
    local before = vim.fn.winbufnr(vim.fn.winnr('#'))
    name = before > 0 and file_of(before) or ''
  end
  local start = name ~= '' and vim.fn.fnamemodify(name, ':p:h') or vim.fn.getcwd()
  local folder = start
  while true do
    for _, marker in ipairs(M.options.root_markers) do
      if vim.loop.fs_stat(folder .. '/' .. marker) then
        return folder
      end
    end
    local above = vim.fn.fnamemodify(folder, ':h')
    if above == folder then
      return start
    end
    folder = above
  end
end

--- The configuration of the server as vim.lsp.config, vim.lsp.start and vim.lsp.start_client take it,
--- without a root.
function M.server()
  local client = require('codesearch.client')
  return {
    name = 'codesearch',
    cmd = M.cmd(),
    filetypes = M.options.filetypes,
    init_options = vim.tbl_extend('keep', M.options.server, { showSimilarCommand = 'codesearch.showSimilar' }),
    handlers = { ['$/progress'] = client.on_progress },
    on_init = client.on_init,
    on_exit = client.on_exit,
    root_dir = vim.fn.has('nvim-0.11') == 1 and function(bufnr, on_dir)
      on_dir(M.root(bufnr))
    end or nil,
  }
end

return M
