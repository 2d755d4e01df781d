import { describe, expect, test } from 'vitest';
import { chainOf, questionOf } from '../src/inspector/chain';
import type { LaEvent, Zone } from '../src/protocol/types';
import { arcsOf, caption, orderFor, rowsOf } from '../src/views/freelists/lists';
import { covers } from '../src/views/palette';
import { checksOf, scaleOf, spread } from '../src/views/watermarks/gauge';
import { retell, touched } from '../src/views/memory/retell';

const ev = (e: string, fields: object = {}, severity: LaEvent['severity'] = 'act'): LaEvent => ({ e, severity, say: e, zone: 0, ...fields });

/*
 *   taking one page out of a block of order 2 at 4:  [4 5 6 7] -> [4 5][6 7] -> [4][5][6 7]
 */
const take = [
  ev('alloc_request', { order: 0 }, 'info'),
  ev('wmark_pass', { mark: 'low', free: 64, need: 4, min: 4, reserve: 0 }, 'yes'),
  ev('list_take', { pfn: 4, order: 2 }),
  ev('split', { pfn: 6, order: 1 }),
  ev('split', { pfn: 5, order: 0 }),
  ev('alloc_done', { pfn: 4, order: 0 }, 'yes'),
];
const give = [
  ev('free_request', { pfn: 4, order: 0 }, 'info'),
  ev('merge', { pfn: 4, buddy: 5, order: 1 }),
  ev('merge', { pfn: 4, buddy: 6, order: 2 }),
  ev('list_add', { pfn: 4, order: 2 }),
];

describe('retelling a step over the finished picture', () => {
  test('the end needs no cover', () => {
    expect(retell(take, take.length)).toEqual([]);
    expect(retell(give, give.length)).toEqual([]);
    expect(retell([], 0)).toEqual([]);
  });

  test('before the first split the whole block is there; halves stay behind', () => {
    expect(retell(take, 2.5).map((c) => [c.as, c.pfn, c.order])).toEqual([['lead', 4, 2]]);
    expect(retell(take, 4).map((c) => [c.as, c.pfn, c.order])).toEqual([['free', 6, 1], ['lead', 4, 1]]);
  });

  test('at every moment the covers lie on the frames of the block and never on each other', () => {
    for (const story of [take, give]) {
      for (let at = 0; at < story.length; at += 0.25) {
        const frames = retell(story, at).flatMap((c) => Array.from({ length: 2 ** c.order }, (_, i) => c.pfn + i));
        expect(new Set(frames).size).toBe(frames.length);
        expect(frames.every((pfn) => pfn >= 4 && pfn < 8)).toBe(true);
      }
    }
  });

  test('what was touched', () => {
    expect([...touched(take)]).toEqual([4]);
    expect([...touched(give)]).toEqual([4]);
  });
});

describe('free lists', () => {
  const list = (head: number[]) => ({ nr_free: head.length, lists: head.length ? [{ mt: 0, nr: head.length, head }] : [] });
  const area = { zone: 0, orders: [list([5]), list([6]), list([])] };

  test('a half appears when its split is told, the block taken is a ghost until then', () => {
    const chips = (at: number) => rowsOf(area, take, at, 2).map((row) => row.lanes.flatMap((l) => l.chips.map((c) => `${c.state}${c.pfn}`)));
    expect(chips(2.5)).toEqual([['ghost4'], [], []]);
    expect(chips(4)).toEqual([[], ['now6'], []]);
    expect(chips(take.length)).toEqual([[], ['now6'], ['now5']]);
  });

  test('arcs and their caption', () => {
    expect(caption(arcsOf(take, 0, take.length))).toBe('split 2 → 0');
    expect(caption(arcsOf(give, 0, give.length))).toBe('merged 0 → 2');
    expect(arcsOf(take, 1, take.length)).toEqual([]);
    expect(arcsOf(take, 0, 3.5)[0]!.drawn).toBe(0.5);
  });

  test('a zone of 64 pages needs rows up to order 6', () => {
    expect([1, 64, 65, 7168].map(orderFor)).toEqual([0, 6, 6, 12]);
  });
});

describe('watermarks', () => {
  const zone = (managed: number, high: number): Zone => ({
    index: 0, name: 'Normal', node: 0, start_pfn: 0, spanned: managed, present: managed, managed, free: managed, min: high / 2, low: high * 0.75,
    high, boost: 0, protection: [], highatomic: 0, page_cache: 0, pcp: 0,
  });

  test('checks are numbered in order', () => {
    expect(checksOf(take).map((c) => [c.number, c.pass, c.need])).toEqual([[1, true, 4]]);
  });

  test('marks at one place stand side by side', () => {
    const xs = spread([50, 50, 52, 10, 50], 20, 400).toSorted((a, b) => a - b);
    expect(xs.slice(1).every((x, i) => x - xs[i]! >= 20)).toBe(true);
    expect(spread([395, 395], 20, 400)).toEqual([395, 400]);
  });

  test.each([zone(12288, 288), zone(64, 0), zone(100, 60), zone(1048576, 3544)])('a scale rises and stays inside', (z) => {
    const scale = scaleOf(z, []);
    let before = 0;
    for (let pages = 0; pages <= z.managed; pages += Math.ceil(z.managed / 200)) {
      expect(scale.at(pages)).toBeGreaterThanOrEqual(before);
      before = scale.at(pages);
    }
    expect(before).toBeLessThanOrEqual(1);
    expect(scale.at(z.high)).toBeLessThan(0.73);
  });
});

describe('why', () => {
  test('the question fits the step', () => {
    expect(questionOf(take)).toBe('Why this page?');
    expect(questionOf(give)).toBe('Where did it go?');
    expect(questionOf([ev('alloc_fail')])).toBe('Why NULL?');
    expect(questionOf([...take, ev('slab_new')])).toBe('What happened');
    expect(questionOf([])).toBe('What happened');
  });

  test('long runs fold, printed lines and mistakes stand elsewhere', () => {
    const many = Array.from({ length: 6 }, (_, i) => ev('split', { order: 5 - i }));
    const chain = chainOf([ev('list_take'), ...many, ev('printk', {}, 'print'), ev('oops', {}, 'oops')]);
    expect(chain.map((link) => [link.say, link.times])).toEqual([['list_take', 1], ['6 splits, from order 6 down to 0; each upper half stays behind.', 6]]);
  });

  test('rounds that come again fold after the first', () => {
    const round = (n: number) => [ev('kmalloc', { n }, 'info'), { ...ev('slab_alloc', { n }, 'yes'), say: `object ${n}` }];
    const chain = chainOf([ev('slab_new'), ...[1, 2, 3, 4, 5].flatMap(round), ev('kmalloc', {}, 'info')]);
    expect(chain.map(({ say, times, from, severity }) => [say, times, from, severity])).toEqual([
      ['slab_new', 1, 0, 'act'],
      ['kmalloc', 1, 1, 'info'],
      ['object 1', 1, 2, 'yes'],
      ['4 times more the same, the last time: object 5', 8, 3, 'yes'],
      ['kmalloc', 1, 11, 'info'],
    ]);
    expect(chainOf([1, 2, 3].flatMap(round))).toHaveLength(6);
  });
});

test('no two patterns look alike', () => {
  const patterns = ['none', 'rising', 'falling', 'dots', 'rows', 'columns', 'grid'] as const;
  const looks = patterns.map((p) => Array.from({ length: 144 }, (_, i) => Number(covers(p, i % 12, Math.floor(i / 12)))).join(''));
  expect(new Set(looks).size).toBe(patterns.length);
});
