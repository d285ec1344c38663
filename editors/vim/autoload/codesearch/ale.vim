" The language server through ALE: fast answers that include unsaved changes.

" Let ALE run `codesearch lsp` for these file types, beside their other linters. Call it from the vimrc.
function! codesearch#ale#Define(filetypes) abort
  let l:command = codesearch#Command()
  for l:filetype in a:filetypes
    call ale#linter#Define(l:filetype, {
          \ 'name': 'codesearch',
          \ 'lsp': 'stdio',
          \ 'executable': l:command[0],
          \ 'command': '%e' . join(map(l:command[1:] + ['lsp'], {_, word -> ' ' . ale#Escape(word)}), ''),
          \ 'project_root': {buffer -> codesearch#Root(fnamemodify(bufname(buffer), ':p:h'))},
          \ 'initialization_options': {-> get(g:, 'codesearch_server_options', {})},
          \ })
  endfor
endfunction

" Does ALE run the server for this buffer?
function! codesearch#ale#Running(buffer) abort
  return !empty(s:Linter(a:buffer))
endfunction

" Ask the server; Handler receives the whole response. Unsaved changes are sent first.
function! codesearch#ale#Request(method, params, Handler) abort
  let l:linter = s:Linter(bufnr(''))
  call ale#lsp_linter#StartLSP(bufnr(''), l:linter, {_, details ->
        \ s:Send(details.connection_id, a:method, a:params, a:Handler)})
endfunction

let s:handlers = {}
let s:running = [0, 0]

function! s:Linter(buffer) abort
  if !exists('g:loaded_ale_dont_use_this_in_other_plugins_please') || !get(g:, 'ale_enabled', 1)
    return {}
  endif
  let l:known = ale#linter#Get(getbufvar(a:buffer, '&filetype'))
  return get(filter(copy(l:known), {_, linter -> linter.name is# 'codesearch'}), 0, {})
endfunction

function! s:Send(connection, method, params, Handler) abort
  call ale#lsp#NotifyForChanges(a:connection, bufnr(''))
  if s:running[0] is# a:connection && has_key(s:handlers, s:running[1])
    call remove(s:handlers, s:running[1])
    call ale#lsp#Send(a:connection, [1, '$/cancelRequest', {'id': s:running[1]}])
  endif
  call ale#lsp#RegisterCallback(a:connection, function('s:Received'))
  let l:id = ale#lsp#Send(a:connection, [0, a:method, a:params])
  if l:id > 0
    let s:running = [a:connection, l:id]
    let s:handlers[l:id] = a:Handler
  endif
endfunction

function! s:Received(connection, response) abort
  if has_key(a:response, 'id') && !has_key(a:response, 'method') && has_key(s:handlers, a:response.id)
    call remove(s:handlers, a:response.id)(a:response)
  endif
endfunction
