-- The server's answers as items for pickers and the quickfix list, and opening them.

local M = {}

--- The items of a list of hits, in the same order; `encoding` is the position encoding.
--- Each has: filename, lnum (from 1) and character of the name, first and last line, text, hit.
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

-- The byte column (from 1) of an item in its line.
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

--- The lines of an item's file: from its buffer if it is loaded, which includes unsaved changes.
function M.lines(item)
  local bufnr = vim.fn.bufnr(vim.fn.fnameescape(item.filename))
  if bufnr > 0 and vim.api.nvim_buf_is_loaded(bufnr) then
    return vim.api.nvim_buf_get_lines(bufnr, 0, -1, false)
  end
  local ok, lines = pcall(vim.fn.readfile, item.filename)
  return ok and lines or {}
end

--- The byte column (from 1) of an item. Reads its file, unless the name is at the start of its line.
function M.column(item)
  if item.character == 0 then
    return 1
  end
  return column(M.lines(item)[item.lnum] or '', item)
end

--- The quickfix entry of an item.
function M.quickfix(item)
  return { filename = item.filename, lnum = item.lnum, col = M.column(item), text = item.text }
end

--- Why there are no hits in an answer.
function M.nothing(result, text)
  if result.message and result.message ~= '' then
    return result.message
  end
  if result.complete == false then
    return 'still indexing; answers will follow'
  end
  return text and ('nothing found: ' .. text) or 'nothing found'
end

--- An item as one line: `path:line  qualified name  signature`.
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

local function count(number, noun)
  return ('%d %s%s'):format(number, noun, number == 1 and '' or 's')
end

--- The status of the server, one line per folder.
function M.status_lines(status)
  local lines = {}
  for _, folder in ipairs(status.folders) do
    local line = ('%s: %s, %s, %s'):format(folder.name, folder.state, count(folder.files, 'file'),
      count(folder.symbols, 'symbol'))
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
