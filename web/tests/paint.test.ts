import { describe, expect, test } from 'vitest';
import { FrameTable } from '../src/state/frames';
import type { Pattern } from '../src/views/palette';
import { Camera } from '../src/views/memory/camera.svelte';
import { fit } from '../src/views/memory/layout';
import { paint, type Ink } from '../src/views/memory/paint';

const ink = (fill: number, weight: number, hollow = false): Ink => ({ fill, edge: 9, mark: fill, pattern: 'none' as Pattern, weight, hollow });
const inks = [ink(0, 0), ink(1, 1, true), ink(2, 2), ink(3, 3)];

function draw(frames: FrameTable, width: number, height: number): { at: (x: number, y: number) => number; all: Uint32Array } {
  const layout = fit([{ index: 0, start_pfn: 0, spanned: frames.size }], width, height, 10);
  const camera = new Camera();
  camera.setSize(layout.width, layout.height);
  const all = new Uint32Array(width * height);
  paint(all, width, height, 1, layout, camera, frames, inks);
  return { all, at: (x, y) => all[y * width + x]! };
}

describe('frames as pixels', () => {
  test('a hollow block is an outline around its fill', () => {
    const frames = new FrameTable(1024);
    frames.apply([[0, 1, 10, 1, 0, 0]], true);
    const { at } = draw(frames, 64, 40);
    expect([at(0, 0), at(10, 0), at(0, 10), at(10, 10)]).toEqual([9, 9, 9, 1]);
  });

  test('one page among a million is seen, however small', () => {
    const frames = new FrameTable(1 << 20);
    frames.apply([[0, 1024, 10, 1, 0, 0]], true);
    frames.apply([[777_777, 1, 0, 3, 0, 0]], false);
    const { all } = draw(frames, 640, 380);
    expect(all.includes(3)).toBe(true);
  });

  test('where there is no memory nothing is drawn', () => {
    const frames = new FrameTable(64);
    expect(draw(frames, 64, 40).all.every((pixel) => pixel === 0)).toBe(true);
  });
});
