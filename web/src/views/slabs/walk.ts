/* walk.ts: through the objects of all slabs of a cache with the arrow keys. */
import type { Slab } from '../../protocol/types';
import type { Grid } from './grid';

export interface Cursor {
  /** id of the slab */
  slab: number;
  slot: number;
}

/** Where @key leads from @at; @slabs in the order of the picture. Stays where there is nothing further. */
export function walk(slabs: Slab[], grid: Grid, at: Cursor, key: string): Cursor {
  const index = Math.max(0, slabs.findIndex((slab) => slab.id === at.slab));
  const slab = slabs[index];
  if (!slab) return at;
  const by = key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? -1 : key === 'ArrowDown' ? grid.cols : -grid.cols;
  const slot = at.slot + by;
  if (slot >= 0 && slot < slab.objects) return { slab: slab.id, slot };
  const next = slabs[index + Math.sign(by)];
  if (!next) return { slab: slab.id, slot: at.slot };
  if (Math.abs(by) === 1) return { slab: next.id, slot: by > 0 ? 0 : next.objects - 1 };
  const col = at.slot % grid.cols;
  const last = Math.floor((next.objects - 1) / grid.cols) * grid.cols;
  return { slab: next.id, slot: Math.min(next.objects - 1, by > 0 ? col : last + col) };
}
