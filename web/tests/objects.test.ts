/*
 * The views of caches and pools, on what the engine said about tests/objects.md: tests/saved/objects.json holds the caches,
 * pools and events of five of its steps, so that these tests need no engine. Where there is one, the last test says whether
 * the engine still says the same.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Cache, LaEvent, Lesson, Pool } from '../src/protocol/types';
import { SnapshotStore } from '../src/state/snapshot.svelte';
import { lastWay, movesOf, placesOf } from '../src/views/pools/pools';
import { colourOf, linesOfBytes } from '../src/views/slabs/bytes';
import { gridOf, slotAt, slotRect } from '../src/views/slabs/grid';
import { addressIn, cacheOfEvents, frameOf, groupsOf, inWords, locate, objectAt, slabOfFrame, stepOf, storyOf } from '../src/views/slabs/slabs';
import { walk } from '../src/views/slabs/walk';
import { extras, linesOf, linesInWords, wasteInWords } from '../src/views/slabs/waste';
import { viewsFor } from '../src/views/registry';
import { built, NodeEngine } from './engine';

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
const SAVED = JSON.parse(read('./saved/objects.json')) as Record<string, { caches: Cache[]; pools: Pool[]; events: LaEvent[] }>;
const at = (step: number) => SAVED[step]!;
const cache = (step: number, name: string) => at(step).caches.find((each) => each.name === name)!;

describe('a cache and its slabs', () => {
  test('slabs stand on the lists they are on', () => {
    const groups = groupsOf(cache(66, 'quantum'));
    expect(groups.map((group) => [group.title, group.of, group.slabs.map((slab) => slab.id)])).toEqual([
      ['cpu slab', 'CPU 0', [1]],
      ['cpu partial', 'CPU 0', [0]],
    ]);
    expect(groupsOf(cache(70, 'record')).map((group) => `${group.title} ${group.of}`)).toEqual(['partial node 0']);
  });

  test('a list is drawn in its own order, and says what is missing', () => {
    const quantum = cache(66, 'quantum');
    const [first] = quantum.slabs;
    const slabs = [5, 6, 7].map((id) => ({ ...first!, id, list: 'partial' as const, cpu: -1 }));
    const groups = groupsOf({ ...quantum, slabs, nr_slabs: 9, nodes: [{ node: 0, nr_partial: 9, partial: [7, 5, 6] }] });
    expect(groups.map((group) => [group.slabs.map((slab) => slab.id), group.more])).toEqual([[[7, 5, 6], 6]]);
  });

  test('every object is found at its address and nowhere else', () => {
    for (const name of ['quantum', 'record']) {
      const each = cache(70, name);
      for (const slab of each.slabs) {
        for (let slot = 0; slot < slab.objects; slot++) {
          const place = locate(at(70).caches, objectAt(each, slab, slot));
          expect([place?.cache.name, place?.slab.id, place?.slot]).toEqual([name, slab.id, slot]);
          expect(slabOfFrame(at(70).caches, frameOf(each, slab, slot))?.slab.id).toBe(slab.id);
        }
      }
    }
    expect(locate(at(70).caches, '0xffff888000000000')).toBeNull();
    expect(slabOfFrame(at(70).caches, 1)).toBeNull();
  });

  test('the object a pointer leads to', () => {
    expect(addressIn('char * 0xc0404008 "kkkk"')).toBe('0xc0404008');
    expect(addressIn('int 0x12')).toBeNull();
    const place = locate(at(70).caches, '0xc0404008')!;
    expect([place.cache.name, place.slot, inWords(place.slab, 0), inWords(place.slab, 1), inWords(place.slab, 2)]).toEqual([
      'record', 0, 'free, handed out next', 'with the program', 'free, number 2 on the freelist',
    ]);
    expect([stepOf(place.slab, 0), stepOf(place.slab, 1)]).toEqual([0, 69]);
  });
});

describe('the last step told over the finished shelf', () => {
  const acts = (step: number, name: string, t: number) => {
    const story = storyOf(cache(step, name), at(step).events, t);
    return [[...story.acts].map(([slab, of]) => [slab, [...of].map(([slot, act]) => [slot, act.kind, act.t])]), [...story.arriving]];
  };

  test('a new slab arrives, then its first object is given', () => {
    const { events } = at(5);
    const [made, given] = [events.findIndex((e) => e.e === 'slab_new'), events.findIndex((e) => e.e === 'slab_alloc')];
    expect(acts(5, 'quantum', made + 0.5)).toEqual([[[0, [[0, 'alloc', 0]]]], [[0, 0.5]]]);
    expect(acts(5, 'quantum', given + 0.25)).toEqual([[[0, [[0, 'alloc', 0.25]]]], [[0, 1]]]);
    expect(acts(5, 'quantum', events.length)).toEqual([[[0, [[0, 'alloc', 1]]]], [[0, 1]]]);
  });

  test('a free, and nothing on other shelves', () => {
    expect(acts(70, 'record', 0.5)).toEqual([[[0, [[0, 'free', 0.5]]]], []]);
    expect(acts(70, 'quantum', 1)).toEqual([[], []]);
    expect([cacheOfEvents(at(70).events), cacheOfEvents(at(66).events), cacheOfEvents([])]).toEqual(['record', 'quantum', '']);
  });
});

describe('what it costs', () => {
  test('padding of an aligned cache', () => {
    const quantum = cache(66, 'quantum');
    expect(extras(quantum)).toEqual([{ what: 'padding', bytes: 48 }]);
    expect(wasteInWords(quantum)).toBe(
      'Of every slot of 448 B, 400 B are the object’s; the rest is 48 B padding. 128 B at the end of each slab hold no slot. Full, a slab is 88 % data.',
    );
    expect(linesInWords(quantum)).toBe('Each object lies on 7 cache lines of 64 B, no more than it must.');
  });

  test('the parts of a slot account for every byte', () => {
    for (const step of Object.values(SAVED)) {
      for (const each of step.caches) {
        expect(each.object_size + extras(each).reduce((sum, part) => sum + part.bytes, 0), each.name).toBe(each.size);
        expect(each.objects * each.size + each.slab_waste).toBe(4096 * 2 ** each.order);
      }
    }
  });

  test('objects that begin anywhere straddle lines', () => {
    const odd = { ...cache(66, 'quantum'), object_size: 40, size: 40, objects: 8, red_left_pad: 0 };
    expect(linesOf(odd)).toEqual({ least: 1, most: 2, straddling: 4 });
    expect(linesInWords(odd)).toContain('4 of 8 touch one more');
  });
});

describe('the picture', () => {
  test.each([[1, 300], [3, 40], [9, 520], [32, 520], [36, 250], [64, 520], [512, 330], [512, 60]])('%i objects on %i px', (objects, width) => {
    const grid = gridOf(objects, width);
    const slots = Array.from({ length: objects }, (_, slot) => slot);
    expect(grid.cols * grid.rows).toBeGreaterThanOrEqual(objects);
    expect(grid.width).toBeLessThanOrEqual(Math.max(width, 64) + 0.01);
    for (const slot of slots) {
      const { x, y, w, h } = slotRect(grid, slot);
      expect(slotAt(grid, objects, x + w / 2, y + h / 2)).toBe(slot);
      expect(y + h).toBeLessThanOrEqual(grid.height);
    }
    expect([slotAt(grid, objects, -3, 20), slotAt(grid, objects, 5, grid.height + 40)]).toEqual([-1, -1]);
  });

  test('the arrow keys reach every object, and stop at the ends', () => {
    const { slabs, objects } = cache(66, 'quantum');
    const grid = gridOf(objects, 120);
    let cursor = { slab: slabs[0]!.id, slot: 0 };
    const seen = new Set<string>();
    for (let i = 0; i < objects * slabs.length; i++) {
      seen.add(`${cursor.slab}/${cursor.slot}`);
      cursor = walk(slabs, grid, cursor, 'ArrowRight');
    }
    expect(seen.size).toBe(objects * slabs.length);
    expect(walk(slabs, grid, cursor, 'ArrowRight')).toEqual(cursor);
    for (let i = 0; i < 20; i++) cursor = walk(slabs, grid, cursor, 'ArrowUp');
    expect(cursor.slab).toBe(slabs[0]!.id);
    expect(cursor.slot).toBeLessThan(grid.cols);
  });

  test('a slot as bytes with names', () => {
    const parts = [
      { what: 'left_redzone', offset: 0, address: '0xc0404000', hex: 'bb'.repeat(8), says: 'intact' },
      { what: 'object', offset: 8, address: '0xc0404008', hex: `${'6b'.repeat(39)}a5`, says: 'poison' },
    ];
    expect(linesOfBytes(parts, 8).map((line) => [line.address, line.what, line.bytes.length, line.says, line.same])).toEqual([
      ['0xc0404000', 'left_redzone', 8, 'intact', 0],
      ['0xc0404008', 'object', 8, 'poison', 3],
      ['0xc0404028', 'object', 8, '', 0],
    ]);
    const two = linesOfBytes([{ what: 'object', offset: 0, address: '0xc0404000', hex: '00'.repeat(20), says: '' }], 8);
    expect(two.map((line) => [line.address, line.offset, line.same])).toEqual([['0xc0404000', 0, 0], ['0xc0404008', 8, 0], ['0xc0404010', 16, 0]]);
    expect([colourOf('object', '6b', true), colourOf('object', '6b', false), colourOf('left_redzone', 'bb', true)]).toEqual(['--poison', '--inuse', '--redzone']);
  });
});

describe('a memory pool', () => {
  const moves = (step: number, t: number) => movesOf(at(step).pools[0]!, at(step).events, t);
  const places = (step: number, t: number) => placesOf(at(step).pools[0]!, moves(step, t), 64).map((place) => `${place.address ? 'full' : 'empty'}${place.now ? ' now' : ''}`);

  test('an element leaves the reserve, and comes back to it', () => {
    const [taken, kept] = [at(73), at(74)].map(({ events }) => events.findIndex((e) => e.e.startsWith('pool_')));
    expect(places(73, taken! + 0.5)).toEqual(['full', 'full now']);
    expect(places(73, at(73).events.length)).toEqual(['full', 'empty']);
    expect(places(74, kept! + 0.5)).toEqual(['full', 'empty']);
    expect(places(74, at(74).events.length)).toEqual(['full', 'full now']);
  });

  test('an element that is given back and taken in one step is not there before', () => {
    const pool = at(73).pools[0]!;
    const [address, ev] = ['0xc0405000', (e: string): LaEvent => ({ e, severity: 'act', say: e, pool: pool.address, addr: '0xc0405000' })];
    const dry = { ...pool, elements: [], curr_nr: 0 };
    const told = (t: number) => placesOf(dry, movesOf(dry, [ev('pool_keep'), ev('pool_take')], t), 64).map((place) => place.address);
    expect([told(0.5), told(1.5), told(2)]).toEqual([['', ''], [address, ''], ['', '']]);
  });

  test('where the last element came from', () => {
    const events = (step: number) => SAVED[step]?.events ?? [];
    expect(lastWay(at(74).pools[0]!, 74, events)).toEqual({ way: 'keep', step: 74 });
    expect(lastWay(at(73).pools[0]!, 73, events)).toEqual({ way: 'reserve', step: 73 });
    expect(lastWay(at(73).pools[0]!, 72, events)).toBeNull();
  });
});

test('the tabs come with what they show, or when the lesson asks', () => {
  const store = new SnapshotStore();
  const ids = (show?: string[]) =>
    viewsFor(show ? ({ sections: [{ kind: 'view', line: 1, end_line: 2, show }] } as unknown as Lesson) : null, store).map((view) => view.id).filter((id) => ['slabs', 'pools'].includes(id));
  expect(ids()).toEqual([]);
  expect(ids(['slabs'])).toEqual(['slabs']);
  store.apply({ caches: { version: 1, caches: at(70).caches }, pools: { version: 1, pools: [] } });
  expect(ids()).toEqual(['slabs']);
  store.apply({ pools: { version: 2, pools: at(73).pools } });
  expect(ids()).toEqual(['slabs', 'pools']);
});

test.runIf(built)('the engine still says what was saved', async () => {
  const engine = await NodeEngine.open();
  const opened = await engine.request('open', { name: 'objects', source: read('./objects.md'), since: {} });
  expect(opened.diagnostics).toEqual([]);
  for (const step of Object.keys(SAVED).map(Number)) {
    await engine.request('seek', { step, since: {} });
    const { snapshot } = await engine.request('snapshot', { since: {} });
    expect(snapshot.caches?.caches).toEqual(at(step).caches);
    expect(snapshot.pools?.pools).toEqual(at(step).pools);
  }
  engine.close();
});
