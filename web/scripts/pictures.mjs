// The pictures of README.md, made by the current build: `make pictures`.
//
// Starts the program on a port of its own, opens lessons at a step that shows something, and writes web/pictures/*.png.

import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from '@playwright/test';

const PORT = 8479;
const root = fileURLToPath(new URL('../..', import.meta.url));
const out = fileURLToPath(new URL('../pictures/', import.meta.url));

/** name, lesson, text of the statement to stop at, window, colours */
const PICTURES = [
  { name: 'light', lesson: '01-pages/03-three-zones.md', until: 'struct page *next', width: 1440, height: 900, scheme: 'light' },
  { name: 'dark', lesson: '02-objects/01-a-cache-is-born-and-fills.md', until: 'struct request *again', width: 1440, height: 900, scheme: 'dark' },
  { name: 'virtual', lesson: '03-addresses/01-scattered-pages-one-address.md', until: 'char *other', width: 1440, height: 900, scheme: 'light' },
  { name: 'phone', lesson: '01-pages/01-splitting-and-merging.md', until: 'struct page *one', width: 390, height: 844, scheme: 'light' },
];

/** The number of the first step whose statement contains @text. */
async function stepOf(lesson, text) {
  const post = async (path, body) => (await fetch(`http://127.0.0.1:${PORT}/api/v1/sessions${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })).json();
  const source = await (await fetch(`http://127.0.0.1:${PORT}/api/v1/lessons/${lesson}`)).text();
  const { session } = await post('', {});
  await post(`/${session}`, { op: 'open', name: lesson, source });
  for (;;) {
    const { result } = await post(`/${session}`, { op: 'step' });
    if (result.position.last.statement.includes(text)) return result.position.step;
    if (result.position.stopped !== 'count') throw new Error(`${lesson}: no statement contains ${text}`);
  }
}

async function ready() {
  for (let tries = 0; tries < 200; tries++) {
    if (await fetch(`http://127.0.0.1:${PORT}/api/v1/status`).then((reply) => reply.ok, () => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the program did not start');
}

async function take(browser, { name, lesson, until, width, height, scheme }) {
  const page = await browser.newPage({ viewport: { width, height }, colorScheme: scheme, reducedMotion: 'reduce' });
  const say = page.getByRole('contentinfo').locator('[aria-live]');
  const step = await stepOf(lesson, until);
  await page.goto(`http://127.0.0.1:${PORT}/#lesson=${lesson}`);
  await say.getByText('Step 0 of').waitFor();
  for (let n = 1; n <= step; n++) {
    await page.keyboard.press('ArrowRight');
    await say.getByText(`Step ${n} of`).waitFor();
  }
  await page.screenshot({ path: `${out}${name}.png`, animations: 'disabled' });
  await page.close();
}

mkdirSync(out, { recursive: true });
const program = spawn(`${root}build/lookaside`, ['serve', '--port', String(PORT)], { stdio: 'ignore' });
try {
  await ready();
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium' });
  for (const picture of PICTURES) await take(browser, picture);
  await browser.close();
} finally {
  program.kill();
}
