-- Run by test_neovim.py: nvim --headless --clean -S neovim.lua; CS_CASES names the cases. A Lua error would leave
-- nvim waiting for ever, so everything runs in xpcall and ends with cquit or qall.

local env = vim.env
vim.opt.runtimepath:prepend(env.CS_PLUGINS .. '/neovim')
vim.cmd('runtime plugin/codesearch.lua')

local function wait(what, condition, milliseconds)
  if not vim.wait(milliseconds or tonumber(env.CS_WAIT), condition, 10) then
    error('timed out waiting for ' .. what .. '; messages: ' .. vim.fn.execute('messages'))
  end
end

local function same(what, got, wanted)
  if got ~= wanted then
    error(('%s: got %s, wanted %s'):format(what, vim.inspect(got), vim.inspect(wanted)))
  end
end

local function quickfix(command)
  vim.fn.setqflist({}, 'r', { title = 'none', items = {} })
  vim.cmd(command)
  wait('quickfix after ' .. command, function()
    return #vim.fn.getqflist() > 0
  end)
  return vim.fn.getqflist()
end

local function here()
  return vim.fn.expand('%:p') .. ':' .. vim.fn.line('.')
end

local function edit(path)
  vim.cmd('edit ' .. vim.fn.fnameescape(path))
end

local setup = function(options)
  require('codesearch').setup(vim.tbl_extend('force', { cmd = vim.fn.json_decode(env.CS_SERVER) }, options or {}))
end

local cases = {}

-- By meaning, into the quickfix list; the right function on top; jump to its line.
function cases.query()
  edit(env.CS_OTHER_PATH)
  local list = quickfix('Codesearch! ' .. env.CS_QUERY)
  same('title', vim.fn.getqflist({ title = 1 }).title, 'Codesearch ' .. env.CS_QUERY)
  same('window', vim.bo.filetype, 'qf')
  if #list < 5 then
    error('only ' .. #list .. ' answers')
  end
  vim.cmd('cfirst')
  same('place', here(), env.CS_ANSWER_PATH .. ':' .. env.CS_ANSWER_LINE)
  same('word', vim.fn.expand('<cword>'), env.CS_ANSWER_NAME)
end

-- As you type: the text is put into the prompt as typing does, then <CR>.
function cases.picker()
  edit(env.CS_OTHER_PATH)
  vim.cmd('Codesearch')
  local prompt = vim.api.nvim_get_current_buf()
  same('prompt', vim.bo.filetype, 'codesearch')
  for length = 8, #env.CS_QUERY do
    vim.api.nvim_buf_set_lines(prompt, 0, -1, false, { env.CS_QUERY:sub(1, length) })
    vim.api.nvim_exec_autocmds('TextChangedI', { buffer = prompt })
    vim.wait(5, function() return false end)
  end
  local list, preview
  for _, win in ipairs(vim.api.nvim_list_wins()) do
    if vim.wo[win].cursorline and vim.api.nvim_win_get_config(win).relative ~= '' then
      list = vim.api.nvim_win_get_buf(win)
    elseif vim.api.nvim_win_get_config(win).relative ~= '' and vim.api.nvim_win_get_buf(win) ~= prompt then
      preview = win
    end
  end
  wait('the answer on top of the picker', function()
    return vim.api.nvim_buf_get_lines(list, 0, 1, false)[1]:find('def ' .. env.CS_ANSWER_NAME .. '(', 1, true)
  end)
  local shown = vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(preview), 0, -1, false)
  local at = vim.api.nvim_win_get_cursor(preview)[1]
  same('preview', vim.trim(shown[at]):sub(1, 4 + #env.CS_ANSWER_NAME), 'def ' .. env.CS_ANSWER_NAME)
  vim.api.nvim_feedkeys(vim.api.nvim_replace_termcodes('<CR>', true, false, true), 'mx', false)
  wait('the jump', function() return vim.fn.expand('%') ~= env.CS_OTHER_PATH and vim.bo.filetype ~= 'codesearch' end)
  same('place', here(), env.CS_ANSWER_PATH .. ':' .. env.CS_ANSWER_LINE)
  for _, win in ipairs(vim.api.nvim_list_wins()) do
    same('floating windows left', vim.api.nvim_win_get_config(win).relative, '')
  end
end

-- With vim.ui.input and vim.ui.select.
function cases.select()
  setup({ autostart = false, picker = 'select' })
  edit(env.CS_OTHER_PATH)
  local asked, offered
  vim.ui.input = function(options, callback)
    asked = options.prompt
    callback(env.CS_QUERY)
  end
  vim.ui.select = function(items, options, callback)
    offered = options.format_item(items[1])
    callback(items[1])
  end
  vim.cmd('Codesearch')
  wait('a choice', function() return offered end)
  same('prompt', asked, 'Search code: ')
  if not offered:find('def ' .. env.CS_ANSWER_NAME, 1, true) then
    error('offered first: ' .. offered)
  end
  same('place', here(), env.CS_ANSWER_PATH .. ':' .. env.CS_ANSWER_LINE)
end

function cases.similar()
  setup()
  edit(env.CS_SIMILAR_PATH)
  vim.fn.cursor(tonumber(env.CS_SIMILAR_LINE) + 1, 1)
  local list = quickfix('CodesearchSimilar!')
  if not list[1].text:find('def quote', 1, true) then
    error('not similar: ' .. list[1].text)
  end
  vim.cmd('cfirst')
  same('line', vim.fn.getline('.'):match('def %w+'), 'def quote')
  if here() == env.CS_SIMILAR_PATH .. ':' .. env.CS_SIMILAR_LINE then
    error('the function itself was found')
  end
end

-- The code action "Find similar functions", as Neovim runs it.
function cases.action()
  setup({ picker = 'select' })
  edit(env.CS_SIMILAR_PATH)
  quickfix('CodesearchSimilar!')
  vim.cmd('cclose')
  same('file', vim.fn.expand('%:p'), env.CS_SIMILAR_PATH)
  local titles, offered = {}, nil
  vim.ui.select = function(items, options, callback)
    if options.kind == 'codesearch' then
      offered = options.format_item(items[1])
      return callback(items[1])
    end
    for _, item in ipairs(items) do
      titles[#titles + 1] = options.format_item(item)
    end
    callback(items[1], 1)
  end
  vim.fn.cursor(tonumber(env.CS_SIMILAR_LINE), 10)
  vim.lsp.buf.code_action()
  wait('similar functions', function() return offered end)
  same('action', titles[1] and titles[1]:match('Find similar functions'), 'Find similar functions')
  if not offered:find('quote', 1, true) or here() == env.CS_SIMILAR_PATH .. ':' .. env.CS_SIMILAR_LINE then
    error('not similar: ' .. offered)
  end
end

-- What was typed and not saved is found, at its line; undone, it is not.
function cases.unsaved()
  setup()
  edit(env.CS_OTHER_PATH)
  local before = quickfix('Codesearch! ' .. env.CS_UNSAVED_QUERY)
  for _, item in ipairs(before) do
    if item.text:find('boiling_point_in_america', 1, true) then
      error('found before it was written')
    end
  end
  vim.cmd('cclose')
  edit(env.CS_OTHER_PATH)
  local code = vim.split(env.CS_UNSAVED_CODE, '\n')
  local count = vim.api.nvim_buf_line_count(0)
  vim.api.nvim_buf_set_lines(0, -1, -1, false, code)
  local bufnr = vim.api.nvim_get_current_buf()
  local list
  -- The server reads a buffer again when typing has paused.
  wait('what was typed', function()
    vim.api.nvim_set_current_win(vim.fn.win_findbuf(bufnr)[1])
    list = quickfix('Codesearch! ' .. env.CS_UNSAVED_QUERY)
    return list[1].text:find('boiling_point_in_america', 1, true)
  end)
  same('text', list[1].text, 'def boiling_point_in_america(degrees)')
  same('buffer', list[1].bufnr, bufnr)
  same('line', list[1].lnum, count + 2)
  vim.cmd('cclose')
  vim.cmd('buffer ' .. bufnr)
  vim.cmd('edit!')
  wait('what was taken back to go', function()
    for _, item in ipairs(quickfix('Codesearch! ' .. env.CS_UNSAVED_QUERY)) do
      if item.text:find('boiling_point_in_america', 1, true) then
        return false
      end
    end
    return true
  end)
end

-- Of two questions only the newer is answered, and the server is told to stop the older.
function cases.stale()
  setup({ autostart = false })
  edit(env.CS_OTHER_PATH)
  local answers = {}
  local ask = require('codesearch').session(vim.api.nvim_get_current_buf())
  local function note(problem, hits)
    table.insert(answers, problem or hits[1].hit.name)
  end
  -- The server has started: what is asked from here on is sent at once.
  ask('warm', note)
  wait('the server', function() return #answers > 0 end)
  answers = {}
  ask('first slow', note)
  vim.wait(200, function() return false end)
  ask('second', note)
  wait('the newer answer', function() return #answers > 0 end)
  vim.wait(800, function() return #answers > 1 end)
  same('answers', table.concat(answers, ' '), 'second')
end

-- Before indexing has begun, the picker says so; nothing was searched yet.
function cases.early()
  setup({ autostart = false, picker = 'builtin' })
  edit(env.CS_OTHER_PATH)
  vim.cmd('Codesearch early')
  local prompt = vim.api.nvim_get_current_buf()
  local said = {}
  local namespace = vim.api.nvim_create_namespace('codesearch')
  local function note()
    for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(prompt, namespace, 0, -1, { details = true })) do
      for _, part in ipairs(mark[4].virt_text or {}) do
        said[part[1]] = true
        if part[1] == '1' then
          return true
        end
      end
    end
  end
  wait('the answer', note)
  if said['nothing found'] or not said['still indexing; answers will follow'] then
    error('said: ' .. vim.inspect(said))
  end
  vim.cmd('stopinsert')
  vim.api.nvim_win_close(0, true)
end

-- The quickfix list has byte columns, whatever the server counts.
function cases.emoji()
  setup({ autostart = false })
  vim.fn.writefile({ '/* 😀é */ function smile() {}' }, env.CS_ROOT .. '/smile.js')
  local ok, problem = pcall(function()
    edit(env.CS_OTHER_PATH)
    local list = quickfix('Codesearch! emoji')
    same('column', list[1].col, #'/* 😀é */ function ' + 1)
    vim.cmd('cfirst')
    same('word', vim.fn.expand('<cword>'), 'smile')
  end)
  vim.fn.delete(env.CS_ROOT .. '/smile.js')
  assert(ok, problem)
end

-- An answer that Neovim cannot read is an error that says so, not silence.
function cases.broken()
  setup({ autostart = false })
  edit(env.CS_OTHER_PATH)
  local said
  require('codesearch').session(vim.api.nvim_get_current_buf())('anything', function(problem)
    said = problem
  end)
  wait('an error', function() return said end)
  same('error', said, 'the answer of the server cannot be read; see :messages')
end

-- Which folder is searched.
function cases.root()
  local config = require('codesearch.config')
  local base = vim.loop.fs_realpath(env.HOME) .. '/roots'
  local function file(path)
    vim.fn.mkdir(vim.fn.fnamemodify(base .. '/' .. path, ':h'), 'p')
    vim.fn.writefile({ '' }, base .. '/' .. path)
    return base .. '/' .. path
  end
  local function root(path, folder)
    edit(file(path))
    vim.cmd('cd ' .. vim.fn.fnameescape(folder or '/'))
    return config.root(vim.api.nvim_get_current_buf())
  end
  file('repo/.git/HEAD')
  file('repo/kitchen/.codesearch/index.db')
  file('indexed/.codesearch/index.db')
  file('nested/.git/HEAD')
  file('nested/part/.codesearch.toml')
  vim.fn.mkdir(base .. '/plain/kitchen', 'p')
  same('the current folder holds the file', root('plain/kitchen/oven.py', base .. '/plain'), base .. '/plain')
  same('the current folder is elsewhere', root('plain/kitchen/oven.py', base .. '/repo'), base .. '/plain/kitchen')
  same('the current folder is named alike', root('plainer/oven.py', base .. '/plain'), base .. '/plainer')
  same('the current folder is the home folder', root('plain/kitchen/oven.py', env.HOME), base .. '/plain/kitchen')
  same('the current folder is the disk', root('plain/kitchen/oven.py', '/'), base .. '/plain/kitchen')
  same('an index below a repository', root('repo/kitchen/oven.py', base .. '/repo/kitchen'), base .. '/repo')
  same('an index and no repository', root('indexed/deep/oven.py', base .. '/indexed/deep'), base .. '/indexed')
  same('a project in a repository', root('nested/part/deep/oven.py'), base .. '/nested/part')
  -- Dotfiles that are kept in git do not make the home folder a project.
  file('../.git/HEAD')
  same('a repository of the home folder', root('plain/kitchen/oven.py', base .. '/plain'), base .. '/plain')
  same('an index below the home folder', root('indexed/deep/oven.py'), base .. '/indexed')
end

function cases.health()
  setup()
  edit(env.CS_OTHER_PATH)
  quickfix('Codesearch! anything')
  vim.cmd('checkhealth codesearch')
  wait('the report', function()
    local text = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\n')
    return text:find('picker: ', 1, true)
  end)
  local text = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\n')
  local cmd = vim.fn.json_decode(env.CS_SERVER)
  local version = cmd[#cmd] == 'lsp' and 'codesearch %d' or 'is started by'
  for _, wanted in ipairs({ 'Neovim 0.', version, 'server [%w.]+ for .-: ready, %d+ files, %d+ symbols', 'picker: builtin' }) do
    if not text:find(wanted) then
      error('checkhealth does not say ' .. wanted .. ':\n' .. text)
    end
  end
end

function cases.options()
  local said = {}
  vim.notify = function(message)
    table.insert(said, message)
  end
  setup({ autostart = false, limit = 'many', picker = 'nope', lmit = 3 })
  table.sort(said)
  same('messages', table.concat(said, '\n'), table.concat({
    'codesearch: limit must be a number, not a string',
    'codesearch: picker must be one of auto, telescope, fzf-lua, snacks, builtin, select',
    'codesearch: there is no option "lmit"',
  }, '\n'))
  same('limit', require('codesearch.config').options.limit, 50)
end

local failed = false
for name in env.CS_CASES:gmatch('%w+') do
  local ok, problem = xpcall(function()
    while #vim.api.nvim_list_tabpages() > 1 do
      vim.cmd('tabclose!')
    end
    vim.cmd('silent! %bwipeout!')
    if name == 'query' or name == 'picker' then
      -- Without setup(): the defaults and what the installer wrote.
      package.loaded['codesearch.installed'] = { cmd = vim.fn.json_decode(env.CS_SERVER) }
    end
    cases[name]()
  end, debug.traceback)
  failed = failed or not ok
  io.stdout:write(ok and ('PASS ' .. name .. '\n') or ('FAIL ' .. name .. ' ' .. tostring(problem) .. '\n'))
end
vim.cmd(failed and 'cquit 1' or 'qall!')
