/* sight.ts: which blocks are in sight, as far as it is worth listing them. */
import type { FrameTable } from '../../state/frames';
import type { Camera } from './camera.svelte';
import { framesBetween, rectOf, type Layout } from './layout';

export interface Block {
  pfn: number;
  order: number;
  kind: number;
}

/** With more blocks than this, pixels are drawn instead. */
export const MOST_BLOCKS = 1400;

/** The blocks that the camera sees; when there are more than MOST_BLOCKS, one more than that. */
export function inSight(frames: FrameTable, layout: Layout, camera: Camera): Block[] {
  const list: Block[] = [];
  const all = camera.zoom === 1;
  for (const zone of layout.zones) {
    const [from, to] = framesBetween(layout, zone, camera.y, camera.y + camera.height / camera.zoom);
    frames.eachBlock(from, to, (pfn, order, kind) => {
      if (!all) {
        const rect = rectOf(layout, pfn, order);
        const seen = rect && camera.toScreen(rect);
        if (!seen || seen.x > camera.width || seen.y > camera.height || seen.x + seen.w < 0 || seen.y + seen.h < 0) return true;
      }
      list.push({ pfn, order, kind });
      return list.length <= MOST_BLOCKS;
    });
    if (list.length > MOST_BLOCKS) break;
  }
  return list;
}
