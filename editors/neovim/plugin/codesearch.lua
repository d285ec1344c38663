-- The commands and <Plug> mappings. The rest of the plugin is loaded when one of them is first used.

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
end, { nargs = '*', bang = true, desc = 'Find code by meaning; with ! in the quickfix list' })

command('CodesearchSimilar', function(call)
  require('codesearch').similar({ quickfix = call.bang })
end, { bang = true, desc = 'Find code similar to the function under the cursor; with ! in the quickfix list' })

command('CodesearchStatus', function()
  require('codesearch').status()
end, { desc = 'Show the status of the index' })

command('CodesearchReindex', function(call)
  require('codesearch').reindex({ rebuild = call.bang })
end, { bang = true, desc = 'Update the index; with ! rebuild it from scratch' })

vim.keymap.set('n', '<Plug>(codesearch)', '<Cmd>Codesearch<CR>')
vim.keymap.set('n', '<Plug>(codesearch-word)', function()
  require('codesearch').query(vim.fn.expand('<cword>'))
end)
vim.keymap.set('n', '<Plug>(codesearch-similar)', '<Cmd>CodesearchSimilar<CR>')
