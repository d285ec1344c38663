" codesearch: find code by meaning; the answers are in the quickfix list.
" Needs Vim 8.2 or 9 with +job. Neovim has a separate plugin.

if exists('g:loaded_codesearch') || &compatible || has('nvim')
  finish
endif
let g:loaded_codesearch = 1

" :Codesearch words       the best answers, in the quickfix list
" :Codesearch! words      the same, and jump to the first
command! -nargs=* -bang Codesearch call codesearch#Query(<q-args>, <bang>0)

" :CodesearchSimilar      code similar to the function at the cursor
command! -nargs=0 -bang CodesearchSimilar call codesearch#Similar(<bang>0)

" :CodesearchStop         stop the current search
command! -nargs=0 CodesearchStop call codesearch#Stop()

nnoremap <silent> <Plug>(codesearch) :<C-U>call codesearch#Query('', 0)<CR>
nnoremap <silent> <Plug>(codesearch-word) :<C-U>call codesearch#Query(expand('<cword>'), 0)<CR>
nnoremap <silent> <Plug>(codesearch-similar) :<C-U>call codesearch#Similar(0)<CR>
