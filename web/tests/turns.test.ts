/* Who runs when: lanes of the scrubber, and the same in words. */
import { describe, expect, test } from 'vitest';
import { lanesOf, NO_TURNS, turnAt, turnsInWords, type Turns } from '../src/state/turns';

const INTERRUPTED: Turns = {
  known: 20,
  list: [
    { step: 1, id: 0, thread: 'insmod', cpu: 0 },
    { step: 9, id: 2, thread: 'B', cpu: 1 },
    { step: 10, id: 1, thread: 'A', cpu: 0 },
    { step: 13, id: 1, thread: 'A', cpu: 0, irq: 5 },
    { step: 15, id: 1, thread: 'A', cpu: 0 },
  ],
};

describe('turns', () => {
  test('a lane for each thread in the order of their slots, interrupts last', () => {
    expect(lanesOf(INTERRUPTED)).toEqual([
      { id: 0, runs: [{ from: 1, to: 8 }] },
      { id: 1, runs: [{ from: 10, to: 12 }, { from: 15, to: 20 }] },
      { id: 2, runs: [{ from: 9, to: 9 }] },
      { id: -1, runs: [{ from: 13, to: 14 }] },
    ]);
  });

  test('one thread needs no lane', () => {
    expect(lanesOf(NO_TURNS)).toEqual([]);
    expect(lanesOf({ known: 5, list: INTERRUPTED.list.slice(0, 1) })).toEqual([]);
  });

  test('whose turn a step is', () => {
    expect(turnAt(INTERRUPTED, 0)).toBeUndefined();
    expect(turnAt(INTERRUPTED, 8)?.turn.thread).toBe('insmod');
    expect(turnAt(INTERRUPTED, 9)).toMatchObject({ turn: { thread: 'B' }, run: { from: 9, to: 9 }, lane: 2 });
    expect(turnAt(INTERRUPTED, 14)?.lane).toBe(-1);
    expect(turnAt(INTERRUPTED, 20)?.run).toEqual({ from: 15, to: 20 });
    expect(turnAt(INTERRUPTED, 21)).toBeUndefined();
  });

  test('in words', () => {
    expect(turnsInWords(INTERRUPTED)).toEqual([
      'Steps 1 to 8: insmod on CPU 0', 'Step 9: B on CPU 1', 'Steps 10 to 12: A on CPU 0', 'Steps 13 to 14: Interrupt 5 on CPU 0', 'Steps 15 to 20: A on CPU 0',
    ]);
  });
});
