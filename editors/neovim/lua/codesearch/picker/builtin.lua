-- The built-in picker, for users who have no other: three floating windows with the prompt, the answers and the source.

local config = require('codesearch.config')
local hits = require('codesearch.hits')

local M = {}

local NAMESPACE = vim.api.nvim_create_namespace('codesearch')

-- The languages whose name differs from the name of their syntax in Vim.
local SYNTAX = { bash = 'sh', csharp = 'cs', tsx = 'typescriptreact', hcl = 'terraform', objc = 'objc' }

function M.available()
  return true
end

local function buffer()
  local bufnr = vim.api.nvim_create_buf(false, true)
  vim.bo[bufnr].bufhidden = 'wipe'
  return bufnr
end

local function window(bufnr, enter, row, column, width, height)
  local win = vim.api.nvim_open_win(bufnr, enter, {
    relative = 'editor', row = row, col = column, width = width, height = height,
    style = 'minimal', border = 'single', zindex = 60,
  })
  vim.wo[win].wrap = false
  vim.wo[win].signcolumn = 'no'
  return win
end

-- The positions of the windows: the answers below the prompt, the source beside or below them.
local function layout(with_preview)
  local columns, rows = vim.o.columns, vim.o.lines - vim.o.cmdheight - 1
  local width, height = math.max(30, math.floor(columns * 0.9)), math.max(8, math.floor(rows * 0.85))
  local top, left = math.max(0, math.floor((rows - height) / 2)), math.max(0, math.floor((columns - width) / 2))
  local places = { prompt = { top, left, width - 2, 1 } }
  local body = height - 5
  if not with_preview or body < 4 then
    places.list = { top + 3, left, width - 2, math.max(1, body) }
  elseif columns >= 110 then
    local half = math.floor((width - 4) / 2)
    places.list = { top + 3, left, half, body }
    places.preview = { top + 3, left + half + 2, width - 4 - half, body }
  else
    local list = math.max(1, math.floor((body - 2) / 2))
    places.list = { top + 3, left, width - 2, list }
    places.preview = { top + 5 + list, left, width - 2, math.max(1, body - 2 - list) }
  end
  return places
end

local Picker = {}
Picker.__index = Picker

local function open(request)
  local self = setmetatable({ request = request, items = {}, selected = 1, buffers = {}, windows = {} }, Picker)
  self.from = vim.api.nvim_get_current_win()
  local places = layout(config.options.preview)
  for _, name in ipairs({ 'list', 'preview', 'prompt' }) do
    if places[name] then
      self.buffers[name] = buffer()
      self.windows[name] = window(self.buffers[name], name == 'prompt', unpack(places[name]))
    end
  end
  vim.wo[self.windows.list].cursorline = true
  vim.bo[self.buffers.prompt].filetype = 'codesearch'
  self:keys()
  vim.api.nvim_create_autocmd({ 'BufLeave', 'BufWipeout' }, {
    buffer = self.buffers.prompt, once = true, nested = true, callback = function()
      self:close()
    end,
  })
  return self
end

function Picker:keys()
  local function map(modes, keys, action)
    for _, key in ipairs(keys) do
      vim.keymap.set(modes, key, action, { buffer = self.buffers.prompt, nowait = true })
    end
  end
  local both = { 'i', 'n' }
  local function choose(how)
    return function()
      self:choose(how)
    end
  end
  local function move(by)
    return function()
      self:move(by)
    end
  end
  map(both, { '<CR>' }, choose('edit'))
  map(both, { '<C-x>' }, choose('split'))
  map(both, { '<C-v>' }, choose('vsplit'))
  map(both, { '<C-t>' }, choose('tabedit'))
  map(both, { '<Down>', '<C-n>', '<C-j>' }, move(1))
  map(both, { '<Up>', '<C-p>', '<C-k>' }, move(-1))
  map(both, { '<PageDown>' }, move(10))
  map(both, { '<PageUp>' }, move(-10))
  map('n', { 'j' }, move(1))
  map('n', { 'k' }, move(-1))
  map(both, { '<C-q>' }, function()
    local items, title = self.items, self.request.title .. ' ' .. self:text()
    self:close()
    if #items > 0 then
      self.request.quickfix(vim.trim(title), items)
    end
  end)
  map(both, { '<C-c>' }, function()
    self:close()
  end)
  map('n', { '<Esc>', 'q' }, function()
    self:close()
  end)
  for key, scroll in pairs({ ['<C-d>'] = '\4', ['<C-u>'] = '\21' }) do
    map(both, { key }, function()
      if self.windows.preview then
        vim.api.nvim_win_call(self.windows.preview, function()
          vim.cmd('normal! ' .. scroll)
        end)
      end
    end)
  end
end

function Picker:text()
  if not vim.api.nvim_buf_is_valid(self.buffers.prompt) then
    return ''
  end
  return vim.trim(vim.api.nvim_buf_get_lines(self.buffers.prompt, 0, 1, false)[1] or '')
end

--- Show items; `note` is displayed beside the prompt.
function Picker:show(items, note)
  if self.closed then
    return
  end
  self.items, self.selected = items, 1
  local lines = vim.tbl_map(function(item)
    return ((' ' .. hits.label(item)):gsub('[%c]', ' '))
  end, items)
  vim.api.nvim_buf_set_lines(self.buffers.list, 0, -1, false, lines)
  vim.api.nvim_buf_clear_namespace(self.buffers.list, NAMESPACE, 0, -1)
  for number, item in ipairs(items) do
    local place = #(('%s:%d'):format(item.path, item.lnum)) + 1
    vim.api.nvim_buf_set_extmark(self.buffers.list, NAMESPACE, number - 1, 0, {
      end_col = math.min(place, #lines[number]), hl_group = 'Directory',
    })
  end
  self:note(note or '')
  self:move(0)
end

function Picker:note(text)
  if self.closed then
    return
  end
  vim.api.nvim_buf_clear_namespace(self.buffers.prompt, NAMESPACE, 0, -1)
  if text ~= '' then
    vim.api.nvim_buf_set_extmark(self.buffers.prompt, NAMESPACE, 0, 0, {
      virt_text = { { text, 'Comment' } }, virt_text_pos = 'right_align',
    })
  end
end

function Picker:move(by)
  if #self.items > 0 then
    self.selected = math.max(1, math.min(#self.items, self.selected + by))
    vim.api.nvim_win_set_cursor(self.windows.list, { self.selected, 0 })
  end
  self:preview(self.items[self.selected])
end

function Picker:preview(item)
  local bufnr, win = self.buffers.preview, self.windows.preview
  if not bufnr then
    return
  end
  vim.api.nvim_buf_clear_namespace(bufnr, NAMESPACE, 0, -1)
  vim.api.nvim_buf_set_lines(bufnr, 0, -1, false, item and hits.lines(item) or {})
  if not item then
    return
  end
  -- Only the syntax: a file type would start language servers for this copy.
  vim.bo[bufnr].syntax = SYNTAX[item.hit.language] or item.hit.language
  local count = vim.api.nvim_buf_line_count(bufnr)
  local first = math.min(item.first, count)
  for line = first, math.min(item.last, count) do
    vim.api.nvim_buf_set_extmark(bufnr, NAMESPACE, line - 1, 0, { line_hl_group = 'CursorLine' })
  end
  vim.api.nvim_win_set_cursor(win, { first, 0 })
  vim.api.nvim_win_call(win, function()
    vim.cmd('normal! zt')
  end)
end

function Picker:choose(how)
  local item = self.items[self.selected]
  self:close()
  if item then
    -- Insert mode ends after this mapping and moves the cursor one column to the left.
    vim.schedule(function()
      hits.open(item, how)
    end)
  end
end

function Picker:close()
  if self.closed then
    return
  end
  self.closed = true
  if self.timer then
    self.timer:stop()
  end
  if self.stop then
    self.stop()
  end
  if vim.api.nvim_get_mode().mode:find('^i') then
    vim.cmd('stopinsert')
  end
  for _, win in pairs(self.windows) do
    if vim.api.nvim_win_is_valid(win) then
      vim.api.nvim_win_close(win, true)
    end
  end
  if vim.api.nvim_win_is_valid(self.from) then
    vim.api.nvim_set_current_win(self.from)
  end
end

function M.live(request)
  local self = open(request)
  local ask
  ask, self.stop = request.session()
  local last = ''
  local function search()
    local text = self:text()
    if text == last then
      return
    end
    last = text
    self.stop()
    if text == '' then
      return self:show({}, '')
    end
    self:note('...')
    ask(text, function(problem, items, result)
      if problem then
        return self:show({}, problem)
      end
      local note = tostring(#items)
      if result.complete == false then
        note = note .. ', still indexing'
      end
      self:show(items, #items == 0 and hits.nothing(result) or note)
    end)
  end
  vim.api.nvim_create_autocmd({ 'TextChangedI', 'TextChanged', 'TextChangedP' }, {
    buffer = self.buffers.prompt,
    callback = function()
      if self.timer then
        self.timer:stop()
      end
      self.timer = vim.defer_fn(search, config.options.debounce_ms)
    end,
  })
  vim.api.nvim_buf_set_lines(self.buffers.prompt, 0, -1, false, { request.text })
  vim.cmd('startinsert!')
  search()
  return self
end

function M.static(request)
  local self = open(request)
  vim.api.nvim_buf_set_lines(self.buffers.prompt, 0, -1, false, { request.title })
  vim.bo[self.buffers.prompt].modifiable = false
  self:show(request.items, tostring(#request.items))
  return self
end

return M
