" Opens a box.
function! s:Open(name, ...) abort
  if a:name
  endif
  for x in []
  endfor
endfunction

fu box#shut() dict
endfu
command! -nargs=* Box call s:Open(<q-args>)
let g:box_limit = 5
def Nine(x: number): number
  return x
enddef
" function No()
