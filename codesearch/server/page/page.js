'use strict';
(() => {
  const TOKEN = 'codesearch-token', RESULTS = 20, LINES = 5, WAIT = 130, AROUND = 3, MORE = 50, MOST = 300, MOST_SHOWN = 1900, LISTED = 60;
  const WRONG = 'This token is not valid. Check it, or ask for a new one.';
  const WEAK = Number(document.body.dataset.weak), FILTER = /(^|\s)-?(repo|path|lang|kind|is|name):/;
  const $ = (id) => document.getElementById(id);
  const box = $('query'), list = $('results'), pane = $('pane'), code = $('code');
  const narrow = matchMedia('(max-width: 900px)');
  const filters = ['repository', 'ref', 'language', 'kind'];
  let token = sessionStorage.getItem(TOKEN) || '', refs = [];
  let hits = [], terms = [], active = -1, like = null;      // like: the symbol whose similar ones are shown
  let asked = null, reading = null, timer = 0, number = 0;  // the open requests, and the number of the last question
  let typed = false;                                        // whether the text was changed since it was searched
  let openPart = null;                                      // the part of a file that the pane shows

  // -- text only: nothing of a repository is ever read as HTML
  function make(tag, className, ...children) {
    const found = document.createElement(tag);
    if (className) found.className = className;
    found.append(...children);
    return found;
  }
  const count = (some, one) => `${some.toLocaleString('en')} ${one}${some === 1 ? '' : 's'}`;
  const repositories = (some) => some === 1 ? '1 repository' : `${some.toLocaleString('en')} repositories`;

  // -- the server
  class Refused extends Error {
    constructor(status, text, after) { super(text); this.status = status; this.after = after; }
  }
  async function ask(path, value, signal) {
    const headers = token ? { Authorization: `Bearer ${token}` } : {};
    const options = { headers, signal, cache: 'no-store', credentials: 'same-origin', redirect: 'error' };
    if (value !== undefined) {
      options.method = 'POST';
      options.body = JSON.stringify(value);
      headers['Content-Type'] = 'application/json';
    }
    let reply;
    try { reply = await fetch(path, options); } catch (error) {
      if (error.name === 'AbortError') throw error;
      throw new Refused(0, 'The server cannot be reached.', 0);
    }
    if (reply.ok) return reply.json();
    const text = (await reply.text()).trim().split('\n')[0];
    throw new Refused(reply.status, text || reply.statusText, Number(reply.headers.get('Retry-After')) || 0);
  }

  // -- signing in
  async function enter() {
    let found;
    try {
      const { who } = await ask('session');
      if (!who) { askForToken(token ? WRONG : ''); return; }
      found = await ask('refs');
    } catch (error) {
      if (error.status === 401) { askForToken(WRONG); return; }
      $('enter').hidden = true; $('list').hidden = false;
      complain(`${error.message} Reload the page to try again.`);
      return;
    }
    refs = found.refs;
    if (token) sessionStorage.setItem(TOKEN, token);
    $('who').textContent = found.who; $('who').title = found.who;
    $('out').hidden = !token;
    $('search').classList.remove('closed');
    $('enter').hidden = true; $('list').hidden = false;
    box.disabled = false;
    fillFilters();
    restore();
    if (!narrow.matches) box.focus();
  }
  function askForToken(text) {
    token = ''; sessionStorage.removeItem(TOKEN);
    asked?.abort(); reading?.abort(); hits = []; refs = []; like = null;
    list.replaceChildren(); code.replaceChildren(); closePane(); pane.hidden = true;
    $('who').textContent = ''; $('out').hidden = true; $('list').hidden = true; $('enter').hidden = false;
    box.value = ''; box.disabled = true;
    $('search').classList.add('closed');
    $('wrong').textContent = text;
    $('token').focus();
  }
  $('sign').addEventListener('submit', (event) => {
    event.preventDefault();
    token = $('token').value.trim();
    $('token').value = '';
    if (/^[!-~]+$/.test(token)) enter(); else askForToken(WRONG);
  });
  $('out').addEventListener('click', () => { history.replaceState(null, '', location.pathname); askForToken(''); });

  // -- filters
  function fill(id, values, first) {
    const select = $(id), before = select.value;
    const options = values.map((value) => { const option = make('option', '', value); option.value = value; return option; });
    if (first) options.unshift(Object.assign(make('option', '', first), { value: '' }));
    select.replaceChildren(...options);
    select.value = values.includes(before) ? before : select.options[0]?.value ?? '';
  }
  function fillFilters() {
    const names = [...new Set(refs.map((one) => one.repository))];
    fill('repository', names, 'Repositories');
    fillDependent();
    // Of a repository with several branches, the first: the one that is searched.
    const first = refs.filter((one, at) => refs.findIndex((other) => other.repository === one.repository) === at);
    const symbols = first.reduce((sum, one) => sum + one.symbols, 0);
    $('size').textContent = names.length
      ? `${count(symbols, 'symbol')} in ${repositories(names.length)}.`
      : 'There is no repository yet that you may see.';
    $('examples').hidden = !names.length;
    $('known').replaceChildren(...first.slice(0, LISTED).map((one) => {
      const button = make('button', '', one.repository), row = make('li', '', button);
      button.type = 'button'; button.title = one.repository;
      button.addEventListener('click', () => { $('repository').value = one.repository; fillDependent(); box.focus(); });
      row.append(make('span', '', `${one.ref}${one.commit ? ` at ${one.commit.slice(0, 12)}` : ''}`), make('span', '', count(one.symbols, 'symbol')), make('time', '', new Date(one.pushed).toLocaleDateString()));
      return row;
    }));
  }
  function fillDependent() {
    const chosen = $('repository').value, own = refs.filter((one) => !chosen || one.repository === chosen);
    fill('ref', chosen ? own.map((one) => one.ref) : [], '');
    $('ref').hidden = !chosen || own.length < 2;
    fill('language', [...new Set(own.flatMap((one) => one.languages))].sort(), 'Languages');
    let any = false;
    for (const id of ['repository', 'language', 'kind']) {
      $(id).classList.toggle('set', $(id).value !== '');
      any ||= $(id).value !== '';
    }
    $('clear').hidden = !any;
  }
  for (const id of filters) $(id).addEventListener('change', () => { if (id !== 'kind') fillDependent(); fillDependent(); leaveLike(); search(); });
  $('clear').addEventListener('click', () => { for (const id of filters) $(id).value = ''; fillDependent(); leaveLike(); search(); box.focus(); });

  // -- the address: after #, which browsers do not send
  function remember(push) {
    const state = new URLSearchParams();
    if (box.value.trim()) state.set('q', box.value);
    for (const id of filters) if ($(id).value && !$(id).hidden) state.set(id, $(id).value);
    if (like) state.set('like', JSON.stringify([like.repository, like.ref, like.path, like.qualname, like.start_byte]));
    const address = state.size ? `#${state}` : location.pathname;
    if (push) history.pushState(null, '', address); else history.replaceState(null, '', address);
  }
  function restore() {
    const state = new URLSearchParams(location.hash.slice(1));
    box.value = state.get('q') || '';
    for (const id of filters) {
      const wanted = state.get(id) || '';
      if ([...$(id).options].some((one) => one.value === wanted)) $(id).value = wanted;
      fillDependent();
    }
    like = null;
    try {
      const [repository, ref, path, qualname, start_byte] = JSON.parse(state.get('like') || 'null') ?? [];
      if (typeof path === 'string') like = { repository, ref, path, qualname, start_byte };
    } catch { /* not an address of this page */ }
    search();
  }
  addEventListener('popstate', () => { if (refs.length) restore(); });

  // -- searching
  function complain(text) { $('status').textContent = text; $('status').classList.add('bad'); }
  function search() {
    clearTimeout(timer);
    typed = false;
    asked?.abort();
    const text = box.value.trim(), mine = ++number;
    if (!text && !like) { remember(false); begin(); return; }
    asked = new AbortController();
    list.classList.add('waiting');
    run(mine, text, asked.signal, 2).catch((error) => {
      if (error.name !== 'AbortError' && mine === number) failed(error);
    });
  }
  async function run(mine, text, signal, tries) {
    let found;
    try {
      found = like
        ? await ask('similar', { ...like, limit: RESULTS, lines: LINES }, signal)
        : await ask('query', question(text), signal);
    } catch (error) {
      if (![429, 503].includes(error.status) || !tries) throw error;
      const seconds = Math.min(30, Math.max(1, error.after));
      $('status').classList.remove('bad');
      $('status').textContent = `The server is busy. Trying again in ${count(seconds, 'second')}.`;
      await new Promise((done) => setTimeout(done, 1000 * seconds));
      if (mine === number) await run(mine, text, signal, tries - 1);
      return;
    }
    if (mine !== number) return;
    remember(false);
    show(found);
  }
  function question(text) {
    const where = {}, value = (id) => $(id).value;
    if (value('language')) where.languages = [value('language')];
    if (value('kind')) where.kinds = [value('kind')];
    const repository = value('repository');
    return {
      query: text, limit: RESULTS, lines: LINES, where,
      repositories: repository ? [repository] : [], ref: repository && !$('ref').hidden ? value('ref') : '',
    };
  }
  function failed(error) {
    list.classList.remove('waiting');
    if (error.status === 401) { askForToken('You are no longer signed in.'); return; }
    hits = []; list.replaceChildren(); pane.hidden = true; closePane(); $('start').hidden = true; $('note').hidden = true; expanded();
    complain(error.status ? `${error.message[0].toUpperCase()}${error.message.slice(1)}.`.replace(/\.\.$/, '.') : `${error.message} Check your connection; typing tries again.`);
  }
  function begin() {
    hits = []; active = -1; list.classList.remove('waiting');
    list.replaceChildren(); pane.hidden = true; closePane();
    $('status').textContent = ''; $('status').classList.remove('bad'); $('note').hidden = true; $('like').hidden = true;
    $('start').hidden = false;
    expanded();
  }
  const expanded = () => { box.setAttribute('aria-expanded', String(hits.length > 0)); if (!hits.length) box.removeAttribute('aria-activedescendant'); };
  const isWeak = (hit) => !like && hit.score < WEAK;        // the scores of similar code mean something else
  function show(found) {
    hits = found.hits; terms = found.terms ?? [];
    list.classList.remove('waiting');
    $('start').hidden = true;
    $('like').hidden = !like;
    if (like) $('like').firstElementChild.replaceChildren('Similar to ', make('strong', '', like.shown ?? like.qualname), ` in ${like.repository}`);
    const places = new Set(hits.map((one) => one.repository)).size, from = found.repositories.length;
    $('status').classList.remove('bad');
    const instead = !$('clear').hidden ? ', or clear the filters' : FILTER.test(box.value) ? ', or leave out a filter' : '';
    $('status').textContent = hits.length
      ? `${count(hits.length, 'result')} from ${from > places ? `${places} of ` : ''}${repositories(from)}${hits.every(isWeak) ? '. All are weak: the code may not exist, or use other words.' : ''}`
      : `No results in ${repositories(from)}. Try other words${instead}.`;
    $('note').hidden = !found.problem; $('note').textContent = found.problem;
    list.replaceChildren(...hits.map(item));
    pane.hidden = !hits.length;
    if (!hits.length) closePane();
    expanded();
    if (!narrow.matches) $('list').scrollTop = 0;
    choose(hits.length ? 0 : -1);
  }
  function painted(parts) {
    return parts.map(([classes, text]) => {
      const names = classes.split(' '), plain = names.filter((one) => one && one !== 'm').join(' ');
      if (!classes) return document.createTextNode(text);
      return make(names.includes('m') ? 'mark' : 'span', plain, text);
    });
  }
  function lineOf(line, className) {
    const no = make('span', 'no', String(line.number));
    no.setAttribute('aria-hidden', 'true');
    return make('div', className, no, make('span', 'of', ...painted(line.parts)));
  }
  function item(hit, at) {
    const { symbol, shown } = hit, found = make('li', 'hit');
    found.id = `hit${at}`;
    found.setAttribute('role', 'option');
    found.setAttribute('aria-selected', 'false');
    found.setAttribute('aria-label', `${shown.qualname}, ${symbol.kind}, ${hit.repository}, ${shown.path}, line ${symbol.start_line}. ${shown.documentation}`);
    const score = make('span', 'score', `${isWeak(hit) ? 'weak ' : ''}${hit.score.toFixed(2)}`);
    score.title = 'How likely this is what you look for, from 0 to 1';
    found.append(
      make('div', 'head', make('strong', '', shown.qualname), make('span', 'kind', symbol.kind), score),
      make('div', 'where', make('b', '', hit.repository), ` ${shown.path}:${symbol.start_line}`),
    );
    if (shown.documentation) found.append(make('div', 'says', shown.documentation));
    const lines = make('div', 'lines');
    let last = 0;
    for (const line of hit.lines) {
      lines.append(lineOf(line, last && line.number > last + 1 ? 'gap' : ''));
      last = line.number;
    }
    if (!hit.lines.length) lines.append(make('div', '', make('span', 'of', shown.signature)));
    found.append(lines);
    found.addEventListener('click', () => { choose(at); open(); });
    return found;
  }
  function choose(at) {
    list.children[active]?.setAttribute('aria-selected', 'false');
    active = at;
    const chosen = list.children[at];
    if (!chosen) return;
    chosen.setAttribute('aria-selected', 'true');
    box.setAttribute('aria-activedescendant', chosen.id);
    chosen.scrollIntoView({ block: 'nearest' });
    clearTimeout(choose.timer);
    if (!narrow.matches) choose.timer = setTimeout(preview, 60);
  }
  function move(step) {
    if (hits.length) choose(Math.min(hits.length - 1, Math.max(0, active + step)));
  }

  // -- the source of a result
  function preview() {
    const hit = hits[active];
    if (!hit) return;
    const { symbol, shown } = hit;
    $('title').textContent = shown.qualname;
    $('place').replaceChildren(make('b', '', hit.repository), ` ${shown.path}:${symbol.start_line}`, hit.commit ? ` · ${hit.ref} at ${hit.commit.slice(0, 12)}` : ` · ${hit.ref}`);
    $('moved').hidden = true;
    openPart = { hit, first: Math.max(1, symbol.start_line - AROUND), last: Math.min(symbol.end_line, symbol.start_line + MOST) + AROUND };
    read(true);
  }
  async function read(top) {
    reading?.abort();
    const mine = openPart, { hit } = mine;
    reading = new AbortController();
    let found;
    try {
      found = await ask('source', { repository: hit.repository, ref: hit.ref, path: hit.symbol.path, first: mine.first, last: mine.last, terms }, reading.signal);
    } catch (error) {
      if (error.name === 'AbortError' || mine !== openPart) return;
      if (error.status === 401) { askForToken('You are no longer signed in.'); return; }
      code.replaceChildren(make('p', 'bare', `The source cannot be shown: ${error.message}`));
      return;
    }
    if (mine !== openPart) return;
    $('moved').hidden = found.commit === hit.commit;
    if (found.commit !== hit.commit) $('moved').textContent = `${hit.ref} was pushed again after this search: these are the lines of ${found.commit.slice(0, 12)}.`;
    source(found, mine);
    if (top) code.scrollTo(0, 0);
  }
  function source(found, part) {
    const { hit } = part, { symbol, shown } = hit;
    if (!found.lines.length) {
      code.replaceChildren(make('div', 'bare', make('p', 'faint', 'The server has no source of this file: the repository was pushed without it.'),
        make('pre', '', shown.signature), make('p', '', shown.documentation)));
      return;
    }
    const lines = make('div', 'lines'), parts = [];
    const enough = found.lines.some((line) => line.words > 1) ? 2 : 1;
    for (const line of found.lines) {
      const inside = line.number >= symbol.start_line && line.number <= symbol.end_line;
      lines.append(lineOf(line, inside ? (line.words >= enough ? 'matches' : '') : 'around'));
    }
    const last = found.lines.at(-1).number;
    if (part.first > 1) parts.push(more('Show more above', { ...part, first: Math.max(1, part.first - MORE) }));
    parts.push(lines);
    if (last < found.total && last - part.first < MOST_SHOWN) parts.push(more('Show more below', { ...part, last: last + MORE }));
    code.replaceChildren(...parts);
  }
  function more(text, part) {
    const button = make('button', 'more', text);
    button.type = 'button';
    button.addEventListener('click', () => { openPart = part; read(false); code.focus({ preventScroll: true }); });
    return button;
  }
  function open() {
    if (!hits[active]) return;
    clearTimeout(choose.timer);
    if (!openPart || openPart.hit !== hits[active]) preview();
    pane.classList.add('open');
    code.focus({ preventScroll: true });
  }
  function closePane() { pane.classList.remove('open'); openPart = pane.hidden ? null : openPart; }
  function back() { closePane(); box.focus({ preventScroll: true }); }
  $('back').addEventListener('click', () => { closePane(); list.children[active]?.scrollIntoView({ block: 'nearest' }); box.focus({ preventScroll: true }); });

  // -- what can be done with a result
  function similar() {
    const hit = hits[active];
    if (!hit) return;
    const { symbol } = hit;
    like = { repository: hit.repository, ref: hit.ref, path: symbol.path, qualname: symbol.qualname, start_byte: symbol.start_byte, shown: hit.shown.qualname };
    remember(true);
    closePane();
    box.focus({ preventScroll: true });
    search();
  }
  function leaveLike() { like = null; $('like').hidden = true; }
  async function copy() {
    const hit = hits[active];
    if (!hit) return;
    const place = `${hit.repository}:${hit.symbol.path}:${hit.symbol.start_line}`;
    try { await navigator.clipboard.writeText(place); say('Copied', $('copy')); } catch { say('Not allowed', $('copy')); }
  }
  function say(text, button) {
    const before = button.dataset.text ??= button.textContent;
    button.textContent = text; $('said').textContent = text;
    clearTimeout(say.timer);
    say.timer = setTimeout(() => { button.textContent = before; $('said').textContent = ''; }, 1500);
  }
  $('similar').addEventListener('click', similar);
  $('copy').addEventListener('click', copy);
  $('unlike').addEventListener('click', () => { leaveLike(); search(); box.focus(); });
  $('help').addEventListener('click', () => $('keys').showModal());

  // -- typing and keys
  box.addEventListener('input', () => { leaveLike(); clearTimeout(timer); typed = true; timer = setTimeout(search, WAIT); });
  $('search').addEventListener('submit', (event) => { event.preventDefault(); });
  for (const example of document.querySelectorAll('#examples button'))
    example.addEventListener('click', () => { box.value = example.textContent; search(); box.focus(); });
  function escape() {
    if (pane.contains(document.activeElement) || (narrow.matches && pane.classList.contains('open'))) back();
    else if (like) { leaveLike(); search(); }
    else if (document.activeElement === box && box.value) { box.value = ''; search(); }
    else box.blur();
  }
  const keys = { '/': () => { box.focus(); box.select(); }, j: () => move(1), k: () => move(-1), s: similar, y: copy, '?': () => $('keys').showModal() };
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || $('keys').open || !$('enter').hidden) return;
    const at = event.target, inBox = at === box;
    const typing = inBox || at.closest?.('input, select, textarea') !== null;
    const act = (what) => { event.preventDefault(); what(); };
    if (event.key === 'Escape') act(escape);
    else if ((event.key === 'ArrowDown' || event.key === 'ArrowUp') && (inBox || (!typing && !pane.contains(at)))) act(() => move(event.key === 'ArrowDown' ? 1 : -1));
    else if (event.key === 'Enter' && (inBox || at === document.body)) act(() => { if (typed) search(); else open(); });
    else if (!typing && keys[event.key]) act(keys[event.key]);
  });
  enter();
})();
