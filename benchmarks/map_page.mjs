// Opens the page of a map in headless Chromium and moves it; prints what that took as JSON. Used by map_page.py.
// stdin: {driver, chromium, url, frames}
import process from 'node:process';
import { browser, task } from '../tests/support/chromium.mjs';

const MOVE = async ([mode, frames]) => {           // "still": only a dot moves; else the map, in a circle of 300 pixels
  const { view, perf, moved, drawn, rests } = window.codesearchMap, dot = document.createElement('div');
  dot.style.cssText = 'position: fixed; inset: 0 auto auto 0; width: 2px; height: 2px; background: red; will-change: transform';
  document.body.append(dot);
  view.zoom = mode === 'close' ? 4 : 1;
  moved();
  await new Promise((rested) => { const wait = () => (rests() ? rested() : setTimeout(wait, 20)); wait(); });
  const x = view.x, y = view.y, far = 300 / window.codesearchMap.unit(), draws = drawn(), start = performance.now();
  perf.frames.length = 0;
  for (let frame = 0; frame < frames; frame++) {
    if (mode === 'still') dot.style.transform = `translate(${frame}px, 0)`;
    else { view.x = x + far * Math.sin(frame / 20); view.y = y + far * (1 - Math.cos(frame / 20)); moved(); }
    await new Promise(requestAnimationFrame);
  }
  dot.remove();
  const work = [...perf.frames].sort((a, b) => a - b);
  return { frames, seconds: (performance.now() - start) / 1000, draws: drawn() - draws, work: work[work.length >> 1] ?? 0 };
};
try {
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' })).newPage();
  const session = await browser.newBrowserCDPSession();
  const used = async () => {                       // seconds of the processor, by kind of process
    const found = {};
    for (const one of (await session.send('SystemInfo.getProcessInfo')).processInfo) found[one.type] = (found[one.type] ?? 0) + one.cpuTime;
    return found;
  };
  const since = (before, after) => ({ page: after.renderer - before.renderer, gpu: (after.GPU ?? 0) - (before.GPU ?? 0) });
  page.setDefaultTimeout(120000);
  await page.goto('about:blank');
  const start = await used();
  await page.goto(task.url);
  await page.waitForFunction(() => window.codesearchMap?.perf.opened > 0);
  const out = { opened: since(start, await used()) };
  await page.evaluate(() => window.codesearchMap.ready);
  out.clock = await page.evaluate(() => window.codesearchMap.perf.opened / 1000);
  out.renderer = await page.evaluate(() => window.codesearchMap.renderer);
  out.moves = {};
  for (const mode of ['still', 'far', 'close']) {
    await page.evaluate(MOVE, [mode, 3]);          // warm-up
    const before = await used(), move = await page.evaluate(MOVE, [mode, task.frames]);
    out.moves[mode] = { ...move, ...since(before, await used()) };
  }
  process.stdout.write(JSON.stringify(out));
} finally {
  await browser.close();
}
