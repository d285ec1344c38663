'use strict';
// The map of a tree. Points are drawn by WebGL (by a 2-D canvas without it), labels on a canvas above them. Both canvases are
// larger than the view: while it moves, they are moved and scaled as pictures, and drawn again where they end or it rests.
const $ = (id) => document.getElementById(id);
const meta = JSON.parse($('meta').textContent);
let canvas = $('points');
const stage = $('stage'), overlay = $('labels'), tip = $('tip');
const pen = overlay.getContext('2d');
const PALETTE = ['#4269d0', '#e8853d', '#3ca951', '#d64561', '#6cb8d6', '#a463f2', '#97704b', '#e377b4', '#8a9a2b', '#2aa198',
  '#c2452d', '#5a6acf', '#c9a227', '#7a8794', '#d08adf', '#4f9d69', '#b5651d', '#3f8fd2', '#a23b72', '#6b8e23'];
const RAMP = ['#30408a', '#2f6fb2', '#2a9d9a', '#74b85a', '#e3b23c', '#e4572e'];
const OTHER = '#9aa0a6';
const MOST_LISTED = 500, MOST_ENTRIES = 14, AROUND = 15, MARGIN = 0.3, LEAST_SCALE = 0.7, MOST_SCALE = 1.6, RESTS_MS = 120;
const view = { x: 0, y: 0, zoom: 1 };          // the middle of the view, and its magnification
let picture = null;                            // the view that the canvases show; null if they must be drawn
let marginX = 0, marginY = 0;                  // how far they go beyond the stage
let width = 1, height = 1, ratio = 1, columns = null, order = null, colours = null, shown = null;
let hover = -1, selected = -1, chosen = null, lasso = null, drawn = 0, pending = false, moving = false, resting = 0, grid = null;
const perf = { opened: 0, frames: [] };
const editor = typeof acquireVsCodeApi === 'function' ? acquireVsCodeApi() : null;   // the page is a view of VS Code
window.codesearchMap = { meta, view, perf, ready: null };

// -- data ----------------------------------------------------------------------------------------

function decoded(text) {                           // base64
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const raw = atob(text), bytes = new Uint8Array(raw.length);
  for (let at = 0; at < raw.length; at++) bytes[at] = raw.charCodeAt(at);
  return bytes;
}
async function unpacked(id, places) {
  const stream = new Blob([decoded($(id).textContent)]).stream().pipeThrough(new DecompressionStream('gzip'));
  $(id).textContent = '';
  const buffer = await new Response(stream).arrayBuffer();
  const found = {};
  for (const [name, type, from, size] of places) {
    if (type === 'text') found[name] = new TextDecoder().decode(new Uint8Array(buffer, from, size)).split('\n');
    else found[name] = new { u8: Uint8Array, u16: Uint16Array, u32: Uint32Array }[type](buffer, from, size);
  }
  return found;
}

const symbolOf = (at) => {
  const file = columns.file[at];
  const name = columns.qualname[at] || columns.name[at];
  return { at, name, kind: meta.kinds[columns.kind[at]], signature: columns.signature[at], path: columns.paths[file],
    line: columns.line[at], cluster: meta.clusters[columns.cluster[at]].name };
};
const place = (one) => `${one.path}:${one.line}`;
const brief = (path) => { const parts = path.split('/'); return parts.length > 3 ? `…/${parts.slice(-2).join('/')}` : path; };
const target = (one) => meta.symbol ? `${meta.symbol}path=${encodeURIComponent(one.path)}&line=${one.line}` : `vscode://file${meta.root.startsWith('/') ? '' : '/'}${encodeURI(meta.root)}/${encodeURI(one.path)}:${one.line}`;
function open(one) {
  if (editor) editor.postMessage({ path: one.path, line: one.line });
  else location.href = target(one);
}
const folderOf = (path) => { const parts = path.split('/'); return parts.length > 1 ? parts.slice(0, Math.min(2, parts.length - 1)).join('/') : '.'; };

// -- colours -------------------------------------------------------------------------------------

const ways = {};
function category(name, title, of) {
  ways[name] = { title, make() {
    const values = new Array(meta.size), counts = new Map();
    for (let at = 0; at < meta.size; at++) { const value = of(at); values[at] = value; counts.set(value, (counts.get(value) || 0) + 1); }
    const sorted = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
    const colour = new Map(sorted.map(([value], n) => [value, n < PALETTE.length ? PALETTE[n] : OTHER]));
    return { values, entries: sorted.slice(0, MOST_ENTRIES).map(([value, count]) => ({ value, count, colour: colour.get(value) })),
      rest: sorted.length - MOST_ENTRIES, colour: (at) => colour.get(values[at]) };
  } };
}
function ramp(name, title, of, ends, spread) {
  ways[name] = { title, make() {
    const numbers = Float64Array.from({ length: meta.size }, (_, at) => of(at));
    const known = numbers.filter((value) => !Number.isNaN(value)).sort();
    const rank = (value) => {
      if (!spread) return value;
      let low = 0, high = known.length; while (low < high) { const mid = (low + high) >> 1; if (known[mid] < value) low = mid + 1; else high = mid; }
      return known.length > 1 ? low / (known.length - 1) : 0.5;
    };
    return { ends: ends(known), colour: (at) => Number.isNaN(numbers[at]) ? OTHER : RAMP[Math.min(RAMP.length - 1, Math.floor(rank(numbers[at]) * RAMP.length))] };
  } };
}
function prepareColours() {
  clusterColours();
  ways.cluster = { title: 'cluster', make: () => ({ entries: [], rest: 0, values: [], colour: (at) => meta.clusters[columns.cluster[at]].colour }) };
  const folder = columns.paths.map(folderOf);
  category('folder', 'folder', (at) => folder[columns.file[at]]);
  category('language', 'language', (at) => meta.languages[columns.language[columns.file[at]]]);
  category('kind', 'kind', (at) => meta.kinds[columns.kind[at]]);
  category('role', 'tests and others', (at) => meta.roles[columns.role[columns.file[at]]]);
  if (meta.history) {
    const day = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 10);
    ramp('age', 'last change', (at) => columns.changed[columns.file[at]] || NaN, (known) => known.length ? [day(known[0]), day(known[known.length - 1])] : ['', ''], true);
    ramp('churn', 'number of changes', (at) => columns.commits[columns.file[at]] || NaN, (known) => known.length ? [`${known[0]}`, `${known[known.length - 1]}`] : ['', ''], true);
  }
  for (const concept of meta.concepts) ramp(`concept ${concept}`, `concept: ${concept}`, (at) => columns[`concept ${concept}`][at] / 255, () => ['0', '1'], false);
  for (const [name, way] of Object.entries(ways)) { const option = document.createElement('option'); option.value = name; option.textContent = way.title; $('colour').append(option); }
}
function hex(hue, saturation, lightness) {
  const part = (n) => { const k = (n + hue / 30) % 12; return lightness - saturation * Math.min(lightness, 1 - lightness) * Math.max(-1, Math.min(k - 3, 9 - k, 1)); };
  return '#' + [0, 8, 4].map((n) => Math.round(255 * part(n)).toString(16).padStart(2, '0')).join('');
}
function clusterColours() {                        // a hue per group, shades of it for its clusters; grey for tests
  meta.groups.forEach((group, g) => {
    const hue = (216 + 360 * g / meta.groups.length) % 360, size = group.clusters.length;
    group.clusters.forEach((n, at) => {
      const part = size > 1 ? at / (size - 1) : 0.4;
      meta.clusters[n].colour = hex((hue + (part - 0.4) * 34 + 360) % 360, 0.66 - 0.14 * (at % 2), 0.42 + 0.24 * ((at * 0.618) % 1));
    });
    group.colour = hex(hue, 0.6, 0.5);
  });
}
let way = null, only = null;
function colourBy(name) {
  way = ways[name].make();
  only = null;
  legend();
  paint();
}
function legend() {
  const box = $('legend');
  box.replaceChildren();
  if (way.ends) {
    const bar = document.createElement('div'), ends = document.createElement('div');
    bar.className = 'ramp'; bar.style.background = `linear-gradient(90deg, ${RAMP.join(', ')})`;
    ends.className = 'ends';
    for (const end of way.ends) { const span = document.createElement('span'); span.textContent = end; ends.append(span); }
    box.append(bar, ends);
    return;
  }
  for (const entry of way.entries) {
    const button = document.createElement('button'), dot = document.createElement('i'), count = document.createElement('small');
    dot.style.background = entry.colour;
    count.textContent = entry.count.toLocaleString('en');
    button.type = 'button';
    button.append(dot, document.createTextNode(entry.value), count);
    button.setAttribute('aria-pressed', 'false');
    button.onclick = () => {
      only = only === entry.value ? null : entry.value;
      for (const other of box.querySelectorAll('button')) other.setAttribute('aria-pressed', String(other === button && only !== null));
      paint();
    };
    box.append(button);
  }
  if (way.rest > 0) { const more = document.createElement('small'); more.textContent = `and ${way.rest} more`; box.append(more); }
}
const channels = new Map();
function rgb(hex) {
  let found = channels.get(hex);
  if (!found) { found = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)); channels.set(hex, found); }
  return found;
}
function paint() {
  for (let n = 0; n < meta.size; n++) {
    const at = order[n], [r, g, b] = rgb(way.colour(at));
    const faint = (only !== null && way.values[at] !== only) || (chosen && !chosen.has(at));
    colours[4 * n] = r; colours[4 * n + 1] = g; colours[4 * n + 2] = b; colours[4 * n + 3] = faint ? 26 : 255;
  }
  renderer.colours();
  redraw();
}

// -- drawing -------------------------------------------------------------------------------------

function glContext() {                             // begun before the data is unpacked: its compiler runs meanwhile
  const gl = canvas.getContext('webgl2', { antialias: false, alpha: true, premultipliedAlpha: true, preserveDrawingBuffer: true });
  if (!gl) return null;
  const shader = (kind, text) => { const one = gl.createShader(kind); gl.shaderSource(one, text); gl.compileShader(one); return one; };
  const program = gl.createProgram();
  gl.attachShader(program, shader(gl.VERTEX_SHADER, `#version 300 es
    in vec2 at; in vec4 colour; uniform vec2 middle; uniform vec2 scale; uniform float size; out vec4 tint;
    void main() { gl_Position = vec4((at * 2.0 - 1.0 - middle) * scale, 0.0, 1.0); gl_PointSize = colour.a < 0.5 ? size * 0.8 : size; tint = colour; }`));
  gl.attachShader(program, shader(gl.FRAGMENT_SHADER, `#version 300 es
    precision highp float; in vec4 tint; uniform float size; uniform float alpha; out vec4 pixel;
    void main() { float far = length(gl_PointCoord - 0.5) * size; float inside = clamp(size * 0.5 - far + 0.5, 0.0, 1.0);
      float a = tint.a * alpha * inside; pixel = vec4(tint.rgb * a, a); }`));
  gl.linkProgram(program);
  return { gl, program };
}
function glRenderer(begun) {
  if (!begun) return null;
  const { gl, program } = begun;
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) return null;
  gl.useProgram(program);
  const attribute = (name, data, type, count) => {
    const buffer = gl.createBuffer(), where = gl.getAttribLocation(program, name);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer); gl.bufferData(gl.ARRAY_BUFFER, data, gl.STATIC_DRAW);
    gl.enableVertexAttribArray(where); gl.vertexAttribPointer(where, count, type, true, 0, 0);
    return buffer;
  };
  const at = new Uint16Array(2 * meta.size);
  for (let n = 0; n < meta.size; n++) { at[2 * n] = columns.x[order[n]]; at[2 * n + 1] = columns.y[order[n]]; }
  attribute('at', at, gl.UNSIGNED_SHORT, 2);
  const tints = attribute('colour', colours, gl.UNSIGNED_BYTE, 4);
  gl.enable(gl.BLEND); gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  const uniform = Object.fromEntries(['middle', 'scale', 'size', 'alpha'].map((name) => [name, gl.getUniformLocation(program, name)]));
  return {
    name: 'webgl2',
    colours() { gl.bindBuffer(gl.ARRAY_BUFFER, tints); gl.bufferSubData(gl.ARRAY_BUFFER, 0, colours); },
    draw(count) {
      gl.viewport(0, 0, canvas.width, canvas.height); gl.clearColor(0, 0, 0, 0); gl.clear(gl.COLOR_BUFFER_BIT);
      const unit = fit() * view.zoom;
      gl.uniform2f(uniform.middle, view.x, view.y); gl.uniform2f(uniform.scale, 2 * unit / (width + 2 * marginX), 2 * unit / (height + 2 * marginY));
      gl.uniform1f(uniform.size, radius() * 2 * ratio); gl.uniform1f(uniform.alpha, opacity());
      gl.drawArrays(gl.POINTS, 0, count);
    },
  };
}
function flatRenderer() {
  let brush = canvas.getContext('2d');
  if (!brush) {                                    // it has a WebGL context that is of no use
    const fresh = canvas.cloneNode();
    canvas.replaceWith(fresh);
    canvas = fresh;
    brush = canvas.getContext('2d');
  }
  return {
    name: '2d', colours() {},
    draw(count) {
      brush.setTransform(ratio, 0, 0, ratio, marginX * ratio, marginY * ratio); brush.clearRect(-marginX, -marginY, width + 2 * marginX, height + 2 * marginY);
      const size = radius() * 2;
      for (let n = 0; n < Math.min(count, 60000); n++) {
        const [x, y] = onScreen(order[n]);
        if (x < -marginX || y < -marginY || x > width + marginX || y > height + marginY) continue;
        brush.fillStyle = `rgba(${colours[4 * n]},${colours[4 * n + 1]},${colours[4 * n + 2]},${colours[4 * n + 3] / 255 * opacity()})`;
        brush.fillRect(x - size / 2, y - size / 2, size, size);
      }
    },
  };
}
let renderer = null;
const fit = () => 0.5 * Math.min(width / meta.span[0], height / meta.span[1]) * 0.92;
const radius = () => Math.min(9, Math.max(1.2, 2 * Math.pow(6000 / meta.size, 0.22)) * Math.pow(view.zoom, 0.45));
const opacity = () => Math.min(0.95, 0.62 + 0.08 * Math.log2(view.zoom + 1));
const mapX = (at) => columns.x[at] / 32767.5 - 1, mapY = (at) => columns.y[at] / 32767.5 - 1;
function toScreen(x, y) { const unit = fit() * view.zoom; return [width / 2 + (x - view.x) * unit, height / 2 - (y - view.y) * unit]; }
const onScreen = (at) => toScreen(mapX(at), mapY(at));
function toMap(x, y) { const unit = fit() * view.zoom; return [view.x + (x - width / 2) / unit, view.y - (y - height / 2) / unit]; }

function soon() { if (!pending) { pending = true; requestAnimationFrame(frame); } }
function redraw() { picture = null; soon(); }     // points and labels
let labelled = true;
function relabel() { labelled = false; soon(); }  // labels only
function frame() {
  pending = false;
  const start = performance.now();
  if (!picture || !(moving ? covered() : still())) {
    placeCanvases('');
    renderer.draw(meta.size);
    picture = { ...view };
    drawn++;
    labels();
  } else if (moving) placeCanvases(placement());
  else if (!labelled) labels();
  labelled = true;
  if (!moving) return;
  perf.frames.push(performance.now() - start);
  clearTimeout(resting);                           // begun with a frame, not with an event: a slow machine still moves
  resting = setTimeout(() => { moving = false; soon(); }, RESTS_MS);
}
function moved() { clearTimeout(resting); moving = true; soon(); }
const still = () => picture.x === view.x && picture.y === view.y && picture.zoom === view.zoom;
function shift() {                                 // how the picture is moved and scaled to show the view
  const unit = fit() * view.zoom;
  return [(picture.x - view.x) * unit, (view.y - picture.y) * unit, view.zoom / picture.zoom];
}
function covered() {                               // whether it then covers the stage and is not too coarse
  const [x, y, scale] = shift();
  return scale >= LEAST_SCALE && scale <= MOST_SCALE
    && (width / 2 + marginX) * scale >= width / 2 + Math.abs(x) && (height / 2 + marginY) * scale >= height / 2 + Math.abs(y);
}
function placement() { const [x, y, scale] = shift(); return `translate(${x}px, ${y}px) scale(${scale})`; }
function placeCanvases(transform) { canvas.style.transform = transform; overlay.style.transform = transform; }

// -- labels --------------------------------------------------------------------------------------

function labels() {
  pen.setTransform(ratio, 0, 0, ratio, marginX * ratio, marginY * ratio);
  pen.clearRect(-marginX, -marginY, width + 2 * marginX, height + 2 * marginY);
  const style = getComputedStyle(document.documentElement);
  const ink = style.getPropertyValue('--ink').trim(), halo = style.getPropertyValue('--halo').trim();
  const taken = [];
  const put = (text, x, y, font, alpha, dot) => {
    pen.font = font;
    const wide = pen.measureText(text).width + 8, high = parseInt(font.match(/(\d+)px/)[1], 10) + 5;
    const box = [x - wide / 2, y - high / 2, x + wide / 2, y + high / 2];
    if (box[0] < 2 - marginX || box[1] < 2 - marginY || box[2] > width + marginX - 2 || box[3] > height + marginY - 2) return;
    if (cut(box[0], box[2], width) || cut(box[1], box[3], height)) return;
    if (taken.some((other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1])) return;
    taken.push(box);
    pen.globalAlpha = alpha;
    pen.textAlign = 'center'; pen.textBaseline = 'middle';
    pen.lineWidth = 4; pen.lineJoin = 'round'; pen.strokeStyle = halo; pen.strokeText(text, x, y);
    pen.fillStyle = dot || ink; pen.fillText(text, x, y);
    pen.globalAlpha = 1;
  };
  const family = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
  const box = $('legend').getBoundingClientRect(), base = stage.getBoundingClientRect();
  if (box.width) taken.push([box.left - base.left, box.top - base.top, box.right - base.left, box.bottom - base.top]);
  if (selected >= 0) {
    const [x, y] = onScreen(selected), colour = style.getPropertyValue('--accent').trim();
    ring(selected, colour, 3);
    put(columns.name[selected], x, y - radius() - 13, `600 13px ${family}`, 1, colour);
  }
  const clusters = [...meta.clusters].sort((a, b) => b.size - a.size);
  for (const one of clusters) {
    const [x, y] = toScreen(one.x, one.y);
    const size = Math.max(11, Math.min(15, 9 + Math.sqrt(one.size / meta.size) * 24));
    put(short(one.name), x, y, `600 ${Math.round(size)}px ${family}`, 0.95);
  }
  if (view.zoom > 3) {
    const near = inView(420);
    for (const at of near) if (at !== selected) { const [x, y] = onScreen(at); put(columns.name[at], x, y - radius() - 7, `11px ${family}`, 0.85); }
  }
  if (hover >= 0) ring(hover, ink);
  if (lasso && lasso.length > 1) {
    pen.beginPath(); lasso.forEach(([x, y], n) => (n ? pen.lineTo(x, y) : pen.moveTo(x, y))); pen.closePath();
    pen.strokeStyle = style.getPropertyValue('--accent').trim(); pen.lineWidth = 1.5; pen.stroke();
    pen.globalAlpha = 0.08; pen.fillStyle = pen.strokeStyle; pen.fill(); pen.globalAlpha = 1;
  }
}
const cut = (from, to, end) => (from < 2 && to > 0) || (from < end && to > end - 2);   // by the edge of the stage
const short = (name) => name.split(', ').slice(0, 2).join(', ') + (name.endsWith(' (tests)') && name.split(', ').length > 2 ? ' (tests)' : '');
function ring(at, ink, wide = 1.5) {
  const [x, y] = onScreen(at);
  pen.beginPath(); pen.arc(x, y, radius() + 3, 0, 7); pen.strokeStyle = ink; pen.lineWidth = wide; pen.stroke();
}

// -- what is where -------------------------------------------------------------------------------

function makeGrid() {                              // cells of a fixed grid, as lists in one array
  const cells = 256, start = new Uint32Array(cells * cells + 1), items = new Uint32Array(meta.size);
  const cell = (at) => (columns.y[at] >> 8) * cells + (columns.x[at] >> 8);
  for (let at = 0; at < meta.size; at++) start[cell(at) + 1]++;
  for (let n = 0; n < cells * cells; n++) start[n + 1] += start[n];
  const next = start.slice();
  for (let at = 0; at < meta.size; at++) items[next[cell(at)]++] = at;
  grid = { start, items, cells };
}
function* within(left, bottom, right, top) {
  if (!grid) makeGrid();
  const clamp = (value) => Math.max(0, Math.min(grid.cells - 1, Math.floor((value + 1) / 2 * grid.cells)));
  for (let row = clamp(bottom); row <= clamp(top); row++)
    for (let column = clamp(left); column <= clamp(right); column++) {
      const cell = row * grid.cells + column;
      for (let n = grid.start[cell]; n < grid.start[cell + 1]; n++) yield grid.items[n];
    }
}
function inView(most) {
  const [left, bottom] = toMap(0, height), [right, top] = toMap(width, 0), found = [];
  for (const at of within(left, bottom, right, top)) {
    const [x, y] = onScreen(at);
    if (x >= 0 && y >= 0 && x <= width && y <= height && (!chosen || chosen.has(at))) { found.push(at); if (found.length > most) return []; }
  }
  return found;
}
function nearest(x, y, far) {
  const reach = far / (fit() * view.zoom), [mx, my] = toMap(x, y);
  let best = -1, least = far * far;
  for (const at of within(mx - reach, my - reach, mx + reach, my + reach)) {
    const [px, py] = onScreen(at), apart = (px - x) ** 2 + (py - y) ** 2;
    if (apart < least && (!chosen || chosen.has(at) || only === null)) { least = apart; best = at; }
  }
  return best;
}

// -- results -------------------------------------------------------------------------------------

function say(text) { $('announce').textContent = text; }
function show(found, title) {
  const list = $('list');
  list.replaceChildren();
  shown = found;
  for (const at of found.slice(0, MOST_LISTED)) {
    const one = symbolOf(at), item = document.createElement('li'), link = document.createElement('a'), where = document.createElement('small');
    link.href = editor ? '#' : target(one);
    if (editor) link.onclick = (event) => { event.preventDefault(); open(one); };
    where.textContent = `${one.kind}  ${brief(place(one))}`;
    link.title = place(one);
    link.append(document.createTextNode(one.name), where);
    link.onmouseenter = link.onfocus = () => { hover = at; relabel(); };
    item.append(link);
    list.append(item);
  }
  $('count').textContent = title + (found.length > MOST_LISTED ? ` (the first ${MOST_LISTED} are listed)` : '');
  $('copy').hidden = !found.length;
  $('results').hidden = false;
  chosen = new Set(found);
  paint();
  say(title);
}
function clear() {
  chosen = null; shown = null; hover = -1; selected = -1; lasso = null; only = null;
  $('results').hidden = true; $('query').value = ''; tip.hidden = true;
  legend();
  paint();
  say('Cleared');
}
function number(count, what) { return `${count.toLocaleString('en')} ${what}${count === 1 ? '' : 's'}`; }
let places = null;
function placed(one) {                             // where a symbol of an answer is in the columns; -1 if it is not on the map
  if (!places) {
    places = new Map();
    for (let at = meta.size - 1; at >= 0; at--) { const { name, path, line } = symbolOf(at); places.set(`${path}:${line}`, at).set(`${path}:${line}:${name}`, at); }
  }
  return places.get(`${one.path}:${one.start_line}:${one.qualname}`) ?? places.get(`${one.path}:${one.start_line}`) ?? -1;
}
async function search(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) { clear(); return; }
  selected = -1;
  if (meta.search) {
    try {
      const reply = await fetch(meta.search + encodeURIComponent(text));
      if (reply.ok) { const found = (await reply.json()).results.map(placed).filter((at) => at >= 0); if (found.length) { show(found, `${number(found.length, 'answer')} from the index`); focusOn(found.slice(0, 10)); return; } }
    } catch { /* the server has ended: by name, below */ }
  }
  const found = [];
  for (let at = 0; at < meta.size; at++) {
    const name = (columns.qualname[at] || columns.name[at]).toLowerCase();
    if (words.every((word) => name.includes(word) || columns.paths[columns.file[at]].toLowerCase().includes(word))) found.push(at);
  }
  const exact = (at) => Number(columns.name[at].toLowerCase() === words.join('')) * 2 + Number(columns.name[at].toLowerCase().includes(words[0]));
  found.sort((a, b) => exact(b) - exact(a) || a - b);
  const title = found.length ? `${found.length.toLocaleString('en')} ${found.length === 1 ? 'match' : 'matches'}` : 'No name or path has these words';
  show(found, title);
}
function select(at) {                              // the symbol, and what is nearest to it on the map
  const x = mapX(at), y = mapY(at), far = Float64Array.from({ length: meta.size }, (_, n) => (mapX(n) - x) ** 2 + (mapY(n) - y) ** 2);
  const least = far.slice().sort()[Math.min(AROUND, meta.size - 1)], near = [];
  for (let n = 0; n < meta.size && near.length < 4 * AROUND; n++) if (n !== at && far[n] <= least) near.push(n);
  near.sort((a, b) => far[a] - far[b]);
  selected = at;
  show([at, ...near.slice(0, AROUND)], `${columns.name[at]} and what is near it`);
  focusOn(shown);
}
function linked() {                                // an address that ends with #path:line begins with that symbol
  const [, path, line] = /^#(.*):(\d+)$/.exec(location.hash) || [];
  let at = -1;
  try { at = path ? placed({ path: decodeURIComponent(path), start_line: line }) : -1; } catch { /* not an address of ours */ }
  if (at >= 0) select(at);
}
function focusOn(found) {
  if (!found.length) return;
  let left = 1, right = -1, bottom = 1, top = -1;
  for (const at of found) { left = Math.min(left, mapX(at)); right = Math.max(right, mapX(at)); bottom = Math.min(bottom, mapY(at)); top = Math.max(top, mapY(at)); }
  const zoom = Math.min(0.8 * width / Math.max(0.02, right - left), 0.8 * height / Math.max(0.02, top - bottom)) / fit();
  go((left + right) / 2, (bottom + top) / 2, Math.max(0.8, Math.min(12, zoom)));
}
function go(x, y, zoom) {
  const from = { ...view }, start = performance.now();
  const time = matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : 320;
  const step = (now) => {
    const part = time ? Math.min(1, (now - start) / time) : 1, ease = 1 - (1 - part) ** 3;
    view.x = from.x + (x - from.x) * ease; view.y = from.y + (y - from.y) * ease;
    view.zoom = part < 1 ? from.zoom * Math.pow(zoom / from.zoom, ease) : zoom;
    moved();
    if (part < 1) requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}
const whole = () => go(meta.middle[0], meta.middle[1], 1);
function zoomAt(x, y, factor) {
  const [mx, my] = toMap(x, y);
  view.zoom = Math.max(0.5, Math.min(400, view.zoom * factor));
  const [nx, ny] = toMap(x, y);
  view.x += mx - nx; view.y += my - ny;
  moved();
}
function inside(polygon, x, y) {
  let odd = false;
  for (let a = 0, b = polygon.length - 1; a < polygon.length; b = a++) {
    const [ax, ay] = polygon[a], [bx, by] = polygon[b];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) odd = !odd;
  }
  return odd;
}

// -- mouse and keys ------------------------------------------------------------------------------

function point(at, x, y) {
  if (at === hover) return;
  hover = at;
  canvas.classList.toggle('hit', at >= 0);
  tip.hidden = at < 0;
  if (at >= 0) {
    const one = symbolOf(at), name = document.createElement('strong'), code = document.createElement('code'), where = document.createElement('small');
    name.textContent = one.name; code.textContent = one.signature; where.textContent = `${one.kind} · ${brief(place(one))} · ${one.cluster}`;
    tip.replaceChildren(name, code, where);
    const right = x > width / 2, low = y > height / 2;
    tip.style.left = right ? 'auto' : `${x + 14}px`; tip.style.right = right ? `${width - x + 14}px` : 'auto';
    tip.style.top = low ? 'auto' : `${y + 14}px`; tip.style.bottom = low ? `${height - y + 14}px` : 'auto';
  }
  relabel();
}
function pointer() {
  const down = new Map();
  let start = null, far = 0, spread = 0;
  const where = (event) => { const box = stage.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
  canvas.onpointerdown = (event) => {
    canvas.setPointerCapture(event.pointerId);
    start = where(event); far = 0;
    down.set(event.pointerId, start);
    if (event.shiftKey || $('lasso').getAttribute('aria-pressed') === 'true') lasso = [start];
    else canvas.classList.add('drag');
  };
  canvas.onpointermove = (event) => {
    const [x, y] = where(event), last = down.get(event.pointerId);
    if (!last) { point(nearest(x, y, radius() + 6), x, y); return; }
    down.set(event.pointerId, [x, y]);
    far += Math.hypot(x - last[0], y - last[1]);
    if (down.size === 2) {
      const [a, b] = [...down.values()], now = Math.hypot(a[0] - b[0], a[1] - b[1]);
      if (spread) zoomAt((a[0] + b[0]) / 2, (a[1] + b[1]) / 2, now / spread);
      spread = now;
    } else if (lasso) { lasso.push([x, y]); relabel(); }
    else {
      const unit = fit() * view.zoom;
      view.x -= (x - last[0]) / unit; view.y += (y - last[1]) / unit;
      point(-1); moved();
    }
  };
  const up = (event) => {
    const [x, y] = where(event);
    down.delete(event.pointerId); spread = 0;
    canvas.classList.remove('drag');
    if (lasso) {
      const polygon = lasso.map(([px, py]) => toMap(px, py));
      lasso = null;
      const found = [];
      if (far > 8) for (let at = 0; at < meta.size; at++) if (inside(polygon, mapX(at), mapY(at))) found.push(at);
      show(found, `${number(found.length, 'symbol')} inside`);
    } else if (far < 4) {
      const at = nearest(x, y, radius() + 6);
      if (at >= 0) open(symbolOf(at));
    }
  };
  canvas.onpointerup = up;
  canvas.onpointercancel = (event) => { down.delete(event.pointerId); lasso = null; canvas.classList.remove('drag'); };
  canvas.onpointerleave = () => point(-1);
  canvas.addEventListener('wheel', (event) => {
    event.preventDefault();
    const [x, y] = where(event);
    zoomAt(x, y, Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016)));
    point(-1);
  }, { passive: false });
}
function keys() {
  const pan = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  canvas.onkeydown = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (pan[event.key]) {
      const step = 0.12 * Math.min(width, height) / (fit() * view.zoom);
      view.x += pan[event.key][0] * step; view.y += pan[event.key][1] * step; moved();
    } else if (event.key === '+' || event.key === '=') zoomAt(width / 2, height / 2, 1.3);
    else if (event.key === '-') zoomAt(width / 2, height / 2, 1 / 1.3);
    else if (event.key === 'Enter') { const [left, bottom] = toMap(0, height), [right, top] = toMap(width, 0); const found = [...within(left, bottom, right, top)]; show(found, `${number(found.length, 'symbol')} in view`); $('list').querySelector('a')?.focus(); }
    else return;
    event.preventDefault();
  };
  document.addEventListener('keydown', (event) => {
    const typing = event.target.matches('input, select');
    if (event.key === 'Escape') { clear(); canvas.focus(); }
    else if (event.key === '/' && !typing) { event.preventDefault(); $('query').focus(); }
    else if (event.key === '0' && !typing) whole();
  });
  let waiting = 0;
  $('query').oninput = () => { clearTimeout(waiting); waiting = setTimeout(() => search($('query').value), meta.search ? 250 : 60); };
  $('search').onsubmit = (event) => { event.preventDefault(); clearTimeout(waiting); search($('query').value).then(() => { if (shown && shown.length) focusOn(shown.slice(0, 50)); }); };
  $('colour').onchange = () => colourBy($('colour').value);
  $('lasso').onclick = () => { const on = $('lasso').getAttribute('aria-pressed') !== 'true'; $('lasso').setAttribute('aria-pressed', String(on)); canvas.classList.toggle('lasso', on); };
  $('all').onclick = whole;
  $('clear').onclick = clear;
  $('copy').onclick = () => navigator.clipboard?.writeText(shown.map((at) => place(symbolOf(at))).join('\n') + '\n').then(() => say('Copied'));
  $('help').onclick = () => { const open = $('keys').hidden; $('keys').hidden = !open; $('help').setAttribute('aria-expanded', String(open)); };
  $('theme').onclick = () => {
    const dark = document.documentElement.dataset.theme ? document.documentElement.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
    document.documentElement.dataset.theme = dark ? 'light' : 'dark';
    redraw();
  };
}
function contents() {
  for (const group of meta.groups) {
    const details = document.createElement('details'), summary = document.createElement('summary'), size = document.createElement('small');
    const name = document.createElement('span');
    name.textContent = group.name; size.textContent = group.size.toLocaleString('en');
    summary.append(name, size);
    details.append(summary);
    details.open = meta.groups.length < 5 || group === meta.groups[0];
    for (const one of group.clusters.map((n) => meta.clusters[n])) {
      const button = document.createElement('button'), dot = document.createElement('i'), count = document.createElement('small');
      button.type = 'button'; count.textContent = one.size.toLocaleString('en');
      dot.style.background = one.colour;
      button.append(dot, document.createTextNode(one.name), count);
      button.onclick = () => {
        const found = [];
        for (let at = 0; at < meta.size; at++) if (meta.clusters[columns.cluster[at]] === one) found.push(at);
        show(found, `${one.name}: ${number(found.length, 'symbol')}`);
        go(one.x, one.y, Math.max(view.zoom, 2.2));
      };
      details.append(button);
    }
    $('contents').append(details);
  }
}
function follow() {                                // light or dark as VS Code is
  const kind = document.body.classList;
  const light = kind.contains('vscode-light') || kind.contains('vscode-high-contrast-light');
  document.documentElement.dataset.theme = light ? 'light' : 'dark';
  document.documentElement.dataset.view = 'vscode';
  if (columns) redraw();
}
function resized() {
  ratio = Math.min(2, devicePixelRatio || 1);
  width = stage.clientWidth; height = stage.clientHeight;
  marginX = Math.round(width * MARGIN); marginY = Math.round(height * MARGIN);
  for (const one of [canvas, overlay]) {
    one.width = Math.round((width + 2 * marginX) * ratio); one.height = Math.round((height + 2 * marginY) * ratio);
    Object.assign(one.style, { left: `${-marginX}px`, top: `${-marginY}px`, width: `${width + 2 * marginX}px`, height: `${height + 2 * marginY}px` });
  }
  redraw();
}

// -- start ---------------------------------------------------------------------------------------

async function start() {
  const begun = glContext();
  const nothing = new Array(meta.size).fill('');   // until the picture is there
  columns = { name: nothing, qualname: nothing, signature: nothing, ...await unpacked('data', meta.columns) };
  order = new Uint32Array(meta.size);              // a fixed shuffle: any part of it is a fair sample, and no colour is always on top
  for (let n = 0; n < meta.size; n++) order[n] = n;
  let seed = 1;
  for (let n = meta.size - 1; n > 0; n--) { seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0; const other = seed % (n + 1); [order[n], order[other]] = [order[other], order[n]]; }
  colours = new Uint8Array(4 * meta.size);
  view.x = meta.middle[0]; view.y = meta.middle[1];
  renderer = glRenderer(begun) || flatRenderer();
  prepareColours();
  $('colour').value = ways[meta.colour] ? meta.colour : 'cluster';
  colourBy($('colour').value);
  contents();
  pointer();
  keys();
  resized();
  new ResizeObserver(resized).observe(stage);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
  addEventListener('beforeprint', () => { resized(); placeCanvases(''); renderer.draw(meta.size); labels(); });
  if (editor) { follow(); new MutationObserver(follow).observe(document.body, { attributes: true, attributeFilter: ['class'] }); }
  frame();
  await new Promise((shown) => requestAnimationFrame(() => setTimeout(shown)));
  perf.opened = performance.now();
  Object.assign(columns, await unpacked('names', meta.names));
  say(`Map of ${number(meta.size, 'symbol')} in ${number(meta.clusters.length, 'cluster')}. The list of clusters follows.`);
  if (meta.selected !== null) select(meta.selected);
  else if (location.hash) linked();
  addEventListener('hashchange', linked);
  Object.assign(window.codesearchMap, { select, selected: () => selected, renderer: renderer.name, onScreen, nearest, search, show, clear, colourBy, symbolOf, zoomAt, moved, target, count: () => meta.size, drawn: () => drawn, rests: () => !moving && !pending, unit: () => fit() * view.zoom, listed: () => shown });
}
window.codesearchMap.ready = start();
