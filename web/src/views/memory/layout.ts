/*
 * layout.ts: where a page frame lies in the picture of memory. Geometry only.
 *
 * Two ways to lay out a zone, both keep every block of 2^order frames one rectangle, because blocks are aligned:
 *
 *     rows    0  1  2  3  4  5 …        a small machine: addresses run like text, 2^columns frames a line
 *     tiles   [■■][■■][■■]…             a large one: a square for each largest block, frames run like text inside it
 *
 * fit() takes the way in which the smaller side of a frame is largest. Units are CSS pixels before zooming.
 */
export interface Rect {
  x: number;
  y: number;
  w: number;
  h: number;
}

export interface Span {
  index: number;
  start_pfn: number;
  spanned: number;
}

export interface ZoneBox {
  index: number;
  /** The frame at the top left corner: the zone's first, rounded down to a whole line or tile. */
  first: number;
  start: number;
  end: number;
  y: number;
  h: number;
}

export interface Layout {
  width: number;
  height: number;
  /** A frame is cellW by cellH. */
  cellW: number;
  cellH: number;
  /** log2 of the frames in a line (of a tile, or of the zone). */
  columns: number;
  /** log2 of the frames in a tile; 31 for rows. */
  tile: number;
  perRow: number;
  gap: number;
  zones: ZoneBox[];
}

const ZONE_GAP = 16;
const TILE_GAP = 3;
const TALLEST = 44;
const ROWS_AT_LEAST = 3.4;
const ROWS_TILE = 31;
/** Order of the largest block of any kernel modelled here. */
const LARGEST = 10;

const alignDown = (n: number, log: number): number => n - (n % 2 ** log);

function stack(zones: Span[], log: number, heightOf: (units: number) => number): { boxes: ZoneBox[]; height: number } {
  let y = 0;
  const boxes = zones.map((zone) => {
    const first = alignDown(zone.start_pfn, log);
    const end = zone.start_pfn + zone.spanned;
    const h = heightOf(Math.max(1, Math.ceil((end - first) / 2 ** log)));
    const box = { index: zone.index, first, start: zone.start_pfn, end, y, h };
    y += h + ZONE_GAP;
    return box;
  });
  return { boxes, height: Math.max(0, y - ZONE_GAP) };
}

function asRows(zones: Span[], width: number, height: number, columns: number): Layout {
  const room = height - ZONE_GAP * (zones.length - 1);
  const { height: lines } = stack(zones, columns, (units) => units);
  const total = lines - ZONE_GAP * (zones.length - 1);
  const cellH = Math.min(TALLEST, room / total);
  const { boxes, height: used } = stack(zones, columns, (units) => units * cellH);
  return { width, height: used, cellW: width / 2 ** columns, cellH, columns, tile: ROWS_TILE, perRow: 1, gap: 0, zones: boxes };
}

function asTiles(zones: Span[], width: number, cell: number, tile: number): Layout {
  const columns = Math.ceil(tile / 2);
  const w = cell * 2 ** columns;
  const h = cell * 2 ** (tile - columns);
  const perRow = Math.max(1, Math.floor((width + TILE_GAP) / (w + TILE_GAP)));
  const { boxes, height } = stack(zones, tile, (units) => Math.ceil(units / perRow) * (h + TILE_GAP) - TILE_GAP);
  return { width, height, cellW: cell, cellH: cell, columns, tile, perRow, gap: TILE_GAP, zones: boxes };
}

/** The best layout of @zones in @width by @height; @maxOrder is the order of the largest block. */
export function fit(zones: Span[], width: number, height: number, maxOrder: number): Layout {
  let best: Layout | undefined;
  const score = (l: Layout) => Math.min(l.cellW, l.cellH / 1.6);
  for (let columns = 4; columns <= 9; columns++) {
    const layout = asRows(zones, width, height, columns);
    if (!best || score(layout) > score(best)) best = layout;
  }
  if (best && score(best) >= ROWS_AT_LEAST) return best;
  let low = 0.05;
  let high = 12;
  for (let i = 0; i < 24; i++) {
    const middle = (low + high) / 2;
    if (asTiles(zones, width, middle, maxOrder).height <= height) low = middle;
    else high = middle;
  }
  return asTiles(zones, width, low, maxOrder);
}

function zoneAt(layout: Layout, pfn: number): ZoneBox | null {
  for (const zone of layout.zones) if (pfn >= zone.start && pfn < zone.end) return zone;
  return null;
}

/** The rectangle of the block of 2^@order frames at @pfn, or null outside all zones. */
export function rectOf(layout: Layout, pfn: number, order: number): Rect | null {
  const zone = zoneAt(layout, pfn);
  if (!zone) return null;
  const { cellW, cellH, columns, tile, perRow, gap } = layout;
  const index = pfn - zone.first;
  const number = tile === ROWS_TILE ? 0 : Math.floor(index / 2 ** tile);
  const within = tile === ROWS_TILE ? index : index % 2 ** tile;
  const tileW = cellW * 2 ** columns + gap;
  const tileH = tile === ROWS_TILE ? 0 : cellH * 2 ** (tile - columns) + gap;
  const line = Math.floor(within / 2 ** columns);
  return {
    x: (number % perRow) * tileW + (within % 2 ** columns) * cellW,
    y: zone.y + Math.floor(number / perRow) * tileH + line * cellH,
    w: cellW * 2 ** Math.min(order, columns),
    h: cellH * 2 ** Math.max(0, order - columns),
  };
}

/** The frame at point (@x, @y), or -1. */
export function pfnAt(layout: Layout, x: number, y: number): number {
  const zone = layout.zones.find((z) => y >= z.y && y < z.y + z.h);
  if (!zone || x < 0) return -1;
  const { cellW, cellH, columns, tile, perRow, gap } = layout;
  const across = 2 ** columns;
  if (tile === ROWS_TILE) {
    const column = Math.floor(x / cellW);
    const pfn = zone.first + Math.floor((y - zone.y) / cellH) * across + column;
    return column < across && pfn >= zone.start && pfn < zone.end ? pfn : -1;
  }
  const tileW = cellW * across + gap;
  const tileH = cellH * 2 ** (tile - columns) + gap;
  const tx = Math.floor(x / tileW);
  const ty = Math.floor((y - zone.y) / tileH);
  const column = Math.floor((x - tx * tileW) / cellW);
  const line = Math.floor((y - zone.y - ty * tileH) / cellH);
  if (tx >= perRow || column >= across || line >= 2 ** (tile - columns)) return -1;
  const pfn = zone.first + (ty * perRow + tx) * 2 ** tile + line * across + column;
  return pfn >= zone.start && pfn < zone.end ? pfn : -1;
}

/** The frames of @zone on the lines between @top and @bottom, begun a largest block early so that none is missed. */
export function framesBetween(layout: Layout, zone: ZoneBox, top: number, bottom: number): [number, number] {
  const { cellH, columns, tile, perRow, gap } = layout;
  const rows = tile === ROWS_TILE;
  const height = rows ? cellH : cellH * 2 ** (tile - columns) + gap;
  const frames = rows ? 2 ** columns : perRow * 2 ** tile;
  const from = zone.first + Math.floor((top - zone.y) / height) * frames;
  const to = zone.first + Math.ceil((bottom - zone.y) / height) * frames;
  const early = rows ? alignDown(Math.max(0, from), LARGEST) : from;
  return [Math.max(zone.start, early), Math.min(zone.end, to)];
}
