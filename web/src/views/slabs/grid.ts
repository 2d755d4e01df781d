/*
 * grid.ts: where the slots of a slab stand in the picture, and the curves between them.
 *
 *     [0][1][2] … [15]      as many in a row as fit; a power of two if the slab has a power of two of them
 *     [16] …                many objects: smaller cells, so that a slab keeps its height
 */
import type { Cache } from '../../protocol/types';

export interface Grid {
  cols: number;
  rows: number;
  w: number;
  h: number;
  gapX: number;
  gapY: number;
  width: number;
  height: number;
}

export interface Rect {
  x: number;
  y: number;
  w: number;
  h: number;
}

/** Room above the first row for the arrows of the freelist. */
export const HEADROOM = 13;

/** @share of a slot is the object: where debugging makes slots long, cells are longer, so that the object stays legible. */
export function gridOf(objects: number, width: number, share = 1): Grid {
  const small = objects > 128;
  const least = small ? 7 : Math.min(64, (objects > 64 ? 15 : 24) / Math.max(0.1, Math.min(1, share + 0.12)));
  const h = small ? 9 : objects > 64 ? 15 : 20;
  const gapX = small ? 2 : 4;
  const gapY = small ? 3 : 11;
  const fits = Math.max(1, Math.floor((width + gapX) / (least + gapX)));
  let cols = Math.min(objects, fits);
  if (cols < objects) {
    const binary = Number.isInteger(Math.log2(objects));
    cols = binary ? 2 ** Math.floor(Math.log2(cols)) : Math.ceil(objects / Math.ceil(objects / cols));
  }
  const rows = Math.ceil(objects / cols);
  const w = Math.min(objects > 8 ? 72 : 120, (Math.max(width, least) - gapX * (cols - 1)) / cols);
  return { cols, rows, w, h, gapX, gapY, width: cols * (w + gapX) - gapX, height: HEADROOM + rows * (h + gapY) - gapY + 3 };
}

export function slotRect(grid: Grid, slot: number): Rect {
  const [col, row] = [slot % grid.cols, Math.floor(slot / grid.cols)];
  return { x: col * (grid.w + grid.gapX), y: HEADROOM + row * (grid.h + grid.gapY), w: grid.w, h: grid.h };
}

/** The object's share of its slot's cell, to scale; tiny cells are all object. */
export function objectRect(cache: Cache, cell: Rect): Rect {
  if (cell.w < 14) return cell;
  const x = (cache.red_left_pad / cache.size) * cell.w;
  return { x: cell.x + x, y: cell.y, w: Math.max(4, (Math.min(cache.object_size, cache.size) / cache.size) * cell.w), h: cell.h };
}

/** The slot at (@x, @y) of the picture, or -1; the gaps belong to the cell before them. */
export function slotAt(grid: Grid, objects: number, x: number, y: number): number {
  const col = Math.floor(x / (grid.w + grid.gapX));
  const row = Math.floor((y - HEADROOM) / (grid.h + grid.gapY));
  const slot = row * grid.cols + col;
  return col >= 0 && col < grid.cols && row >= 0 && slot < objects ? slot : -1;
}

const box = ({ x, y, w, h }: Rect, r: number): string => {
  const k = Math.min(r, w / 2, h / 2);
  return `M${x + k} ${y}h${w - 2 * k}a${k} ${k} 0 0 1 ${k} ${k}v${h - 2 * k}a${k} ${k} 0 0 1 ${-k} ${k}h${2 * k - w}a${k} ${k} 0 0 1 ${-k} ${-k}v${2 * k - h}a${k} ${k} 0 0 1 ${k} ${-k}z`;
};

/** Many rounded boxes as one path. */
export const boxes = (rects: Rect[], r: number): string => rects.map((rect) => box(rect, r)).join('');

/** From one free object to the next: an arc over the cells, or through the gap to another row. */
export function arrow(from: Rect, to: Rect): string {
  const [x0, x1] = [from.x + from.w / 2, to.x + to.w / 2];
  if (from.y === to.y) {
    const lift = Math.min(HEADROOM - 2, 5 + Math.abs(x1 - x0) / 24);
    return `M${x0} ${from.y + 3}C${x0 + (x1 - x0) * 0.2} ${from.y - lift} ${x1 - (x1 - x0) * 0.2} ${from.y - lift} ${x1} ${to.y + 1}`;
  }
  const down = to.y > from.y;
  const [y0, y1] = down ? [from.y + from.h - 3, to.y + 1] : [from.y + 3, to.y + to.h - 1];
  const bend = down ? 8 : -8;
  return `M${x0} ${y0}C${x0} ${y0 + bend} ${x1} ${y1 - bend} ${x1} ${y1}`;
}
