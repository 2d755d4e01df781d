/*
 * paint.ts: frames as pixels, for machines with too many blocks to draw one by one.
 *
 * Where a pixel's frame is depends on its column and its line separately: pfn = first + across[x] + down[y]. Both are
 * worked out once, so that each pixel costs a few look-ups. Where several frames share a pixel the most telling one wins:
 * owned before free.
 */
import type { FrameTable } from '../../state/frames';
import { covers, type Pattern } from '../palette';
import type { Camera } from './camera.svelte';
import type { Layout, ZoneBox } from './layout';

export interface Ink {
  fill: number;
  edge: number;
  mark: number;
  pattern: Pattern;
  weight: number;
}

interface Axis {
  /** Offset in frames for each pixel; -1 = between tiles or outside. */
  offset: Int32Array;
  /** 1 where a pixel is the first of its frame. */
  begins: Uint8Array;
}

function axis(pixels: number, toPicture: (pixel: number) => number, offsetAt: (at: number) => number): Axis {
  const offset = new Int32Array(pixels);
  const begins = new Uint8Array(pixels);
  for (let i = 0; i < pixels; i++) {
    offset[i] = offsetAt(toPicture(i + 0.5));
    begins[i] = i === 0 || offset[i] !== offset[i - 1] ? 1 : 0;
  }
  return { offset, begins };
}

function acrossAxis(layout: Layout, camera: Camera, pixels: number, scale: number): Axis {
  const { cellW, columns, tile, perRow, gap } = layout;
  const frames = 2 ** columns;
  const tileW = frames * cellW + gap;
  return axis(
    pixels,
    (pixel) => pixel / scale / camera.zoom + camera.x,
    (x) => {
      const tx = Math.floor(x / tileW);
      const column = Math.floor((x - tx * tileW) / cellW);
      if (tx < 0 || tx >= perRow || column >= frames) return -1;
      return (perRow > 1 ? tx * 2 ** tile : 0) + column;
    },
  );
}

function downAxis(layout: Layout, camera: Camera, zone: ZoneBox, pixels: number, scale: number): Axis {
  const { cellH, columns, tile, perRow, gap } = layout;
  const lines = tile > 30 ? Infinity : 2 ** (tile - columns);
  const tileH = tile > 30 ? Infinity : lines * cellH + gap;
  return axis(
    pixels,
    (pixel) => pixel / scale / camera.zoom + camera.y,
    (at) => {
      const y = at - zone.y;
      if (y < 0 || y >= zone.h) return -1;
      const ty = tile > 30 ? 0 : Math.floor(y / tileH);
      const line = Math.floor((y - (ty ? ty * tileH : 0)) / cellH);
      if (line >= lines) return -1;
      return (ty ? ty * perRow * 2 ** tile : 0) + line * 2 ** columns;
    },
  );
}

/** Draw the part of @frames that @camera sees into @out, @width by @height device pixels, @scale of them to one CSS pixel. */
export function paint(out: Uint32Array, width: number, height: number, scale: number, layout: Layout, camera: Camera, frames: FrameTable, inks: Ink[]): void {
  out.fill(0);
  const across = acrossAxis(layout, camera, width, scale);
  const px = layout.cellW * camera.zoom * scale;
  const py = layout.cellH * camera.zoom * scale;
  const edges = Math.min(px, py) >= 2;
  const many = Math.max(1, Math.ceil(1 / Math.min(px, py)));
  for (const zone of layout.zones) {
    const down = downAxis(layout, camera, zone, height, scale);
    for (let y = 0; y < height; y++) {
      if (down.offset[y]! < 0) continue;
      const base = zone.first + down.offset[y]!;
      for (let x = 0; x < width; x++) {
        if (across.offset[x]! < 0) continue;
        const pfn = pick(frames, inks, base + across.offset[x]!, many, 2 ** layout.columns);
        if (pfn < zone.start || pfn >= zone.end || !frames.kind[pfn]) continue;
        out[y * width + x] = shade(frames, inks, pfn, x, y, edges, across.begins[x]!, down.begins[y]!, layout.columns);
      }
    }
  }
}

/** Of the @many by @many frames that share a pixel, the one that says most. */
function pick(frames: FrameTable, inks: Ink[], pfn: number, many: number, line: number): number {
  if (many === 1) return pfn;
  let best = pfn;
  let weight = -1;
  for (let dy = 0; dy < many; dy++) {
    for (let dx = 0; dx < many; dx++) {
      const each = pfn + dy * line + dx;
      const w = inks[frames.kind[each] ?? 0]?.weight ?? 0;
      if (w > weight) {
        weight = w;
        best = each;
      }
    }
  }
  return best;
}

function shade(frames: FrameTable, inks: Ink[], pfn: number, x: number, y: number, edges: boolean, beginsX: number, beginsY: number, columns: number): number {
  const ink = inks[frames.kind[pfn]!]!;
  if (edges && (beginsX || beginsY)) {
    const order = frames.order[pfn]!;
    const inBlock = pfn % 2 ** order;
    const left = beginsX && inBlock % 2 ** Math.min(order, columns) === 0;
    const top = beginsY && inBlock < 2 ** columns;
    if (left || top) return ink.edge;
  }
  return ink.pattern !== 'none' && covers(ink.pattern, x, y) ? ink.mark : ink.fill;
}
