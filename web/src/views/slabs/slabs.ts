/*
 * slabs.ts: caches, their slabs and objects as the views need them, with the last step's story in them. Pure: the same
 * snapshot, events and moment give the same picture.
 *
 *     cache ──> groups: cpu slab · cpu partial · partial · full ──> slabs ──> slots 0 … objects-1
 *               2.6:    partial · free · full
 *
 *     slot i    slab.address + i * size
 *     object i  the same + red_left_pad: what kmem_cache_alloc() returns
 *
 * Addresses are 64 bits wide, so they are bigint wherever they are reckoned with.
 */
import { isEvent, type Cache, type LaEvent, type Slab } from '../../protocol/types';

export interface Group {
  key: string;
  /** cpu slab, cpu partial, partial, full */
  title: string;
  /** CPU 0, node 0, or nothing. */
  of: string;
  slabs: Slab[];
  /** Slabs on this list that the snapshot does not carry. */
  more: number;
}

export interface Place {
  cache: Cache;
  slab: Slab;
  slot: number;
}

/** What happens to an object in this step; `t` from 0 (not yet) to 1 (told). */
export interface Act {
  kind: 'alloc' | 'free';
  t: number;
}

export interface Story {
  /** By slab id, then slot. */
  acts: Map<number, Map<number, Act>>;
  /** New slabs: how far each has come. */
  arriving: Map<number, number>;
}

const LISTS = [
  { list: 'cpu', title: 'cpu slab' },
  { list: 'cpu_partial', title: 'cpu partial' },
  { list: 'partial', title: 'partial' },
  { list: 'full', title: 'full' },
] as const;

const CLASSIC_LISTS = [
  { list: 'partial', of: 'objects come from here first' },
  { list: 'free', of: 'then from here' },
  { list: 'full', of: 'nothing to give' },
] as const;

/** 2.6: slabs_partial, slabs_free, slabs_full, in the order in which objects are looked for; empty ones too. */
function classicGroupsOf(cache: Cache, classic: NonNullable<Cache['classic']>): Group[] {
  return CLASSIC_LISTS.map(({ list, of }) => {
    const rank = new Map(classic[list].ids.map((id, i) => [id, i]));
    const slabs = cache.slabs.filter((slab) => slab.list === list).sort((a, b) => (rank.get(a.id) ?? Infinity) - (rank.get(b.id) ?? Infinity));
    return { key: list, title: list, of, slabs, more: classic[list].nr - slabs.length };
  });
}

/** The slabs of @cache on the lists they are on, each in the list's order. */
export function groupsOf(cache: Cache): Group[] {
  if (cache.classic) return classicGroupsOf(cache, cache.classic);
  const groups: Group[] = [];
  for (const { list, title } of LISTS) {
    for (const slab of cache.slabs.filter((each) => each.list === list)) {
      const of = list === 'full' ? '' : slab.cpu >= 0 ? `CPU ${slab.cpu}` : `node ${slab.node}`;
      const key = `${list} ${of}`;
      let group = groups.find((each) => each.key === key);
      if (!group) groups.push((group = { key, title, of, slabs: [], more: 0 }));
      group.slabs.push(slab);
    }
  }
  for (const group of groups) arrange(cache, group);
  const carried = groups.reduce((sum, group) => sum + group.slabs.length + group.more, 0);
  const full = groups.find((group) => group.title === 'full');
  if (full) full.more += Math.max(0, cache.nr_slabs - carried);
  return groups;
}

/** Put the slabs of @group in the order of the kernel's list. */
function arrange(cache: Cache, group: Group): void {
  const { cpu, node } = group.slabs[0]!;
  const onNode = cache.nodes.find((each) => each.node === node);
  const order = group.title === 'cpu partial' ? cache.cpus.find((each) => each.cpu === cpu)?.partial : group.title === 'partial' ? onNode?.partial : undefined;
  if (!order) return;
  const rank = (slab: Slab) => (order.indexOf(slab.id) + order.length + 1) % (order.length + 1);
  group.slabs.sort((a, b) => rank(a) - rank(b));
  if (group.title === 'partial') group.more = Math.max(0, (onNode?.nr_partial ?? 0) - group.slabs.length);
}

export const objectAt = (cache: Cache, slab: Slab, slot: number): string =>
  `0x${(BigInt(slab.address) + BigInt(slot * cache.size + cache.red_left_pad)).toString(16)}`;

/** The frame that the object in @slot begins in. */
export const frameOf = (cache: Cache, slab: Slab, slot: number): number => slab.pfn + Math.floor((slot * cache.size + cache.red_left_pad) / 4096);

/** The slot that @address lies in, or null. */
export function locate(caches: Cache[], address: string): Place | null {
  const wanted = BigInt(address);
  for (const cache of caches) {
    for (const slab of cache.slabs) {
      const at = Number(wanted - BigInt(slab.address));
      if (at >= 0 && at < slab.objects * cache.size) return { cache, slab, slot: Math.floor(at / cache.size) };
    }
  }
  return null;
}

/** The slab whose pages hold frame @pfn, or null. */
export function slabOfFrame(caches: Cache[], pfn: number): { cache: Cache; slab: Slab } | null {
  for (const cache of caches) {
    const slab = cache.slabs.find((each) => pfn >= each.pfn && pfn < each.pfn + 2 ** each.order);
    if (slab) return { cache, slab };
  }
  return null;
}

/** The address a variable's value names: `void * 0xc0400080 (pfn 0x400)` -> 0xc0400080. */
export const addressIn = (value: string): string | null => /\*\s*(0x[0-9a-f]+)/.exec(value)?.[1] ?? null;

const CACHE_EVENTS = new Set(['slab_alloc', 'slab_free', 'slab_new', 'cache_create', 'array_put', 'classic_grow', 'classic_create']);

/** The cache that @events of a step are about, or "". */
export function cacheOfEvents(events: LaEvent[]): string {
  const found = events.findLast(({ e }) => CACHE_EVENTS.has(e));
  return found ? ((found['cache'] ?? found['name']) as string) : '';
}

/** What @events do to the objects and slabs of @cache, told up to @at. */
export function storyOf(cache: Cache, events: LaEvent[], at: number): Story {
  const story: Story = { acts: new Map(), arriving: new Map() };
  events.forEach((event, i) => {
    const t = Math.min(1, Math.max(0, at - i));
    if ((isEvent(event, 'slab_new') || isEvent(event, 'classic_grow')) && event.cache === cache.name) story.arriving.set(event.slab, t);
    const kind = isEvent(event, 'slab_alloc') ? 'alloc' : isEvent(event, 'slab_free') || isEvent(event, 'array_put') ? 'free' : null;
    if (!kind || event['cache'] !== cache.name) return;
    const place = locate([cache], event['addr'] as string);
    if (!place) return;
    const acts = story.acts.get(place.slab.id) ?? new Map<number, Act>();
    acts.set(place.slot, { kind, t });
    story.acts.set(place.slab.id, acts);
  });
  return story;
}

/** The step that allocated the object in @slot; 0 = not allocated, or unknown. */
export function stepOf(slab: Slab, slot: number): number {
  if (slab.state[slot] !== 'U') return 0;
  const before = [...slab.state.slice(0, slot)].filter((each) => each === 'U').length;
  return slab.steps[before] ?? 0;
}

/** What @slot is, in words. @waits: where a free object of 2.6 waits that is in an array (classic.ts). */
export function inWords(slab: Slab, slot: number, waits = ''): string {
  const turn = slab.freelist.indexOf(slot);
  switch (slab.state[slot]) {
    case 'U':
      return 'with the program';
    case 'x':
      return 'lost: the kernel refused to take it back, or no longer trusts this slab’s freelist';
    default:
      if (slab.bufctl) return waits ? `free, ${waits}` : turn >= 0 ? `free on its slab, number ${turn + 1} in its chain` : 'free';
      return turn === 0 ? 'free, handed out next' : turn > 0 ? `free, number ${turn + 1} on the freelist` : 'free, given back by another CPU';
  }
}

/** The objects with the program, as the slab's state tells them. */
export const usedIn = (slab: Slab): number => [...slab.state].filter((each) => each === 'U').length;
