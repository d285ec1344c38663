-- `:checkhealth codesearch`, for the API of Neovim 0.7 and of newer versions.

local config = require('codesearch.config')

local M = {}

local health = vim.health or require('health')
local start = health.start or health.report_start
local ok = health.ok or health.report_ok
local warn = health.warn or health.report_warn
local error = health.error or health.report_error
local info = health.info or health.report_info

local function check_command()
  local cmd = config.cmd()
  if vim.fn.executable(cmd[1]) == 0 then
    error(('there is no command %q'):format(cmd[1]), {
      'install codesearch so that `codesearch --version` works in a terminal',
      "or set its path: require('codesearch').setup({ cmd = { '/path/to/codesearch', 'lsp' } })",
    })
    return
  end
  local asked = vim.deepcopy(cmd)
  -- Only `codesearch lsp` can be asked for its version, without `lsp`.
  if asked[#asked] ~= 'lsp' then
    return ok('the server is started by: ' .. table.concat(cmd, ' '))
  end
  asked[#asked] = '--version'
  local said = vim.fn.trim(vim.fn.system(asked))
  if vim.v.shell_error ~= 0 then
    error(('`%s` failed: %s'):format(table.concat(asked, ' '), said))
  else
    ok(('%s (%s)'):format(said, vim.fn.exepath(cmd[1])))
  end
end

local function check_servers()
  local client = require('codesearch.client')
  local running = client.all()
  if #running == 0 then
    info('no server is running; it starts with :Codesearch, or with the first file if you call setup()')
    return
  end
  for _, one in ipairs(running) do
    local method = vim.fn.has('nvim-0.11') == 1 and function(...)
      return one:request_sync(...)
    end or one.request_sync
    local answer, problem = method('codesearch/status', vim.empty_dict(), 3000, 0)
    if not answer or answer.err then
      error(('the server for %s does not respond: %s'):format(
        one.config.root_dir, problem or (answer and answer.err.message) or '?'))
    else
      for _, line in ipairs(require('codesearch.hits').status_lines(answer.result)) do
        ok(('server %s for %s'):format(answer.result.version, line))
      end
    end
  end
end

function M.check()
  start('codesearch')
  local version = vim.version()
  ok(('Neovim %d.%d.%d'):format(version.major, version.minor, version.patch))
  for _, problem in ipairs(config.problems) do
    warn('setup(): ' .. problem)
  end
  check_command()
  info('the folder to search from here: ' .. config.root(vim.api.nvim_get_current_buf()))
  check_servers()
  local picker = require('codesearch.picker')
  local chosen, available = picker.chosen()
  if available then
    ok(('picker: %s (installed: %s)'):format(chosen, table.concat(picker.installed(), ', ')))
  else
    warn(('picker: %s is not installed; the built-in picker is used'):format(chosen))
  end
end

return M
