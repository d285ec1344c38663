// A VS Code window in headless Chromium, seen and used as a person does: keys in, what is on the screen out.
// Every wait is for a condition; what a wait expected is in the message of its failure.
import { createRequire } from 'node:module';
import path from 'node:path';

const FLAGS = [
  '--no-sandbox', // tests run as root in a container
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** What a case found wrong; `reason` is short and stable: the negative controls compare it. */
export class Wrong extends Error {
  constructor(reason, detail = '') {
    super(detail ? `${reason}: ${detail}` : reason);
    this.reason = reason;
  }
}

export class Window {
  /** task: {driver, chromium, url, folder, wait, payload?, size?} */
  static async open(task) {
    const { chromium } = createRequire(path.join(task.driver, 'package.json'))('playwright-core');
    const browser = await chromium.launch({
      executablePath: task.chromium,
      headless: true,
      args: FLAGS,
      timeout: 4 * task.wait,
    });
    const [width, height] = task.size ?? [1100, 700];
    const context = await browser.newContext({ viewport: { width, height }, reducedMotion: 'reduce' });
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: new URL(task.url).origin });
    const window = new Window(task, browser, await context.newPage());
    await window.load();
    return window;
  }

  constructor(task, browser, page) {
    this.task = task;
    this.browser = browser;
    this.page = page;
    this.console = [];
    this.external = [];
    page.setDefaultTimeout(task.wait);
    page.on('console', (message) => this.console.push(`${message.type()}: ${message.text()}`));
    page.on('request', (request) => {
      const url = new URL(request.url());
      if (!url.protocol.startsWith('http') || url.hostname === '127.0.0.1') return;
      // A notebook's own files: the service worker of its web view answers from the server on this machine.
      if (/^vscode-remote\+127-002e0-002e0-002e1-[\w-]+\.vscode-resource\.vscode-cdn\.net$/.test(url.hostname)) return;
      this.external.push(request.url());
    });
    this.input = page.locator('.quick-input-widget input[type=text], .quick-input-widget input.input').first();
    this.rows = page.locator('.quick-input-list .monaco-list-row');
    this.keys = page.keyboard;
  }

  async load() {
    const query = new URLSearchParams(this.task.folder ? { folder: this.task.folder } : { ew: 'true' });
    if (this.task.payload) query.set('payload', JSON.stringify(this.task.payload));
    await this.page.goto(`${this.task.url}/?${query}`, { waitUntil: 'domcontentloaded', timeout: 4 * this.task.wait });
    // Without a folder there is no explorer to wait for.
    const shown = this.task.folder ? '.explorer-folders-view .monaco-list-row' : '.part.statusbar .statusbar-item';
    await this.page.locator(shown).first().waitFor({ timeout: 4 * this.task.wait });
  }

  async close() {
    await this.browser.close();
  }

  async picture(file, clip) {
    await this.page.screenshot({ path: file, ...(clip ? { clip } : {}) });
    return file;
  }

  /** Wait until `probe` gives something other than undefined, null, false; return it. */
  async until(reason, probe, wait = this.task.wait) {
    const end = Date.now() + wait;
    let seen;
    for (;;) {
      let found;
      try {
        found = await probe((value) => (seen = value));
      } catch (error) {
        if (this.page.isClosed()) throw error;
        seen = String(error);
      }
      if (found !== undefined && found !== null && found !== false) return found;
      if (Date.now() > end) throw new Wrong(reason, `after ${wait} ms; seen: ${JSON.stringify(seen)}`);
      await this.page.waitForTimeout(40);
    }
  }

  // Quick input ------------------------------------------------------------------------------------------------------

  async openPalette(text = '') {
    await this.keys.press('F1');
    await this.fill(text);
  }

  async closeQuickInput() {
    for (let i = 0; i < 5 && (await this.input.isVisible()); i++) {
      await this.keys.press('Escape');
      await this.input.waitFor({ state: 'hidden', timeout: 500 }).catch(() => undefined);
    }
  }

  /** Run a command by its title. The palette does not refresh: it is opened again until the command is there. */
  async command(title) {
    const row = this.rows.filter({ hasText: title }).first();
    const tried = async (see) => {
      await this.openPalette(`>${title}`);
      try {
        await row.waitFor({ timeout: 1000 });
      } catch {
        see(await this.rowTexts());
        await this.closeQuickInput();
        return false;
      }
      await row.click();
      return true;
    };
    await this.until(`no command ${title}`, tried, 2 * this.task.wait);
  }

  async chord(...keys) {
    for (const key of keys) await this.keys.press(key);
  }

  /** What a person reads in the list, row by row: {label, description, detail, aria}. */
  async rowTexts() {
    return await this.rows.evaluateAll((rows) =>
      rows
        .map((row) => {
          // A row's element is used again for another row: what is left of the old one is not displayed.
          const text = (selector) =>
            [...row.querySelectorAll(selector)].find((one) => one.checkVisibility())?.textContent ?? '';
          return {
            index: Number(row.getAttribute('data-index')),
            label: text('.quick-input-list-row .label-name'),
            description: text('.quick-input-list-row .label-description'),
            detail: text('.quick-input-list-label-meta'),
            separator: text('.quick-input-list-separator'),
            aria: row.getAttribute('aria-label') ?? '',
            focused: row.classList.contains('focused'),
          };
        })
        .sort((a, b) => a.index - b.index),
    );
  }

  /** Press a button of the quick input, or of a row, by what it says. */
  async button(name, row) {
    const place = row === undefined ? this.page.locator('.quick-input-widget') : this.rows.and(this.page.locator(`[data-index="${row}"]`));
    if (row !== undefined) await place.hover();
    await place.locator(`.action-label[aria-label="${name}"]`).first().click();
  }

  /** Click the row with that label, in a list of choices; it is typed if the list is too long to show it. */
  async pick(label) {
    const row = await this.until(`no row ${label}`, async (see) => {
      const rows = await this.rowTexts();
      see(rows.map((one) => one.label));
      const found = rows.find((one) => one.label.trim() === label);
      // The list that is being left has a question in its input.
      if (!found && rows.length && (await this.input.inputValue()) === '') await this.keys.type(label);
      return found;
    });
    await this.rows.and(this.page.locator(`[data-index="${row.index}"]`)).click();
  }

  async quickTitle() {
    return (await this.page.locator('.quick-input-titlebar .quick-input-title').textContent().catch(() => '')) ?? '';
  }

  /** True while an answer is awaited. */
  async busy() {
    return await this.page.locator('.quick-input-widget .monaco-progress-container.active').first().isVisible();
  }

  /** Replace what stands in the input, as by typing. */
  async fill(text, delay = 0) {
    await this.until('the input has no focus', () => this.input.evaluate((input) => input === document.activeElement));
    await this.keys.press('Control+a');
    if (text) await this.keys.type(text, { delay });
    else await this.keys.press('Delete');
    await this.until('what is typed is not in the input', async (see) => {
      const value = await this.input.inputValue();
      see(value);
      return value === text;
    });
  }

  // Editors ----------------------------------------------------------------------------------------------------------

  /** {file, line, groups, preview, lines}: the active editor; `lines` are the line numbers on the screen. */
  async editor() {
    return await this.page.evaluate(() => {
      const group = document.querySelector('.editor-group-container.active');
      const tab = group?.querySelector('.tab.active');
      const status = document.querySelector('.statusbar-item[id="status.editor.selection"]')?.textContent ?? '';
      const place = /Ln (\d+), Col (\d+)/.exec(status.replaceAll('\u00a0', ' '));
      const numbers = [...(group?.querySelectorAll('.monaco-editor .margin .line-numbers') ?? [])];
      return {
        file: tab?.getAttribute('data-resource-name') ?? null,
        title: tab?.querySelector('.monaco-icon-label')?.getAttribute('aria-label') ?? tab?.getAttribute('aria-label') ?? '',
        preview: Boolean(tab?.querySelector('.monaco-icon-label.italic')),
        line: place ? Number(place[1]) : null,
        column: place ? Number(place[2]) : null,
        groups: document.querySelectorAll('.editor-group-container').length,
        tabs: [...document.querySelectorAll('.tab')].map((one) => one.getAttribute('data-resource-name')),
        focused: Boolean(document.activeElement?.closest('.editor-group-container.active .monaco-editor')),
        lines: numbers.map((one) => Number(one.textContent)).sort((a, b) => a - b),
      };
    });
  }

  /** {file, cell, shown, focused}: the notebook editor: the number of its selected cell, the code on the screen, and that of the cell with the cursor. */
  async notebook() {
    return await this.page.evaluate(() => {
      const text = (node) => (node?.textContent ?? '').replaceAll('\u00a0', ' ');
      // The cells are not inside the group of the editor, but above it.
      const visible = [...document.querySelectorAll('.notebookOverlay')].find((one) => one.checkVisibility({ visibilityProperty: true }));
      const status = [...document.querySelectorAll('.statusbar-item')].map(text).find((one) => /Cell \d+ of/.test(one));
      const editor = document.activeElement?.closest('.notebookOverlay .monaco-editor');
      return {
        file: document.querySelector('.editor-group-container.active .tab.active')?.getAttribute('data-resource-name') ?? null,
        cell: status ? Number(/Cell (\d+) of/.exec(status)[1]) : null,
        shown: [...(visible?.querySelectorAll('.view-lines') ?? [])].map(text).join('\n'),
        focused: text(editor?.querySelector('.view-lines')),
      };
    });
  }

  /** Wait for the editor of `file` to show `line`; with `at`, for the cursor and the focus to be there. */
  async shows(reason, file, line, { at = false, preview } = {}) {
    const name = path.basename(file);
    return await this.until(reason, async (see) => {
      const editor = await this.editor();
      see({ ...editor, wanted: [name, line] });
      if (editor.file !== name || (preview !== undefined && editor.preview !== preview)) return false;
      return (at ? editor.line === line && editor.focused : editor.lines.includes(line)) && editor;
    });
  }

  /** Open a file of the folder, and go to a line. */
  async openFile(file, line) {
    // A whole path is found without a search of the folder, for which a program would be needed.
    await this.openPalette(path.join(this.task.folder, file));
    const name = path.basename(file);
    await this.until('the file was not found', async (see) => {
      const rows = await this.rowTexts();
      see(rows);
      return rows[0]?.label.trim() === name;
    });
    await this.keys.press('Enter');
    await this.until('the file was not opened', async (see) => {
      const editor = await this.editor();
      see(editor);
      return editor.file === name && editor.line !== null;
    });
    await this.goToLine(file, line);
  }

  /** As with Ctrl+G. */
  async goToLine(file, line) {
    await this.openPalette(`:${line}`);
    // Enter does nothing until the list has understood what was typed; a second Enter would be typed into the file.
    await this.until('Ctrl+G does not understand the line', async (see) => {
      const [row] = await this.rowTexts();
      see(row);
      return row?.focused && new RegExp(`\\bline ${line}\\b`, 'i').test(`${row.label} ${row.aria}`);
    });
    await this.keys.press('Enter');
    await this.input.waitFor({ state: 'hidden' });
    await this.shows('the cursor is not in the line', file, line, { at: true });
  }

  /** Press a key until the cursor is there: on a busy machine the jump to a line may come after the key. */
  async cursor(key, line, column) {
    await this.until(`${key} does not lead to ${line}:${column}`, async (see) => {
      await this.keys.press(key);
      await this.page.waitForTimeout(100);
      const editor = await this.editor();
      see(editor);
      return editor.line === line && editor.column === column;
    });
  }

  /** The key of Go Back on Linux: the palette lists several commands of that name. */
  async goBack() {
    await this.keys.press('Control+Alt+Minus');
  }

  /** As a case finds it: nothing asked, nothing open, the explorer in the side bar. */
  async reset() {
    await this.closeQuickInput();
    const tabs = this.page.locator('.tab');
    // It asks about a file that is not saved, and takes no other key until it is told.
    const discard = this.page.locator('.monaco-dialog-box .monaco-button', { hasText: "Don't Save" });
    const closed = (wait) =>
      this.until('editors stay open', async () => {
        if (await discard.isVisible()) await discard.click();
        return (await tabs.count()) === 0;
      }, wait);
    if (await tabs.count()) {
      await this.chord('Control+k', 'Control+w');
      await closed(1000).catch(async () => {
        await this.command('View: Close All Editors');
        await closed();
      });
    }
    if ((await this.editor()).groups > 1) await this.command('View: Close All Editor Groups');
    if ((await this.notifications()).length) await this.command('Notifications: Clear All Notifications');
    if (!(await this.page.locator('.explorer-folders-view .monaco-list-row').first().isVisible()))
      await this.command('View: Show Explorer');
  }

  /** Paste, so that nothing is completed or indented. */
  async paste(text) {
    await this.page.evaluate((value) => navigator.clipboard.writeText(value), text);
    await this.keys.press('Control+v');
    const line = text.split('\n').find((one) => one.trim()).trim();
    await this.until('nothing is pasted', async (see) => {
      const shown = await this.page.locator('.editor-group-container.active .view-lines').first().innerText();
      see(shown);
      return shown.replaceAll('\u00a0', ' ').includes(line);
    });
  }

  // Side bar ---------------------------------------------------------------------------------------------------------

  /** The rows of the tree in the side bar's view of that name: {level, label, description, aria, focused, expanded}. */
  async tree(name) {
    const rows = this.page.locator(`.pane:has(.pane-header[aria-label^="${name}"]) .pane-body .monaco-list-row`);
    return await rows.evaluateAll((all) =>
      all
        .map((row) => ({
          index: Number(row.getAttribute('data-index')),
          level: Number(row.getAttribute('aria-level')),
          label: row.querySelector('.label-name')?.textContent ?? '',
          description: row.querySelector('.label-description')?.textContent ?? '',
          aria: row.getAttribute('aria-label') ?? '',
          focused: row.classList.contains('focused'),
          selected: row.classList.contains('selected'),
        }))
        .sort((a, b) => a.index - b.index),
    );
  }

  /** The message at the top of the side bar's view of that name; empty if there is none. */
  async viewMessage(name) {
    const message = this.page.locator(`.pane:has(.pane-header[aria-label^="${name}"]) .tree-explorer-viewlet-tree-view .message`).first();
    return (await message.isVisible()) ? ((await message.textContent()) ?? '') : '';
  }

  // Messages, status bar ---------------------------------------------------------------------------------------------

  async notifications() {
    return await this.page.locator('.notification-toast .notification-list-item').evaluateAll((items) =>
      items.map((item) => ({
        text: item.querySelector('.notification-list-item-message')?.textContent ?? '',
        buttons: [...item.querySelectorAll('.notification-list-item-buttons-container .monaco-button')].map(
          (button) => button.textContent,
        ),
      })),
    );
  }

  statusItem() {
    return this.page.locator('.statusbar-item[id*="codesearch" i]').first();
  }

  /** {text, aria, kind} of our item in the status bar, or null. */
  async status() {
    const item = this.statusItem();
    if (!(await item.isVisible())) return null;
    return await item.evaluate((node) => ({
      text: node.textContent.replaceAll('\u00a0', ' ').trim(),
      aria: node.querySelector('[aria-label]')?.getAttribute('aria-label') ?? node.getAttribute('aria-label') ?? '',
      icons: [...node.querySelectorAll('.codicon')].map((one) => one.className),
      kind: node.className.includes('error-kind') ? 'error' : node.className.includes('warning-kind') ? 'warning' : '',
    }));
  }
}
