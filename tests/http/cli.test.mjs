// The command line as scripts see it: exit status, what goes to stdout and what to stderr.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { LESSON, folder, root, run } from './support.mjs';

const MACHINE = LESSON.slice(0, LESSON.indexOf('```c'));
const lesson = (code) => `${MACHINE}\`\`\`c\n${code}\n\`\`\`\n`;
/** The line of the file on which the code of lesson() begins. */
const FIRST = MACHINE.split('\n').length + 1;

let files;
before(() => {
  files = folder({
    'good.md': LESSON,
    'syntax.md': lesson('int x = 1;\nint y = ;'),
    'name.md': lesson('struct page *p = aloc_page(GFP_KERNEL);'),
    'assert.md': lesson('int x = 1;\nassert(x == 2);'),
    'endless.md': lesson('int x = 0;\nfor (;;)\n    x++;'),
    'setting.md': LESSON.replace('"cpus"', '"cpsu"'),
    'nul.md': 'text\n# a\0b\n',
    'empty.json': '{}',
    'not.json': 'this is not JSON',
    'damaged.json.gz': gzipSync('{"ops":[]}').subarray(0, 20),
  });
});
after(() => files.remove());

describe('the program', () => {
  test('explains itself on stdout when asked, on stderr when misused', async () => {
    const help = await run(['--help']);
    assert.equal(help.status, 0);
    for (const command of ['serve', 'run', 'snapshot', 'check', 'proc', 'verify', 'list']) assert.match(help.stdout, new RegExp(`^  ${command} `, 'm'));
    assert.equal(help.stderr, '');
    const nothing = await run([]);
    assert.deepEqual([nothing.status, nothing.stdout], [2, '']);
    assert.match(nothing.stderr, /usage:/);
  });

  test('knows its version', async () => {
    const { status, stdout } = await run(['--version']);
    assert.equal(status, 0);
    assert.match(stdout, /^lookaside \d+\.\d+\.\d+\n$/);
  });

  test('has help for every command', async () => {
    for (const command of ['serve', 'run', 'snapshot', 'check', 'proc', 'verify', 'list']) {
      const help = await run([command, '--help']);
      assert.equal(help.status, 0, command);
      assert.match(help.stdout, new RegExp(`^usage: lookaside ${command} `));
    }
  });

  test('lists what a lesson may use', async () => {
    const settings = await run(['list', 'settings']);
    assert.equal(settings.status, 0);
    assert.match(settings.stdout, /^memory\n    "128M"\n    Memory of all nodes/m);
    for (const line of settings.stdout.split('\n')) assert.ok(line.length <= 100, line);
    const calls = await run(['list', 'calls', 'alloc_bootmem_low']);
    assert.match(calls.stdout, /^alloc_bootmem_low_pages\n    void \*alloc_bootmem_low_pages\(.*\n.*\n    until 4\.20, now memblock/m);
    assert.doesNotMatch(calls.stdout, /^kmalloc$/m);
    assert.match((await run(['list', 'calls', 'get_cpu_var'])).stdout, /^get_cpu_var\n    get_cpu_var\(var\)\n    Preemption off/m);
    assert.doesNotMatch((await run(['list', 'calls', 'get_cpu_ptr'])).stdout, /__get_cpu_ptr/);
    assert.match((await run(['list', 'flags', 'ATOMIC'])).stdout, /^GFP_ATOMIC\n    Cannot sleep/m);
    assert.match((await run(['list', 'flags', 'POISON'])).stdout, /^SLAB_POISON\n    Free objects/m);
    const none = await run(['list', 'flags', 'nothing_like_it']);
    assert.deepEqual([none.status, none.stdout], [1, '']);
    const wrong = await run(['list', 'planets']);
    assert.deepEqual([wrong.status, wrong.stdout], [2, '']);
    assert.match(wrong.stderr, /settings, calls and flags/);
  });

  test('refuses unknown commands, options and missing or extra operands with status 2', async () => {
    const wrong = [
      ['fly'], ['run'], ['run', '--fast', files.file('good.md')], ['run', '-x', files.file('good.md')], ['snapshot'],
      ['snapshot', 'a', 'b'], ['check'], ['proc', files.file('good.md')], ['verify'], ['list'], ['serve', 'now'], ['run', '--json=1', files.file('good.md')],
      ['snapshot', files.file('good.md'), '--step'], ['snapshot', files.file('good.md'), '--step', '-1'], ['snapshot', files.file('good.md'), '--step', '1.5'],
    ];
    for (const args of wrong) {
      const { status, stdout, stderr } = await run(args);
      assert.equal(status, 2, args.join(' '));
      assert.equal(stdout, '', args.join(' '));
      assert.match(stderr, /^lookaside: /, args.join(' '));
    }
  });

  test('says which file it could not read', async () => {
    for (const args of [['run'], ['check'], ['snapshot'], ['verify'], ['proc', 'buddyinfo']]) {
      const { status, stderr } = await run([args[0], files.file('none.md'), ...args.slice(1)]);
      assert.equal(status, 2);
      assert.match(stderr, /none\.md: No such file/);
    }
  });
});

describe('run', () => {
  test('prints a JSON object a step, with the promised members in order', async () => {
    const { status, stdout, stderr } = await run(['run', files.file('good.md'), '--json']);
    assert.deepEqual([status, stderr], [0, '']);
    const steps = stdout.trimEnd().split('\n').map((line) => JSON.parse(line));
    assert.deepEqual(steps.map((step) => step.step), [1, 2]);
    assert.deepEqual(steps.map((step) => step.line), [8, 9]);
    for (const step of steps) assert.deepEqual(Object.keys(step), ['step', 'line', 'statement', 'result', 'events', 'hash']);
    assert.match(steps[0].statement, /alloc_page\(GFP_KERNEL\)/);
    assert.notEqual(steps[0].hash, steps[1].hash);
  });

  test('says which thread ran each statement of a program that makes some', async () => {
    const file = join(root, 'scenarios/04-processors/02-the-lost-update.md');
    const steps = (await run(['run', '--json', file])).stdout.trimEnd().split('\n').map((line) => JSON.parse(line));
    assert.deepEqual([...new Set(steps.map((step) => step.thread))], ['insmod', 'A', 'B', 'slow A', 'slow B', 'safe A', 'safe B']);
    assert.ok(steps.every((step) => Number.isInteger(step.cpu)));
    assert.ok((await run(['run', file])).stdout.split('\n').filter((line) => /^ +\d+ /.test(line)).every((line) => /   \[.+, CPU \d\]$/.test(line)));
    assert.match((await run(['run', file])).stdout, /int old = \*p   = 5   \[A, CPU 0\]\n/);
    const handler = join(root, 'scenarios/03-addresses/04-not-in-an-interrupt.md');
    const { stdout } = await run(['run', handler]);
    assert.match(stdout, /\[interrupt 5 in insmod, CPU 0\]\n/);
    assert.doesNotMatch(stdout, /\[insmod/); /* no threads: only handlers are marked */
  });

  test('gives the same bytes every time', async () => {
    const [one, two] = await Promise.all([run(['run', '--json', files.file('good.md')]), run(['run', '--json', files.file('good.md')])]);
    assert.equal(one.stdout, two.stdout);
  });

  test('prints a listing for people; --explain adds what happened inside', async () => {
    const plain = await run(['run', files.file('good.md')]);
    const explained = await run(['run', files.file('good.md'), '--explain']);
    assert.equal(plain.status, 0);
    assert.match(plain.stdout, /__free_page\(one\)/);
    assert.match(plain.stdout, /\n2 steps\n$/);
    assert.ok(explained.stdout.split('\n').length > plain.stdout.split('\n').length);
  });

  test('reads standard input as -', async () => {
    const { status, stdout } = await run(['run', '--json', '-'], LESSON);
    assert.equal(status, 0);
    assert.equal(stdout.trimEnd().split('\n').length, 2);
  });

  test('fails with 1 when the program does not reach its end', async () => {
    const wrong = await run(['run', '--json', files.file('assert.md')]);
    assert.equal(wrong.status, 1);
    assert.match(wrong.stderr, new RegExp(`assert\\.md:${FIRST + 1}:1: the program stopped here: .*x == 2`));
    const endless = await run(['run', files.file('endless.md')]);
    assert.equal(endless.status, 1);
    assert.match(endless.stderr, new RegExp(`endless\\.md:(${FIRST + 1}|${FIRST + 2}):\\d+: the program did not end`));
  });

  test('fails with 2 and the place when the input cannot run', async () => {
    for (const [name, line] of [['syntax.md', FIRST + 1], ['name.md', FIRST], ['setting.md', 4], ['nul.md', 2]]) {
      const { status, stdout, stderr } = await run(['run', '--json', files.file(name)]);
      assert.equal(status, 2, name);
      assert.equal(stdout, '', name);
      assert.match(stderr, new RegExp(`^\\S*${name}:${line}:\\d+: `), name);
    }
  });
});

describe('check', () => {
  test('passes a good lesson, quietly on stderr', async () => {
    const { status, stdout, stderr } = await run(['check', files.file('good.md'), files.file('good.md')]);
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(stdout, /good\.md: ok, 2 steps\n.*good\.md: ok/);
  });

  test('fails with 1 and the place of what is wrong, and still checks the rest', async () => {
    for (const [name, line] of [['syntax.md', FIRST + 1], ['name.md', FIRST], ['assert.md', FIRST + 1], ['endless.md', FIRST + 1], ['setting.md', 4]]) {
      const { status, stdout, stderr } = await run(['check', files.file(name), files.file('good.md')]);
      assert.equal(status, 1, name);
      assert.match(stderr, new RegExp(`^\\S*${name}:${line}:\\d+: `, 'm'), name);
      assert.match(stdout, /good\.md: ok/, name);
    }
  });

  test('passes every lesson of this project', async () => {
    const scenarios = join(root, 'scenarios');
    const lessons = readdirSync(scenarios, { recursive: true }).filter((path) => path.endsWith('.md'));
    const { status, stderr } = await run(['check', ...lessons.map((path) => join(scenarios, path))]);
    assert.deepEqual([status, stderr], [0, '']);
  });

  test('helps with a name that is nearly right', async () => {
    assert.match((await run(['check', files.file('name.md')])).stderr, /alloc_page/);
    assert.match((await run(['check', files.file('setting.md')])).stderr, /cpus/);
  });
});

describe('snapshot and proc', () => {
  test('snapshot prints the machine at a step, by default the last', async () => {
    const at = async (...args) => JSON.parse((await run(['snapshot', files.file('good.md'), ...args])).stdout);
    const [start, one, end] = [await at('--step', '0'), await at('--step', '1'), await at()];
    assert.deepEqual([start.step, one.step, end.step], [0, 1, 2]);
    const free = (state) => state.snapshot.zones.zones.reduce((sum, zone) => sum + zone.free, 0);
    assert.deepEqual([free(start) - free(one), free(start) - free(end)], [1, 0]);
  });

  test('proc prints the text as it is', async () => {
    const { status, stdout } = await run(['proc', files.file('good.md'), 'buddyinfo', '--step', '0']);
    assert.equal(status, 0);
    assert.match(stdout, /^Node 0, zone +\w+( +\d+){11} *\n$/m);
  });

  test('a step or a name that does not exist is bad input', async () => {
    const step = await run(['snapshot', files.file('good.md'), '--step', '3']);
    assert.equal(step.status, 2);
    assert.match(step.stderr, /the program ends after 2/);
    const name = await run(['proc', files.file('good.md'), 'buddyinf']);
    assert.deepEqual([name.status, name.stdout], [2, '']);
  });
});

describe('verify', () => {
  const recordings = join(root, 'tests/truth');
  const names = existsSync(recordings) ? readdirSync(recordings).filter((name) => /\.json(\.gz)?$/.test(name)) : [];
  for (const name of names)
    test(`replays ${name} without a difference`, async () => {
      const { status, stdout } = await run(['verify', join(recordings, name)]);
      assert.match(stdout.trimEnd().split('\n').at(-1), /^[1-9]\d* compared, 0 differ$/);
      assert.equal(status, 0);
    });

  test('refuses what is no recording, and still sums up', async () => {
    for (const name of ['empty.json', 'not.json', 'damaged.json.gz']) {
      const { status, stdout, stderr } = await run(['verify', files.file(name)]);
      assert.equal(status, 2, name);
      assert.match(stderr, new RegExp(name.replaceAll('.', '\\.')), name);
      assert.equal(stdout, '0 compared, 0 differ\n', name);
    }
  });
});
