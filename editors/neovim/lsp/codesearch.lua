-- For `vim.lsp.enable('codesearch')` on Neovim 0.11 and newer; options given to setup() count here too.
return require('codesearch.config').server()
