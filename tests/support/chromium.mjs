// Reads a task from stdin and starts headless Chromium for it. The task is JSON with at least {driver, chromium}.
import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';

let text = '';
for await (const chunk of process.stdin) text += chunk;
export const task = JSON.parse(text);
const { chromium } = createRequire(path.join(task.driver, 'package.json'))('playwright-core');
export const browser = await chromium.launch({
  executablePath: task.chromium, headless: true,
  args: ['--no-sandbox', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--disable-dev-shm-usage'],
});
