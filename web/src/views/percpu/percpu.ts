/*
 * percpu.ts: CPUs, threads and copies as the view draws them, and what can be chosen. Pure.
 *
 *     thread ──> its CPU: current, or in the queue, or asleep (on none)
 *     variable ──> one copy for each CPU
 *
 * A choice that is not possible has a reason in words; the engine has the last word all the same.
 */
import { isEvent, type Cpu, type LaEvent, type Percpu, type Section, type Thread } from '../../protocol/types';

export const threadOf = (percpu: Percpu, id: number): Thread | undefined => percpu.threads?.find((thread) => thread.id === id);

/** The statement @thread stands at, on one line; "" when it has none. */
export function statementOf(thread: Thread, sections: Section[]): string {
  const section = sections[thread.block];
  if (!section?.text || thread.line === 0) return '';
  const lines = section.text.split('\n').slice(thread.line - (section.first_line ?? section.line + 1));
  const count = thread.end_line - thread.line + 1;
  const part = lines.slice(0, count);
  if (part.length === 0) return '';
  part[part.length - 1] = part[part.length - 1]!.slice(0, Math.max(0, thread.end_column - 1));
  part[0] = part[0]!.slice(thread.column - 1);
  return part.join(' ').replace(/\s+/g, ' ').trim();
}

/** What a CPU is doing, in a word or two. */
export function doing(cpu: Cpu, percpu: Percpu): string {
  if (cpu.irqs.length > 0) return `handles interrupt ${cpu.irqs.at(-1)}`;
  const state = cpu.current >= 0 ? threadOf(percpu, cpu.current)?.state : undefined;
  if (!state) return 'idle';
  return state === 'spinning' ? 'spins for a lock' : 'running';
}

/** Why this cannot be chosen now; "" when it can. */
export const whyNotRun = (cpu: Cpu): string => (cpu.can_run ? '' : 'nothing to run');
export function whyNotPreempt(cpu: Cpu): string {
  if (cpu.current < 0) return 'the CPU is idle';
  return cpu.queue.length === 0 ? 'no other thread waits for it' : '';
}
export const whyNotInterrupt = (percpu: Percpu): string => (percpu.irqs?.length ? '' : 'no handler yet: request_irq()');
export function whyNotMove(thread: Thread, percpu: Percpu): string {
  const cpu = percpu.cpus?.[thread.cpu];
  if (thread.state === 'dead') return 'it has ended';
  if (thread.bound) return `bound to CPU ${thread.cpu}`;
  if ((percpu.cpus?.length ?? 1) < 2) return 'there is one CPU';
  if (thread.state === 'spinning') return 'preemption is off';
  if (cpu?.current === thread.id && (cpu.preempt > 0 || cpu.hardirq > 0 || cpu.irqs_off)) return 'preemption is off';
  return '';
}

/** Will a preemption have to wait? */
export const mustWait = (cpu: Cpu): boolean => cpu.current >= 0 && (cpu.preempt > 0 || cpu.hardirq > 0 || cpu.softirq > 0 || cpu.irqs_off);

/** What forbids sleeping and preemption there, as words. */
export function counts(cpu: Cpu): string {
  const parts = [`preempt ${cpu.preempt}`];
  if (cpu.softirq) parts.push(`softirq ${cpu.softirq}`);
  if (cpu.hardirq) parts.push(`hardirq ${cpu.hardirq}`);
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

/** Copies whose value is another than in @before, as "name cpu". */
export function changedCopies(before: Percpu | null, now: Percpu): Set<string> {
  const changed = new Set<string>();
  if (!before) return changed;
  const values = new Map<string, string>();
  const each = (percpu: Percpu, visit: (key: string, value: string) => void) => {
    for (const v of percpu.variables) for (const copy of v.copies) visit(`${v.name} ${copy.cpu}`, copy.value);
    for (const area of percpu.areas) for (const copy of area.copies) visit(`${area.ptr} ${copy.cpu}`, copy.value);
  };
  each(before, (key, value) => values.set(key, value));
  each(now, (key, value) => {
    if (values.has(key) && values.get(key) !== value) changed.add(key);
  });
  return changed;
}

/** What the last step did on each CPU; `t` from 0 (not yet) to 1 (told). */
export interface Story {
  /** A thread came to this CPU. */
  arrived: Map<number, number>;
  /** An interrupt came or went. */
  irq: Map<number, number>;
  touched: Set<number>;
}

export function storyOf(events: LaEvent[], at: number): Story {
  const story: Story = { arrived: new Map(), irq: new Map(), touched: new Set() };
  events.forEach((event, i) => {
    const t = Math.min(1, Math.max(0, at - i));
    if (isEvent(event, 'thread_switch')) story.arrived.set(event.cpu, t);
    else if (isEvent(event, 'irq_enter') || isEvent(event, 'irq_exit')) story.irq.set(event.cpu, t);
    else if (!isEvent(event, 'preempt_wanted') && !isEvent(event, 'spin') && !isEvent(event, 'irq_pending')) return;
    story.touched.add(event['cpu'] as number);
  });
  return story;
}

/** Threads by the line they stand at, for the marks in the story; only worth it when there are several. */
export function standingAt(percpu: Percpu | null, block: number): Map<number, Thread[]> {
  const lines = new Map<number, Thread[]>();
  if (!percpu?.threads || percpu.threads.filter((thread) => thread.state !== 'dead').length < 2) return lines;
  for (const thread of percpu.threads) {
    if (thread.block !== block || thread.state === 'dead' || thread.line === 0) continue;
    lines.set(thread.line, [...(lines.get(thread.line) ?? []), thread]);
  }
  return lines;
}
