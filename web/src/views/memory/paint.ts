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
  /** Drawn as an outline. */
  hollow: boolean;
}

/** Offset in frames for each pixel; -1 = between tiles or outside. */
function axis(pixels: number, toPicture: (pixel: number) => number, offsetAt: (at: number) => number): Int32Array {
  const offset = new Int32Array(pixels);
  for (let i = 0; i < pixels; i++) offset[i] = offsetAt(toPicture(i + 0.5));
  return offset;
}

function acrossAxis(layout: Layout, camera: Camera, pixels: number, scale: number): Int32Array {
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

function downAxis(layout: Layout, camera: Camera, zone: ZoneBox, pixels: number, scale: number): Int32Array {
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

/** What one picture is made from. */
interface Job {
  frames: FrameTable;
  inks: Ink[];
  columns: number;
  /** Device pixels of one frame. */
  px: number;
  py: number;
}

/** Draw the part of @frames that @camera sees into @out, @width by @height device pixels, @scale of them to one CSS pixel. */
export function paint(out: Uint32Array, width: number, height: number, scale: number, layout: Layout, camera: Camera, frames: FrameTable, inks: Ink[]): void {
  out.fill(0);
  const across = acrossAxis(layout, camera, width, scale);
  const job: Job = { frames, inks, columns: layout.columns, px: layout.cellW * camera.zoom * scale, py: layout.cellH * camera.zoom * scale };
  const many = Math.max(1, Math.ceil(1 / Math.min(job.px, job.py)));
  const line = 2 ** layout.columns;
  for (const zone of layout.zones) {
    const down = downAxis(layout, camera, zone, height, scale);
    for (let y = 0; y < height; y++) {
      const base = zone.first + down[y]!;
      if (down[y]! < 0) continue;
      for (let x = 0; x < width; x++) {
        if (across[x]! < 0) continue;
        const pfn = pick(frames, inks, base + across[x]!, many, line);
        if (pfn < zone.start || pfn >= zone.end || !frames.kind[pfn]) continue;
        out[y * width + x] = isEdge(job, pfn, zone.first, across, x, down, y) ? job.inks[frames.kind[pfn]!]!.edge : fillOf(job, pfn, x, y);
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

/** A block large enough to be seen has an edge: to the left and above, and all around when it is hollow. */
function isEdge(job: Job, pfn: number, first: number, across: Int32Array, x: number, down: Int32Array, y: number): boolean {
  const order = job.frames.order[pfn]!;
  const size = 2 ** order;
  const wide = 2 ** Math.min(order, job.columns) * job.px;
  const tall = 2 ** Math.max(0, order - job.columns) * job.py;
  if (wide < 3 || tall < 3) return false;
  const head = pfn - (pfn % size);
  const a = across[x]!;
  const d = down[y]!;
  if (leaves(head, size, first, across[x - 1], d) || leaves(head, size, first, a, down[y - 1])) return true;
  if (!job.inks[job.frames.kind[pfn]!]!.hollow) return false;
  return leaves(head, size, first, across[x + 1], d) || leaves(head, size, first, a, down[y + 1]);
}

/** Does the pixel at these offsets lie outside the block of @size frames at @head? */
function leaves(head: number, size: number, first: number, a: number | undefined, d: number | undefined): boolean {
  if (a === undefined || d === undefined || a < 0 || d < 0) return true;
  const other = first + a + d;
  return other < head || other >= head + size;
}

function fillOf(job: Job, pfn: number, x: number, y: number): number {
  const ink = job.inks[job.frames.kind[pfn]!]!;
  return ink.pattern !== 'none' && covers(ink.pattern, x, y) ? ink.mark : ink.fill;
}
