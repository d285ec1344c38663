-- `:Telescope codesearch` and `:Telescope codesearch similar`.
return require('telescope').register_extension({
  exports = {
    codesearch = function(options)
      require('codesearch').query((options or {}).default_text, { picker = 'telescope' })
    end,
    similar = function()
      require('codesearch').similar({ picker = 'telescope' })
    end,
  },
})
