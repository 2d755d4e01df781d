// Every lesson against what it did when someone last looked: tests/golden/expected/NAME.txt, one paragraph a step.
//
//     line:  statement  =  result
//         what happened, one line an event
//
// A difference is either a bug or a change that was meant. In the second case write the files anew with
//     GOLDEN_UPDATE=1 node --test tests/golden
// and read the diff before committing it. Long lessons are compared up to a bound.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { root, run } from '../http/support.mjs';

const STEPS = 120;
const EVENTS = 40;
const folder = join(root, 'tests/golden');

function lessons() {
  return ['scenarios', 'tests/golden']
    .filter((name) => existsSync(join(root, name)))
    .flatMap((name) => readdirSync(join(root, name), { withFileTypes: true, recursive: true }))
    .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
    .map((entry) => join(entry.path, entry.name))
    .sort();
}

/** The file that says what a lesson did: the lesson's own path keeps the names apart. */
function expectedFile(lesson) {
  const name = lesson.startsWith(folder) ? basename(lesson, '.md') : lesson.slice(join(root, 'scenarios').length + 1, -3).replaceAll('/', '_');
  return join(folder, 'expected', `${name}.txt`);
}

async function play(lesson) {
  const { status, stdout, stderr } = await run(['run', lesson, '--json']);
  assert.ok(status === 0 || status === 1, stderr);
  const lines = [];
  for (const text of stdout.split('\n').filter(Boolean).slice(0, STEPS)) {
    const step = JSON.parse(text);
    lines.push(`${step.line}:  ${step.statement}${step.result ? `  =  ${step.result}` : ''}`);
    for (const event of step.events.slice(0, EVENTS)) lines.push(`    ${event.say.replaceAll('\n', '\n    ')}`);
    if (step.events.length > EVENTS) lines.push(`    … ${step.events.length - EVENTS} more`);
  }
  return `${lines.join('\n')}\n`;
}

for (const lesson of lessons())
  test(lesson.slice(root.length + 1), async () => {
    const file = expectedFile(lesson);
    const got = await play(lesson);
    if (process.env.GOLDEN_UPDATE) {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, got);
    }
    assert.ok(existsSync(file), `${file} is missing: GOLDEN_UPDATE=1 node --test tests/golden writes it`);
    assert.equal(got, readFileSync(file, 'utf8'));
  });

test('nothing is expected of a lesson that is gone', () => {
  const known = new Set(lessons().map(expectedFile));
  for (const name of readdirSync(join(folder, 'expected'))) assert.ok(known.has(join(folder, 'expected', name)), name);
});
