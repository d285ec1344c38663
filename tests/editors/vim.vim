" Run by test_vim.py: vim -Nu NONE -es -S vim.vim; CS_CASES names the cases, CS_ALE says whether ALE carries them.
set nocompatible nomore noswapfile hidden
let s:escaped = fnameescape($CS_PLUGINS . '/vim')
execute 'set runtimepath^=' . s:escaped
filetype plugin on
let s:server = json_decode($CS_SERVER)
let g:codesearch_command = s:server[:-2]
if $CS_ALE ==# '1'
  let g:ale_linters = {'python': ['codesearch']}
  let g:ale_echo_cursor = 0
  packadd ale
  " The server of a test may have another verb than `lsp`, or none.
  call ale#linter#Define('python', {
        \ 'name': 'codesearch', 'lsp': 'stdio', 'executable': s:server[0],
        \ 'command': '%e' . join(map(s:server[1:], {_, word -> ' ' . shellescape(word)}), ''),
        \ 'project_root': {buffer -> codesearch#Root(fnamemodify(bufname(buffer), ':p:h'))},
        \ })
  if s:server[-1] ==# 'lsp'
    let g:codesearch_command = s:server[:-2]
    call codesearch#ale#Define(['python'])
  endif
endif
runtime plugin/codesearch.vim

function! s:Out(line) abort
  call writefile([a:line], '/dev/stdout', 'a')
endfunction

function! s:Wait(what, Condition) abort
  let l:start = reltime()
  while !a:Condition()
    if reltimefloat(reltime(l:start)) * 1000 > str2nr($CS_WAIT)
      throw 'timed out waiting for ' . a:what . '; messages: ' . execute('messages')
    endif
    sleep 20m
  endwhile
endfunction

function! s:Same(what, got, wanted) abort
  if a:got !=# a:wanted
    throw a:what . ': got ' . string(a:got) . ', wanted ' . string(a:wanted)
  endif
endfunction

function! s:Quickfix(command) abort
  call setqflist([], 'r', {'title': 'none', 'items': []})
  execute a:command
  call s:Wait('quickfix after ' . a:command, {-> !empty(getqflist())})
  return getqflist()
endfunction

function! s:Edit(path) abort
  execute 'edit' fnameescape(a:path)
  set filetype=python
endfunction

function! s:Here() abort
  return expand('%:p') . ':' . line('.')
endfunction

function! Case_query() abort
  call s:Edit($CS_OTHER_PATH)
  let l:list = s:Quickfix('Codesearch ' . $CS_QUERY)
  call s:Same('title', getqflist({'title': 1}).title, 'Codesearch ' . $CS_QUERY)
  call s:Same('window', &buftype, 'quickfix')
  cfirst
  call s:Same('place', s:Here(), $CS_ANSWER_PATH . ':' . $CS_ANSWER_LINE)
  if getline('.') !~# 'def ' . $CS_ANSWER_NAME . '('
    throw 'on this line: ' . getline('.')
  endif
  cclose
  call s:Edit($CS_OTHER_PATH)
  call s:Quickfix('Codesearch! ' . $CS_QUERY)
  call s:Wait('the jump', {-> s:Here() ==# $CS_ANSWER_PATH . ':' . $CS_ANSWER_LINE})
endfunction

function! Case_similar() abort
  call s:Edit($CS_SIMILAR_PATH)
  call cursor(str2nr($CS_SIMILAR_LINE) + 1, 1)
  let l:list = s:Quickfix('CodesearchSimilar')
  cfirst
  if getline('.') !~# '^ *def quote\>' || s:Here() ==# $CS_SIMILAR_PATH . ':' . $CS_SIMILAR_LINE
    throw 'not similar: ' . s:Here() . ' ' . getline('.')
  endif
endfunction

" With ALE, columns are bytes, whatever the server counts.
function! Case_emoji() abort
  call writefile(['/* 😀é */ function smile() {}'], $CS_ROOT . '/smile.js')
  try
    call s:Edit($CS_OTHER_PATH)
    let l:list = s:Quickfix('Codesearch emoji')
    call s:Same('column', l:list[0].col, strlen('/* 😀é */ function ') + 1)
    cfirst
    call s:Same('word', expand('<cword>'), 'smile')
    " The same from the buffer, which is loaded now.
    call s:Edit($CS_OTHER_PATH)
    call s:Same('column', s:Quickfix('Codesearch emoji again')[0].col, strlen('/* 😀é */ function ') + 1)
  finally
    call delete($CS_ROOT . '/smile.js')
  endtry
endfunction

" With ALE: before indexing has begun, nothing was searched yet.
function! Case_early() abort
  call s:Edit($CS_OTHER_PATH)
  messages clear
  Codesearch early
  call s:Wait('a message', {-> execute('messages') =~# 'codesearch: '})
  if execute('messages') !~# 'still indexing' || execute('messages') =~# 'nothing found'
    throw 'said: ' . execute('messages')
  endif
endfunction

function! s:File(path) abort
  call mkdir(fnamemodify($HOME . '/' . a:path, ':h'), 'p')
  call writefile([''], $HOME . '/' . a:path)
endfunction

" Which folder is searched.
function! Case_root() abort
  let l:base = resolve($HOME) . '/roots'
  for l:path in ['repo/.git/HEAD', 'repo/kitchen/.codesearch/index.db', 'indexed/.codesearch/index.db',
        \ 'indexed/deep/x', 'plain/kitchen/x', 'plainer/x', 'nested/.git/HEAD', 'nested/part/.codesearch.toml',
        \ 'nested/part/deep/x']
    call s:File('roots/' . l:path)
  endfor
  let l:wanted = [
        \ ['plain/kitchen', 'plain', 'plain'], ['plain/kitchen', 'repo', 'plain/kitchen'],
        \ ['plainer', 'plain', 'plainer'], ['plain/kitchen', '..', 'plain/kitchen'],
        \ ['repo/kitchen', 'repo/kitchen', 'repo'], ['indexed/deep', 'indexed/deep', 'indexed'],
        \ ['nested/part/deep', 'repo', 'nested/part'],
        \ ]
  for l:round in ['without a repository of the home folder', 'with one']
    for [l:folder, l:current, l:root] in l:wanted
      execute 'cd' fnameescape(l:base . '/' . l:current)
      call s:Same(l:round . ': ' . l:folder . ' from ' . l:current,
            \ codesearch#Root(l:base . '/' . l:folder), l:base . '/' . l:root)
    endfor
    call s:File('.git/HEAD')
  endfor
endfunction

function! Case_unsaved() abort
  call s:Edit($CS_OTHER_PATH)
  let l:buffer = bufnr('')
  let l:line = line('$') + 2
  for l:item in s:Quickfix('Codesearch ' . $CS_UNSAVED_QUERY)
    if l:item.text =~# 'boiling_point_in_america'
      throw 'found before it was written'
    endif
  endfor
  cclose
  execute 'buffer' l:buffer
  call append('$', split($CS_UNSAVED_CODE, "\n", 1))
  let s:list = []
  function! s:Found() abort closure
    cclose
    execute 'buffer' l:buffer
    let s:list = s:Quickfix('Codesearch ' . $CS_UNSAVED_QUERY)
    return s:list[0].text =~# 'boiling_point_in_america'
  endfunction
  call s:Wait('what was typed', function('s:Found'))
  call s:Same('buffer', s:list[0].bufnr, l:buffer)
  call s:Same('line', s:list[0].lnum, l:line)
endfunction

" ALE's own command, over workspace/symbol.
function! Case_symbols() abort
  call s:Edit($CS_OTHER_PATH)
  execute 'ALESymbolSearch' $CS_QUERY
  call s:Wait('the preview window', {-> !empty(filter(range(1, winnr('$')),
        \ {_, nr -> getwinvar(nr, '&previewwindow')}))})
  wincmd P
  if getline(1) !~# $CS_ANSWER_NAME
    throw 'first: ' . getline(1)
  endif
  pclose
endfunction

" A newer search stops the older: only its answers are shown.
function! Case_stale() abort
  call s:Edit($CS_OTHER_PATH)
  call setqflist([], 'r', {'title': 'none', 'items': []})
  let l:lists = getqflist({'nr': '$'}).nr
  Codesearch colors of the terminal
  execute 'Codesearch ' . $CS_QUERY
  call s:Wait('answers', {-> !empty(getqflist())})
  sleep 1500m
  call s:Same('title', getqflist({'title': 1}).title, 'Codesearch ' . $CS_QUERY)
  call s:Same('lists', getqflist({'nr': '$'}).nr, l:lists + 1)
endfunction

function! Case_nothing() abort
  call s:Edit($CS_OTHER_PATH)
  messages clear
  Codesearch lang:zig anything
  call s:Wait('a message', {-> execute('messages') =~# 'codesearch: nothing found'})
  messages clear
  if $CS_ALE !=# '1'
    let g:codesearch_args = ['--lang', 'klingon']
    Codesearch anything
    unlet g:codesearch_args
    call s:Wait('a message', {-> execute('messages') =~# 'codesearch: .*klingon'})
  endif
endfunction

let s:failed = 0
for s:name in split($CS_CASES)
  silent! %bwipeout!
  try
    call call('Case_' . s:name, [])
    call s:Out('PASS ' . s:name)
  catch
    call s:Out('FAIL ' . s:name . ' ' . v:exception . ' @ ' . v:throwpoint)
    let s:failed = 1
  endtry
endfor
if s:failed
  cquit 1
endif
qall!
