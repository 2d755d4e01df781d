/* The view of CPUs and copies, on sections written by hand, and its choices against the engine. */
import { describe, expect, test } from 'vitest';
import type { Cpu, LaEvent, Percpu, Section, Thread, Variable } from '../src/protocol/types';
import { built, NodeEngine, PERCPU } from './engine';
import { choiceText } from '../src/state/session.svelte';
import { awayAt, waysBack } from '../src/views/percpu/glide';
import { changedCopies, copiedOf, counts, doing, movesOf, nextRunner, offersFor, onNoCpu, preemption, refusedEverywhere, standingAt, statementOf, stateInWords, storyOf, unitsOf } from '../src/views/percpu/percpu';

const cpu = (n: number, more: Partial<Cpu> = {}): Cpu => ({ cpu: n, node: 0, current: -1, irqs: [], preempt: 0, softirq: 0, hardirq: 0, irqs_off: false, need_resched: false, rcu: 0, held: '', pending: [], queue: [], refused: { run: '', preempt: '', interrupt: '' }, ...more });
const thread = (id: number, more: Partial<Thread> = {}): Thread => ({
  id, name: `t${id}`, pid: 100 + id, cpu: 0, bound: false, state: 'running', waits: '', wake_tick: 0, task: '0x0', preempt_count: '0x0', block: 0, line: 12, column: 5, end_line: 12, end_column: 17, depth: 1, function: 'add', refused: '', ...more,
});
const percpu = (more: Partial<Percpu> = {}): Percpu => ({
  version: 1, cpus: [], next_cpu: 0, threads: [], irqs: [], variables: [], more_variables: 0, areas: [], more_areas: 0, counters: [], more_counters: 0, unit_bytes: 0, static_bytes: 0, reserved_bytes: 0, dyn_bytes: 0, chunks: [], ...more,
});
const copies = (...values: string[]) => values.map((value, n) => ({ cpu: n, address: '0x0', pfn: 1, value }));

describe('what a CPU does', () => {
  const all = percpu({ threads: [thread(0), thread(1, { state: 'spinning' })] });
  test('in a word', () => {
    expect(doing(cpu(0), all)).toBe('idle');
    expect(doing(cpu(0, { current: 0 }), all)).toBe('running');
    expect(doing(cpu(0, { current: 1 }), all)).toBe('spins for a lock');
    expect(doing(cpu(0, { current: 0, irqs: [3, 5] }), all)).toBe('handles interrupt 5');
  });
  test('whose statement comes next', () => {
    const two = { threads: [thread(0), thread(1, { name: 'A', cpu: 1, state: 'ready' })] };
    expect(nextRunner(null)).toBeNull();
    expect(nextRunner(percpu({ cpus: [cpu(0, { current: 0 })], threads: [thread(0)] }))).toBeNull();
    expect(nextRunner(percpu({ cpus: [cpu(0, { current: 0 })], threads: [thread(0), thread(1, { state: 'dead' })] }))).toBeNull();
    expect(nextRunner(percpu({ ...two, cpus: [cpu(0), cpu(1, { current: 1 })], next_cpu: 1 }))).toEqual({ thread: 'A', cpu: 1 });
    // a handler, also where it is the only thing that runs, and where it interrupted nobody
    expect(nextRunner(percpu({ cpus: [cpu(0, { current: 0, irqs: [3, 5] })], threads: [thread(0)] }))).toEqual({ thread: 't0', cpu: 0, irq: 5 });
    expect(nextRunner(percpu({ ...two, cpus: [cpu(0), cpu(1, { irqs: [5] })], next_cpu: 1 }))).toEqual({ thread: '', cpu: 1, irq: 5 });
    // a deadlock
    expect(nextRunner(percpu({ ...two, cpus: [cpu(0), cpu(1)], next_cpu: 1 }))).toEqual({ thread: 't0', cpu: 0 });
  });
  test('its counts', () => {
    expect(counts(cpu(0, { preempt: 2 }))).toBe('preempt 2');
    expect(counts(cpu(0, { hardirq: 1, softirq: 1 }))).toBe('preempt 0 · softirq 1 · hardirq 1');
    expect(counts(cpu(0, { rcu: 2 }))).toBe('preempt 0 · rcu 2');
  });
});

describe('what can be chosen', () => {
  const ended = { run: 'the program has ended', preempt: 'the program has ended', interrupt: 'the program has ended' };
  test('what a preemption would do', () => {
    expect(preemption(cpu(0, { current: 0, queue: [1] }))).toBe('the next of the queue runs');
    expect(preemption(cpu(0, { current: 0 }))).toContain('goes on');
    expect(preemption(cpu(0, { current: 0, held: 'preemption is off there' }))).toBe('it will have to wait: preemption is off there');
  });
  test('the same reason everywhere is said once', () => {
    expect(refusedEverywhere(percpu({ cpus: [cpu(0, { refused: ended }), cpu(1, { refused: ended })] }))).toBe('the program has ended');
    expect(refusedEverywhere(percpu({ cpus: [cpu(0, { refused: ended }), cpu(1)] }))).toBe('');
  });

  /** Threads that are bound, asleep, spin or have interrupts off; and more interrupts than can wait. */
  const HELD = `\`\`\`json machine
{"profile": "slide", "memory": "512K", "reserved": "0", "cpus": 2, "min_free_kbytes": 0}
\`\`\`
\`\`\`c
DEFINE_SPINLOCK(lock);
irqreturn_t nic(int irq, void *dev)
{
    return IRQ_HANDLED;
}
int spin(void *unused)
{
    spin_lock(&lock);
    spin_unlock(&lock);
    return 0;
}
request_irq(5, nic, 0, "nic", NULL);
request_irq(9, nic, 0, "disk", NULL);
spin_lock(&lock);
struct task_struct *s = kthread_run_on_cpu(spin, NULL, 1, "spinner");
struct task_struct *n = kthread_create(spin, NULL, "new");
choose_cpu(1);
printk("back\\n");
spin_unlock(&lock);
local_irq_disable();
for (int i = 0; i < 8; i++)
    choose_interrupt(0, 9);
local_irq_enable();
msleep(20);
\`\`\`
`;
  test.runIf(built).each([['PERCPU', PERCPU], ['HELD', HELD]])('every choice of %s that the page offers is taken, and no other', async (_, source) => {
    const engine = await NodeEngine.open();
    const { position } = await engine.request('open', { name: '', source, since: {} });
    expect((await engine.request('survey', { limit: 1000 })).end).toBeGreaterThan(10);
    const refusals = new Set<string>();
    for (let step = 0; ; step++) {
      const now = step === 0 ? position : (await engine.request('seek', { step, since: {} })).position;
      if (now.step < step) break;
      const picture = now.delta!.percpu!;
      const irqs = picture.irqs!.length > 0 ? picture.irqs!.map(({ irq }) => irq) : [5];
      const offers = [...picture.cpus!.flatMap((each) => irqs.flatMap((irq) => Object.values(offersFor(each, irq)))), ...picture.threads!.flatMap((each) => movesOf(each, picture))];
      for (const { choice, refused } of offers) {
        const { branch } = await engine.request('fork', {});
        const there = { ...choice, branch };
        const taken = await engine.request('choose', there).then(() => true, () => false);
        await engine.request('drop', { branch });
        expect([step, choice, taken]).toEqual([step, choice, refused === '']);
        if (refused) refusals.add(refused.replace(/\d+/g, 'N'));
      }
    }
    expect(refusals.size).toBeGreaterThan(2);
    if (source === HELD) expect([...refusals].join('; ')).toMatch(/preemption is off.*interrupts are off.*too many interrupts/);
  });

  test('choices as the log has them', () => {
    expect(choiceText({ do: 'run', cpu: 1 })).toBe('@run 1');
    expect(choiceText({ do: 'migrate', thread: 2, cpu: 1 })).toBe('@migrate 2 1');
    expect(choiceText({ do: 'interrupt', cpu: 0, irq: 5 })).toBe('@interrupt 0 5');
  });
});

describe('threads', () => {
  const sections = [{ kind: 'code', line: 10, end_line: 14, first_line: 11, text: 'int add(void)\n    *p = old + 1;\nf(a,\n  b);\n' }] as unknown as Section[];
  test('the statement one stands at, on one line', () => {
    expect(statementOf(thread(0), sections)).toBe('*p = old + 1');
    expect(statementOf(thread(0, { line: 13, column: 1, end_line: 14, end_column: 5 }), sections)).toBe('f(a, b)');
    expect(statementOf(thread(0, { block: -1 }), sections)).toBe('');
    expect(statementOf(thread(0, { line: 0 }), sections)).toBe('');
  });
  test('every state has its words', () => {
    expect(stateInWords(thread(0, { state: 'sleeping', waits: 'for a mutex' }))).toBe('sleeps, waits for a mutex');
    expect(stateInWords(thread(0, { state: 'sleeping', waits: 'for its time', wake_tick: 26 }))).toContain('until tick 26');
    for (const state of ['new', 'ready', 'running', 'spinning', 'dead'] as const) expect(stateInWords(thread(0, { state }))).toMatch(/\S/);
  });
  test('marks in the story, only when there are several', () => {
    expect(standingAt(percpu({ threads: [thread(0)] }), 0).size).toBe(0);
    const several = percpu({ threads: [thread(0), thread(1, { line: 13 }), thread(2, { line: 13 }), thread(3, { block: 2 }), thread(4, { state: 'dead' })] });
    expect([...standingAt(several, 0)].map(([line, threads]) => [line, threads.map(({ id }) => id)])).toEqual([[12, [0]], [13, [1, 2]]]);
  });
});

test.runIf(built)('lists that were cut say how much is left out', async () => {
  const engine = await NodeEngine.open();
  const variables = Array.from({ length: 66 }, (_, i) => `DEFINE_PER_CPU(int, v${i});`).join('\n');
  await engine.request('open', { name: '', since: {}, source: `\`\`\`json machine\n{"memory": "64M"}\n\`\`\`\n\`\`\`c\n${variables}\nfor (int i = 0; i < 67; i++)\n    alloc_percpu(int);\nfor (int i = 0; i < 96; i++)\n    vmalloc(4096);\nvmalloc(4096);\n\`\`\`\n` });
  const look = async (step: number) => (await engine.request('seek', { step, since: {} })).position.delta!;
  const end = (await engine.request('survey', { limit: 1000 })).end;
  const { percpu: cut, vmalloc } = await look(end);
  expect([cut!.variables.length, cut!.more_variables, cut!.areas.length, cut!.more_areas, cut!.more_counters]).toEqual([64, 2, 64, 3, 0]);
  expect([vmalloc!.areas.length, vmalloc!.more]).toEqual([96, true]);
  expect((await look(end - 1)).vmalloc!.more).toBe(false);
});

describe('copies', () => {
  const area = (size: number, ...values: string[]) => ({ ptr: '0x2004', chunk: 0, offset: 0, size, copies: copies(...values) });
  const before = percpu({ variables: [{ name: 'hits', type: 'int', exported: '', ptr: '0x0', size: 4, copies: copies('5', '0') }], areas: [area(4, '1', '1')] });

  test('that changed, and only those', () => {
    const after = percpu({ ...before, variables: [{ ...before.variables[0]!, copies: copies('6', '0') }] });
    expect([...changedCopies(before, after)]).toEqual(['hits 0x0 0']);
    expect(changedCopies(null, after).size).toBe(0);
  });
  test('an address that is used again for something else has not changed: it is another thing', () => {
    expect([...changedCopies(before, percpu({ ...before, areas: [area(8, '7', '1')] }))]).toEqual([]);
    expect([...changedCopies(before, percpu({ ...before, areas: [area(4, '7', '1')] }))]).toEqual(['0x2004 4 0']);
  });
  test('have the name of the pointer, and those of a counter are drawn there', () => {
    const pointer = [{ name: 'all', type: 'int *[2]', value: '{0x2004, NULL}' }, { name: 'dynamic', type: 'int *', value: 'int * 0x2004' }] as Variable[];
    expect(copiedOf(before, pointer).map(({ name }) => name)).toEqual(['hits', 'dynamic']);
    expect(copiedOf(percpu({ ...before, counters: [{ name: 'c', address: '0x1', ptr: '0x2004', count: '0', locals: [], sum: '0' }] }), pointer).map(({ name }) => name)).toEqual(['hits']);
  });
  test('lie in the chunk of the boot and in further ones, each with its own areas', () => {
    const chunk = { index: 0, base: '0x1000', first: true, pages: 5, populated: 5, free_bytes: 1000, units: ['0x1000', '0x9000'] };
    const units = unitsOf(percpu({ static_bytes: 4096, dyn_bytes: 20480, areas: [area(4, '1'), { ...area(4, '2'), ptr: '0x9', chunk: 3 }], chunks: [chunk, { ...chunk, index: 3, first: false, pages: 8, populated: 1 }] }));
    expect(units.map((unit) => [unit.bytes, unit.areas.map(({ ptr }) => ptr), unit.parts.map(({ name }) => name)])).toEqual([
      [24576, ['0x2004'], ['static', 'dynamic']],
      [32768, ['0x9'], ['dynamic']],
    ]);
    expect(units[1]!.says).toContain('7 of 8 pages have no memory yet');
  });
});

test('what a step did, half way and at its end', () => {
  const events = [{ e: 'thread_switch', cpu: 1, from: 'a', to: 'b', task: 2 }, { e: 'irq_enter', irq: 5, cpu: 0, name: 'nic' }] as unknown as LaEvent[];
  expect(storyOf(events, 0.5).arrived.get(1)).toBe(0.5);
  expect(storyOf(events, 0.5).irq.get(0)).toBe(0);
  expect([...storyOf(events, 2).touched]).toEqual([1, 0]);
});

describe('a thread that moves', () => {
  const events = [
    { e: 'thread_migrate', name: 'a', from: 0, to: 1 },
    { e: 'spin', cpu: 1, lock: '0x0', holder: 'b' },
    { e: 'thread_switch', cpu: 1, from: 'idle', to: 'a', task: 2 },
  ] as unknown as LaEvent[];
  const before = new Map([[1, { x: 40, y: 60 }], [2, { x: 10, y: 10 }]]);
  const now = new Map([[1, { x: 340, y: 60 }], [2, { x: 11, y: 10 }], [3, { x: 0, y: 0 }]]);

  test('is on its way from the first event about it to the last', () => {
    expect([0, 1.5, 3].map((at) => storyOf(events, at).moved.get('a'))).toEqual([0, 0.5, 1]);
    expect(storyOf(events, 1).moved.has('b')).toBe(false);
  });
  test('begins where it was and ends where it is; one that was nowhere does not fly', () => {
    const ways = waysBack(before, now);
    expect([...ways]).toEqual([[1, { x: -300, y: 0 }]]);
    expect(awayAt(ways.get(1), 0)).toEqual({ x: -300, y: 0 });
    expect(awayAt(ways.get(1), 0.5)!.x).toBeCloseTo(-150);
    expect([awayAt(ways.get(1), 1), awayAt(ways.get(3), 0)]).toEqual([null, null]);
  });
  test('every living thread has one place', () => {
    const all = percpu({ threads: [thread(0), thread(1, { state: 'ready' }), thread(2, { state: 'sleeping' }), thread(3, { state: 'new' }), thread(4, { state: 'dead' })] });
    expect(onNoCpu(all).map(({ id }) => id)).toEqual([2, 3]);
  });
});
