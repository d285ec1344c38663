// The extension's tests inside VS Code's extension host: opens the window that runs them, and waits for their report.
//     node host.mjs TASK.json
// Prints one JSON line for each test, as flow.mjs does for each case.
import fs from 'node:fs';
import path from 'node:path';
import { Window } from './window.mjs';

const task = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const remote = (file) => `vscode-remote://${new URL(task.url).host}${file}`;
task.payload = [
  ['extensionDevelopmentPath', remote(task.extension)],
  ['extensionTestsPath', remote(task.entry)],
];
fs.rmSync(task.report, { force: true });
const window = await Window.open(task);
try {
  const report = await window.until(
    'the tests do not end',
    () => fs.existsSync(task.report) && JSON.parse(fs.readFileSync(task.report, 'utf8')),
    20 * task.wait,
  );
  const bad = report.results.filter((one) => !one.ok).length;
  console.log(JSON.stringify({ case: 'all', ok: bad === 0, reason: 'tests failed', detail: String(bad), seconds: 0, data: null }));
  for (const { name, ok, error = '', seconds = 0 } of report.results)
    console.log(JSON.stringify({ case: name, ok, reason: ok ? '' : 'failed', detail: error, seconds, data: null }));
} catch (error) {
  await window.picture(path.join(task.shots, 'FAILED-host.png'));
  console.log(`${error.stack}\n${window.console.slice(-20).join('\n')}\npicture: ${task.shots}/FAILED-host.png`);
} finally {
  await window.close();
}
