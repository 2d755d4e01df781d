/*
 * waste.ts: what the bytes of a slot and of a slab are spent on.
 *
 *     slot   [left red zone][object][right red zone][free pointer][who allocated, who freed][padding]
 *     slab   [slot][slot] … [slot][rest that holds no slot]
 */
import type { Cache, SlotPart } from '../../protocol/types';
import { leadOf } from './classic';

export type What = SlotPart['what'];

/** The names and colours of the parts of a slot, in the order in which they are explained. */
export const PARTS: Record<What, { label: string; colour: string }> = {
  object: { label: 'object', colour: '--slab' },
  left_redzone: { label: 'left red zone', colour: '--redzone' },
  right_redzone: { label: 'right red zone', colour: '--redzone' },
  free_pointer: { label: 'free pointer', colour: '--pointer' },
  track_alloc: { label: 'who allocated it', colour: '--track' },
  track_free: { label: 'who freed it', colour: '--track' },
  alignment: { label: 'up to the word', colour: '--pad' },
  padding: { label: 'padding', colour: '--pad' },
};

/** Bytes of a slot that serve a purpose other than the object's own, by purpose; the largest first. */
export function extras(cache: Cache): { what: What; bytes: number }[] {
  const sums = new Map<What, number>();
  for (const part of cache.layout) {
    const inside = part.what === 'object' || (part.what === 'free_pointer' && part.offset < cache.red_left_pad + cache.object_size);
    if (!inside) sums.set(part.what, (sums.get(part.what) ?? 0) + part.bytes);
  }
  return [...sums].map(([what, bytes]) => ({ what, bytes })).sort((a, b) => b.bytes - a.bytes);
}

/** Per cent of a slab that holds the program's data when the slab is full. */
export const useful = (cache: Cache): number => Math.round((100 * cache.objects * cache.object_size) / (4096 * 2 ** cache.order));

/** The fewest and the most cache lines that an object of a slab lies on. */
export function linesOf(cache: Cache): { least: number; most: number; straddling: number } {
  const { cache_line: line } = cache;
  let [least, most, straddling] = [Infinity, 0, 0];
  const needed = Math.ceil(cache.object_size / line);
  for (let i = 0; i < cache.objects; i++) {
    const start = leadOf(cache) + i * cache.size + cache.red_left_pad;
    const lines = Math.floor((start + cache.object_size - 1) / line) - Math.floor(start / line) + 1;
    least = Math.min(least, lines);
    most = Math.max(most, lines);
    if (lines > needed) straddling++;
  }
  return { least, most, straddling };
}

function restInWords(cache: Cache): string {
  const lead = leadOf(cache);
  const begins = lead > 0 ? ` ${lead} B of each slab are struct slab and kmem_bufctl_t.` : '';
  if (cache.slab_waste === 0) return begins;
  return `${begins} ${cache.slab_waste} B ${(cache.classic?.colours ?? 0) > 1 ? 'are left for colours' : 'hold nothing'}.`;
}

/** A slot's padding and the slab's as a sentence or two. */
export function wasteInWords(cache: Cache): string {
  const parts = extras(cache).map(({ what, bytes }) => `${bytes} B ${PARTS[what].label}`);
  const slot = parts.length === 0 ? `A slot of ${cache.size} B is all object.` : `Of every slot of ${cache.size} B, ${cache.object_size} B are the object’s; the rest is ${parts.join(', ')}.`;
  const end = cache.classic ? restInWords(cache) : cache.slab_waste > 0 ? ` ${cache.slab_waste} B at the end of each slab hold no slot.` : '';
  return `${slot}${end} Full, a slab is ${useful(cache)} % data.`;
}

/** What the cache lines make of it. */
export function linesInWords(cache: Cache): string {
  const { least, most, straddling } = linesOf(cache);
  const reach = least === most ? `${least}` : `${least} or ${most}`;
  const lines = `Each object lies on ${reach} cache line${most === 1 ? '' : 's'} of ${cache.cache_line} B`;
  return straddling > 0 ? `${lines}; ${straddling} of ${cache.objects} touch one more than they would if they began on a line.` : `${lines}, no more than it must.`;
}
