/*
 * boot.ts: the boot phase as bars over physical memory. Pure: the same section, events and moment give the same picture.
 *
 *     bitmap     |#####......##..........|    runs of pages, one bit each
 *     reserved   |kernel|     |buf|           ranges of bytes
 *     0                16 MiB            end of low memory
 */
import { isEvent, type Boot, type LaEvent } from '../../protocol/types';

const PAGE = 4096;
/** Addresses of real machines stay below 2^53. */
export const numberOf = (hex: string): number => Number(BigInt(hex));

export interface Range {
  from: number;
  to: number;
}

export const reservedPages = (boot: Boot): number => (boot.bitmap ?? []).reduce((sum, run) => sum + (run[2] ? run[1]! : 0), 0);

/** Pages of the bitmap around @middle (the last allocation), one by one: the run that one can read bit by bit. */
export function bitsAround(boot: Boot, most: number, middle = boot.last_pos ?? 0): { pfn: number; reserved: boolean; last: boolean }[] {
  const low = boot.low_pfn ?? 0;
  const from = Math.max(0, Math.min(middle - Math.floor(most / 2), low - most));
  const bits = [];
  for (let pfn = from; pfn < Math.min(low, from + most); pfn++) {
    const run = (boot.bitmap ?? []).find(([first, pages]) => pfn >= first! && pfn < first! + pages!);
    bits.push({ pfn, reserved: run?.[2] === 1, last: pfn === (boot.last_pos ?? 0) && (boot.last_offset ?? 0) > 0 });
  }
  return bits;
}

/** A size as a person writes it. */
export function bytesOf(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  if (bytes < 1 << 20) return `${Math.round((10 * bytes) / 1024) / 10} KiB`;
  return `${Math.round((10 * bytes) / (1 << 20)) / 10} MiB`;
}

/** A range in words: where it begins, and its size. */
export const words = (range: Range): string => `0x${range.from.toString(16)}, ${bytesOf(range.to - range.from)}`;

/** Marks at the same place become one. */
export function together(marks: { at: number; label: string }[]): { at: number; label: string }[] {
  const labels = new Map<number, string>();
  for (const { at, label } of marks) labels.set(at, labels.has(at) ? `${labels.get(at)} · ${label}` : label);
  return [...labels].map(([at, label]) => ({ at, label }));
}

/** The end of everything that is drawn. */
export const endOf = (boot: Boot): number =>
  Math.max((boot.low_pfn ?? 0) * PAGE, ...(boot.memory ?? []).map((region) => numberOf(region.base) + numberOf(region.size)), PAGE);

/**
 * The blocks in which free memory goes to the buddy at mem_init(): the largest that are aligned to their size and fit.
 * Whole pages only: where a range begins inside a page, that page stays. At most @most of them.
 */
export function blocksOf(boot: Boot, most = 800): Range[] {
  const blocks: Range[] = [];
  for (const { from, to } of freeRanges(boot)) {
    const end = Math.floor(to / PAGE);
    for (let pfn = Math.ceil(from / PAGE); pfn < end && blocks.length < most; ) {
      let pages = 1024;
      while (pfn % pages !== 0 || pfn + pages > end) pages /= 2;
      blocks.push({ from: pfn * PAGE, to: (pfn + pages) * PAGE });
      pfn += pages;
    }
  }
  return blocks;
}

/** Memory that is not reserved, lowest first; both lists are sorted. */
function freeRanges(boot: Boot): Range[] {
  const free: Range[] = [];
  for (const region of boot.memory ?? []) {
    let from = numberOf(region.base);
    const end = from + numberOf(region.size);
    for (const taken of boot.reserved ?? []) {
      const [start, stop] = [numberOf(taken.base), numberOf(taken.base) + numberOf(taken.size)];
      if (stop <= from || start >= end) continue;
      if (start > from) free.push({ from, to: start });
      from = Math.max(from, stop);
    }
    if (from < end) free.push({ from, to: end });
  }
  return free;
}

export interface Story {
  taken: (Range & { t: number })[];
  given: (Range & { t: number })[];
  /** mem_init(): pages that went to the buddy; 0 = not in this step. */
  handed: number;
  t: number;
}

/** Is page @pfn among what the step takes, as far as it is told? */
export const takes = (story: Story, pfn: number): boolean => story.taken.some((range) => range.t > 0 && range.from < (pfn + 1) * PAGE && range.to > pfn * PAGE);

export function storyOf(events: LaEvent[], at: number): Story {
  const story: Story = { taken: [], given: [], handed: 0, t: 1 };
  events.forEach((event, i) => {
    const t = Math.min(1, Math.max(0, at - i));
    if (isEvent(event, 'boot_alloc')) story.taken.push({ from: numberOf(event.phys), to: numberOf(event.phys) + event.bytes, t });
    if (isEvent(event, 'boot_free')) story.given.push({ from: numberOf(event.phys), to: numberOf(event.phys) + event.bytes, t });
    if (isEvent(event, 'boot_end')) {
      story.handed = event.pages;
      story.t = t;
    }
  });
  return story;
}
