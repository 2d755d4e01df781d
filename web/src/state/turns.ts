/*
 * turns.ts: who runs when, as the scrubber draws and says it: a lane for each thread, and one for interrupt handlers.
 *
 *     turns        1 insmod   9 A   13 B   15 interrupt 5   16 B
 *
 *     insmod       ████████
 *     A                    ████
 *     B                        ██ ██
 *     interrupts                 █
 *
 * A lane is a slot of the scheduler: when a thread has ended, the next one may get its slot, and so its lane.
 */
import { runnerOf } from '../lib/format';
import type { Turn } from '../protocol/types';

/** @known: the steps that @list tells about. */
export interface Turns {
  list: Turn[];
  known: number;
}

export interface Run {
  from: number;
  to: number;
}

export const NO_TURNS: Turns = { list: [], known: 0 };

const endOf = ({ list, known }: Turns, i: number): number => (list[i + 1]?.step ?? known + 1) - 1;
const INTERRUPTS = -1;
const laneOf = (turn: Turn): number => (turn.irq === undefined ? turn.id : INTERRUPTS);

/** The lanes, the main thread's first, the interrupts' last; none while there is only one. */
export function lanesOf(turns: Turns): { id: number; runs: Run[] }[] {
  const lanes = new Map<number, Run[]>();
  turns.list.forEach((turn, i) => {
    const lane = laneOf(turn);
    if (!lanes.has(lane)) lanes.set(lane, []);
    lanes.get(lane)!.push({ from: turn.step, to: endOf(turns, i) });
  });
  if (lanes.size < 2) return [];
  const order = (id: number) => (id === INTERRUPTS ? Infinity : id);
  return [...lanes].map(([id, runs]) => ({ id, runs })).sort((a, b) => order(a.id) - order(b.id));
}

/** Whose turn @step is, and in which lane; undefined for step 0 and where nobody knows. */
export function turnAt(turns: Turns, step: number): { turn: Turn; run: Run; lane: number } | undefined {
  const i = step > turns.known ? -1 : turns.list.findLastIndex((turn) => turn.step <= step);
  const turn = turns.list[i];
  return turn && { turn, run: { from: turn.step, to: endOf(turns, i) }, lane: laneOf(turn) };
}

/** The lanes as text, one line for each turn. */
export function turnsInWords(turns: Turns): string[] {
  return turns.list.map((turn, i) => {
    const to = endOf(turns, i);
    return `${to > turn.step ? `Steps ${turn.step} to ${to}` : `Step ${turn.step}`}: ${runnerOf(turn)}`;
  });
}
