import { describe, expect, test } from 'vitest';
import { FrameTable } from '../src/state/frames';

/*
 *   pfn    0 1 2 3 4 5 6 7 8 … 15
 *          |K|K|F  |F      |F      order 0, 0, 1, 2, 3
 */
function table(): FrameTable {
  const frames = new FrameTable(16);
  frames.apply([[0, 2, 0, 4, 0, 0], [2, 1, 1, 1, 0, 0], [4, 1, 2, 1, 0, 0], [8, 1, 3, 1, 1, 0]], true);
  return frames;
}

describe('FrameTable', () => {
  test('a run fills every frame of its blocks', () => {
    const frames = table();
    expect([...frames.kind]).toEqual([4, 4, ...Array<number>(14).fill(1)]);
    expect([...frames.order]).toEqual([0, 0, 1, 1, 2, 2, 2, 2, ...Array<number>(8).fill(3)]);
    expect(frames.mt[15]).toBe(1);
  });

  test('any frame leads to the head of its block', () => {
    const frames = table();
    expect([0, 1, 3, 7, 8, 15].map((pfn) => frames.headOf(pfn))).toEqual([0, 1, 2, 4, 8, 8]);
    expect(frames.after(5)).toBe(8);
    expect(frames.after(15)).toBe(16);
  });

  test('a delta changes only its frames and says which', () => {
    const frames = table();
    const ranges = frames.apply([[8, 2, 2, 1, 0, 0], [0, 1, 0, 1, 0, 0]], false);
    expect(ranges).toEqual([{ pfn: 8, end: 16 }, { pfn: 0, end: 1 }]);
    expect([frames.kind[0], frames.kind[1], frames.order[12]]).toEqual([1, 4, 2]);
  });

  test('a full set forgets what is not in it', () => {
    const frames = table();
    frames.apply([[0, 1, 0, 1, 0, 0]], true);
    expect(frames.kind[5]).toBe(0);
    expect(frames.kindsPresent()).toEqual([1]);
  });

  test('runs beyond the table do no harm', () => {
    const frames = new FrameTable(4);
    frames.apply([[0, 1, 10, 1, 0, 0]], true);
    expect(frames.kind).toEqual(new Uint8Array([1, 1, 1, 1]));
  });

  test('blocks are visited once each, holes never', () => {
    const frames = new FrameTable(32);
    frames.apply([[4, 1, 2, 1, 0, 0], [16, 2, 3, 4, 0, 0]], true);
    const seen: number[] = [];
    frames.eachBlock(0, 32, (pfn) => void seen.push(pfn));
    expect(seen).toEqual([4, 16, 24]);
    expect(frames.runs(0, 32)).toEqual([{ pfn: 4, blocks: 1, order: 2, kind: 1 }, { pfn: 16, blocks: 2, order: 3, kind: 4 }]);
  });
});

test('the kinds that occur are counted as frames change hands', () => {
  const frames = table();
  expect(frames.kindsPresent()).toEqual([1, 4]);
  frames.apply([[0, 2, 0, 1, 0, 0]], false);
  expect(frames.kindsPresent()).toEqual([1]);
  frames.apply([[3, 1, 0, 7, 0, 0]], false);
  expect(frames.kindsPresent()).toEqual([1, 7]);
  frames.apply([[0, 1, 4, 4, 0, 0]], true);
  expect(frames.kindsPresent()).toEqual([4]);
});
