/*
 * classic.ts: caches of the SLAB of 2.6: what a CPU has at hand, where a slab's struct slab lies, what it chains together.
 *
 *     alloc   top of the CPU's array  <- a batch from the shared array, slabs_partial, slabs_free
 *     slab    [colour][struct slab][kmem_bufctl_t 0 1 2 …][object 0][object 1] … [rest]       on the slab
 *             [colour][object 0][object 1] … [rest]        struct slab: an object of another cache, off the slab
 *
 * Pure, as slabs.ts.
 */
import { count } from '../../lib/format';
import type { Cache, Slab } from '../../protocol/types';
import { locate } from './slabs';

type Classic = NonNullable<Cache['classic']>;

export interface Entry {
  address: string;
  /** slab 0 · object 14; the address when it is in no slab that is carried. */
  label: string;
}

export interface ArrayPicture {
  key: string;
  /** CPU 0, all CPUs */
  title: string;
  /** The program's CPU, or -1 for the shared array. */
  cpu: number;
  avail: number;
  limit: number;
  batchcount: number;
  /** Used since time last took something out of it. */
  touched: boolean;
  /** The next one to be handed out first. */
  entries: Entry[];
}

export interface Segment {
  what: 'colour' | 'struct slab' | 'kmem_bufctl_t' | 'objects' | 'rest';
  bytes: number;
}

const BUFCTL_BYTES = 2;

function pictureOf(cache: Cache, cpu: number, array: string[], limit: number, batchcount: number, touched: boolean): ArrayPicture {
  const entries = array.toReversed().map((address) => {
    const place = locate([cache], address);
    return { address, label: place ? `slab ${place.slab.id} · object ${place.slot}` : address };
  });
  return { key: `${cpu}`, title: cpu < 0 ? 'all CPUs' : `CPU ${cpu}`, cpu, avail: array.length, limit, batchcount, touched, entries };
}

/** The array of each CPU, then the shared one if there is one. */
export function arraysOf(cache: Cache): ArrayPicture[] {
  const cpus = cache.cpus.flatMap(({ cpu, array, limit, batchcount, touched }) =>
    array ? [pictureOf(cache, cpu, array, limit ?? 0, batchcount ?? 0, touched ?? false)] : [],
  );
  const shared = cache.classic?.shared;
  return shared && shared.limit > 0 ? [...cpus, pictureOf(cache, -1, shared.array, shared.limit, shared.batchcount, false)] : cpus;
}

/** Where the free object at @address waits, in words; "" when it is in no array. Quick: asked wherever the pointer moves. */
export function waitsIn(cache: Cache, address: string): string {
  if (!cache.classic) return '';
  const wanted = BigInt(address);
  const turnIn = (array: string[]): number => array.length - array.findLastIndex((each) => BigInt(each) === wanted);
  for (const { cpu, array = [] } of cache.cpus) {
    const turn = turnIn(array);
    if (turn <= array.length) return `in the array of CPU ${cpu}, ${turn === 1 ? 'handed out next' : `number ${turn} from the top`}`;
  }
  const { array } = cache.classic.shared;
  return turnIn(array) <= array.length ? `in the array all CPUs share, number ${turnIn(array)} from the top` : '';
}

/** Bytes before object 0 of a slab of colour 0. */
export const leadOf = (cache: Cache): number => (cache.classic && !cache.classic.off_slab ? cache.classic.management : 0);

/** What the bytes of @slab are spent on, from its first to its last. */
export function segmentsOf(cache: Cache, slab: Slab): Segment[] {
  const lead = leadOf(cache);
  const bufctl = lead > 0 ? BUFCTL_BYTES * slab.objects : 0;
  const segments: Segment[] = [
    { what: 'colour', bytes: slab.colour ?? 0 },
    { what: 'struct slab', bytes: lead - bufctl },
    { what: 'kmem_bufctl_t', bytes: bufctl },
    { what: 'objects', bytes: slab.objects * cache.size },
  ];
  const used = segments.reduce((sum, segment) => sum + segment.bytes, 0);
  return [...segments, { what: 'rest' as const, bytes: 4096 * 2 ** slab.order - used }].filter((segment) => segment.bytes > 0);
}

/** slab->free and what its kmem_bufctl_t chain together: `16 → 17 → … 60 → END`, at most @most numbers. */
export function chainInWords(slab: Slab, most: number): string {
  const chain = slab.freelist;
  if (chain.length === 0) return 'END';
  const first = chain.slice(0, chain.length > most ? most - 1 : most).join(' → ');
  return chain.length > most ? `${first} → … → ${chain.at(-1)} → END` : `${first} → END`;
}

/** Where struct slab lies, for caches and slabs. */
export function managementInWords(classic: Classic): string {
  const bytes = `struct slab and its numbers take ${classic.management} B`;
  return classic.off_slab ? `${bytes} of an object of ${classic.management_cache}, off the slab` : `${bytes} at the beginning of each slab`;
}

export function coloursInWords(classic: Classic): string {
  if (classic.colours < 2) return 'too few bytes are left for colours: all slabs begin alike';
  return `${count(classic.colours, 'colour')}, each ${classic.colour_off} B further on; the next slab gets colour ${classic.colour_next}`;
}
