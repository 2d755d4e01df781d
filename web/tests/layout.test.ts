import { describe, expect, test } from 'vitest';
import { fit, framesBetween, pfnAt, rectOf, type Span } from '../src/views/memory/layout';

const machines: Record<string, Span[]> = {
  'slide, 64 frames': [{ index: 0, start_pfn: 0, spanned: 64 }],
  'three scaled zones': [
    { index: 0, start_pfn: 0, spanned: 1024 },
    { index: 1, start_pfn: 1024, spanned: 7168 },
    { index: 2, start_pfn: 8192, spanned: 8192 },
  ],
  'a zone that begins in the middle of a line': [
    { index: 0, start_pfn: 0, spanned: 160 },
    { index: 1, start_pfn: 160, spanned: 352 },
  ],
  '4 GiB': [
    { index: 0, start_pfn: 0, spanned: 4096 },
    { index: 1, start_pfn: 4096, spanned: 225280 },
    { index: 2, start_pfn: 229376, spanned: 819200 },
  ],
};

describe.each(Object.entries(machines))('%s', (_, zones) => {
  const layout = fit(zones, 640, 380, 10);
  const last = zones.at(-1)!.start_pfn + zones.at(-1)!.spanned;
  const sample = Array.from({ length: 600 }, (_each, i) => Math.floor((i / 600) * last)).concat(last - 1);

  test('it fits', () => {
    expect(layout.width).toBeLessThanOrEqual(640);
    expect(layout.height).toBeLessThanOrEqual(380 + 1e-6);
  });

  test('the frame under the middle of a frame is that frame', () => {
    for (const pfn of sample) {
      const rect = rectOf(layout, pfn, 0)!;
      expect(pfnAt(layout, rect.x + rect.w / 2, rect.y + rect.h / 2)).toBe(pfn);
    }
  });

  test('a block covers exactly its frames: its last frame ends where the block ends', () => {
    for (const pfn of sample) {
      for (const order of [1, 3, 6, 10]) {
        const head = pfn - (pfn % 2 ** order);
        const zone = zones.find((z) => pfn >= z.start_pfn && pfn < z.start_pfn + z.spanned)!;
        if (head < zone.start_pfn || head + 2 ** order > zone.start_pfn + zone.spanned) continue;
        const block = rectOf(layout, head, order)!;
        const end = rectOf(layout, head + 2 ** order - 1, 0)!;
        expect(end.x + end.w).toBeCloseTo(block.x + block.w, 6);
        expect(end.y + end.h).toBeCloseTo(block.y + block.h, 6);
        expect(block.w * block.h).toBeCloseTo(2 ** order * layout.cellW * layout.cellH, 6);
      }
    }
  });

  test('the lines in sight hold every frame in sight', () => {
    for (const zone of layout.zones) {
      const [from, to] = framesBetween(layout, zone, 100, 180);
      for (const pfn of sample.filter((each) => each >= zone.start && each < zone.end)) {
        const { y, h } = rectOf(layout, pfn, 0)!;
        if (y + h > 100 && y < 180) expect(pfn >= from && pfn < to).toBe(true);
      }
    }
  });
});

test('outside all zones there is nothing', () => {
  const layout = fit([{ index: 0, start_pfn: 16, spanned: 32 }], 640, 380, 10);
  expect(rectOf(layout, 0, 0)).toBeNull();
  expect(pfnAt(layout, -1, 5)).toBe(-1);
  expect(pfnAt(layout, 5, layout.height + 5)).toBe(-1);
});
