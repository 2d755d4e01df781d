/*
 * trail.ts: which statements have run, by step and by line: ticks and results beside the code come from here.
 *
 * It remembers what step replies brought and is never sent back. Jumping over steps leaves gaps; whoever asks gets
 * what is known. Typing at the console or editing changes the future, so cut() forgets it.
 */
import type { LaEvent, Step } from '../protocol/types';

export interface Entry {
  step: number;
  block: number;
  line: number;
  endLine: number;
  statement: string;
  result: string;
  status: Step['status'];
  /** It made a mistake, whether or not the machine could go on. */
  bad: boolean;
  say: string;
  /** First frames of the blocks its events handed out or took back. */
  pfns: number[];
  /** Its events about memory pools. */
  pools: LaEvent[];
}

/** The program did something wrong, even if the machine goes on after it. */
export function isMistake(step: Step | null): boolean {
  if (!step) return false;
  return ['oops', 'assert', 'stuck'].includes(step.status) || step.events.some((event) => event.severity === 'oops');
}

function pfnsOf(events: LaEvent[]): number[] {
  const touching = ['alloc_done', 'free_request', 'pcp_put', 'pcp_take'];
  return events.filter((e) => touching.includes(e.e) && typeof e['pfn'] === 'number').map((e) => e['pfn'] as number);
}

export class Trail {
  #byStep = new Map<number, Entry>();
  #byLine = new Map<number, Entry[]>();

  /** Remember @step; the same step again replaces it. */
  add(step: Step): void {
    if (this.#byStep.has(step.step)) return;
    const entry: Entry = {
      step: step.step,
      block: step.block,
      line: step.line,
      endLine: step.end_line,
      statement: step.statement,
      result: step.result,
      status: step.status,
      bad: isMistake(step),
      say: step.say,
      pfns: pfnsOf(step.events),
      pools: step.events.filter((event) => event.e.startsWith('pool_')),
    };
    this.#byStep.set(step.step, entry);
    if (entry.block < 0) return;
    const list = this.#byLine.get(entry.line) ?? [];
    if (list.length === 0) this.#byLine.set(entry.line, list);
    let at = list.length;
    while (at > 0 && list[at - 1]!.step > entry.step) at--;
    list.splice(at, 0, entry);
  }

  /** Forget every step after @step. */
  cut(step: number): void {
    for (const [key] of [...this.#byStep]) if (key > step) this.#byStep.delete(key);
    for (const [line, list] of this.#byLine) {
      this.#byLine.set(
        line,
        list.filter((entry) => entry.step <= step),
      );
    }
  }

  get(step: number): Entry | undefined {
    return this.#byStep.get(step);
  }

  has(step: number): boolean {
    return this.#byStep.has(step);
  }

  /** The last run of the statement on @line that is not after @step. */
  lastOn(line: number, step: number): Entry | undefined {
    return this.#byLine.get(line)?.findLast((entry) => entry.step <= step);
  }
}
