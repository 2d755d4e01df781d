import { beforeEach, describe, expect, test } from 'vitest';
import { Scheduler, type Clock } from '../src/motion/scheduler';
import { beats, Motion, positionAt } from '../src/motion/motion.svelte';
import type { LaEvent } from '../src/protocol/types';

/** A clock that moves only when told. */
class FakeClock implements Clock {
  time = 0;
  #next = 1;
  #waiting = new Map<number, (now: number) => void>();
  now = () => this.time;
  request(callback: (now: number) => void): number {
    this.#waiting.set(this.#next, callback);
    return this.#next++;
  }
  cancel(id: number): void {
    this.#waiting.delete(id);
  }
  get frames(): number {
    return this.#waiting.size;
  }
  tick(ms: number): void {
    this.time += ms;
    const due = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const callback of due) callback(this.time);
  }
}

let clock: FakeClock;
let scheduler: Scheduler;
beforeEach(() => {
  clock = new FakeClock();
  scheduler = new Scheduler(clock);
});

describe('Scheduler', () => {
  test('draws from 0 to exactly 1, then asks for no more frames', async () => {
    const drawn: number[] = [];
    const done = scheduler.run('a', 100, (t) => drawn.push(t));
    clock.tick(40);
    clock.tick(30);
    clock.tick(999);
    await done;
    expect(drawn).toEqual([0, 0.4, 0.7, 1]);
    expect(clock.frames).toBe(0);
    expect(scheduler.busy).toBe(false);
  });

  test('skipping draws the end', async () => {
    const drawn: number[] = [];
    const done = scheduler.run('a', 100, (t) => drawn.push(t));
    clock.tick(10);
    scheduler.finish();
    await done;
    expect(drawn).toEqual([0, 0.1, 1]);
    expect(clock.frames).toBe(0);
  });

  test('a duration of 0 draws the end at once', async () => {
    const drawn: number[] = [];
    await scheduler.run('a', 0, (t) => drawn.push(t));
    expect(drawn).toEqual([1]);
    expect(clock.frames).toBe(0);
  });

  test('the same key again finishes the first, then begins', () => {
    const drawn: string[] = [];
    void scheduler.run('a', 100, (t) => drawn.push(`first ${t}`));
    void scheduler.run('a', 100, (t) => drawn.push(`second ${t}`));
    expect(drawn).toEqual(['first 0', 'first 1', 'second 0']);
  });

  test('several animations share one frame', () => {
    void scheduler.run('a', 100, () => {});
    void scheduler.run('b', 100, () => {});
    expect(clock.frames).toBe(1);
  });

  test('an animation may finish another from inside its draw', () => {
    const drawn: string[] = [];
    void scheduler.run('a', 100, (t) => {
      drawn.push(`a ${t}`);
      if (t > 0) scheduler.finish('b');
    });
    void scheduler.run('b', 100, (t) => drawn.push(`b ${t}`));
    clock.tick(50);
    clock.tick(50);
    expect(drawn).toEqual(['a 0', 'b 0', 'a 0.5', 'b 1', 'a 1']);
  });
});

describe('Motion', () => {
  const event = (e: string): LaEvent => ({ e, severity: 'act', say: e });
  const story = ['alloc_request', 'wmark_pass', 'list_take', 'split', 'alloc_done'].map(event);

  test('events are told one after the other and the end is their number', () => {
    const motion = new Motion(scheduler);
    void motion.tell(story, 1);
    expect(motion.telling).toBe(true);
    const seen = [motion.at];
    for (let i = 0; i < 40 && motion.telling; i++) {
      clock.tick(50);
      seen.push(motion.at);
    }
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(motion.at).toBe(5);
  });

  test('reduced motion and skipping land on the same moment', () => {
    const motion = new Motion(scheduler);
    void motion.tell(story, 0);
    expect(motion.at).toBe(5);
    void motion.tell(story, 1);
    clock.tick(100);
    motion.skip();
    expect(motion.at).toBe(5);
  });

  test('a thousand events take no longer than a bounded time', () => {
    const ends = beats(Array.from({ length: 1000 }, () => event('split')));
    expect(ends.at(-1)).toBeLessThanOrEqual(1600);
    expect(positionAt(ends, 1e9)).toBe(1000);
  });
});
