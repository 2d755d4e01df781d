/* walk.ts: from block to block with the arrow keys: along the addresses, and to what lies above or below. */
import type { FrameTable } from '../../state/frames';
import { pfnAt, rectOf, type Layout } from './layout';

function neighbour(frames: FrameTable, layout: Layout, pfn: number, by: 1 | -1): number {
  let next = by > 0 ? frames.after(pfn) : frames.headOf(pfn) - 1;
  while (next >= 0 && next < frames.size && !frames.kind[next]) next += by;
  if (next < 0 || next >= frames.size) return pfn;
  const head = frames.headOf(next);
  return layout.zones.some((zone) => head >= zone.start && head < zone.end) ? head : pfn;
}

function vertical(frames: FrameTable, layout: Layout, pfn: number, by: 1 | -1): number {
  const rect = rectOf(layout, pfn, frames.order[pfn] ?? 0);
  if (!rect) return pfn;
  const x = rect.x + Math.min(rect.w, layout.cellW) / 2;
  const step = Math.max(1, layout.cellH);
  for (let y = by > 0 ? rect.y + rect.h + step / 2 : rect.y - step / 2; y >= 0 && y < layout.height; y += by * step) {
    const found = pfnAt(layout, x, y);
    if (found >= 0 && frames.kind[found]) return frames.headOf(found);
  }
  return pfn;
}

/** The block that @key leads to from the one at @pfn. */
export function walk(frames: FrameTable, layout: Layout, pfn: number, key: string): number {
  const head = frames.headOf(Math.max(0, pfn));
  if (key === 'ArrowRight') return neighbour(frames, layout, head, 1);
  if (key === 'ArrowLeft') return neighbour(frames, layout, head, -1);
  return vertical(frames, layout, head, key === 'ArrowDown' ? 1 : -1);
}
