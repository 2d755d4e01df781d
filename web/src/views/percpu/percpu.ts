/*
 * percpu.ts: CPUs, threads and copies as the view draws them, and what can be chosen. Pure.
 *
 *     thread ──> its CPU: current, or in the queue, or asleep (on none)
 *     variable ──> one copy for each CPU
 *
 * What may be chosen, and why something may not, is the engine's word: a snapshot says it for every CPU and thread.
 */
import { namesOf } from '../../lib/pointers';
import type { Choose } from '../../state/session.svelte';
import { isEvent, type Cpu, type LaEvent, type Percpu, type Section, type Thread, type Variable } from '../../protocol/types';

export const threadOf = (percpu: Percpu, id: number): Thread | undefined => percpu.threads?.find((thread) => thread.id === id);

/** The statement a thread stands at, on one line; "" when it has none. */
export function statementOf(place: Pick<Thread, 'block' | 'line' | 'column' | 'end_line' | 'end_column'>, sections: Section[]): string {
  const section = sections[place.block];
  if (!section?.text || place.line === 0) return '';
  const lines = section.text.split('\n').slice(place.line - (section.first_line ?? section.line + 1));
  const count = place.end_line - place.line + 1;
  const part = lines.slice(0, count);
  if (part.length === 0) return '';
  part[part.length - 1] = part[part.length - 1]!.slice(0, Math.max(0, place.end_column - 1));
  part[0] = part[0]!.slice(place.column - 1);
  return part.join(' ').replace(/\s+/g, ' ').trim();
}

const living = (percpu: Percpu | null): Thread[] => percpu?.threads?.filter(({ state }) => state !== 'dead') ?? [];

/**
 * Whose statement comes next, and so whose variables are shown; null while there is one thread and no interrupt.
 * Where nobody can run any more it is the main thread.
 */
export function nextRunner(percpu: Percpu | null): { thread: string; cpu: number; irq?: number } | null {
  const cpu = percpu?.cpus?.[percpu.next_cpu ?? -1];
  const irq = cpu?.irqs.at(-1);
  if (!percpu || !cpu || (living(percpu).length < 2 && irq === undefined)) return null;
  if (irq !== undefined) return { thread: threadOf(percpu, cpu.current)?.name ?? '', cpu: cpu.cpu, irq };
  const thread = threadOf(percpu, Math.max(0, cpu.current));
  return thread ? { thread: thread.name, cpu: thread.cpu } : null;
}

/** What a CPU is doing, in a word or two. */
export function doing(cpu: Cpu, percpu: Percpu): string {
  if (cpu.irqs.length > 0) return `handles interrupt ${cpu.irqs.at(-1)}`;
  const state = cpu.current >= 0 ? threadOf(percpu, cpu.current)?.state : undefined;
  if (!state) return 'idle';
  return state === 'spinning' ? 'spins for a lock' : 'running';
}

/** A choice and why it cannot be made now; "" when it can. */
export interface Offer {
  choice: Choose;
  refused: string;
}

/** What can be chosen for @cpu; @irq: the interrupt that would come. */
export const offersFor = (cpu: Cpu, irq: number): Record<'run' | 'preempt' | 'interrupt', Offer> => ({
  run: { choice: { do: 'run', cpu: cpu.cpu }, refused: cpu.refused.run },
  preempt: { choice: { do: 'preempt', cpu: cpu.cpu }, refused: cpu.refused.preempt },
  interrupt: { choice: { do: 'interrupt', cpu: cpu.cpu, irq }, refused: cpu.refused.interrupt },
});

/** The CPUs that @thread can be moved to. */
export const movesOf = (thread: Thread, percpu: Percpu): Offer[] =>
  (percpu.cpus ?? [])
    .filter(({ cpu }) => cpu !== thread.cpu && thread.state !== 'dead')
    .map(({ cpu }) => ({ choice: { do: 'migrate', thread: thread.id, cpu }, refused: thread.refused }));

/** Why nothing at all can be chosen, said once instead of on every CPU; "" when something can. */
export function refusedEverywhere(percpu: Percpu): string {
  const reasons = new Set((percpu.cpus ?? []).flatMap(({ refused }) => [refused.run, refused.preempt, refused.interrupt]));
  return reasons.size === 1 ? [...reasons][0]! : '';
}

/** What a preemption would do. */
export function preemption(cpu: Cpu): string {
  if (cpu.held) return `it will have to wait: ${cpu.held}`;
  return cpu.queue.length > 0 ? 'the next of the queue runs' : 'nobody else waits for this CPU: it goes on as it is';
}

/** What forbids sleeping and preemption there, as words. */
export function counts(cpu: Cpu): string {
  const parts = [`preempt ${cpu.preempt}`];
  if (cpu.softirq) parts.push(`softirq ${cpu.softirq}`);
  if (cpu.hardirq) parts.push(`hardirq ${cpu.hardirq}`);
  if (cpu.rcu) parts.push(`rcu ${cpu.rcu}`);
  return parts.join(' · ');
}

export function stateInWords(thread: Thread): string {
  switch (thread.state) {
    case 'running':
      return `runs on CPU ${thread.cpu}`;
    case 'ready':
      return `ready, in the queue of CPU ${thread.cpu}`;
    case 'sleeping':
      return `sleeps, ${thread.waits ? `waits ${thread.waits}` : 'waits'}${thread.wake_tick ? `, until tick ${thread.wake_tick} at the latest` : ''}`;
    case 'spinning':
      return `spins on CPU ${thread.cpu}: another thread holds the lock`;
    case 'new':
      return 'made, not woken yet';
    case 'dead':
      return 'has ended';
  }
}

/** Something that every CPU has a copy of. */
export interface Copied {
  /** Of this variable or area only, also when an address is used again for something of another size. */
  key: string;
  name: string;
  what: string;
  copies: Percpu['areas'][number]['copies'];
}

/** Variables in the order of the program, then areas; what a percpu_counter holds is drawn with the counter. */
export function copiedOf(percpu: Percpu, variables: Variable[]): Copied[] {
  const counters = new Set(percpu.counters.map((counter) => counter.ptr));
  return [
    ...percpu.variables.toReversed().map(({ ptr, name, type, copies }) => ({ key: `${name} ${ptr}`, name, what: type, copies })),
    ...percpu.areas.filter(({ ptr }) => !counters.has(ptr)).map((area) => ({ key: keyOf(area), name: pointerTo(area.ptr, variables), what: `${area.size} bytes of alloc_percpu()`, copies: area.copies })),
  ];
}

const keyOf = (area: Percpu['areas'][number]): string => `${area.ptr} ${area.size}`;

/** What the program calls a per-CPU pointer. */
const pointerTo = (ptr: string, variables: Variable[]): string => namesOf(ptr, variables)[0] ?? ptr;

/** Copies whose value is another than in @before, as "key cpu". */
export function changedCopies(before: Percpu | null, now: Percpu): Set<string> {
  if (!before) return new Set();
  const values = new Map(placesOf(before));
  return new Set(placesOf(now).flatMap(([place, value]) => (values.has(place) && values.get(place) !== value ? [place] : [])));
}

const placesOf = (percpu: Percpu): [string, string][] => copiedOf(percpu, []).flatMap(({ key, copies }) => copies.map((copy): [string, string] => [`${key} ${copy.cpu}`, copy.value]));

/** Where the parts of the memory lie that every CPU has: the unit of the boot, and a chunk for each further one. */
export interface UnitPart {
  name: string;
  from: number;
  bytes: number;
}
export interface Unit {
  title: string;
  bytes: number;
  parts: UnitPart[];
  areas: Percpu['areas'];
  /** Where each CPU's begins. */
  begins: string[];
  says: string;
}

export function unitsOf(percpu: Percpu): Unit[] {
  return percpu.chunks.map((chunk) => {
    const own = percpu.areas.filter((area) => area.chunk === chunk.index);
    const sizes: [string, number][] = chunk.first ? [['static', percpu.static_bytes], ['reserved', percpu.reserved_bytes], ['dynamic', percpu.dyn_bytes]] : [['dynamic', chunk.pages * 4096]];
    let from = 0;
    const parts = sizes.filter(([, bytes]) => bytes > 0).map(([name, bytes]) => ({ name, bytes, from: (from += bytes) - bytes }));
    const empty = chunk.pages - chunk.populated;
    const says = `${chunk.free_bytes.toLocaleString('en')} bytes free${empty > 0 ? `; ${empty} of ${chunk.pages} pages have no memory yet` : ''}`;
    return { title: chunk.first ? 'The first chunk, made at boot' : `Chunk ${chunk.index}, in vmalloc addresses`, bytes: from, parts, areas: own, begins: chunk.units, says };
  });
}

/** What the last step did; `t` from 0 (not yet) to 1 (told). */
export interface Story {
  /** Another thread runs on this CPU. */
  arrived: Map<number, number>;
  /** An interrupt came or went. */
  irq: Map<number, number>;
  /** Threads that go somewhere, by name: from the first to the last event about them. */
  moved: Map<string, number>;
  touched: Set<number>;
}

const clamp = (t: number): number => Math.min(1, Math.max(0, t));

/** The threads an event moves. */
function movedBy(event: LaEvent): string[] {
  if (isEvent(event, 'thread_switch')) return [event.from, event.to];
  return isEvent(event, 'thread_migrate') || isEvent(event, 'thread_sleep') || isEvent(event, 'thread_wake') ? [event.name] : [];
}

export function storyOf(events: LaEvent[], at: number): Story {
  const story: Story = { arrived: new Map(), irq: new Map(), moved: new Map(), touched: new Set() };
  const first = new Map<string, number>();
  events.forEach((event, i) => {
    for (const name of movedBy(event)) {
      first.set(name, first.get(name) ?? i);
      story.moved.set(name, clamp((at - first.get(name)!) / (i + 1 - first.get(name)!)));
    }
    if (isEvent(event, 'thread_switch')) story.arrived.set(event.cpu, clamp(at - i));
    else if (isEvent(event, 'irq_enter') || isEvent(event, 'irq_exit')) story.irq.set(event.cpu, clamp(at - i));
    else if (!isEvent(event, 'preempt_wanted') && !isEvent(event, 'spin') && !isEvent(event, 'irq_pending')) return;
    story.touched.add(event['cpu'] as number);
  });
  return story;
}

/** Threads that are on no CPU and in no queue: asleep, or not woken yet. */
export const onNoCpu = (percpu: Percpu): Thread[] => (percpu.threads ?? []).filter(({ state }) => state === 'sleeping' || state === 'new');

/** Threads by the line they stand at, for the marks in the story; only worth it when there are several. */
export function standingAt(percpu: Percpu | null, block: number): Map<number, Thread[]> {
  const lines = new Map<number, Thread[]>();
  if (!percpu?.threads || living(percpu).length < 2) return lines;
  for (const thread of percpu.threads) {
    if (thread.block !== block || thread.state === 'dead' || thread.line === 0) continue;
    lines.set(thread.line, [...(lines.get(thread.line) ?? []), thread]);
  }
  return lines;
}
