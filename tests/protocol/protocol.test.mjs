// Every reply of the engine against core/protocol/protocol.schema.json.
//
//   lesson ──> session() ──request──> engine ──reply──> validate(op, reply)
//                  ^───────────────────────────────────────┘ the next request depends on it
//
// All lessons are played through one script that uses every operation. At the end no operation, no section of a
// snapshot and no reason for stopping may be left without a reply that was checked. A second part sends what is wrong:
// each reply must be an error with a message, and the engine must go on working as if nothing had been said.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { root, startServer } from '../http/support.mjs';
import { Schema } from './schema.mjs';

const schema = new Schema(JSON.parse(readFileSync(join(root, 'core/protocol/protocol.schema.json'), 'utf8')));
const { description: _, ...requests } = schema.at('#/$defs/requests');
const covered = {
  ops: new Set(), sections: new Set(), stops: new Set(), statuses: new Set(), errors: new Set(),
  lists: new Set(), states: new Set(), parts: new Set(), named: new Set(), pools: new Set(),
};

function lessons() {
  const files = [];
  for (const folder of ['scenarios', 'tests/golden'])
    if (existsSync(join(root, folder)))
      for (const entry of readdirSync(join(root, folder), { withFileTypes: true, recursive: true }))
        if (entry.isFile() && entry.name.endsWith('.md')) files.push(join(entry.path, entry.name));
  return files.sort();
}

/** Collects what was seen anywhere inside a result. */
function cover(value) {
  if (Array.isArray(value)) value.forEach(cover);
  else if (value && typeof value === 'object') {
    if ('stopped' in value) covered.stops.add(value.stopped);
    if ('statement' in value) covered.statuses.add(value.status);
    for (const part of [value.delta, value.snapshot]) for (const name of Object.keys(part ?? {})) covered.sections.add(name);
    if (Array.isArray(value.caches?.caches)) value.caches.caches.forEach(coverCache);
    if (Array.isArray(value.pools?.pools)) for (const pool of value.pools.pools) covered.pools.add(pool.kind);
    if (value.facts) for (const part of value.bytes ?? []) covered.named.add(part.what);
    Object.values(value).forEach(cover);
  }
}

/** Notes what a cache shows, and that its numbers agree with each other. */
function coverCache(cache) {
  let at = 0;
  for (const part of cache.layout) {
    covered.parts.add(part.what);
    assert.equal(part.offset, at, `${cache.name}: the layout has a hole before ${part.what}`);
    at += part.bytes;
  }
  assert.equal(at, cache.size, `${cache.name}: the layout does not cover the slot`);
  for (const slab of cache.slabs) {
    covered.lists.add(slab.list);
    for (const letter of slab.state) covered.states.add(letter);
    assert.equal(slab.state.length, slab.objects, `${cache.name}, slab ${slab.id}`);
    for (const slot of slab.freelist) assert.match(slab.state[slot], /[fc]/, `${cache.name}, slab ${slab.id}: slot ${slot} is on a freelist`);
  }
  if (cache.nr_slabs <= cache.slabs.length) {
    const inUse = cache.slabs.reduce((sum, slab) => sum + [...slab.state].filter((letter) => letter === 'U').length, 0);
    assert.equal(inUse, cache.live_objs, `${cache.name}: objects with the program`);
  }
}

/** Looks at the first and the last slot of some slabs: every byte must be named, and once. */
function* objects(snapshot) {
  for (const cache of snapshot.caches?.caches ?? [])
    for (const slab of cache.slabs.slice(0, 3)) {
      yield { op: 'inspect', pfn: slab.pfn };
      const start = BigInt(slab.address);
      for (const slot of new Set([0, Math.min(1, slab.objects - 1), slab.objects - 1])) {
        const from = start + BigInt(slot * cache.size);
        const { result } = yield { op: 'inspect', address: `0x${(from + BigInt(cache.red_left_pad)).toString(16)}` };
        assert.deepEqual(result.bytes?.map(({ what, offset }) => [what, offset]), cache.layout.map(({ what, offset }) => [what, offset]), cache.name);
        result.bytes.forEach((part, i) => {
          assert.equal(BigInt(part.address), from + BigInt(part.offset), `${cache.name}: ${part.what}`);
          assert.equal(part.hex.length, 2 * Math.min(cache.layout[i].bytes, 512), `${cache.name}: ${part.what}`);
          assert.match(part.says, /\S/, `${cache.name}: ${part.what} says nothing`);
        });
      }
    }
}

/** The request must be one the schema knows, the reply what the schema says. Returns the reply. */
function validate(request, text) {
  const reply = JSON.parse(text);
  const problems = schema.problems(schema.at('#/$defs/Reply'), reply);
  const rule = requests[request.op];
  if (reply.ok) {
    assert.ok(rule, `${request.op} was answered but is not in the schema`);
    for (const name of Object.keys(request))
      if (!['id', 'op', 'branch'].includes(name)) assert.ok(rule.request[name], `${request.op}: member ${name} is not in the schema`);
    problems.push(...schema.problems(rule.result, reply.result, 'result'));
    covered.ops.add(request.op);
    cover(reply.result);
  } else {
    covered.errors.add(reply.error.code);
    assert.match(reply.error.message, /\S/, 'an error without a message');
  }
  assert.deepEqual(problems, [], `${JSON.stringify(request).slice(0, 200)}\n${text.slice(0, 2000)}`);
  return reply;
}

/** Everything one can do with a lesson; yields requests and receives replies. */
function* session(name, source) {
  const versions = (snapshot, since) => {
    for (const [section, value] of Object.entries(snapshot)) since[section] = value.version;
    return since;
  };
  yield { op: 'hello' };
  yield { op: 'tables' };
  const opened = yield { op: 'open', name, source, since: {} };
  const questions = opened.result.lesson.sections.filter((section) => section.ask).map((section) => section.ask);
  const since = versions(opened.result.position.delta, {});
  for (const mode of ['into', 'into', 'into', 'over', 'block', 'out', 'block']) {
    const stepped = yield { op: 'step', mode, since };
    versions(stepped.result.position.delta, since);
  }
  yield { op: 'step', n: 50, all: true };
  const { result: survey } = yield { op: 'survey', limit: 20000 };
  for (const step of [0, 1, Math.max(0, survey.surveyed - 1), Math.floor(survey.surveyed / 2), survey.surveyed, 2]) {
    const there = yield { op: 'seek', step, since };
    versions(there.result.position.delta, since);
  }
  const { result: shown } = yield { op: 'snapshot' };
  yield* objects(shown.snapshot);
  yield { op: 'snapshot', since };
  yield { op: 'seek', step: survey.surveyed };
  yield { op: 'step' };
  const { result: last } = yield { op: 'snapshot' };
  yield* objects(last.snapshot);
  for (const variable of (last.snapshot.program?.variables ?? []).slice(0, 5)) yield { op: 'inspect', variable: variable.name };
  for (const zone of shown.snapshot.zones.zones) {
    yield { op: 'inspect', zone: zone.index };
    for (const pfn of [zone.start_pfn, zone.start_pfn + zone.spanned - 1]) yield { op: 'inspect', pfn };
  }
  for (const proc of ['buddyinfo', 'zoneinfo', 'pagetypeinfo', 'slabinfo', 'meminfo']) yield { op: 'proc', name: proc };
  for (const prefix of ['', 'alloc', 'GFP_', 'cat ']) yield { op: 'complete', prefix };
  for (const { index, kind, choices } of questions)
    for (const value of kind === 'choice' ? choices : ['0', '8']) yield { op: 'answer', ask: index, value };
  yield { op: 'seek', step: 1 };
  for (const text of ['alloc_page(GFP_KERNEL);', 'cat /proc/buddyinfo', 'int typed = 7;', 'printk("typed %d\\n", 3);', 'nonsense(;', ''])
    yield { op: 'eval', text, since };
  const forked = yield { op: 'fork', step: 1 };
  if (forked.ok) {
    yield { op: 'step', n: 2, branch: forked.result.branch, since: {} };
    yield { op: 'drop', branch: forked.result.branch };
  }
  const { result: log } = yield { op: 'log' };
  yield { op: 'open', name, source };
  yield { op: 'replay', choices: log.choices, since: {} };
  yield { op: 'seek', step: 20 };
  yield { op: 'check', limit: 20000 };
}

let server;
before(async () => (server = await startServer()));
after(() => server?.stop());

/** Plays a script on a fresh engine. */
async function play(script) {
  const { path } = await server.session();
  let id = 0;
  let reply;
  for (;;) {
    const { value: request, done } = script.next(reply);
    if (done) break;
    const answer = await server.post(path, JSON.stringify({ id: ++id, ...request }));
    assert.equal(answer.status, 200, JSON.stringify(request).slice(0, 300));
    reply = validate(request, answer.text);
    assert.equal(reply.id, id);
  }
  await server.ask('DELETE', path);
}

describe('every reply fits the schema', () => {
  for (const path of lessons())
    test(path.slice(root.length + 1), async () => {
      await play(session(path.slice(root.length + 1), readFileSync(path, 'utf8')));
    });

  test('requests before a lesson is open', async () => {
    await play((function* () {
      for (const op of Object.keys(requests)) {
        const reply = yield { op };
        if (!['hello', 'tables'].includes(op)) assert.equal(reply.ok, false, op);
      }
    })());
  });
});

const LESSON = (machine, code = 'int x;') => `# T\n\n\`\`\`json machine\n${machine}\n\`\`\`\n\n\`\`\`c\n${code}\n\`\`\`\n`;

/** A lesson that stands somewhere in the middle, and the state it must still have after each wrong request. */
const GOOD = LESSON('{"profile": "slide", "memory": "256K", "reserved": "0", "min_free_kbytes": 0, "pcp": false, "cpus": 1}',
  'struct page *p = alloc_page(GFP_KERNEL);\nint i;\nfor (i = 0; i < 9; i++)\n    printk("%d\\n", i);\n__free_page(p);');

describe('what is wrong is said, and changes nothing', () => {
  const wrong = [
    ' ', '{', 'null', '7', '[]', '"x"', '{"op":', '{"op":"step",}', '{"op":"step"} x', '\0', '{"id":1}', '{"op":7}', '{"op":null}',
    '{"op":"stop"}', '{"op":"STEP"}', '{"op":"op_step"}', '{"op":""}', `{"op":"${'x'.repeat(10000)}"}`,
    '{"op":"step","n":-1}', '{"op":"step","n":1.5}', '{"op":"step","n":"2"}', '{"op":"step","n":null}', '{"op":"step","n":1e300}',
    '{"op":"step","mode":"sideways"}', '{"op":"step","mode":3}', '{"op":"step","n":100000,"all":true}', '{"op":"step","since":5}',
    '{"op":"step","since":{"frames":-1}}', '{"op":"step","since":{"frames":"1"}}', '{"op":"step","branch":9}', '{"op":"step","branch":1}',
    '{"op":"step","branch":"0"}', '{"op":"seek"}', '{"op":"seek","step":-1}', '{"op":"seek","step":"1"}', '{"op":"seek","step":9000000}',
    '{"op":"seek","step":1,"since":[]}', '{"op":"survey","limit":-1}', '{"op":"survey","limit":99999999999}', '{"op":"snapshot","since":7}',
    '{"op":"inspect"}', '{"op":"inspect","pfn":99999999}', '{"op":"inspect","pfn":"1"}', '{"op":"inspect","zone":63}', '{"op":"inspect","zone":-1}',
    '{"op":"inspect","address":"0"}', '{"op":"inspect","address":"0xfffffffffffffff0"}', '{"op":"inspect","address":7}', '{"op":"inspect","address":"here"}',
    '{"op":"inspect","variable":"nothing"}', '{"op":"inspect","variable":7}', '{"op":"eval"}', '{"op":"eval","text":7}',
    '{"op":"eval","text":"int y = 1;","since":5}', '{"op":"answer"}', '{"op":"answer","ask":0,"value":"1"}', '{"op":"answer","ask":"0","value":"1"}',
    '{"op":"answer","ask":0,"value":1}', '{"op":"proc"}', '{"op":"proc","name":"nothing"}', '{"op":"proc","name":7}', '{"op":"complete"}',
    '{"op":"fork","step":-1}', '{"op":"fork","since":5}', '{"op":"drop"}', '{"op":"drop","branch":0}', '{"op":"drop","branch":3}', '{"op":"replay"}',
    '{"op":"replay","choices":7}', '{"op":"replay","choices":[7]}', '{"op":"replay","choices":[{"step":"1","text":"x;"}]}',
    '{"op":"replay","choices":[{"step":50,"text":"int a;"},{"step":50,"text":"int b;"}]}', '{"op":"replay","choices":[{"step":60,"text":"int a;"}],"since":1}',
    '{"op":"check","limit":-1}', '{"op":"open"}', '{"op":"open","source":7}', '{"op":"open","source":"","since":5}',
    `${'['.repeat(100000)}`, `{"op":"step","x":${'['.repeat(5000)}${']'.repeat(5000)}}`, `{"op":"hello","x":${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}}`,
  ];

  test(`${wrong.length} wrong requests`, async () => {
    const { path } = await server.session();
    const send = async (text) => JSON.parse((await server.post(path, text)).text);
    const state = async () => {
      const { result } = await send('{"op":"snapshot"}');
      const choices = await send('{"op":"log"}');
      for (const section of Object.values(result.snapshot)) delete section.version;
      return JSON.stringify([result.step, result.hash, result.snapshot, choices.result]);
    };
    await send(JSON.stringify({ op: 'open', source: GOOD }));
    await send('{"op":"step","n":4}');
    const stood = await state();
    for (const text of wrong) {
      let op = '';
      try { op = JSON.parse(text)?.op; } catch { /* that is the point */ }
      const answer = await server.post(path, text);
      const reply = validate({ op, text }, answer.text);
      assert.equal(reply.ok, false, `${text.slice(0, 200)} was answered`);
      assert.equal(await state(), stood, `${text.slice(0, 200)} changed something`);
    }
    assert.equal((await send('{"op":"step"}')).ok, true);
    await server.ask('DELETE', path);
  });

  const impossible = {
    'no memory': '{"memory": 0}', 'no memory, as text': '{"memory": "0"}', '2^63 bytes': '{"memory": "9223372036854775808"}',
    '2^64 bytes': '{"memory": "18446744073709551616"}', 'a number beyond doubles': '{"memory": 1e300}', 'less than none': '{"memory": -4096}',
    'half a page': '{"memory": 2048}', 'words': '{"memory": "much"}', 'a terabyte': '{"memory": "1024G"}', 'an unknown key': '{"memroy": "64M"}',
    'an unknown profile': '{"profile": "i368"}', 'no CPU': '{"cpus": 0}', 'too many CPUs': '{"cpus": 100000}', 'no node': '{"nodes": 0}',
    'more zones than memory': '{"memory": "16M", "zones": {"DMA": "16M", "NORMAL": "48M"}}', 'an unknown zone': '{"zones": {"LOW": "16M"}}',
    'an empty zone list': '{"memory": "16M", "zones": {"DMA": "0", "NORMAL": "0", "HIGHMEM": "0"}}', 'DMA32 on i386': '{"profile": "i386", "zones": {"DMA32": "16M"}}',
    'HIGHMEM on x86_64': '{"profile": "x86_64", "zones": {"HIGHMEM": "16M"}}', 'a zone of half a page': '{"zones": {"DMA": 100}}',
    'all memory reserved': '{"memory": "16M", "reserved": "16M"}', 'more reserved than there is': '{"memory": "16M", "reserved": "1G"}',
    'a reserve larger than memory': '{"memory": "16M", "min_free_kbytes": 4000000000}',
    'processes larger than memory': '{"memory": "16M", "processes": [{"name": "a", "pages": 99999999}]}',
    'a process without pages': '{"processes": [{"name": "a"}]}', 'a process that is a number': '{"processes": [7]}', 'processes that are a text': '{"processes": "a"}',
    'a list': '[]', 'a number': '7', 'a broken object': '{"cpus": }', 'a comma too many': '{"cpus": 1,}', 'seed text': '{"seed": "x"}',
    'deep nesting': `{"zones": ${'['.repeat(3000)}${']'.repeat(3000)}}`,
  };
  for (const [what, machine] of Object.entries(impossible))
    test(`a machine with ${what}`, async () => {
      await play((function* () {
        const { ok, result } = yield { op: 'open', source: LESSON(machine), since: {} };
        assert.equal(ok, true);
        assert.equal(result.runnable, false);
        const error = result.diagnostics.find((diagnostic) => diagnostic.severity === 'error');
        assert.ok(error.line >= 3 && error.line <= 6, `line ${error.line}: ${error.message}`);
        assert.ok(error.column >= 1);
        yield { op: 'step' };
        yield { op: 'snapshot' };
        const again = yield { op: 'open', source: GOOD };
        assert.equal(again.result.runnable, true, JSON.stringify(again.result.diagnostics));
        assert.equal((yield { op: 'step', n: 5 }).result.position.step, 5);
      })());
    });

  test('a lesson of 10 MB', async () => {
    await play((function* () {
      const { ok, result } = yield { op: 'open', source: `# T\n${'prose and more\n'.repeat(700000)}` };
      assert.equal(ok, true);
      assert.equal(result.runnable, false);
      assert.match(result.diagnostics[0].message, /bytes/);
      assert.equal((yield { op: 'open', source: GOOD }).result.runnable, true);
    })());
  });

  const programs = {
    'an endless loop': 'while (1)\n    ;', 'an endless loop that allocates': 'while (1)\n    alloc_page(GFP_KERNEL);', 'endless goto': 'again:\n    goto again;',
    'runaway recursion': 'int f(int n) { return f(n + 1); }\nint x = f(0);', 'an endless loop that prints': 'for (;;)\n    printk("x\\n");',
    'a wild pointer': 'int *p = (int *)12345;\n*p = 1;', 'a NULL pointer': 'int *p = NULL;\nint x = *p;', 'division by zero': 'int z = 0;\nint x = 1 / z;',
    'a huge array': 'char a[2000000000];', 'a huge order': 'struct page *p = alloc_pages(GFP_KERNEL, 60);',
    'a double free': 'struct page *p = alloc_page(GFP_KERNEL);\n__free_page(p);\n__free_page(p);', 'freeing nothing': '__free_pages((struct page *)8, 3);',
  };
  for (const [what, code] of Object.entries(programs))
    test(`a program with ${what}`, async () => {
      await play((function* () {
        const { result } = yield { op: 'open', source: LESSON('{"profile": "i386", "memory": "16M"}', code), since: {} };
        yield { op: 'step', n: 3000 };
        yield { op: 'survey', limit: 10000 };
        yield { op: 'check', limit: 10000 };
        yield { op: 'snapshot' };
        yield { op: 'seek', step: 0, since: {} };
        yield { op: 'eval', text: 'alloc_page(GFP_KERNEL);' };
        assert.equal(typeof result.runnable, 'boolean');
        assert.equal((yield { op: 'open', source: GOOD }).result.runnable, true);
      })());
    });

  const broken = {
    'an unknown call': ['int x;\nx = alloc_pagge(GFP_KERNEL);', 2, 5, /alloc_page/], 'an unknown flag': ['alloc_page(GFP_KERNLE);', 1, 12, /GFP_KERNEL/],
    'an unknown type': ['struct page *p;\nstruct nothing q;', 2, 0, /./], 'an unknown variable': ['int counter;\ncuonter = 1;', 2, 1, /counter/],
    'a missing semicolon': ['int x\nx = 1;', 0, 0, /./], 'a missing brace': ['int f(void) {\n    return 1;', 0, 0, /./], 'an open string': ['printk("x);', 1, 0, /./],
    'deep parentheses': [`int x = ${'('.repeat(20000)}1${')'.repeat(20000)};`, 1, 0, /./], 'deep blocks': [`${'{'.repeat(20000)}${'}'.repeat(20000)}`, 1, 0, /./],
    'deep unary operators': [`int x = ${'-'.repeat(50001).replaceAll('--', '- ')}1;`, 1, 0, /./], 'bytes that are no text': ['\u0001\u0002\ufffd', 1, 1, /./],
    'a floating number': ['double d = 1.5;', 1, 0, /./], 'a wrong number of arguments': ['alloc_page();', 1, 0, /./],
  };
  for (const [what, [code, line, column, hint]] of Object.entries(broken))
    test(`a program with ${what}`, async () => {
      await play((function* () {
        const { result } = yield { op: 'open', source: LESSON('{}', code), since: {} };
        assert.equal(result.runnable, false);
        const error = result.diagnostics.find((diagnostic) => diagnostic.severity === 'error');
        assert.ok(error.line >= 8 && error.column >= 1, JSON.stringify(error));
        if (line) assert.equal(error.line, 7 + line, JSON.stringify(error));
        if (column) assert.equal(error.column, column, JSON.stringify(error));
        assert.match(`${error.message} ${error.hint}`, hint);
        assert.equal((yield { op: 'step' }).result.position.step, 0);
        assert.equal((yield { op: 'open', source: GOOD }).result.runnable, true);
      })());
    });
});

describe('virtual addresses and the boot', () => {
  const machine = '{"profile": "i386", "memory": "8M", "zones": {"DMA": "2M", "NORMAL": "4M", "HIGHMEM": "2M"}, "cpus": 1, "devices": [{"name": "nic", "bar": "0xfeb00000", "size": "64K"}]}';
  const code = 'char *buf = vmalloc(12288);\nvoid *regs = ioremap(0xfeb00010, 0x20);\nwritel(7, regs + 0x10);\nvfree(buf);\n';

  test('areas, their frames, devices, and the walk to an address', () =>
    play((function* () {
      yield { op: 'open', source: LESSON(machine, code), since: {} };
      yield { op: 'step', n: 3 };
      const { snapshot } = (yield { op: 'snapshot' }).result;
      const [buf, regs] = snapshot.vmalloc.areas;
      assert.equal(buf.kind, 'vmalloc');
      assert.equal(Number(buf.end) - Number(buf.start), 4 * 4096, 'three pages and the guard page');
      assert.equal(buf.frames.reduce((sum, [, , run]) => sum + run, 0), 3);
      assert.deepEqual([regs.kind, regs.phys, regs.caching], ['ioremap', '0xfeb00000', 'uncached-minus']);
      assert.equal(snapshot.vmalloc.devices[0].registers.find(({ name }) => name === 'SCRATCH0').value, '0x7');
      assert.deepEqual(snapshot.pagetables.levels, ['PGD', 'PTE']);

      const second = `0x${(Number(buf.start) + 4096).toString(16)}`;
      const { result: walk } = yield { op: 'walk', address: second };
      assert.equal(walk.pfn, buf.frames.flatMap(([, pfn, run]) => Array.from({ length: run }, (_, i) => pfn + i))[1]);
      assert.deepEqual(walk.steps.map(({ level, shift, width }) => [level, shift, width]), [['PGD', 22, 10], ['PTE', 12, 10]]);
      assert.equal(walk.steps[1].table, Number(BigInt(walk.steps[0].entry) >> 12n), 'the directory entry leads to the table');
      assert.ok(walk.steps[1].bits.includes('P'));
      assert.equal(walk.steps[1].around.find(({ index }) => index === walk.steps[1].index).entry, walk.steps[1].entry);
      const guard = (yield { op: 'walk', address: `0x${(Number(buf.end) - 4096).toString(16)}` }).result;
      assert.deepEqual([guard.guard, guard.mapped, guard.pfn], [true, false, -1]);
      const direct = (yield { op: 'walk', address: '0xc0001234' }).result;
      assert.deepEqual([direct.window, direct.phys, direct.pfn, direct.steps], ['direct map', '0x1234', 1, []]);
      yield { op: 'step' };
      assert.equal((yield { op: 'snapshot' }).result.snapshot.vmalloc.areas[0].kind, 'lazy');
    })()));

  test('the bitmap and the lists of the boot phase add up', () =>
    play((function* () {
      const boot = '{"profile": "i386", "memory": "24M", "boot": true, "cpus": 1}';
      yield { op: 'open', source: LESSON(boot, 'void *a = alloc_bootmem_low(100);\nvoid *b = alloc_bootmem_pages(8192);\nmem_init();\n'), since: {} };
      yield { op: 'step', n: 2 };
      const { snapshot } = (yield { op: 'snapshot' }).result;
      assert.equal(snapshot.boot.phase, 'booting');
      assert.equal(snapshot.boot.bitmap.reduce((sum, [, pages]) => sum + pages, 0), snapshot.boot.low_pfn);
      snapshot.boot.bitmap.slice(1).forEach(([pfn, , bit], i) => {
        const [before, pages, other] = snapshot.boot.bitmap[i];
        assert.equal(pfn, before + pages);
        assert.notEqual(bit, other, 'runs of the same bit are one');
      });
      const taken = snapshot.boot.bitmap.some(([pfn, pages, bit]) => bit && pfn <= 4096 && pfn + pages >= 4098);
      assert.ok(taken, 'alloc_bootmem_pages() takes its two pages from 16 MiB on');
      assert.equal(snapshot.boot.memory.length, 1);
      yield { op: 'step' };
      assert.equal((yield { op: 'snapshot' }).result.snapshot.boot.phase, 'over');
    })()));
});

describe('choices about threads', () => {
  const code = 'int worker(void *unused) { return 0; }\nirqreturn_t nic(int irq, void *dev) { return IRQ_HANDLED; }\nrequest_irq(5, nic, 0, "nic", NULL);\nstruct task_struct *a = kthread_run(worker, NULL, "a");\nint k = 1;\nk++;\n';
  test('each kind is answered, and wrong ones are explained', () =>
    play((function* () {
      yield { op: 'open', source: LESSON('{"profile": "slide", "cpus": 2}', code), since: {} };
      yield { op: 'step', n: 2 };
      for (const choice of [{ do: 'preempt', cpu: 0 }, { do: 'migrate', thread: 1, cpu: 0 }, { do: 'interrupt', cpu: 1, irq: 5 }, { do: 'run', cpu: 1 }]) {
        const { result } = yield { op: 'choose', ...choice };
        assert.equal(result.steps.length, 1);
        assert.match(result.steps[0].say, /\S/);
      }
      const { result } = yield { op: 'log' };
      assert.deepEqual(result.choices.map(({ text }) => text), ['@preempt 0', '@migrate 1 0', '@interrupt 1 5', '@run 1']);
      for (const [choice, code] of [[{ do: 'run', cpu: 7 }, 'bad-choice'], [{ do: 'run' }, 'bad-request'], [{ do: 'sing', cpu: 0 }, 'bad-request'], [{ do: 'migrate', cpu: 0 }, 'bad-request'], [{ do: 'interrupt', cpu: 0, irq: 9 }, 'bad-choice']])
        assert.equal((yield { op: 'choose', ...choice }).error.code, code);
    })()));
});

describe('nothing is left out', () => {
  test('every operation was answered', () => assert.deepEqual(Object.keys(requests).filter((op) => !covered.ops.has(op)), []));
  test('op.def and the schema name the same operations', () => {
    const table = readFileSync(join(root, 'core/door/op.def'), 'utf8').matchAll(/^LA_OP\((\w+)/gm);
    assert.deepEqual([...table].map((row) => row[1]).sort(), Object.keys(requests).sort());
  });
  test('every section of a snapshot was sent', () =>
    assert.deepEqual(Object.keys(schema.at('#/$defs/Snapshot').properties).filter((name) => !covered.sections.has(name)), []));
  test('every reason for stopping was met', () =>
    assert.deepEqual(schema.at('#/$defs/Position').properties.stopped.enum.filter((name) => !covered.stops.has(name) && name !== 'limit'), []));
  test('every list of slabs, state of objects, part of a slot and kind of pool was shown', () => {
    const { Slab, Pool, SlotPart } = Object.fromEntries(['Slab', 'Pool', 'SlotPart'].map((name) => [name, schema.at(`#/$defs/${name}`).properties]));
    assert.deepEqual(Slab.list.enum.filter((name) => !covered.lists.has(name)), []);
    assert.deepEqual([...'Ufc'].filter((letter) => !covered.states.has(letter)), []);
    assert.deepEqual(Pool.kind.enum.filter((name) => !covered.pools.has(name)), []);
    assert.deepEqual(SlotPart.what.enum.filter((name) => !covered.parts.has(name)), []);
    assert.deepEqual(SlotPart.what.enum.filter((name) => !covered.named.has(name)), [], 'parts that inspect named');
  });
  test('every status of a step was met, but done, which is no step', () =>
    assert.deepEqual(schema.at('#/$defs/Step').properties.status.enum.filter((name) => !covered.statuses.has(name) && name !== 'done'), []));
});
