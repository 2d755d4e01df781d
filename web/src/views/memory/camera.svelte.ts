/*
 * camera.svelte.ts: which part of the picture is seen: zoom and pan.
 *
 *     screen = (picture − offset) × zoom,   1 ≤ zoom ≤ 64, never past the picture's edge
 */
import type { Rect } from './layout';

const MOST = 64;

export class Camera {
  zoom = $state(1);
  x = $state(0);
  y = $state(0);
  width = $state(0);
  height = $state(0);

  /** The size of what is looked at and through. */
  setSize(width: number, height: number): void {
    this.width = width;
    this.height = height;
    this.#keepInside();
  }

  toScreen(rect: Rect): Rect {
    const { zoom } = this;
    return { x: (rect.x - this.x) * zoom, y: (rect.y - this.y) * zoom, w: rect.w * zoom, h: rect.h * zoom };
  }

  toPicture(x: number, y: number): { x: number; y: number } {
    return { x: x / this.zoom + this.x, y: y / this.zoom + this.y };
  }

  /** Zoom by @factor so that screen point (@x, @y) stays where it is. */
  zoomBy(factor: number, x = this.width / 2, y = this.height / 2): void {
    const fixed = this.toPicture(x, y);
    this.zoom = Math.min(MOST, Math.max(1, this.zoom * factor));
    this.x = fixed.x - x / this.zoom;
    this.y = fixed.y - y / this.zoom;
    this.#keepInside();
  }

  panBy(dx: number, dy: number): void {
    this.x -= dx / this.zoom;
    this.y -= dy / this.zoom;
    this.#keepInside();
  }

  all(): void {
    this.zoom = 1;
    this.#keepInside();
  }

  /** Move only as far as needed to have @rect (of the picture) in sight. */
  reveal(rect: Rect): void {
    if (this.zoom === 1) return;
    const w = this.width / this.zoom;
    const h = this.height / this.zoom;
    if (rect.x < this.x || rect.x + rect.w > this.x + w) this.x = rect.x + rect.w / 2 - w / 2;
    if (rect.y < this.y || rect.y + rect.h > this.y + h) this.y = rect.y + rect.h / 2 - h / 2;
    this.#keepInside();
  }

  #keepInside(): void {
    this.x = Math.min(Math.max(0, this.x), Math.max(0, this.width - this.width / this.zoom));
    this.y = Math.min(Math.max(0, this.y), Math.max(0, this.height - this.height / this.zoom));
  }
}
