/*
 * chain.ts: a step's events as a short chain of verdicts, and what the chain is the answer to.
 *
 * Printed lines and mistakes have their own places, so they are left out. Runs of the same event (a loop that takes
 * fifty pages) become one link with a count; of a round of a few events that comes again and again (a pool that fills
 * itself: round up, take, round up, take, …) the first is told, then how often, and how the last ended:
 *
 *     A B A B A B A B    ->    A B "3 times more: … B"
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
/** A round is at most so many events long. */
const ROUND = 6;

function severityOf(event: LaEvent): Link['severity'] {
  const { severity } = event;
  return severity === 'yes' || severity === 'no' || severity === 'act' ? severity : severity === 'warn' ? 'no' : 'info';
}

export function chainOf(events: LaEvent[]): Link[] {
  const links: Link[] = [];
  const tell = (from: number, end: number, say: string, last = from) => links.push({ severity: severityOf(events[last]!), say, times: end - from, from });
  for (let i = 0; i < events.length; ) {
    if (ELSEWHERE.has(events[i]!.e)) {
      i++;
      continue;
    }
    const { length, rounds } = roundAt(events, i);
    const end = i + length * rounds;
    if (length === 1 && rounds >= FOLD_FROM) {
      tell(i, end, folded(events.slice(i, end)));
      i = end;
    } else if (length > 1) {
      for (const first = i + length; i < first; i++) tell(i, i + 1, events[i]!.say);
      tell(i, end, `${rounds - 1} times more the same, the last time: ${events[end - 1]!.say}`, end - 1);
      i = end;
    } else {
      tell(i, i + 1, events[i]!.say);
      i++;
    }
  }
  return links;
}

/** What comes again from @from on: the shortest round that comes at least FOLD_FROM times; else one event by itself. */
function roundAt(events: LaEvent[], from: number): { length: number; rounds: number } {
  for (let length = 1; length <= ROUND; length++) {
    let end = from + length;
    while (end < events.length && events[end]!.e === events[end - length]!.e) end++;
    const rounds = Math.floor((end - from) / length);
    const told = events.slice(from, from + length).every((event) => !ELSEWHERE.has(event.e));
    if (rounds >= FOLD_FROM && told) return { length, rounds };
  }
  return { length: 1, rounds: 1 };
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
  const last = events.findLast((event) => !ELSEWHERE.has(event.e));
  if (has('alloc_fail')) return 'Why NULL?';
  if (last?.e === 'alloc_done') return 'Why this page?';
  if (has('free_request')) return 'Where did it go?';
  return 'What happened';
}
