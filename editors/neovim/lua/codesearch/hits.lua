-- Answers of the server as items that pickers and the quickfix list understand, and going to one.

local M = {}

--- Items of a list of hits, in their order; `encoding` is what their positions count.
--- Each: filename, lnum and character of the name (lnum from 1), first and last line, text, hit.
function M.from(list, encoding)
  return vim.tbl_map(function(hit)
    local at = hit.selectionRange.start
    local said = hit.signature
    if not said or said == '' then
      said = hit.kind .. ' ' .. hit.qualname
    end
    return {
      filename = vim.uri_to_fname(hit.uri),
      path = hit.path,
      lnum = at.line + 1,
      character = at.character,
      encoding = encoding or 'utf-16',
      first = hit.range.start.line + 1,
      -- The range ends at the start of the line after.
      last = math.max(hit.range.start.line + 1, hit.range['end'].line),
      text = said,
      hit = hit,
    }
  end, list)
end

-- The byte column (from 1) of an item on its line.
local function column(line, item)
  local character = math.min(item.character, #line)
  if item.encoding == 'utf-8' or not line:find('[\128-\255]') then
    return character + 1
  end
  local ok, byte
  if vim.fn.has('nvim-0.11') == 1 then
    ok, byte = pcall(vim.str_byteindex, line, item.encoding, character, false)
  else
    ok, byte = pcall(vim.str_byteindex, line, character, item.encoding == 'utf-16')
  end
  return (ok and byte or 0) + 1
end

--- The lines of an item's file: from its buffer if it is loaded, so that what is not saved shows.
function M.lines(item)
  local bufnr = vim.fn.bufnr(vim.fn.fnameescape(item.filename))
  if bufnr > 0 and vim.api.nvim_buf_is_loaded(bufnr) then
    return vim.api.nvim_buf_get_lines(bufnr, 0, -1, false)
  end
  local ok, lines = pcall(vim.fn.readfile, item.filename)
  return ok and lines or {}
end

--- A byte column from 1 for an item; reads its file only when the name is not at the start of an ASCII line.
function M.column(item)
  if item.character == 0 then
    return 1
  end
  return column(M.lines(item)[item.lnum] or '', item)
end

--- One entry of the quickfix list.
function M.quickfix(item)
  return { filename = item.filename, lnum = item.lnum, col = item.character + 1, text = item.text }
end

--- One line for a person: `path:line  qualified name  signature`.
function M.label(item)
  local name = item.hit.qualname
  local text = item.text
  if text:find(item.hit.name, 1, true) then
    return ('%s:%d  %s'):format(item.path, item.lnum, text)
  end
  return ('%s:%d  %s  %s'):format(item.path, item.lnum, name, text)
end

--- Open an item; `how` is 'edit' (default), 'split', 'vsplit' or 'tabedit'.
function M.open(item, how)
  vim.cmd("normal! m'")
  if how == 'split' or how == 'vsplit' then
    vim.cmd(how)
  elseif how == 'tabedit' then
    vim.cmd('tab split')
  end
  local bufnr = vim.fn.bufadd(vim.fn.fnamemodify(item.filename, ':.'))
  vim.bo[bufnr].buflisted = true
  vim.api.nvim_win_set_buf(0, bufnr)
  local count = vim.api.nvim_buf_line_count(bufnr)
  local lnum = math.min(item.lnum, count)
  local line = vim.api.nvim_buf_get_lines(bufnr, lnum - 1, lnum, false)[1] or ''
  vim.api.nvim_win_set_cursor(0, { lnum, column(line, item) - 1 })
  vim.cmd('normal! zvzz')
end

--- A status of the server, one line a folder.
function M.status_lines(status)
  local lines = {}
  for _, folder in ipairs(status.folders) do
    local line = ('%s: %s, %d files, %d symbols'):format(folder.name, folder.state, folder.files, folder.symbols)
    if type(folder.progress) == 'table' then
      line = line .. (' (%d of %d files read)'):format(folder.progress.files or 0, folder.progress.filesTotal or 0)
    end
    if folder.message and folder.message ~= '' then
      line = line .. ': ' .. folder.message
    end
    table.insert(lines, line)
  end
  if #lines == 0 then
    lines = { 'no folder is open' }
  end
  return lines
end

return M
