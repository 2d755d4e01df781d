// The WebAssembly engine against the native one: the same requests must get the same bytes.
//
// Every lesson, and 400 random programs whose seed is printed, go to both: opened, run to the end, looked at, taken
// back. The hash that both show at the end covers every event of every statement. The programs are those of
// tests/property (print_program), so everything that is new there is compared here.
// LOOKASIDE_SEED=n repeats a run, LOOKASIDE_PROGRAMS=n says how many programs.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { root, startServer } from '../http/support.mjs';
import { Engine, bytes } from './engine.mjs';

const PROGRAMS = Number(process.env.LOOKASIDE_PROGRAMS ?? 400);
const SEED = Number(process.env.LOOKASIDE_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** What the module may need from outside, and what it must offer. A new name here is a change of the interface. */
const IMPORTS = ['env.emscripten_notify_memory_growth'];
const EXPORTS = ['la_wasm_alloc', 'la_wasm_delete', 'la_wasm_free', 'la_wasm_new', 'la_wasm_reply_len', 'la_wasm_request', 'memory', '_initialize'];
/** The C library's own, which emscripten exports whether asked or not. */
const EXTRA = /^(__indirect_function_table|__errno_location|emscripten_stack_\w+|stackSave|stackRestore|stackAlloc|malloc|free)$/;

/** The texts of @nr random lessons, of seed @first and the following ones. */
function randomLessons(first, nr) {
  const printer = join(root, 'build/native/tests/property/print_program');
  assert.ok(existsSync(printer), 'build it first: make test-tools');
  return execFileSync(printer, [String(first), String(nr)], { encoding: 'utf8', maxBuffer: 2 ** 28 }).split('\0').slice(0, nr);
}

function lessons(folder = join(root, 'scenarios')) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
    .map((entry) => join(entry.path, entry.name))
    .sort();
}

/** Another future, where somebody else runs than in the lesson; without threads all of it is refused. */
const otherChoices = [
  { op: 'fork', step: 350 },
  { op: 'choose', do: 'run', cpu: 1, branch: 1 },
  { op: 'choose', do: 'preempt', cpu: 0, branch: 1 },
  { op: 'choose', do: 'interrupt', cpu: 2, irq: 6, branch: 1 },
  { op: 'step', n: 20, all: true, branch: 1 },
  { op: 'choose', do: 'migrate', thread: 0, cpu: 2, branch: 1 },
  { op: 'choose', do: 'interrupt', cpu: 0, irq: 9, branch: 1 },
  { op: 'step', n: 400, mode: 'block', branch: 1 },
  { op: 'snapshot', branch: 1 },
  { op: 'log', branch: 1 },
  { op: 'drop', branch: 1 },
];

/** Requests that reach every part of an engine, for a lesson. */
function script(name, source) {
  return [
    { op: 'hello' },
    { op: 'open', name, source },
    { op: 'snapshot' },
    { op: 'step', n: 3, all: true, since: {} },
    { op: 'step', n: 1, mode: 'over' },
    { op: 'step', n: 400, all: true },
    { op: 'step', n: 400, mode: 'block' },
    { op: 'snapshot' },
    { op: 'survey', limit: 5000 },
    { op: 'seek', step: 2, since: {} },
    { op: 'inspect', zone: 0 },
    { op: 'inspect', pfn: 17 },
    { op: 'fork' },
    { op: 'eval', text: 'int typed = 1 + 2;', since: {} },
    { op: 'step', n: 5, branch: 1 },
    { op: 'drop', branch: 1 },
    ...otherChoices,
    { op: 'log' },
    { op: 'answer', ask: 0, value: '1' },
    { op: 'inspect', variable: 'cache' },
    { op: 'inspect', variable: 'area' },
    aSlab,
    anObject,
    aWalk,
    ...['buddyinfo', 'zoneinfo', 'pagetypeinfo', 'slabinfo', 'meminfo', 'vmallocinfo', 'interrupts', 'nothing'].map((proc) => ({ op: 'proc', name: proc })),
    { op: 'check', limit: 5000 },
    { op: 'snapshot' },
  ].map((request, i) => (typeof request === 'function' ? request : JSON.stringify({ id: i + 1, ...request })));
}

/** Requests that depend on what the replies before showed: the page of a slab, and an address in it. */
function aSlab(replies) {
  const caches = replies.map((reply) => reply.result?.snapshot?.caches?.caches ?? []).findLast((list) => list.some((cache) => cache.slabs.length));
  return JSON.stringify({ op: 'inspect', pfn: caches?.find((cache) => cache.slabs.length).slabs[0].pfn ?? 3 });
}
function anAddress(reply) {
  const virtual = reply.result?.facts.find(({ key }) => key === 'virtual')?.value;
  return virtual?.startsWith('0x') ? `0x${(BigInt(virtual) + 100n).toString(16)}` : '0xc0000040';
}
const anObject = (replies) => JSON.stringify({ op: 'inspect', address: anAddress(replies.at(-1)) });
const aWalk = (replies) => JSON.stringify({ op: 'walk', address: anAddress(replies.at(-2)) });

/** Where two replies part, with a little around it. */
function difference(native, wasm) {
  let at = 0;
  while (at < native.length && native[at] === wasm[at]) at++;
  const around = (text) => text.slice(Math.max(0, at - 120), at + 80);
  return `differ at byte ${at}:\n  native …${around(native)}…\n  wasm   …${around(wasm)}…`;
}

let module_, server;
before(async () => {
  module_ = await WebAssembly.compile(readFileSync(join(root, 'build/web/lookaside.wasm')));
  server = await startServer();
});
after(() => server?.stop());

/** Plays a script on both engines; returns the replies. */
async function compare(name, requests) {
  const engine = await Engine.create(module_);
  const session = await server.session();
  const replies = [];
  for (const item of requests) {
    const request = typeof item === 'function' ? item(replies) : item;
    const native = await server.post(session.path, request);
    assert.equal(native.status, 200);
    const wasm = engine.request(request);
    if (wasm !== native.text) assert.fail(`${name}: ${request.slice(0, 200)}\n${difference(native.text, wasm)}`);
    replies.push(JSON.parse(wasm));
  }
  await server.ask('DELETE', session.path);
  engine.delete();
  return replies;
}

describe('the module', () => {
  test('asks for nothing but to be told when memory grows', () => {
    const imports = WebAssembly.Module.imports(module_).map((entry) => `${entry.module}.${entry.name}`);
    assert.deepEqual(imports.filter((entry) => !IMPORTS.includes(entry)), []);
  });

  test('offers exactly the functions of bridge.c', () => {
    const names = WebAssembly.Module.exports(module_).map((entry) => entry.name);
    assert.deepEqual(EXPORTS.filter((entry) => !names.includes(entry)), []);
    assert.deepEqual(names.filter((entry) => !EXPORTS.includes(entry) && !EXTRA.test(entry)), []);
  });

  test('holds two engines side by side', async () => {
    const one = await Engine.create(module_);
    const two = one.sibling();
    const open = (seed) => JSON.stringify({ id: 1, op: 'open', name: 'a.md', source: randomLessons(seed, 1)[0] });
    const hash = (engine) => JSON.parse(engine.request('{"id":2,"op":"snapshot"}')).result.hash;
    one.request(open(1));
    const before = hash(one);
    two.request(open(2));
    two.request('{"id":3,"op":"step","n":20}');
    assert.equal(hash(one), before);
    assert.notEqual(hash(two), before);
    two.delete();
    assert.equal(hash(one), before);
    one.delete();
  });

  test('gives its memory back', async () => {
    const engine = await Engine.create(module_);
    const open = JSON.stringify({ id: 1, op: 'open', name: 'a.md', source: randomLessons(3, 1)[0] });
    const once = () => {
      const other = engine.sibling();
      other.request(open);
      other.request('{"id":2,"op":"step","n":50}');
      other.delete();
    };
    for (let i = 0; i < 5; i++) once();
    const size = engine.memory.buffer.byteLength;
    for (let i = 0; i < 20; i++) once();
    assert.equal(engine.memory.buffer.byteLength, size);
    engine.delete();
  });

  test('copes with no handle, no bytes, and bytes that are no text', async () => {
    const engine = await Engine.create(module_);
    assert.equal(engine.exports.la_wasm_request(0, 0, 0), 0);
    assert.equal(engine.exports.la_wasm_reply_len(0), 0);
    engine.exports.la_wasm_delete(0);
    engine.exports.la_wasm_free(0);
    for (const input of ['', '\0', '{', '[]', '"\ud800"', '{"op":1}', '{"id":1e999,"op":"step"}'])
      assert.equal(JSON.parse(engine.request(input)).ok, false, JSON.stringify(input));
    assert.equal(JSON.parse(engine.requestBytes(Uint8Array.of(0xff, 0xfe, 0x80))).ok, false);
    engine.delete();
  });
});

describe('wasm and native give the same bytes', () => {
  test('for requests that are wrong', async () => {
    await compare('wrong requests', [
      '{', '[]', '{"id":1}', '{"id":1,"op":"fly"}', '{"id":1,"op":"step"}', '{"id":"x","op":"step","n":"many"}', '{"id":1,"op":"open"}',
      '{"id":1,"op":"open","name":"a","source":"```json machine\\n{\\"memory\\":\\"99999999999G\\"}\\n```"}',
      '{"id":1,"op":"open","name":"a","source":"```json machine\\n{\\"memory\\":\\"0\\"}\\n```\\n```c\\nint x;\\n```"}',
      `{"id":1,"op":"open","name":"deep","source":"\`\`\`c\\nint x = ${'('.repeat(5000)}1${')'.repeat(5000)};\\n\`\`\`"}`,
      '{"id":1,"op":"seek","step":-1}', '{"id":1,"op":"inspect"}', '{"id":9007199254740993,"op":"hello"}', ' '.repeat(1000),
    ]);
  });

  for (const path of lessons())
    test(`for ${path.slice(root.length + 1)}`, async () => {
      const replies = await compare(path, script(path.slice(root.length + 1), readFileSync(path, 'utf8')));
      assert.equal(replies[1].result?.runnable, true, JSON.stringify(replies[1].result?.diagnostics ?? replies[1].error));
    });

  test(`for ${PROGRAMS} random programs (LOOKASIDE_SEED=${SEED})`, async () => {
    console.log(`random programs: LOOKASIDE_SEED=${SEED}`);
    for (const [i, source] of randomLessons(SEED, PROGRAMS).entries()) {
      const replies = await compare(`program ${SEED + i}\n${source}`, script(`program-${SEED + i}.md`, source));
      assert.equal(replies[1].result?.runnable, true, `program ${SEED + i} is not runnable: ${JSON.stringify(replies[1])}\n${source}`);
      assert.ok(replies[5].result.position.step > 0, `program ${SEED + i} made no step`);
      assert.equal(replies[6].result.position.next, null, `program ${SEED + i} was not run to its end`);
    }
  });
});

test('bytes() keeps what is not ASCII', () => {
  assert.deepEqual(bytes('é'), Uint8Array.of(0xc3, 0xa9));
});
