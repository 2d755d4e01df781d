/*
 * scheduler.ts: the one clock of the page. Whatever moves is a keyed animation of this scheduler.
 *
 *     run('story', 800, draw)      draw(0) … draw(0.37) … draw(1), once a frame
 *     run('story', …) again        the old one is finished first: draw(1), then the new one begins
 *     finish()                     everything jumps to its end; a skipped motion lands on the same picture
 *
 * A duration of 0 (reduced motion) draws the end at once and asks for no frame. An animation may start or finish others
 * from inside its own draw().
 */
export interface Clock {
  request(callback: (now: number) => void): number;
  cancel(id: number): void;
  now(): number;
}

/* Looked up at every call, so that tests with a fake clock see theirs. */
const browserClock: Clock = {
  request: (callback) => requestAnimationFrame(callback),
  cancel: (id) => cancelAnimationFrame(id),
  now: () => performance.now(),
};

interface Animation {
  start: number;
  duration: number;
  draw(t: number): void;
  done(): void;
}

export class Scheduler {
  readonly #clock: Clock;
  readonly #running = new Map<string, Animation>();
  #frame: number | null = null;

  constructor(clock: Clock = browserClock) {
    this.#clock = clock;
  }

  /** Animate @key for @duration ms. Resolves when it has drawn its end, in time or by finish(). */
  run(key: string, duration: number, draw: (t: number) => void): Promise<void> {
    this.finish(key);
    if (!(duration > 0)) {
      draw(1);
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.#running.set(key, { start: this.#clock.now(), duration, draw, done: resolve });
      draw(0);
      this.#schedule();
    });
  }

  /** Jump to the end of @key, or of everything. */
  finish(key?: string): void {
    for (const each of key === undefined ? [...this.#running.keys()] : [key]) {
      const animation = this.#running.get(each);
      if (!animation) continue;
      this.#running.delete(each);
      animation.draw(1);
      animation.done();
    }
    if (this.#running.size === 0 && this.#frame !== null) {
      this.#clock.cancel(this.#frame);
      this.#frame = null;
    }
  }

  get busy(): boolean {
    return this.#running.size > 0;
  }

  #schedule(): void {
    this.#frame ??= this.#clock.request((now) => this.#tick(now));
  }

  #tick(now: number): void {
    this.#frame = null;
    for (const [key, animation] of [...this.#running]) {
      if (this.#running.get(key) !== animation) continue;
      const t = Math.max(0, (now - animation.start) / animation.duration);
      if (t >= 1) this.finish(key);
      else animation.draw(t);
    }
    if (this.#running.size > 0) this.#schedule();
  }
}
