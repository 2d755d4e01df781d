/* The view of CPUs and copies, on sections written by hand; no engine is needed. */
import { describe, expect, test } from 'vitest';
import type { Cpu, LaEvent, Percpu, Section, Thread } from '../src/protocol/types';
import { choiceText } from '../src/state/session.svelte';
import { changedCopies, counts, doing, mustWait, standingAt, statementOf, stateInWords, storyOf, whyNotInterrupt, whyNotMove, whyNotPreempt, whyNotRun } from '../src/views/percpu/percpu';

const cpu = (n: number, more: Partial<Cpu> = {}): Cpu => ({ cpu: n, node: 0, current: -1, irqs: [], preempt: 0, softirq: 0, hardirq: 0, irqs_off: false, need_resched: false, pending: [], queue: [], can_run: false, ...more });
const thread = (id: number, more: Partial<Thread> = {}): Thread => ({
  id, name: `t${id}`, pid: 100 + id, cpu: 0, bound: false, state: 'running', waits: '', wake_tick: 0, task: '0x0', preempt_count: '0x0', block: 0, line: 12, column: 5, end_line: 12, end_column: 17, depth: 1, function: 'add', ...more,
});
const percpu = (more: Partial<Percpu> = {}): Percpu => ({
  version: 1, cpus: [], next_cpu: 0, threads: [], irqs: [], variables: [], areas: [], counters: [], unit_bytes: 0, static_bytes: 0, reserved_bytes: 0, dyn_bytes: 0, chunks: [], ...more,
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
  test('its counts', () => {
    expect(counts(cpu(0, { preempt: 2 }))).toBe('preempt 2');
    expect(counts(cpu(0, { hardirq: 1, softirq: 1 }))).toBe('preempt 0 · softirq 1 · hardirq 1');
    expect([mustWait(cpu(0, { current: 0 })), mustWait(cpu(0, { current: 0, preempt: 1 })), mustWait(cpu(0, { current: 0, irqs_off: true }))]).toEqual([false, true, true]);
  });
});

describe('what can be chosen', () => {
  const two = percpu({ cpus: [cpu(0, { current: 0, can_run: true, queue: [1] }), cpu(1)], threads: [thread(0), thread(1, { state: 'ready' })] });
  test('running and preempting', () => {
    expect([whyNotRun(two.cpus![0]!), whyNotRun(two.cpus![1]!)]).toEqual(['', 'nothing to run']);
    expect([whyNotPreempt(two.cpus![0]!), whyNotPreempt(two.cpus![1]!), whyNotPreempt(cpu(0, { current: 0 }))]).toEqual(['', 'the CPU is idle', 'no other thread waits for it']);
    expect([whyNotInterrupt(two), whyNotInterrupt(percpu({ irqs: [{ irq: 5, name: 'nic', handler: 'nic', count: 0 }] }))]).toEqual(['no handler yet: request_irq()', '']);
  });
  test('moving a thread', () => {
    expect(whyNotMove(thread(1, { state: 'ready' }), two)).toBe('');
    expect(whyNotMove(thread(1, { bound: true }), two)).toBe('bound to CPU 0');
    expect(whyNotMove(thread(1, { state: 'dead' }), two)).toBe('it has ended');
    const off = percpu({ cpus: [cpu(0, { current: 0, preempt: 1 }), cpu(1)], threads: [thread(0)] });
    expect(whyNotMove(thread(0), off)).toBe('preemption is off');
    expect(whyNotMove(thread(0), percpu({ cpus: [cpu(0)] }))).toBe('there is one CPU');
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

test('copies that changed, and only those', () => {
  const before = percpu({ variables: [{ name: 'hits', type: 'int', exported: '', ptr: '0x0', size: 4, copies: copies('5', '0') }], areas: [{ ptr: '0x2004', chunk: 0, offset: 0, size: 4, copies: copies('1', '1') }] });
  const after = percpu({ ...before, variables: [{ ...before.variables[0]!, copies: copies('6', '0') }] });
  expect([...changedCopies(before, after)]).toEqual(['hits 0']);
  expect(changedCopies(null, after).size).toBe(0);
});

test('what a step did, half way and at its end', () => {
  const events = [{ e: 'thread_switch', cpu: 1, from: 'a', to: 'b', task: 2 }, { e: 'irq_enter', irq: 5, cpu: 0, name: 'nic' }] as unknown as LaEvent[];
  expect(storyOf(events, 0.5).arrived.get(1)).toBe(0.5);
  expect(storyOf(events, 0.5).irq.get(0)).toBe(0);
  expect([...storyOf(events, 2).touched]).toEqual([1, 0]);
});
