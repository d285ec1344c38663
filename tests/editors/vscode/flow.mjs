// The UI flow: each case is what a person does in a window, one after another in the same window.
//     node flow.mjs TASK.json
// Prints one JSON line for each case: {case, ok, reason, detail, seconds, data}; a picture of each failure lies in task.shots.
import fs from 'node:fs';
import path from 'node:path';
import { Window, Wrong } from './window.mjs';

const FIND = 'Codesearch: Find Code by Meaning';
const SIMILAR = 'Codesearch: Find Similar Functions';

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

async function ask(window, question, { delay = 15 } = {}) {
  if (!(await window.input.isVisible())) {
    await window.command(FIND);
    await window.page.locator('.quick-input-widget:not([style*="display: none"])').waitFor();
    await window.until('the question has no input', async () =>
      /words|meaning|code/i.test((await window.input.getAttribute('placeholder')) ?? ''),
    );
  }
  await window.fill(question, delay);
}

/** Ask, and wait until the answer is the first one. */
async function askAndSee(window, question, wanted) {
  await ask(window, question);
  return await window.until('the right function is not first', async (see) => {
    const rows = await answers(window);
    see(rows.slice(0, 3));
    const at = rows[0] && place(rows[0]);
    return rows[0] && name(rows[0]) === wanted.name && at.path === wanted.path && at.line === wanted.line && rows;
  });
}

const cases = {
  /** Palette, question, right function first, preview follows, Enter opens at the line. */
  async find(window, task) {
    const rows = await askAndSee(window, task.query, task.answer);
    if (!rows[0].detail.includes(task.answer.signature) && !rows[0].description.includes(task.answer.signature))
      throw new Wrong('no signature', JSON.stringify(rows[0]));
    if (!rows[0].aria.includes(task.answer.name)) throw new Wrong('a screen reader is told nothing', rows[0].aria);
    await window.shows('no preview', task.answer.path, task.answer.line, { preview: true });
    await window.shot('find');
    await window.keys.press('ArrowDown');
    const second = await window.until('the arrow does not move', async () => {
      const all = await answers(window);
      return all[1]?.focused && all[1];
    });
    const at = place(second);
    await window.shows('the preview does not follow', at.path, at.line, { preview: true });
    await window.shot('find-moved');
    await window.keys.press('ArrowUp');
    await window.shows('the preview does not come back', task.answer.path, task.answer.line);
    await window.keys.press('Enter');
    await window.input.waitFor({ state: 'hidden' });
    const editor = await window.shows('it does not open at the line', task.answer.path, task.answer.line, { at: true });
    await window.shot('find-opened');
    return { rows: rows.slice(0, 3), editor };
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
    await askAndSee(window, task.query, task.answer);
    await window.shows('no preview', task.answer.path, task.answer.line);
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
    await askAndSee(window, task.query, task.answer);
    await window.shows('no preview', task.answer.path, task.answer.line);
    await window.keys.press('Escape');
    await window.input.waitFor({ state: 'hidden' });
    await window.until('Escape leaves a preview', async (see) => {
      const { tabs } = await window.editor();
      see(tabs);
      return tabs.length === 0;
    });
  },
};

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
