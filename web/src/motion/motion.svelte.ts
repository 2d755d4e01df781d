/*
 * motion.svelte.ts: how far the telling of the last step's events has come.
 *
 *     events   [alloc_request][wmark_pass][list_take][split][split][alloc_done]
 *     at            0            1            2    ^
 *                                                  2.4: three are told, the fourth is on its way
 *
 * The snapshot is already the end. Views draw it plus what `at` says is not told yet; at the end (`at` = number of
 * events) nothing is left over, so skipping or reduced motion gives the same picture.
 */
import type { LaEvent } from '../protocol/types';
import { Scheduler } from './scheduler';

/** Milliseconds of the events that are seen; others pass in no time. */
const BEAT: Record<string, number> = {
  wmark_pass: 240,
  wmark_fail: 260,
  list_take: 260,
  split: 260,
  merge: 260,
  list_add: 200,
  alloc_done: 220,
  alloc_fail: 220,
  free_request: 200,
  pcp_take: 240,
  pcp_put: 240,
  fallback: 260,
  kswapd_wake: 160,
  reclaim: 200,
  reclaim_page: 60,
  oom_kill: 260,
  cache_create: 160,
  slab_new: 240,
  slab_alloc: 260,
  slab_free: 260,
  slab_cpu_partial: 160,
  slab_discard: 160,
  pool_alloc: 260,
  pool_take: 300,
  pool_empty: 260,
  pool_keep: 300,
  pool_release: 260,
  vmap_area: 220,
  pt_new: 220,
  pt_map: 140,
  pt_map_io: 240,
  pt_unmap: 220,
  vmap_lazy: 180,
  vmap_purge: 240,
  io_read: 260,
  io_write: 260,
  thread_new: 160,
  thread_switch: 260,
  thread_migrate: 300,
  thread_sleep: 220,
  thread_wake: 200,
  thread_exit: 200,
  irq_enter: 280,
  irq_exit: 220,
  spin: 220,
  preempt_wanted: 240,
  boot_alloc: 260,
  boot_free: 260,
  boot_end: 400,
};
const LONGEST = 1600;

/** When each event has been told, in ms from the start; bounded as a whole. */
export function beats(events: LaEvent[]): number[] {
  let sum = 0;
  const ends = events.map((event) => (sum += BEAT[event.e] ?? 0));
  const squeeze = sum > LONGEST ? LONGEST / sum : 1;
  return ends.map((end) => end * squeeze);
}

/** The position among @ends at @time: 2.4 = two are over, the third is at 40 %. */
export function positionAt(ends: number[], time: number): number {
  let i = 0;
  while (i < ends.length && ends[i]! <= time) i++;
  if (i === ends.length) return i;
  const from = i > 0 ? ends[i - 1]! : 0;
  return i + (time - from) / (ends[i]! - from);
}

export class Motion {
  events = $state.raw<LaEvent[]>([]);
  at = $state(0);
  readonly scheduler: Scheduler;
  /** Resolves when what is being told is told. */
  told: Promise<void> = Promise.resolve();

  constructor(scheduler = new Scheduler()) {
    this.scheduler = scheduler;
  }

  /** True while something is still to be told. */
  get telling(): boolean {
    return this.at < this.events.length;
  }

  /** Tell @events at @speed; 0 or less: at once. Resolves when they are told or skipped. */
  tell(events: LaEvent[], speed: number): Promise<void> {
    this.scheduler.finish('events');
    this.events = events;
    const ends = beats(events);
    const total = ends.at(-1) ?? 0;
    const duration = speed > 0 ? total / speed : 0;
    this.told = this.scheduler.run('events', duration, (t) => {
      this.at = t >= 1 ? events.length : positionAt(ends, t * total);
    });
    return this.told;
  }

  /** Show @events as told. */
  rest(events: LaEvent[]): void {
    void this.tell(events, 0);
  }

  skip(): void {
    this.scheduler.finish('events');
  }
}
