" Asks the command `codesearch`, or the language server where ALE runs it, and fills the quickfix list.

" Each search has a number; an answer to any but the newest is dropped.
let s:newest = 0
let s:job = v:null

" Search for what {text} says; ask for it when it is empty. With {jump}, go to the first answer.
function! codesearch#Query(text, jump) abort
  let l:text = trim(a:text)
  if empty(l:text)
    let l:text = trim(input('Search code: '))
    redraw
    if empty(l:text)
      return
    endif
  endif
  let l:search = s:Begin('Codesearch ' . l:text, a:jump)
  if codesearch#ale#Running(bufnr(''))
    let l:params = {'text': l:text, 'limit': s:Limit()}
    return codesearch#ale#Request('codesearch/query', l:params, function('s:Answered', [l:search]))
  endif
  " `--` first, so that a query may begin with a dash.
  call s:Run(l:search, 'query', [l:text])
endfunction

" Find code like the function the cursor is in.
function! codesearch#Similar(jump) abort
  let l:file = expand('%:p')
  if empty(l:file) || !empty(&buftype)
    return s:Say('this buffer is not a file')
  endif
  let l:search = s:Begin(printf('Codesearch similar to %s:%d', expand('%:t'), line('.')), a:jump)
  if codesearch#ale#Running(bufnr(''))
    let l:params = {
          \ 'textDocument': {'uri': ale#util#ToURI(l:file)},
          \ 'position': {'line': line('.') - 1, 'character': 0},
          \ 'limit': s:Limit(),
          \ }
    return codesearch#ale#Request('codesearch/similar', l:params, function('s:Answered', [l:search]))
  endif
  call s:Run(l:search, 'similar', [l:file . ':' . line('.')])
endfunction

" Stop the search that is running, if any.
function! codesearch#Stop() abort
  let s:newest += 1
  if type(s:job) == v:t_job && job_status(s:job) is# 'run'
    call job_stop(s:job)
  endif
  let s:job = v:null
endfunction

" The folder to search: the nearest one above {folder} that has an index or is a git tree, else {folder}.
" Without it: above the file of this window or of the one before, else above the current folder.
function! codesearch#Root(...) abort
  if a:0
    let l:folder = a:1
  else
    let l:files = filter([bufnr(''), winbufnr(winnr('#'))], {_, nr ->
          \ nr > 0 && empty(getbufvar(nr, '&buftype')) && !empty(bufname(nr))})
    let l:folder = empty(l:files) ? getcwd() : fnamemodify(bufname(l:files[0]), ':p:h')
  endif
  let l:start = l:folder
  while 1
    if filereadable(l:folder . '/.codesearch/index.db') || isdirectory(l:folder . '/.git')
          \ || filereadable(l:folder . '/.git')
      return l:folder
    endif
    let l:above = fnamemodify(l:folder, ':h')
    if l:above is# l:folder
      return isdirectory(l:start) ? l:start : getcwd()
    endif
    let l:folder = l:above
  endwhile
endfunction

" The command as a list; what `codesearch editor install vim` wrote down comes before the bare name.
function! codesearch#Command() abort
  let l:command = get(g:, 'codesearch_command', [])
  if empty(l:command)
    runtime autoload/codesearch/installed.vim
    let l:command = get(g:, 'codesearch_installed_command', ['codesearch'])
  endif
  return type(l:command) == v:t_list ? copy(l:command) : [l:command]
endfunction

function! s:Limit() abort
  return get(g:, 'codesearch_limit', 20)
endfunction

function! s:Options() abort
  return ['--format', 'vimgrep', '--limit', string(s:Limit()), '--quiet'] + get(g:, 'codesearch_args', [])
endfunction

function! s:Begin(title, jump) abort
  call codesearch#Stop()
  let s:newest += 1
  return {'id': s:newest, 'title': a:title, 'jump': a:jump, 'root': codesearch#Root(), 'lines': [], 'errors': [],
        \ 'waiting': 2}
endfunction

function! s:Run(search, verb, rest) abort
  if !has('job')
    return s:Say('this Vim has no +job')
  endif
  let l:command = codesearch#Command()
  if !executable(l:command[0])
    return s:Say('no command ' . l:command[0] . '; see :help codesearch-vim-install')
  endif
  let l:arguments = l:command + [a:verb] + s:Options() + ['--'] + a:rest + [a:search.root]
  let s:job = job_start(l:arguments, {
        \ 'cwd': a:search.root,
        \ 'in_io': 'null',
        \ 'out_mode': 'nl',
        \ 'err_mode': 'nl',
        \ 'out_cb': {_, line -> add(a:search.lines, line)},
        \ 'err_cb': {_, line -> add(a:search.errors, line)},
        \ 'close_cb': {_ -> s:Ended(a:search, 0)},
        \ 'exit_cb': {_, status -> s:Ended(extend(a:search, {'status': status}), 1)},
        \ })
  if job_status(s:job) is# 'fail'
    call s:Say('could not start ' . join(l:command))
  endif
endfunction

" The output is complete when the channel is closed AND the exit status known, in whichever order.
function! s:Ended(search, _) abort
  let a:search.waiting -= 1
  if a:search.waiting > 0 || a:search.id != s:newest
    return
  endif
  if get(a:search, 'status', 2) > 1
    return s:Say(empty(a:search.errors) ? 'stopped with status ' . a:search.status : a:search.errors[-1])
  endif
  let l:items = []
  for l:line in a:search.lines
    let l:parts = matchlist(l:line, '^\(.\{-1,}\):\(\d\+\):\(\d\+\):\(.*\)$')
    if !empty(l:parts)
      call add(l:items, {
            \ 'filename': a:search.root . '/' . l:parts[1],
            \ 'lnum': str2nr(l:parts[2]),
            \ 'col': str2nr(l:parts[3]),
            \ 'text': l:parts[4],
            \ })
    endif
  endfor
  call s:Show(a:search, l:items)
endfunction

" A response of the language server.
function! s:Answered(search, response) abort
  if a:search.id != s:newest
    return
  endif
  if has_key(a:response, 'error')
    " -32800, -32802: cancelled by us or by a newer question.
    return index([-32800, -32802], a:response.error.code) >= 0 ? 0 : s:Say(a:response.error.message)
  endif
  let l:items = []
  for l:hit in a:response.result.hits
    call add(l:items, {
          \ 'filename': ale#util#ToResource(l:hit.uri),
          \ 'lnum': l:hit.selectionRange.start.line + 1,
          \ 'col': l:hit.selectionRange.start.character + 1,
          \ 'text': empty(get(l:hit, 'signature', '')) ? l:hit.kind . ' ' . l:hit.qualname : l:hit.signature,
          \ })
  endfor
  call s:Show(a:search, l:items)
endfunction

function! s:Show(search, items) abort
  if empty(a:items)
    return s:Say('nothing found: ' . a:search.title)
  endif
  call setqflist([], ' ', {'title': a:search.title, 'items': a:items})
  if exists('#User#CodesearchDone')
    doautocmd <nomodeline> User CodesearchDone
  endif
  if get(g:, 'codesearch_open', 1) && !a:search.jump
    botright copen
  endif
  if a:search.jump
    cfirst
  endif
endfunction

function! s:Say(message) abort
  echohl WarningMsg
  echomsg 'codesearch: ' . substitute(a:message, '^codesearch: ', '', '')
  echohl None
endfunction
