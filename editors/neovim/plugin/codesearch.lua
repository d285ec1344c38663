-- Commands and <Plug> mappings; the rest is loaded when one of them is first used.

if vim.g.loaded_codesearch then
  return
end
vim.g.loaded_codesearch = true

if vim.fn.has('nvim-0.7') == 0 then
  vim.api.nvim_err_writeln('codesearch needs Neovim 0.7 or newer')
  return
end

local command = vim.api.nvim_create_user_command

command('Codesearch', function(call)
  require('codesearch').query(call.args, { quickfix = call.bang })
end, { nargs = '*', bang = true, desc = 'Find code by meaning; with ! into the quickfix list' })

command('CodesearchSimilar', function(call)
  require('codesearch').similar({ quickfix = call.bang })
end, { bang = true, desc = 'Find code like the function under the cursor; with ! into the quickfix list' })

command('CodesearchStatus', function()
  require('codesearch').status()
end, { desc = 'What is indexed, and what is being indexed' })

command('CodesearchReindex', function(call)
  require('codesearch').reindex({ rebuild = call.bang })
end, { bang = true, desc = 'Bring the index up to date; with ! from nothing' })

vim.keymap.set('n', '<Plug>(codesearch)', '<Cmd>Codesearch<CR>')
vim.keymap.set('n', '<Plug>(codesearch-word)', function()
  require('codesearch').query(vim.fn.expand('<cword>'))
end)
vim.keymap.set('n', '<Plug>(codesearch-similar)', '<Cmd>CodesearchSimilar<CR>')
