-- The options, their defaults, and the configuration of the language server.

local M = {}

local INDEX = '.codesearch/index.db'

M.defaults = {
  -- The command that starts the server, a list. nil: the one that `codesearch editor install neovim` stored, or else
  -- { 'codesearch', 'lsp' }.
  cmd = nil,
  -- Attach to files when they are opened, so that the index is up to date before the first question.
  autostart = true,
  -- The maximum number of answers.
  limit = 50,
  -- 'auto' uses the first of 'telescope', 'fzf-lua' and 'snacks' that is installed, or else 'builtin'.
  -- 'select' uses vim.ui.input and vim.ui.select.
  picker = 'auto',
  -- Milliseconds to wait after a keystroke before the picker asks.
  debounce_ms = 60,
  -- Show the source of the answers (built-in picker; the others have their own setting).
  preview = true,
  -- Open the quickfix window when it is filled with answers.
  open_quickfix = true,
  -- The folder to search is the nearest one above the file that contains one of these. An index counts only if none of
  -- the others is found.
  root_markers = { INDEX, '.codesearch.toml', '.git', '.hg', '.jj' },
  -- The options of the server, listed in docs/lsp.md.
  server = {},
  -- Files of these types are sent to the server, so that unsaved changes are found.
  filetypes = require('codesearch.languages').filetypes,
}

local TYPES = {
  cmd = 'table', autostart = 'boolean', limit = 'number', picker = 'string', debounce_ms = 'number',
  preview = 'boolean', open_quickfix = 'boolean', root_markers = 'table', server = 'table', filetypes = 'table',
}

M.PICKERS = { 'auto', 'telescope', 'fzf-lua', 'snacks', 'builtin', 'select' }

M.options = vim.deepcopy(M.defaults)

-- The problems with the options passed to setup(); checkhealth shows them.
M.problems = {}

--- Set the options. An invalid option is reported and keeps its default.
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

-- The path of a buffer's file, or '' if it has none.
local function file_of(bufnr)
  local name = vim.bo[bufnr].buftype == '' and vim.api.nvim_buf_get_name(bufnr) or ''
  return name:match('^%w[%w+.-]+://') and '' or name
end

-- The nearest folder at or above `start` that contains one of the markers, if any.
local function nearest(start, markers)
  local folder = start
  while true do
    for _, marker in ipairs(markers) do
      if vim.loop.fs_stat(folder .. '/' .. marker) then
        return folder
      end
    end
    local above = vim.fn.fnamemodify(folder, ':h')
    if above == folder then
      return nil
    end
    folder = above
  end
end

-- Too large to be searched because a file happens to be somewhere below it: the home folder, or a whole disk.
local function too_large(folder)
  return folder == vim.loop.os_homedir() or vim.fn.fnamemodify(folder, ':h') == folder
end

--- The folder to search for a buffer: the nearest one above its file with a marker, or else the current folder if the
--- file is in it, or else the file's own folder. A buffer without a file (quickfix, terminal) uses the file of the
--- previous window, or else the current folder.
function M.root(bufnr)
  local name = file_of(bufnr)
  if name == '' and bufnr == vim.api.nvim_get_current_buf() then
    local before = vim.fn.winbufnr(vim.fn.winnr('#'))
    name = before > 0 and file_of(before) or ''
  end
  local current = vim.fn.getcwd()
  local start = name ~= '' and vim.fn.fnamemodify(name, ':p:h') or current
  -- Without the repository around it, an index in a subfolder would hide the rest of the repository.
  local others = vim.tbl_filter(function(marker)
    return marker ~= INDEX
  end, M.options.root_markers)
  local found = nearest(start, others)
  if found and not too_large(found) then
    return found
  end
  found = vim.tbl_contains(M.options.root_markers, INDEX) and nearest(start, { INDEX })
  if found then
    return found
  end
  local inside = vim.startswith(start .. '/', current .. '/')
  return inside and not too_large(current) and current or start
end

--- The configuration of the server for vim.lsp.config, vim.lsp.start and vim.lsp.start_client, without a root.
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
    on_error = client.on_error,
    root_dir = vim.fn.has('nvim-0.11') == 1 and function(bufnr, on_dir)
      on_dir(M.root(bufnr))
    end or nil,
  }
end

return M
