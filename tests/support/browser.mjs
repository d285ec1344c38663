// Opens a page in headless Chromium, does the steps of a task and prints what came of them as JSON.
// task: {driver, chromium, url, size?, dark?, plain?, steps: [[action, ...]]}; a plain page is not a map
import process from 'node:process';
import { browser, task } from './chromium.mjs';

const problems = [], asked = [], results = [];
try {
  const context = await browser.newContext({
    viewport: task.size ?? { width: 1280, height: 800 }, colorScheme: task.dark ? 'dark' : 'light',
    reducedMotion: 'reduce', serviceWorkers: 'block',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(60000);
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => { if (message.type() === 'error') problems.push(message.text()); });
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(task.url);
  if (!task.plain) {
    await page.waitForFunction(() => window.codesearchMap && window.codesearchMap.ready);
    await page.evaluate(() => window.codesearchMap.ready);
  }
  for (const [action, ...given] of task.steps) {
    if (action === 'evaluate') results.push(await page.evaluate(given[0]));
    else if (action === 'shot') { await page.waitForTimeout(given[1] ?? 0); await page.screenshot({ path: given[0] }); }
    else if (action === 'press') await page.keyboard.press(given[0]);
    else if (action === 'type') await page.keyboard.type(given[0]);
    else if (action === 'click') await page.click(given[0]);
    else if (action === 'fill') await page.fill(given[0], given[1]);
    else if (action === 'reload') await page.reload();
    else if (action === 'select') await page.selectOption(given[0], given[1]);
    else if (action === 'move') await page.mouse.move(given[0], given[1]);
    else if (action === 'wait') {                  // not waitForFunction, which the page's own policy forbids
      const end = Date.now() + 60000, leaving = (error) => { if (!/context was destroyed|navigation/.test(error)) throw error; };
      while (!(await page.evaluate(given[0]).catch(leaving))) {
        if (Date.now() > end) throw new Error(`never came true: ${given[0]}`);
        await page.waitForTimeout(50);
      }
    }
    else if (action === 'lasso') {
      await page.keyboard.down('Shift');
      await page.mouse.move(...given[0][0]);
      await page.mouse.down();
      for (const at of given[0].slice(1)) await page.mouse.move(...at, { steps: 4 });
      await page.mouse.up();
      await page.keyboard.up('Shift');
    } else if (action === 'pdf') await page.pdf({ path: given[0], landscape: true });
    else if (action === 'tree') results.push(await page.locator('body').ariaSnapshot());
    else throw new Error(`no such step: ${action}`);
  }
} finally {
  await browser.close();
}
process.stdout.write(JSON.stringify({ results, problems, asked }));
