// The UI flow: each case is what a person does in a window, one after another in the same window.
//     node flow.mjs TASK.json
// Prints one JSON line for each case: {case, ok, reason, detail, seconds, data}; a picture of each failure lies in task.shots.
import fs from 'node:fs';
import path from 'node:path';
import { Window, Wrong } from './window.mjs';

const FIND = 'Codesearch: Find Code by Meaning';
const SIMILAR = 'Codesearch: Find Similar Functions';
const CLONES = 'Codesearch: Find Clones of This Function';
const MAP = 'Codesearch: Show on the Map';

/** `path:line` as a row tells it. */
function place(row) {
  const found = /([^\s:·]+):(\d+)/.exec(`${row.description} ${row.detail}`);
  return found ? { path: found[1], line: Number(found[2]) } : null;
}

/** The rows that are answers: those that tell a place. */
async function answers(window) {
  return (await window.rowTexts()).filter((row) => place(row) !== null);
}

/** The name, without the bar of its score. */
const name = (row) => row.label.replace(/[■□]/g, '').trim();

/** The palette's way, or the faster one by key. */
async function openFind(window, { palette = false, opened = palette } = {}) {
  if (palette) await window.command(FIND);
  const open = async () => (await window.input.isVisible()) && /What does the code do/.test((await window.input.getAttribute('placeholder')) ?? '');
  await window.until('the question has no input', async () => {
    if (await open()) return true;
    if (!opened) await window.chord('Control+k', 'Control+g');
    return await window.until('', open, 5000).catch(() => false);
  });
}

async function ask(window, question, { delay = 15, palette = false } = {}) {
  if (!(await window.input.isVisible())) await openFind(window, { palette });
  await window.fill(question, delay);
}

/** Ask, and wait until the answer is the first one. */
async function askAndSee(window, question, wanted, options) {
  await ask(window, question, options);
  return await window.until('the right function is not first', async (see) => {
    const rows = await answers(window);
    see(rows.slice(0, 3));
    const at = rows[0] && place(rows[0]);
    return !(await window.busy()) && rows[0] && name(rows[0]) === wanted.name && at.path === wanted.path && at.line === wanted.line && rows;
  });
  return await window.until('the first is not the one that Enter opens', async () => {
    const rows = await answers(window);
    return rows[0]?.focused && rows;
  });
}

/** Ask, and move down over some answers, each of which is shown; return the place of the last. */
async function preview(window, task, count) {
  await askAndSee(window, task.query, task.answer);
  let shown;
  for (let at = 0; at <= count; at++) {
    shown = await window.until('no preview', async (see) => {
      const row = (await answers(window)).find((one) => one.focused);
      const editor = await window.editor();
      see({ row, editor });
      const found = row && row.index >= at && place(row);
      return found && editor.file === path.basename(found.path) && editor.lines.includes(found.line) && found;
    });
    if (at < count) await window.keys.press('ArrowDown');
  }
  return shown;
}

/** Ask, and have the answer in the editor as a preview: a move brings it. */
async function askAndPreview(window, task) {
  await askAndSee(window, task.query, task.answer);
  await window.keys.press('ArrowDown');
  await window.keys.press('ArrowUp');
  await window.shows('no preview', task.answer.path, task.answer.line, { preview: true });
}

const cases = {
  /** Palette, question, right function first, preview follows, Enter opens at the line. */
  async find(window, task) {
    const rows = await askAndSee(window, task.query, task.answer, { palette: true });
    if (!rows[0].detail.includes(task.answer.signature) && !rows[0].description.includes(task.answer.signature))
      throw new Wrong('no signature', JSON.stringify(rows[0]));
    if (!rows[0].aria.includes(task.answer.name)) throw new Wrong('a screen reader is told nothing', rows[0].aria);
    await window.shows('no preview of the first', task.answer.path, task.answer.line, { preview: true });
    await window.shot('find');
    await window.keys.press('ArrowDown');
    const second = await window.until('the arrow does not move', async () => {
      const all = await answers(window);
      return all[1]?.focused && all[1];
    });
    const at = place(second);
    await window.shows('no preview', at.path, at.line, { preview: true });
    await window.keys.press('ArrowUp');
    await window.shows('the preview does not follow', task.answer.path, task.answer.line, { preview: true });
    await window.keys.press('Enter');
    await window.input.waitFor({ state: 'hidden' });
    const editor = await window.shows('it does not open at the line', task.answer.path, task.answer.line, { at: true, preview: false });
    return { rows: rows.slice(0, 3), editor };
  },

  /** The pictures of the project's README: from an open folder to the function, and to what is like it. */
  async story(window, task) {
    // The first window: the extension, the server and the index start together.
    await window.until('the window is not ready', async () => /up to date/.test((await window.status())?.aria ?? ''), 4 * task.wait);
    await window.shot('story-1-open');
    await window.openPalette('>find code');
    const row = window.rows.filter({ hasText: FIND }).first();
    await window.until('no command', () => row.isVisible());
    await window.shot('story-2-palette');
    await row.click();
    await openFind(window, { opened: true });
    await window.fill(task.query.slice(0, task.query.indexOf(' yes')));
    await window.until('no answer while it is typed', async () => !(await window.busy()) && (await answers(window)).length > 2);
    await window.shot('story-3-typing');
    await window.keys.press('End');
    await askAndSee(window, task.query, task.answer);
    await window.shows('no preview of the first', task.answer.path, task.answer.line, { preview: true });
    await window.shot('story-4-found');
    await window.keys.press('Enter');
    await window.shows('it does not open at the line', task.answer.path, task.answer.line, { at: true, preview: false });
    await window.shot('story-5-opened');
    await window.command(SIMILAR);
    await window.until('no peek view', () => window.page.locator('.peekview-widget .ref-tree .monaco-list-row').nth(1).isVisible());
    await window.until('no code in the peek view', () => window.page.locator('.peekview-widget .preview .view-line').nth(3).isVisible());
    await window.shot('story-6-similar');
  },

  /** The list is the server's list: the same order, nothing filtered by VS Code. */
  async order(window, task) {
    await askAndSee(window, task.query, task.answer);
    const seen = new Map();
    await window.until('not the order of the server', async (see) => {
      for (const row of await answers(window)) seen.set(row.index, `${name(row)} ${place(row).path}`);
      const got = [...seen.entries()].sort((a, b) => a[0] - b[0]).map((one) => one[1]);
      see({ got: got.slice(0, task.order.length), wanted: task.order });
      return task.order.every((one, i) => got[i] === one);
    });
  },

  /** Escape restores what was open, cursor and all. */
  async escape(window, task) {
    await window.openFile(task.other.path, task.other.line);
    const before = await window.editor();
    await askAndPreview(window, task);
    await window.keys.press('Escape');
    await window.input.waitFor({ state: 'hidden' });
    await window.until('Escape does not restore', async (see) => {
      const editor = await window.editor();
      see({ before, editor });
      return ['file', 'line', 'column', 'groups'].every((one) => editor[one] === before[one]) &&
        String(editor.tabs) === String(before.tabs);
    });
  },

  /** Escape, where nothing was open, leaves nothing open. */
  async escapeEmpty(window, task) {
    await askAndPreview(window, task);
    await window.keys.press('Escape');
    await window.input.waitFor({ state: 'hidden' });
    await window.until('Escape leaves a preview', async (see) => {
      const { tabs } = await window.editor();
      see(tabs);
      return tabs.length === 0;
    });
  },

  /** One Go Back leads from the opened answer to where the question was asked; what was previewed on the way does not count. */
  async history_back(window, task) {
    await window.openFile(task.other.path, task.other.line);
    const chosen = await preview(window, task, 3);
    await window.keys.press('Enter');
    await window.input.waitFor({ state: 'hidden' });
    await window.shows('it does not open at the line', chosen.path, chosen.line, { at: true, preview: false });
    await window.goBack();
    await window.shows('Go Back does not lead to where the question was asked', task.other.path, task.other.line, { at: true });
    await window.keys.press('Control+Shift+Minus');
    await window.shows('Go Forward does not lead to the answer', chosen.path, chosen.line, { at: true });
  },

  /** ... the same from a file in a preview tab of VS Code's own, whose place the previews take. */
  async history_preview(window, task) {
    const file = 'README.md';
    // The last row: newer VS Codes, with higher rows, have it below the visible ones.
    await window.command('File: Focus on Files Explorer');
    await window.keys.press('End');
    await window.page.locator('.explorer-folders-view .monaco-list-row', { hasText: file }).first().click();
    await window.until('the file is in no preview tab', async (see) => {
      const editor = await window.editor();
      see(editor);
      return editor.file === file && editor.preview && editor.line !== null;
    });
    await window.goToLine(file, 3);
    const chosen = await preview(window, task, 3);
    await window.keys.press('Enter');
    await window.input.waitFor({ state: 'hidden' });
    await window.shows('it does not open at the line', chosen.path, chosen.line, { at: true, preview: false });
    await window.goBack();
    await window.shows('Go Back does not lead to where the question was asked', file, 3, { at: true });
  },

  /** ... the same where the answers are in files that are open already, which VS Code records when they are shown. */
  async history_open(window, task) {
    for (const file of task.tops) await window.openFile(file, 3);
    await window.openFile(task.other.path, task.other.line);
    const chosen = await preview(window, task, 4);
    await window.keys.press('Enter');
    await window.input.waitFor({ state: 'hidden' });
    await window.shows('it does not open at the line', chosen.path, chosen.line, { at: true, preview: false });
    await window.goBack();
    await window.shows('Go Back does not lead to where the question was asked', task.other.path, task.other.line, { at: true });
  },

  /** After Escape, Go Back leads to what was before the question. */
  async history_escape(window, task) {
    await window.openFile(task.tops[0], 3);
    await window.openFile(task.other.path, 1);
    await window.goToLine(task.other.path, task.other.line);
    const { tabs } = await window.editor();
    await preview(window, task, 3);
    await window.keys.press('Escape');
    await window.input.waitFor({ state: 'hidden' });
    await window.until('Escape does not restore', async (see) => {
      const editor = await window.editor();
      see(editor);
      return editor.focused && editor.file === path.basename(task.other.path) && editor.line === task.other.line && String(editor.tabs) === String(tabs);
    });
    await window.goBack();
    await window.shows('Go Back leads to a preview', task.other.path, 1, { at: true });
  },

  /** A click into a preview keeps it, and the navigation history knows it from then on. */
  async history_click(window, task) {
    await window.openFile(task.other.path, task.other.line);
    await askAndPreview(window, task);
    // The list covers the lines at the top.
    const box = await window.page.locator('.editor-group-container.active .view-lines').first().boundingBox();
    await window.page.mouse.click(box.x + 200, 500);
    await window.input.waitFor({ state: 'hidden' });
    await window.until('the click does not keep the preview', async (see) => {
      const editor = await window.editor();
      see(editor);
      return editor.focused && editor.file === path.basename(task.answer.path) && editor.line !== task.answer.line;
    });
    // From the line of the click to that of the function, and from there to the question.
    await window.goBack();
    await window.shows('Go Back does not lead to the function', task.answer.path, task.answer.line, { at: true });
    await window.goBack();
    await window.shows('Go Back does not lead to where the question was asked', task.other.path, task.other.line, { at: true });
  },

  /** Without the mouse: filters and the results view. */
  async keyboard(window, task) {
    await askAndSee(window, task.query, task.answer);
    await window.keys.press('Alt+k');
    await window.until('Alt+K does not offer kinds', async () => /these kinds/.test(await window.quickTitle()));
    await window.fill('class');
    await window.keys.press('ArrowDown');
    await window.keys.press('Space');
    await window.keys.press('Enter');
    await onlyClasses(window, 'the kind does not filter');
    await window.keys.press('Alt+Backspace');
    await askAndSee(window, task.query, task.answer);
    await window.keys.press('Alt+t');
    await window.until('Alt+T does not leave out tests', async () => /without tests/.test(await window.quickTitle()));
    await window.keys.press('Alt+r');
    await window.until('Alt+R does not keep the answers', async (see) => {
      const all = await window.tree('Results');
      see(all.slice(0, 3));
      return all.length > 3;
    });
    await window.command('Codesearch: Clear Results');
  },

  /** The folder of the index is not part of the project. */
  async explorer(window, task) {
    // The defaults of extensions come after the window.
    await window.until('the explorer shows the index', async (see) => {
      const names = await window.page.locator('.explorer-folders-view .monaco-list-row').allInnerTexts();
      see(names);
      return names.some((one) => one.trim() === task.other.path.split('/')[0]) && !names.some((one) => one.trim() === '.codesearch');
    });
  },

  /** The button of a row opens it beside what is open. */
  async side(window, task) {
    await window.openFile(task.other.path, task.other.line);
    await askAndSee(window, task.query, task.answer);
    await window.button('Open to the Side', 0);
    await window.until('not to the side', async (see) => {
      const editor = await window.editor();
      see(editor);
      return editor.groups === 2;
    });
    const editor = await window.shows('it does not open at the line', task.answer.path, task.answer.line, { at: true });
    if (!editor.tabs.includes(path.basename(task.other.path))) throw new Wrong('what was open is gone', JSON.stringify(editor));
  },

  /** What is selected is the question to start with. */
  async selection(window, task) {
    await window.openFile(task.other.path, task.other.line);
    const word = 'celsius';
    await window.cursor('Control+Home', 1, 1);
    await window.paste(`# ${word}\n`);
    await window.cursor('Control+Home', 1, 1);
    await window.cursor('End', 1, `# ${word}`.length + 1);
    await window.keys.press('Control+Shift+ArrowLeft');
    await openFind(window);
    await window.until('the selected text is not the question', async (see) => {
      const value = await window.input.inputValue();
      see(value);
      return value === word;
    });
    await window.closeQuickInput();
    await window.command('File: Revert File');
  },

  /** The last questions are offered, and answered again. */
  async history(window, task) {
    await askAndSee(window, task.query, task.answer);
    await window.keys.press('Enter');
    await window.shows('it does not open at the line', task.answer.path, task.answer.line, { at: true, preview: false });
    await openFind(window);
    const row = window.rows.filter({ hasText: task.query }).first();
    await window.until('the last question is not offered', () => row.isVisible());
    await row.click();
    await window.until('the offered question is not asked', async (see) => {
      const rows = await answers(window);
      see(rows.slice(0, 2));
      return (await window.input.inputValue()) === task.query && rows[0] && name(rows[0]) === task.answer.name;
    });
  },

  /** Filters written into the question. */
  async inline(window, task) {
    await askAndSee(window, `${task.query} lang:python -is:test`, task.answer);
    await ask(window, `${task.query} kind:class`, { delay: 0 });
    await onlyClasses(window, 'kind: does not filter');
    await ask(window, `${task.query} lang:zig`, { delay: 0 });
    await window.until('lang: does not filter', async (see) => {
      const rows = await window.rowTexts();
      see(rows);
      return rows.length === 1 && place(rows[0]) === null && /nothing|no /i.test(rows[0].label);
    });
    // A value that the filter cannot have is text.
    await ask(window, `${task.query} lang:nosuch`, { delay: 0 });
    await window.until('lang:nosuch is not text', async (see) => {
      const rows = await answers(window);
      see(rows.slice(0, 2));
      return rows.length > 1;
    });
  },

  /** Filters chosen with the buttons; the title says which hold. */
  async filters(window, task) {
    await askAndSee(window, task.query, task.answer);
    await window.button('Filter by Kind');
    await window.pick('class');
    await window.keys.press('Enter');
    await onlyClasses(window, 'the kind does not filter');
    const titled = (reason, wanted) =>
      window.until(reason, async (see) => {
        const title = await window.quickTitle();
        see(title);
        return wanted.test(title);
      });
    await titled('the title does not tell the filter', /class/);
    await window.button('Remove All Filters');
    await askAndSee(window, task.query, task.answer);
    await titled('the title keeps the filter', /^Find Code by Meaning(: only weak matches)?$/);
    await window.button('Tests: Shown');
    await titled('the title does not tell the filter', /test/i);
    await window.button('Tests: Left Out');
    await window.until('only tests are asked for, but others found', async (see) => {
      const rows = await answers(window);
      see(rows);
      return rows.length > 0 && rows.every((row) => /test|spec/.test(place(row).path));
    });
    await window.button('Remove All Filters');
    const [folder] = task.answer.path.split('/');
    await window.button('Filter by Folder');
    await window.pick(`${folder}/`);
    await titled('the title does not tell the filter', new RegExp(`in ${folder}/`));
    await window.until('the folder does not filter', async (see) => {
      const rows = await answers(window);
      see(rows);
      return rows.length > 0 && rows.every((row) => place(row).path.startsWith(`${folder}/`));
    });
    await window.button('Remove All Filters');
    await window.button('Filter by Language');
    await window.pick('Dart');
    await window.keys.press('Enter');
    await titled('the title does not tell the filter', /Dart/);
    await window.until('the language does not filter', async (see) => {
      const rows = await window.rowTexts();
      see(rows);
      return rows.length === 1 && place(rows[0]) === null;
    });
  },

  /** Find similar, from the palette: peek shows the likes of the function. */
  async similar(window, task) {
    await window.openFile(task.similar.path, task.similar.line);
    await window.command(SIMILAR);
    await peeked(window, task);
    await window.shot('similar');
    await window.keys.press('Escape');
    await window.page.locator('.peekview-widget').waitFor({ state: 'hidden' });
  },

  /** ... from the editor's context menu. */
  async menu(window, task) {
    await window.openFile(task.similar.path, task.similar.line);
    await window.keys.press('Shift+F10');
    const entry = window.page.locator('.monaco-menu .action-label', { hasText: 'Find Similar Functions' });
    await window.until('not in the context menu', () => entry.isVisible());
    // A click right after the menu opened is taken for the one that opened it.
    await entry.hover();
    await window.page.locator('.monaco-menu .action-item.focused', { hasText: 'Find Similar Functions' }).waitFor();
    await window.keys.press('Enter');
    await peeked(window, task);
  },

  /** ... as a code action. */
  async action(window, task) {
    await window.openFile(task.similar.path, task.similar.line);
    const entry = window.page.locator('.action-widget .monaco-list-row', { hasText: 'Find similar functions' });
    await window.until('no code action', async () => {
      await window.keys.press('Control+.');
      await entry.waitFor({ timeout: 1500 });
      return true;
    });
    for (let i = 0; i < 5 && !(await entry.evaluate((row) => row.classList.contains('focused'))); i++) await window.keys.press('ArrowDown');
    await window.keys.press('Enter');
    await peeked(window, task);
  },

  /** The clones of the type at the cursor, in the results view; something without clones says so. */
  async clones(window, task) {
    await window.openFile(task.clone.path, task.clone.line);
    await window.command(CLONES);
    await window.until('the clone is not in the results view', async (see) => {
      const rows = await window.tree('Results');
      see(rows.slice(0, 4));
      return rows.some((row) => row.level === 2 && row.label === task.clone.other && row.focused);
    });
    await window.until('the view does not say what was asked', async (see) => {
      const text = await window.viewMessage('Results');
      see(text);
      return text === `Clones of ${task.clone.name}`;
    });
    await window.command('Codesearch: Search Again');
    await window.until('it is not asked again', async (see) => {
      const rows = await window.tree('Results');
      see(rows.slice(0, 4));
      return rows.filter((row) => row.level === 2).map((row) => row.label).join() === task.clone.other;
    });
    await window.command('Codesearch: Clear Results');
    await window.until('they are not cleared', async () => (await window.tree('Results')).length === 0);
    await window.openFile(task.answer.path, task.answer.line);
    await window.command(CLONES);
    await window.until('it does not say that there are none', async (see) => {
      const all = await window.notifications();
      see(all);
      return all.some((one) => one.text.includes(`${task.answer.name} has no clones`));
    });
  },

  /** The map, with the symbol at the cursor selected; a symbol of its list opens in the editor. */
  async map(window, task) {
    await window.openFile(task.answer.path, task.answer.line);
    await window.command(MAP);
    const frame = await window.until('no map', async (see) => {
      const frames = window.page.frames();
      see(frames.map((one) => one.url()));
      for (const one of frames) {
        if (await one.evaluate(() => Boolean(window.codesearchMap?.selected)).catch(() => false)) return one;
      }
      return false;
    });
    await window.until('the symbol is not selected', async (see) => {
      const found = await frame.evaluate(() => {
        const { selected, symbolOf } = window.codesearchMap;
        return selected() < 0 ? null : symbolOf(selected());
      });
      see(found);
      return found?.name === task.answer.name && found.path === task.answer.path && found.line === task.answer.line;
    });
    await window.until('the map has no size', () => frame.evaluate(() => document.getElementById('points').width > 100));
    await window.shot('map');
    const other = await frame.evaluate(() => window.codesearchMap.symbolOf(window.codesearchMap.listed()[1]));
    await frame.locator('#list a').nth(1).click();
    await window.shows('the symbol does not open', other.path, other.line, { at: true });
    // Again: the same view, with another symbol.
    await window.command(MAP);
    await window.until('the other symbol is not selected', async (see) => {
      const views = await Promise.all(
        window.page.frames().map((one) =>
          one.evaluate(() => {
            const { selected, symbolOf } = window.codesearchMap;
            return symbolOf(selected()).name;
          }).catch(() => null),
        ),
      );
      const names = views.filter((one) => one !== null);
      see(names);
      return names.length === 1 && names[0] === other.name;
    });
  },

  /** A kept search in the side bar: grouped by file, opened, copied, dismissed, with the keyboard. */
  async results(window, task) {
    await askAndSee(window, task.query, task.answer);
    const wanted = (await answers(window)).map((row) => `${name(row)} ${place(row).path}`);
    await window.button('Keep in the Results View');
    const view = () => window.tree('Results');
    const rows = await window.until('nothing is kept', async (see) => {
      const all = await view();
      see(all.slice(0, 4));
      return all.length > 3 && all[1].focused && all;
    });
    const message = () => window.viewMessage('Results');
    await window.until('the view does not say what was asked', async (see) => {
      const text = await message();
      see(text);
      return text.includes(task.query);
    });
    // The file of the best answer comes first, with all that is in it, best first.
    if (rows[0].level !== 1 || rows[0].label !== task.answer.path.split('/').pop()) throw new Wrong('not by file', JSON.stringify(rows[0]));
    if (rows[1].level !== 2 || rows[1].label !== task.answer.name) throw new Wrong('the best is not first', JSON.stringify(rows[1]));
    if (!rows[1].aria.includes(`line ${task.answer.line}`)) throw new Wrong('a screen reader is told no place', rows[1].aria);
    const files = rows.filter((row) => row.level === 1);
    if (new Set(files.map((row) => row.aria)).size !== files.length) throw new Wrong('a file is there twice', JSON.stringify(files));
    await window.keys.press('Control+c');
    const link = `${task.answer.path}:${task.answer.line}`;
    await window.until('no link is copied', async (see) => {
      const text = await window.page.evaluate(() => navigator.clipboard.readText());
      see(text);
      return text.includes(link) && text.includes(task.answer.name);
    });
    await window.keys.press('Enter');
    await window.shows('it does not open at the line', task.answer.path, task.answer.line, { at: true });
    await window.shot('results');
    await window.command('View: Show Codesearch');
    await window.until('the focus is not in the view', () =>
      window.page.evaluate(() => Boolean(document.activeElement?.closest('.pane-body'))),
    );
    await window.keys.press('Home');
    await window.keys.press('ArrowDown');
    await window.until('the arrow does not move', async () => (await view())[1].focused);
    await window.keys.press('Delete');
    const after = await window.until('it is not dismissed', async (see) => {
      const all = await view();
      see(all.slice(0, 3));
      return all.length > 0 && !all.some((row) => row.level === 2 && row.label === task.answer.name) && all;
    });
    await window.until('the keyboard is lost', async (see) => {
      const all = await view();
      see(all.slice(0, 3));
      return all.some((row) => row.focused && row.level === 2);
    });
    await window.command('Codesearch: Clear Results');
    await window.until('they are not cleared', async () => (await view()).length === 0);
    if ((await message()) !== '') throw new Wrong('the view still says what was asked', await message());
    // Another search after that is named too.
    await askAndSee(window, task.query, task.answer);
    await ask(window, `${task.query} kind:class`, { delay: 0 });
    await onlyClasses(window, 'kind: does not filter');
    await window.button('Keep in the Results View');
    await window.until('the view does not say what was asked after it was cleared', async (see) => {
      const text = await message();
      see(text);
      return text.includes('kind:class');
    });
    await window.command('Codesearch: Clear Results');
    return { wanted, rows: rows.slice(0, 4), after: after.slice(0, 2) };
  },

  /** `#`: VS Code's own symbol search has names of the server. */
  async symbols(window, task) {
    await window.until('no symbol', async (see) => {
      await window.openPalette(`#${task.answer.name}`);
      const row = window.rows.filter({ hasText: task.answer.path.split('/').pop() }).filter({ hasText: task.answer.name }).first();
      await row.waitFor({ timeout: 3000 }).catch(() => undefined);
      see(await window.rowTexts());
      if (await row.isVisible()) return true;
      await window.closeQuickInput();
      return false;
    });
    await window.closeQuickInput();
  },

  /** What is not saved yet is found, and said to be unsaved. */
  async unsaved(window, task) {
    await window.openFile(task.other.path, task.other.line);
    await window.keys.press('Control+End');
    await window.paste(task.unsaved.code);
    await ask(window, task.unsaved.query);
    await window.until('what is not saved is not found', async (see) => {
      const rows = await answers(window);
      see(rows.slice(0, 2));
      return rows[0] && name(rows[0]) === task.unsaved.name && /not saved/.test(rows[0].description);
    });
    await window.closeQuickInput();
    await window.command('File: Revert File');
  },

  /** A hit in a notebook: the preview shows the text of its cell, Enter opens the cell; Escape restores what was open. */
  async notebook(window, task) {
    const file = path.join(task.folder, task.notebook.path);
    fs.writeFileSync(file, task.notebook.text);
    try {
      await window.openFile(task.other.path, task.other.line);
      const { tabs } = await window.editor();
      const found = async () => {
        await ask(window, task.notebook.query);
        await window.until('the notebook is not found', async (see) => {
          const [row] = await window.rowTexts();
          see(row);
          const right = row && name(row) === task.notebook.name && `${row.description} ${row.detail}`.includes(task.notebook.place);
          if (right) return row.focused && !(await window.busy());
          // The list asks again only if something is typed.
          await window.keys.type(' ');
          await window.page.waitForTimeout(200);
          return false;
        });
        await window.until('the preview does not show the cell', async (see) => {
          const editor = await window.editor();
          const code = (await window.page.locator('.editor-group-container.active .view-lines').first().innerText()).replaceAll('\u00a0', ' ');
          see({ ...editor, code });
          return editor.file === task.notebook.preview && editor.line === task.notebook.line && code.includes(task.notebook.code) && !editor.focused;
        });
      };
      await found();
      await window.shot('notebook-preview');
      await window.keys.press('Escape');
      await window.input.waitFor({ state: 'hidden' });
      await window.shows('Escape does not restore', task.other.path, task.other.line, { at: true });
      await window.until('Escape leaves a preview', async (see) => {
        const editor = await window.editor();
        see(editor);
        return String(editor.tabs) === String(tabs);
      });
      await found();
      await window.keys.press('Enter');
      await window.input.waitFor({ state: 'hidden' });
      await window.until('Enter does not lead to the cell', async (see) => {
        const seen = await window.notebook();
        see(seen);
        return seen.file === task.notebook.path && seen.cell === task.notebook.cell && seen.focused.includes(task.notebook.code);
      });
      await window.shot('notebook');
      await window.goBack();
      await window.shows('Go Back does not lead to where the question was asked', task.other.path, task.other.line, { at: true });
    } finally {
      fs.unlinkSync(file);
    }
  },

  /** The item in the status bar, and its menu. */
  async status(window, task) {
    await askAndSee(window, task.query, task.answer);
    await window.closeQuickInput();
    const folder = task.folder.split('/').pop();
    await window.until('the status bar does not say that it is ready', async (see) => {
      const status = await window.status();
      see(status);
      return status?.text === 'Codesearch' && status.kind === '' && /up to date/.test(status.aria) && status.aria.includes(folder);
    });
    await window.statusItem().click();
    for (const wanted of ['Find Code by Meaning', 'Update the Index', 'Show What Was Left Out', 'Show Log', 'Restart the Server', 'Settings', folder])
      await window.until(`not in the menu: ${wanted}`, () => window.rows.filter({ hasText: wanted }).first().isVisible());
    await window.shot('status');
    await window.rows.filter({ hasText: 'Show What Was Left Out' }).first().click();
    await window.until('it does not say what was left out', async (see) => {
      const text = await window.page.locator('.editor-group-container.active .view-lines').innerText();
      see(text);
      return /left out/i.test(text.replaceAll('\u00a0', ' '));
    });
    await window.statusItem().click();
    await window.rows.filter({ hasText: 'Show Log' }).first().click();
    await window.until('no log', async (see) => {
      const text = (await window.page.locator('.output-view, .part.panel .view-lines').first().innerText()).replaceAll('\u00a0', ' ');
      see(text);
      return /codesearch \d+\.\d+/.test(text);
    });
    await window.command('View: Hide Panel');
  },

  /** What the status bar says in each state; the server in the test says which it is in. */
  async states(window, task) {
    const set = (state) => {
      fs.writeFileSync(`${task.states}.new`, JSON.stringify(state));
      fs.renameSync(`${task.states}.new`, task.states);
    };
    await window.command(FIND);
    await window.closeQuickInput();
    const cases = [
      [{ state: 'ready' }, 'Codesearch', '', /up to date/],
      [{ state: 'indexing', progress: { files: 30, filesTotal: 120 } }, 'Codesearch: 25 %', '', /indexing, 30 of 120 files/],
      [{ state: 'stopped', message: 'indexing was cancelled' }, 'Codesearch: stale', 'warning', /indexing was cancelled/],
      [{ state: 'failed', message: 'the disk is full' }, 'Codesearch: error', 'error', /the disk is full/],
      [{ state: 'ready' }, 'Codesearch', '', /up to date/],
    ];
    for (const [state, text, kind, spoken] of cases) {
      set(state);
      await window.until(`the status bar does not say ${state.state}`, async (see) => {
        const status = await window.status();
        see(status);
        return status?.text === text && status.kind === kind && spoken.test(status.aria);
      });
    }
  },

  /** A question typed while an older one is still being answered: the old answer is never shown. */
  async stale(window, task) {
    const lines = (file) => (fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line)) : []);
    await ask(window, 'first slow');
    await window.until('the first question does not arrive', () => lines(task.log).some((one) => one.params?.text === 'first slow'));
    // Whatever is on the screen from here on is noted, each change of it.
    await window.page.evaluate(() => {
      window.seen = new Set();
      const look = () => {
        for (const row of document.querySelectorAll('.quick-input-list .monaco-list-row')) window.seen.add(row.getAttribute('aria-label'));
      };
      new MutationObserver(look).observe(document.querySelector('.quick-input-widget'), {
        subtree: true, childList: true, attributes: true, attributeFilter: ['aria-label'],
      });
    });
    await window.fill('second');
    // What was typed so far may be answered on the way: that is a prefix of the question.
    await window
      .until('the second question has no answer', async (see) => {
        const all = await answers(window);
        see(all);
        return all[0] && name(all[0]) === 'second' && lines(`${task.log}.sent`).includes('second');
      })
      .catch(async (error) => {
        const all = await answers(window);
        throw all.length > 0 && lines(`${task.log}.sent`).includes('second') ? new Wrong('a stale answer is shown', JSON.stringify(all)) : error;
      });
    // The server answers the first after the second; then the window is given time for another round trip.
    await window.until('the server does not answer the first question', () => lines(`${task.log}.sent`).includes('first slow'));
    await window.fill('third');
    await window.until('the third question has no answer', async () => (await answers(window)).some((row) => name(row).includes('third')));
    const seen = await window.page.evaluate(() => [...window.seen]);
    if (!seen.some((one) => one.includes('second'))) throw new Wrong('nothing was noted', JSON.stringify(seen));
    if (seen.some((one) => one.includes('first_slow'))) throw new Wrong('a stale answer is shown', JSON.stringify(seen));
    const order = lines(`${task.log}.sent`);
    if (order.indexOf('first slow') < order.indexOf('second')) throw new Wrong('the server answered in order: nothing is shown', String(order));
    const first = lines(task.log).find((one) => one.params?.text === 'first slow');
    if (!lines(task.log).some((one) => one.method === '$/cancelRequest' && one.params.id === first.id)) throw new Wrong('the first question is not cancelled');
    return { seen, order };
  },

  /** The server is killed; it comes back by itself and answers. */
  async killed(window, task) {
    await askAndSee(window, task.query, task.answer);
    await window.closeQuickInput();
    const pids = () => fs.readFileSync(task.pids, 'utf8').trim().split('\n').map(Number);
    const before = pids();
    process.kill(before.at(-1), 'SIGKILL');
    await window.until('it is not started again', () => pids().length === before.length + 1);
    await askAndSee(window, task.query, task.answer);
    await window.until('the status bar does not say that it is ready', async (see) => {
      const status = await window.status();
      see(status);
      return status?.text === 'Codesearch' && /up to date/.test(status.aria);
    });
    // Killed while a question stands there: the answer comes without another keystroke.
    process.kill(pids().at(-1), 'SIGKILL');
    await ask(window, `${task.query} -is:test`, { delay: 0 });
    await window.until('the question is not asked again', async (see) => {
      const rows = await answers(window);
      see(rows[0]);
      return pids().length === before.length + 2 && rows[0] && name(rows[0]) === task.answer.name;
    });
    return { restarts: pids().length - 1 };
  },

  /** No server: one message, one button, which shows how to install it; once it is there, it is found. */
  async missing(window, task) {
    await window.command(FIND);
    const said = await window.until('nothing is said', async () => (await window.notifications())[0]);
    if (!/not installed/.test(said.text)) throw new Wrong('it does not say what is wrong', JSON.stringify(said));
    if (said.buttons.length !== 1) throw new Wrong('not one button', JSON.stringify(said));
    const status = await window.status();
    if (status?.kind !== 'error') throw new Wrong('the status bar does not say so', JSON.stringify(status));
    await window.shot('missing');
    await window.page.locator('.notification-toast .monaco-button').first().click();
    await window.until('it does not show how to install', async (see) => {
      const text = (await window.page.locator('.editor-group-container.active').innerText()).replaceAll('\u00a0', ' ');
      // The page of the step is in a frame of a frame.
      const pages = await Promise.all(window.page.frames().map((frame) => frame.locator('body').innerText({ timeout: 500 }).catch(() => '')));
      see([text, ...pages]);
      return /Install the server/i.test(text) && pages.some((one) => /pip install/.test(one));
    });
    await window.shot('install');
    if (fs.existsSync(task.pids)) throw new Wrong('something was started');
    fs.writeFileSync(task.program.path, task.program.text, { mode: 0o755 });
    await window.page.locator('.editor-group-container.active', { hasText: 'Install the server' }).locator('a, .monaco-button', { hasText: 'Look for It Again' }).first().click();
    await window.until('it is not looked for again', () => fs.existsSync(task.pids));
    await askAndSee(window, task.query, task.answer);
  },

  /** The previewed function is marked, line by line, in a theme that has no background for it. */
  async contrast(window, task) {
    await askAndSee(window, task.query, task.answer);
    await window.shows('no preview of the first', task.answer.path, task.answer.line, { preview: true });
    await window.until('the function is not marked', async (see) => {
      const lines = await window.page.evaluate(() =>
        [...document.querySelectorAll('.editor-group-container.active .view-overlays .cdr')].filter((one) => {
          const { borderLeftStyle, borderLeftWidth, borderLeftColor } = getComputedStyle(one);
          return borderLeftStyle === 'solid' && parseFloat(borderLeftWidth) >= 1 && !/, 0\)|transparent/.test(borderLeftColor);
        }).length,
      );
      see(lines);
      return lines >= 3;
    });
  },

  /** No folder is open: the list says so, before and after a question, and opens one. */
  async nofolder(window, task) {
    await openFind(window, { palette: true });
    const offered = (reason) =>
      window.until(reason, async (see) => {
        const rows = await window.rowTexts();
        see(rows);
        return /No folder is open/.test(rows[0]?.label ?? '') && /Open Folder/.test(rows[1]?.label ?? '');
      });
    await offered('it does not say that no folder is open');
    await window.fill(task.query);
    await window.until('the question is not answered', async () => !(await window.busy()));
    // The rows of the start say nearly the same: wait for those of the answer, which replace them.
    await window.until('it does not say so after a question', async (see) => {
      const rows = await window.rowTexts();
      see(rows);
      return /No folder is open; only open files/.test(rows[0]?.label ?? '') && /Open Folder/.test(rows[1]?.label ?? '');
    });
    await window.keys.press('ArrowDown');
    await window.keys.press('Enter');
    await window.until('it does not offer to open a folder', async (see) => {
      const title = await window.quickTitle();
      see(title);
      return /Open Folder/i.test(title);
    });
  },

  /** Restricted mode: nothing is started, and it is said why; with trust it works. */
  async restricted(window, task) {
    await window.command(FIND);
    const said = await window.until('nothing is said', async () => (await window.notifications())[0]);
    if (!/trust/.test(said.text) || said.buttons.length !== 1) throw new Wrong('it does not say what is wrong', JSON.stringify(said));
    await window.command('View: Show Codesearch');
    await window.until('the view does not say so', async (see) => {
      const text = await window.page.locator('.part.sidebar').innerText();
      see(text);
      return /needs your trust/.test(text.replaceAll('\u00a0', ' '));
    });
    if (fs.existsSync(task.pids)) throw new Wrong('a server was started without trust');
    await window.shot('restricted');
    await window.page.locator('.notification-toast .monaco-button').first().click();
    await window.page.locator('.workspace-trust-editor .monaco-button', { hasText: /^Trust$/ }).first().click();
    await askAndSee(window, task.query, task.answer);
  },
};

async function onlyClasses(window, reason) {
  await window.until(reason, async (see) => {
    const rows = await answers(window);
    see(rows.slice(0, 3));
    return rows.length > 0 && rows.every((row) => row.aria.startsWith('symbol-class'));
  });
}

/** Peek shows the likes of task.similar: the methods of the same name in the classes beside it. */
async function peeked(window, task) {
  const peek = window.page.locator('.peekview-widget');
  await window.until('no peek view', () => peek.isVisible());
  await window.until('the similar functions are not in it', async (see) => {
    const rows = await peek.locator('.ref-tree .monaco-list-row').evaluateAll((all) => all.map((row) => row.getAttribute('aria-label')));
    see(rows);
    const method = task.similar.name.split('.').pop();
    return rows.filter((row) => row?.includes(`def ${method}(`) || row?.includes(method)).length >= 2;
  });
}

const [, , file] = process.argv;
const task = JSON.parse(fs.readFileSync(file, 'utf8'));
const say = (result) => console.log(JSON.stringify({ ok: true, reason: '', detail: '', data: null, ...result }));

let window;
try {
  window = await Window.open(task);
  window.shot = async (title) => {
    if (task.pictures?.includes(title)) await window.picture(path.join(task.shots, `${title}.png`));
  };
  for (const title of task.cases) {
    const start = Date.now();
    const seconds = () => (Date.now() - start) / 1000;
    try {
      await window.reset();
      const data = await cases[title](window, task);
      say({ case: title, seconds: seconds(), data: data ?? null });
    } catch (error) {
      const shot = path.join(task.shots, `FAILED-${title}.png`);
      await window.picture(shot).catch(() => undefined);
      const log = shot.replace('.png', '.console.txt');
      fs.writeFileSync(log, window.console.join('\n'));
      const reason = error.reason ?? 'the window did not do as told';
      say({ case: title, ok: false, reason, detail: `${error.stack}\npicture: ${shot}\nconsole: ${log}`, seconds: seconds() });
    }
  }
  say({ case: 'only this machine', ok: window.external.length === 0, reason: 'requests to other machines', detail: window.external.join(' '), seconds: 0 });
} finally {
  await window?.close();
}
