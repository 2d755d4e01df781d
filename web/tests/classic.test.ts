/*
 * The slabs view on a machine with the SLAB of 2.6, on what the engine said about tests/classic.md at four of its steps
 * (tests/saved/classic.json). Where there is an engine, the last test says whether it still says the same.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Cache, LaEvent } from '../src/protocol/types';
import { arraysOf, chainInWords, coloursInWords, leadOf, managementInWords, segmentsOf, waitsIn } from '../src/views/slabs/classic';
import { cacheOfEvents, groupsOf, inWords, locate, objectAt, storyOf } from '../src/views/slabs/slabs';
import { linesOf, wasteInWords } from '../src/views/slabs/waste';
import { built, NodeEngine } from './engine';

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
const SAVED = JSON.parse(read('./saved/classic.json')) as Record<string, { caches: Cache[]; events: LaEvent[] }>;
const at = (step: number) => SAVED[step]!;
const cache = (step: number, name: string) => at(step).caches.find((each) => each.name === name)!;

describe('the arrays', () => {
  test('one for each CPU and one for all, the next object on top', () => {
    const arrays = arraysOf(cache(125, 'wide'));
    expect(arrays.map(({ title, avail, limit, batchcount }) => [title, avail, limit, batchcount])).toEqual([
      ['CPU 0', 7, 120, 60],
      ['CPU 1', 0, 120, 60],
      ['all CPUs', 0, 480, 60],
    ]);
    // w[20] came back last, w[3] before it
    expect(arrays[0]!.entries.map((entry) => entry.label).slice(0, 3)).toEqual(['slab 1 · object 9', 'slab 0 · object 11', 'slab 2 · object 4']);
  });

  test('every entry is an object of the cache that the slab calls free', () => {
    for (const { caches } of Object.values(SAVED)) {
      for (const each of caches) {
        const entries = arraysOf(each).flatMap((array) => array.entries);
        for (const { address } of entries) {
          const place = locate([each], address)!;
          expect(place.slab.state[place.slot]).toBe('c');
        }
        const waiting = each.slabs.reduce((sum, slab) => sum + [...slab.state].filter((letter) => letter === 'c').length, 0);
        expect(waiting).toBe(entries.length);
      }
    }
  });

  test('where a free object waits, in words', () => {
    const wide = cache(125, 'wide');
    const [slab, slot] = [wide.slabs.find((each) => each.id === 1)!, 9];
    expect(waitsIn(wide, objectAt(wide, slab, slot))).toBe('in the array of CPU 0, handed out next');
    expect(inWords(slab, slot, waitsIn(wide, objectAt(wide, slab, slot)))).toBe('free, in the array of CPU 0, handed out next');
    const inShared = { ...wide, cpus: [], classic: { ...wide.classic!, shared: { array: wide.cpus[0]!.array!, limit: 480, batchcount: 60 } } };
    expect(waitsIn(inShared, objectAt(wide, wide.slabs[2]!, 11))).toBe('in the array all CPUs share, number 2 from the top');
    expect(waitsIn(wide, '0x1000')).toBe('');
    const small = cache(130, 'small');
    expect(inWords(small.slabs[0]!, 15, waitsIn(small, objectAt(small, small.slabs[0]!, 15)))).toBe('with the program');
    expect(inWords(small.slabs[0]!, 16, waitsIn(small, objectAt(small, small.slabs[0]!, 16)))).toBe('free on its slab, number 1 in its chain');
  });
});

describe('lists and struct slab', () => {
  test('the three lists are always there, in the order in which they are searched', () => {
    const titles = (step: number, name: string) => groupsOf(cache(step, name)).map((group) => [group.title, group.slabs.map((slab) => slab.id)]);
    expect(titles(125, 'wide')).toEqual([['partial', []], ['free', []], ['full', [2, 1, 0]]]);
    expect(titles(130, 'small')).toEqual([['partial', [0]], ['free', []], ['full', []]]);
  });

  test('colours move the slab, and its bytes add up', () => {
    const wide = cache(125, 'wide');
    expect(wide.slabs.map((slab) => [slab.id, slab.colour])).toEqual([[2, 64], [1, 32], [0, 0]]);
    expect(segmentsOf(wide, wide.slabs[0]!)).toEqual([
      { what: 'colour', bytes: 64 },
      { what: 'struct slab', bytes: 34 },
      { what: 'kmem_bufctl_t', bytes: 30 },
      { what: 'objects', bytes: 3840 },
      { what: 'rest', bytes: 128 },
    ]);
    expect(coloursInWords(wide.classic!)).toBe('6 colours, each 32 B further on; the next slab gets colour 3');
    expect(managementInWords(wide.classic!)).toBe('struct slab and its numbers take 64 B at the beginning of each slab');
    const off = { ...wide.classic!, off_slab: true, management: 40, management_cache: 'size-64', colours: 1 };
    expect(managementInWords(off)).toContain('40 B of an object of size-64, off the slab');
    expect(coloursInWords(off)).toContain('all slabs begin alike');
    expect(segmentsOf({ ...wide, classic: off }, wide.slabs[2]!).map((segment) => segment.what)).toEqual(['objects', 'rest']);
  });

  test('the chain follows the numbers in memory', () => {
    const [slab] = cache(130, 'small').slabs;
    let next = slab!.freelist[0]!;
    const chain = [];
    for (; next >= 0; next = slab!.bufctl![next]!) chain.push(next);
    expect(chain).toEqual(slab!.freelist);
    expect(chainInWords(slab!, 4)).toBe('16 → 17 → 18 → … → 60 → END');
    expect(chainInWords({ ...slab!, freelist: [3, 1] }, 4)).toBe('3 → 1 → END');
    expect(chainInWords({ ...slab!, freelist: [] }, 4)).toBe('END');
  });

  test('object 0 begins behind struct slab, for cache lines too', () => {
    const small = cache(130, 'small');
    expect(leadOf(small)).toBe(160);
    expect(linesOf(small)).toEqual({ least: 2, most: 2, straddling: 0 });
    expect(wasteInWords(small)).toBe('A slot of 64 B is all object. 160 B of each slab are struct slab and kmem_bufctl_t. 32 B hold nothing. Full, a slab is 95 % data.');
  });
});

describe('the last step told over the finished shelf', () => {
  test('the slab arrives, its first object is given; what is freed goes into the array', () => {
    const { events } = at(4);
    const [grown, given] = [events.findIndex((e) => e.e === 'classic_grow'), events.findIndex((e) => e.e === 'slab_alloc')];
    expect([...storyOf(cache(4, 'wide'), events, grown + 0.5).arriving]).toEqual([[0, 0.5]]);
    expect([...storyOf(cache(4, 'wide'), events, given + 0.25).acts.get(0)!]).toEqual([[14, { kind: 'alloc', t: 0.25 }]]);
    expect([...storyOf(cache(125, 'wide'), at(125).events, 1).acts.get(1)!]).toEqual([[9, { kind: 'free', t: 1 }]]);
    expect([cacheOfEvents(at(125).events), cacheOfEvents(at(128).events), cacheOfEvents(at(130).events)]).toEqual(['wide', 'large', 'small']);
  });
});

test.runIf(built)('the engine still says what was saved', async () => {
  const engine = await NodeEngine.open();
  const opened = await engine.request('open', { name: 'classic', source: read('./classic.md'), since: {} });
  expect(opened.diagnostics).toEqual([]);
  for (const step of Object.keys(SAVED).map(Number)) {
    await engine.request('seek', { step, since: {} });
    const { snapshot } = await engine.request('snapshot', { since: {} });
    expect(snapshot.caches?.caches).toEqual(at(step).caches);
  }
  engine.close();
});
