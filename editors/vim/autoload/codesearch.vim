" Asks the command `codesearch`, or the language server if ALE runs it, and fills the quickfix list.

" Each search has a number. Answers to older searches are dropped.
let s:newest = 0
let s:job = v:null

" Search for {text}; if it is empty, ask for it. With {jump}, go to the first answer.
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
  " `--` comes first, because a query may start with a dash.
  call s:Run(l:search, 'query', [l:text])
endfunction

" Find code similar to the function at the cursor.
function! codesearch#Similar(jump) abort
  let l:file = expand('%:p')
  if empty(l:file) || !empty(&buftype)
    return s:Say('this buffer has no file')
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

" Stop the current search, if any.
function! codesearch#Stop() abort
  let s:newest += 1
  if type(s:job) == v:t_job && job_status(s:job) is# 'run'
    call job_stop(s:job)
  endif
  let s:job = v:null
endfunction

" The folder to search: the nearest repository above {folder}, or else the nearest folder with an index, or else the
" current folder if it contains {folder}, or else {folder} itself. Without {folder}: that of the file in this window or in
" the previous one, or else the current folder.
function! codesearch#Root(...) abort
  if a:0
    let l:folder = a:1
  else
    let l:files = filter([bufnr(''), winbufnr(winnr('#'))], {_, nr ->
          \ nr > 0 && empty(getbufvar(nr, '&buftype')) && !empty(bufname(nr))})
    let l:folder = empty(l:files) ? getcwd() : fnamemodify(bufname(l:files[0]), ':p:h')
  endif
  " Without the repository around it, an index in a subfolder would hide the rest of the repository.
  let l:found = s:Nearest(l:folder, ['.git', '.hg', '.jj', '.codesearch.toml'])
  if !empty(l:found) && !s:TooLarge(l:found)
    return l:found
  endif
  let l:found = s:Nearest(l:folder, ['.codesearch/index.db'])
  if !empty(l:found)
    return l:found
  endif
  let l:current = getcwd()
  let l:inside = stridx(l:folder . '/', l:current . '/') == 0 && !s:TooLarge(l:current)
  return l:inside || !isdirectory(l:folder) ? l:current : l:folder
endfunction

" The nearest folder at or above {folder} with one of the {names}, or ''.
function! s:Nearest(folder, names) abort
  let l:folder = a:folder
  while 1
    for l:name in a:names
      if !empty(getftype(l:folder . '/' . l:name))
        return l:folder
      endif
    endfor
    let l:above = fnamemodify(l:folder, ':h')
    if l:above is# l:folder
      return ''
    endif
    let l:folder = l:above
  endwhile
endfunction

" Too large to be searched because a file happens to be somewhere below it: the home folder, or a whole disk.
function! s:TooLarge(folder) abort
  return a:folder is# fnamemodify($HOME, ':p:h') || fnamemodify(a:folder, ':h') is# a:folder
endfunction

" The command, a list. The one that `codesearch editor install vim` stored takes precedence over the bare name.
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

" The output is complete when the channel is closed and the exit status is known, in either order.
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

" Handle a response of the language server.
function! s:Answered(search, response) abort
  if a:search.id != s:newest
    return
  endif
  if has_key(a:response, 'error')
    " -32800, -32802: cancelled by us, or by a newer question.
    return index([-32800, -32802], a:response.error.code) >= 0 ? 0 : s:Say(a:response.error.message)
  endif
  let l:items = []
  for l:hit in a:response.result.hits
    call add(l:items, {
          \ 'filename': ale#util#ToResource(l:hit.uri),
          \ 'lnum': l:hit.selectionRange.start.line + 1,
          \ 'col': s:Column(ale#util#ToResource(l:hit.uri), l:hit.selectionRange.start),
          \ 'text': empty(get(l:hit, 'signature', '')) ? l:hit.kind . ' ' . l:hit.qualname : l:hit.signature,
          \ })
  endfor
  call s:Show(a:search, l:items, s:Why(a:response.result))
endfunction

" Why an answer of the language server has no hits, or ''.
function! s:Why(result) abort
  if !empty(get(a:result, 'message', ''))
    return a:result.message
  endif
  return get(a:result, 'complete', v:true) ? '' : 'still indexing; try again later'
endfunction

" The byte column, from 1, of a position, which counts in UTF-16.
function! s:Column(file, position) abort
  if a:position.character == 0
    return 1
  endif
  let l:number = a:position.line + 1
  let l:line = bufloaded(a:file) ? get(getbufline(a:file, l:number), 0, '')
        \ : filereadable(a:file) ? get(readfile(a:file, '', l:number), a:position.line, '') : ''
  let l:units = 0
  let l:bytes = 0
  for l:character in split(l:line, '\zs')
    if l:units >= a:position.character
      break
    endif
    " A character may have combining ones.
    for l:code in str2list(l:character)
      let l:units += l:code > 0xFFFF ? 2 : 1
    endfor
    let l:bytes += strlen(l:character)
  endfor
  return l:bytes + 1
endfunction

function! s:Show(search, items, ...) abort
  if empty(a:items)
    let l:why = get(a:000, 0, '')
    return s:Say(empty(l:why) ? 'nothing found: ' . a:search.title : l:why)
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
