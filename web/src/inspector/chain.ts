/*
 * chain.ts: a step's events as a short chain of verdicts, and what the chain is the answer to.
 *
 * Printed lines and mistakes have their own places, so they are left out. Runs of the same event (a loop that takes
 * fifty pages) become one link with a count.
 */
import type { LaEvent } from '../protocol/types';

export interface Link {
  severity: 'yes' | 'no' | 'act' | 'info';
  say: string;
  /** Events told by this link; more than 1 when alike ones were folded. */
  times: number;
  /** Number of the first event, for the motion. */
  from: number;
}

const ELSEWHERE = new Set(['printk', 'oops', 'warning', 'then_now']);
const FOLD_FROM = 4;

function severityOf(event: LaEvent): Link['severity'] {
  const { severity } = event;
  return severity === 'yes' || severity === 'no' || severity === 'act' ? severity : severity === 'warn' ? 'no' : 'info';
}

export function chainOf(events: LaEvent[]): Link[] {
  const links: Link[] = [];
  for (let i = 0; i < events.length; ) {
    const event = events[i]!;
    let end = i + 1;
    while (end < events.length && events[end]!.e === event.e) end++;
    if (ELSEWHERE.has(event.e)) {
      i = end;
      continue;
    }
    const fold = end - i >= FOLD_FROM;
    const stop = fold ? end : i + 1;
    links.push({ severity: severityOf(event), say: fold ? folded(events.slice(i, end)) : event.say, times: stop - i, from: i });
    i = stop;
  }
  return links;
}

/** First and last of a run stand for all. */
function folded(run: LaEvent[]): string {
  const first = run[0]!;
  const last = run.at(-1)!;
  if (first.e === 'split') return `${run.length} splits, from order ${Number(first['order']) + 1} down to ${String(last['order'])}; each upper half stays behind.`;
  if (first.e === 'merge') return `${run.length} merges, up to order ${String(last['order'])}: each buddy was free too.`;
  return `${first.say} … ${last.say}`;
}

/** The heading over the chain. */
export function questionOf(events: LaEvent[]): string {
  const has = (name: string) => events.some((event) => event.e === name);
  if (has('alloc_fail')) return 'Why NULL?';
  if (has('alloc_done')) return 'Why this page?';
  if (has('free_request')) return 'Where did it go?';
  return 'What happened';
}
