/* The views of the boot phase and of /proc, on data written by hand; no engine is needed. */
import { describe, expect, test } from 'vitest';
import type { Boot, LaEvent } from '../src/protocol/types';
import { bitsAround, blocksOf, bytesOf, endOf, reservedPages, storyOf, together } from '../src/views/boot/boot';
import { freshIn, gone, mark } from '../src/views/proc/proc';

const BOOT: Boot = {
  version: 1,
  phase: 'booting',
  low_pfn: 64,
  goal: '0x1000000',
  last_pos: 20,
  last_offset: 100,
  last_success: '0x14000',
  bitmap: [[0, 16, 1], [16, 4, 0], [20, 1, 1], [21, 43, 0]],
  bottom_up: false,
  memory: [{ base: '0x0', size: '0x80000', nid: 0 }],
  reserved: [{ base: '0x0', size: '0x10000', nid: 0 }],
};

describe('the boot phase', () => {
  test('pages of the bitmap, and the one that is partly in use', () => {
    expect(reservedPages(BOOT)).toBe(17);
    const bits = bitsAround(BOOT, 16);
    expect(bits.map(({ pfn }) => pfn)).toEqual(Array.from({ length: 16 }, (_, i) => 12 + i));
    expect(bits.map(({ reserved }) => (reserved ? 1 : 0)).join('')).toBe('1111000010000000');
    expect(bits.filter(({ last }) => last).map(({ pfn }) => pfn)).toEqual([20]);
    expect(bitsAround({ ...BOOT, last_offset: 0 }, 16).some(({ last }) => last)).toBe(false);
    expect(bitsAround({ ...BOOT, last_pos: 63 }, 16).at(-1)!.pfn).toBe(63);
  });

  test('the bits can be turned to any page', () => {
    expect(bitsAround(BOOT, 8, 40).map(({ pfn }) => pfn)).toEqual([36, 37, 38, 39, 40, 41, 42, 43]);
    expect(bitsAround(BOOT, 32, 20).some(({ pfn, last }) => pfn === 20 && last)).toBe(true);
    expect(bitsAround(BOOT, 8, 1000).at(-1)!.pfn).toBe(63);
  });

  test('what goes to the buddy: the largest aligned blocks, whole pages only', () => {
    const pages = (boot: Boot) => blocksOf(boot).map(({ from, to }) => [from / 4096, (to - from) / 4096]);
    expect(pages(BOOT)).toEqual([[16, 16], [32, 32], [64, 64]]);
    // 100 bytes in page 3 keep that page; the range after it begins in the next one
    expect(pages({ ...BOOT, memory: [{ base: '0x0', size: '0x8000', nid: 0 }], reserved: [{ base: '0x3010', size: '0x64', nid: 0 }] })).toEqual([[0, 2], [2, 1], [4, 4]]);
    expect(blocksOf({ ...BOOT, memory: [{ base: '0x0', size: '0x800000', nid: 0 }], reserved: [] }).length).toBe(2); // 4 MiB is the largest
    expect(blocksOf(BOOT, 2).length).toBe(2);
  });

  test('sizes, the end of memory, and marks at one place', () => {
    expect([bytesOf(100), bytesOf(5000), bytesOf(2 << 20)]).toEqual(['100 bytes', '4.9 KiB', '2 MiB']);
    expect(endOf(BOOT)).toBe(0x80000);
    expect(together([{ at: 0, label: 'DMA' }, { at: 16, label: 'Normal' }, { at: 16, label: 'goal' }])).toEqual([{ at: 0, label: 'DMA' }, { at: 16, label: 'Normal · goal' }]);
  });

  test('what a step took, gave back, handed over', () => {
    const events = [{ e: 'boot_alloc', phys: '0x14000', bytes: 100 }, { e: 'boot_free', phys: '0x1000', bytes: 4096 }, { e: 'boot_end', pages: 47 }] as unknown as LaEvent[];
    const half = storyOf(events, 1.5);
    expect([half.taken[0]?.t, half.given[0]?.t, half.t]).toEqual([1, 0.5, 0]);
    expect(storyOf(events, 3)).toMatchObject({ taken: [{ from: 0x14000, to: 0x14064 }], handed: 47, t: 1 });
  });
});

describe('the text of a file', () => {
  const fresh = (before: string | null, now: string) => mark(before, now).map((line) => line.filter((piece) => piece.fresh).map((piece) => piece.text));

  test('only numbers that changed are fresh, wherever they moved in the line', () => {
    expect(fresh('Node 0, zone   Normal      1     10\n', 'Node 0, zone   Normal      0    10\n')).toEqual([['0']]);
    expect(fresh('a 1\nb 2\n', 'a 1\nb 2\n')).toEqual([[], []]);
  });

  test('a new line is fresh as a whole and does not touch those behind it', () => {
    expect(fresh('kmalloc-64 1 2\nkmalloc-32 3 4\n', 'mine 5 6\nkmalloc-64 1 2\nkmalloc-32 3 5\n')).toEqual([['mine 5 6'], [], ['5']]);
  });

  test('equal beginnings are matched in their order', () => {
    expect(fresh('        min      5\n        min      7\n', '        min      5\n        min      8\n')).toEqual([[], ['8']]);
  });

  test('lines that went', () => {
    expect(gone('a 1\nb 2\nb 3\n', 'b 3\n')).toEqual(['a 1', 'b 3']);
    expect(gone(null, 'a 1\n')).toEqual([]);
    expect(gone('a 1\n', 'a 2\nc 3\n')).toEqual([]);
  });

  test('without a text before, nothing is fresh; no piece gets lost', () => {
    const now = 'Node 0, zone  DMA\n  pages free     3\n';
    expect(freshIn(mark(null, now))).toBe(0);
    expect(mark('x 1\n', now).map((line) => line.map((piece) => piece.text).join('')).join('\n') + '\n').toBe(now);
  });
});
