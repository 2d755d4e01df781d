/*
 * virtual.ts: areas of virtual addresses and one walk through the page tables, as the view draws them. Pure: the same
 * snapshot, events and moment give the same picture.
 *
 *     area     |page 0|page 1|page 2|guard|        each page a cell: the frame behind it, or none
 *     address  1111100010 0000000001 000000000000  as many groups of bits as there are levels, and the offset
 *
 * Addresses are 64 bits wide, so they are bigint wherever they are reckoned with.
 */
import { addressesIn } from '../../lib/pointers';
import { isEvent, type Device, type LaEvent, type Variable, type VmArea, type WalkResult, type WalkStep } from '../../protocol/types';

export const PAGE = 4096n;
export const hexOf = (value: bigint): string => `0x${value.toString(16)}`;

/** One page of an area. */
export interface Cell {
  address: string;
  /** The frame behind it; -1: none, or one the snapshot does not carry. */
  pfn: number;
  kind: 'page' | 'guard' | 'device' | 'lazy' | 'hole';
}

/** The first pages of @area, at most @most, and its guard page; `more` pages are left out between them. */
export function cellsOf(area: VmArea, most: number): { cells: Cell[]; more: number } {
  const start = BigInt(area.start);
  const pages = Number((BigInt(area.end) - start) / PAGE) - area.guard;
  const pfns = new Map<number, number>();
  for (const [page, pfn, run] of area.frames as [number, number, number][]) for (let i = 0; i < run; i++) pfns.set(page + i, pfn + i);
  const shown = Math.min(pages, most);
  const cells: Cell[] = Array.from({ length: shown }, (_, i) => {
    const pfn = pfns.get(i) ?? -1;
    const kind = area.kind === 'lazy' ? 'lazy' : area.kind === 'ioremap' ? 'device' : pfn < 0 && area.kind === 'percpu' ? 'hole' : 'page';
    return { address: hexOf(start + BigInt(i) * PAGE), pfn, kind };
  });
  if (area.guard) cells.push({ address: hexOf(BigInt(area.end) - PAGE), pfn: -1, kind: 'guard' });
  return { cells, more: pages - shown };
}

export const areaAt = (areas: VmArea[], address: string): VmArea | undefined => {
  const at = BigInt(address);
  return areas.find((area) => at >= BigInt(area.start) && at < BigInt(area.end));
};

/** Free addresses between two areas worth a mark, in pages. */
export function gapBefore(areas: VmArea[], i: number, windowStart: string): bigint {
  const before = i > 0 ? BigInt(areas[i - 1]!.end) : BigInt(windowStart);
  const gap = BigInt(areas[i]!.start) - before;
  return gap > 0n ? gap / PAGE : 0n;
}

/** The size of @pages pages, also where numbers get astronomical. */
export function sizeOf(pages: bigint): string {
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  let value = pages * 4n;
  let unit = 0;
  while (value >= 1024n && unit < units.length - 1) {
    value /= 1024n;
    unit++;
  }
  return `${value} ${units[unit]}`;
}

const TITLES: Record<VmArea['kind'], string> = {
  vmalloc: 'vmalloc',
  vmap: 'vmap',
  ioremap: 'ioremap',
  percpu: 'per-CPU chunk',
  pages: 'page pointers of a large vmalloc',
  lazy: 'freed, waits for a TLB flush',
};
export const titleOf = (area: VmArea): string => TITLES[area.kind];

/** Pointers of the program that lead into @area. */
export function pointersInto(area: VmArea, variables: Variable[]): string[] {
  const [from, to] = [BigInt(area.start), BigInt(area.end)];
  return variables.filter((v) => v.type.includes('*') && addressesIn(v).some((a) => a >= from && a < to)).map((v) => v.name);
}

/** What an address is made of: one part for each level, and the offset in the page. */
export interface Part {
  name: string;
  bits: string;
  index: number;
}
export function partsOf(walk: WalkResult, levels: string[]): Part[] {
  if (walk.steps.length === 0) return [];
  const address = BigInt(walk.address);
  const parts: Part[] = [];
  let shift = 0;
  walk.steps.forEach((step) => {
    parts.push(part(step.level, address, step.shift, step.width));
    shift = step.shift;
  });
  // A walk that ends early still has the parts of the levels below.
  for (let i = walk.steps.length; i < levels.length && shift > 12; i++) {
    const width = levels.length === 2 ? 10 : 9;
    shift -= width;
    parts.push(part(levels[i]!, address, shift, width));
  }
  parts.push(part('offset', address, 0, shift));
  return parts;
}

const part = (name: string, address: bigint, shift: number, width: number): Part => {
  const index = Number((address >> BigInt(shift)) & ((1n << BigInt(width)) - 1n));
  return { name, bits: index.toString(2).padStart(width, '0'), index };
};

/** Where an entry leads: a frame, or nothing. */
export function targetOf(entry: string): number {
  const value = BigInt(entry);
  return value & 1n ? Number((value & 0x000ffffffffff000n) >> 12n) : -1;
}

export const BITS: Record<string, string> = {
  P: 'present',
  RW: 'writable',
  US: 'user may use it',
  PWT: 'write-through',
  PCD: 'not cached',
  A: 'was used',
  D: 'was written',
  PS: 'maps memory by itself: a large page',
  G: 'global: survives a change of address space',
  NX: 'no code',
};

/** What a walk found, in one sentence. */
export function inWords(walk: WalkResult): string {
  if (walk.window === 'direct map')
    return `This address is in the direct map: it is physical address ${walk.phys} plus a constant. No table of ours is asked.`;
  if (walk.guard) return 'This is a guard page: no entry leads anywhere, so running past the end of the area faults at once.';
  if (!walk.mapped) return 'No entry leads anywhere: an access here is a page fault.';
  if (walk.pfn < 0) return `It leads to physical address ${walk.phys}: the memory of a device, not of the machine.`;
  return `It leads to frame 0x${walk.pfn.toString(16)}, physical address ${walk.phys}.`;
}

/** What the last step did here; `t` from 0 (not yet) to 1 (told). */
export interface Story {
  /** Pages that got a frame, by address. */
  mapped: Map<string, number>;
  /** New areas, by start. */
  areas: Map<string, number>;
  /** New page tables, by frame. */
  tables: Map<number, number>;
  /** Registers touched, by device and offset. */
  registers: Map<string, { kind: 'read' | 'write'; t: number }>;
  /** The address to look at because of it; null: nothing happened here. */
  focus: string | null;
}

export function storyOf(events: LaEvent[], at: number): Story {
  const story: Story = { mapped: new Map(), areas: new Map(), tables: new Map(), registers: new Map(), focus: null };
  events.forEach((event, i) => {
    const t = Math.min(1, Math.max(0, at - i));
    if (isEvent(event, 'pt_map')) story.mapped.set(event.addr, t);
    else if (isEvent(event, 'pt_new')) story.tables.set(event.pfn, t);
    else if (isEvent(event, 'io_read')) story.registers.set(`${event.device} ${event.offset}`, { kind: 'read', t });
    else if (isEvent(event, 'io_write')) story.registers.set(`${event.device} ${event.offset}`, { kind: 'write', t });
    else if (isEvent(event, 'vmap_area')) {
      story.areas.set(event.addr, t);
      if (!event.hidden) story.focus = event.addr;
    }
    if (isEvent(event, 'vmap_lazy')) story.focus = event.addr;
  });
  return story;
}

/** The area of a device's registers, if one is mapped. */
export function mappingsOf(device: Device, areas: VmArea[]): VmArea[] {
  const [from, to] = [BigInt(device.bar), BigInt(device.bar) + BigInt(device.bytes)];
  return areas.filter((area) => area.kind === 'ioremap' && BigInt(area.phys) >= from - (PAGE - 1n) && BigInt(area.phys) < to);
}

/** The rows of a table that are drawn, the chosen one among them. */
export const rowsOf = (step: WalkStep): { index: number; entry: string; chosen: boolean; leads: number }[] =>
  step.around.map(({ index, entry }) => ({ index, entry, chosen: index === step.index, leads: targetOf(entry) }));

/** The address that goes the way of @address, but through entry @index of the table of @step. */
export function throughEntry(address: string, step: WalkStep, index: number): string {
  const mask = ((1n << BigInt(step.width)) - 1n) << BigInt(step.shift);
  return `0x${((BigInt(address) & ~mask) | (BigInt(index) << BigInt(step.shift))).toString(16)}`;
}
