/* Made by `npm run gen` from core/trace/event.def. Do not edit. */

/** Every event by name, with its fields. */
export interface Events {
  alloc_request: { e: 'alloc_request'; severity: 'info'; say: string; gfp: string; order: number; zone: number; mt: string; };
  alloc_done: { e: 'alloc_done'; severity: 'yes'; say: string; pfn: number; order: number; zone: number; mt: string; };
  alloc_fail: { e: 'alloc_fail'; severity: 'no'; say: string; gfp: string; order: number; };
  free_request: { e: 'free_request'; severity: 'info'; say: string; pfn: number; order: number; zone: number; };
  wmark_pass: { e: 'wmark_pass'; severity: 'yes'; say: string; zone: number; mark: string; free: number; need: number; min: number; reserve: number; };
  wmark_fail: { e: 'wmark_fail'; severity: 'no'; say: string; zone: number; mark: string; free: number; need: number; min: number; reserve: number; };
  no_block: { e: 'no_block'; severity: 'no'; say: string; zone: number; order: number; free: number; };
  list_take: { e: 'list_take'; severity: 'act'; say: string; zone: number; pfn: number; order: number; mt: string; };
  split: { e: 'split'; severity: 'act'; say: string; zone: number; pfn: number; order: number; mt: string; };
  merge: { e: 'merge'; severity: 'act'; say: string; zone: number; pfn: number; buddy: number; order: number; };
  merge_stop: { e: 'merge_stop'; severity: 'info'; say: string; zone: number; buddy: number; order: number; };
  list_add: { e: 'list_add'; severity: 'act'; say: string; zone: number; pfn: number; order: number; mt: string; tail: boolean; };
  pcp_take: { e: 'pcp_take'; severity: 'yes'; say: string; zone: number; pfn: number; order: number; mt: string; cpu: number; left: number; };
  pcp_refill: { e: 'pcp_refill'; severity: 'act'; say: string; zone: number; cpu: number; order: number; mt: string; wanted: number; got: number; };
  pcp_put: { e: 'pcp_put'; severity: 'act'; say: string; zone: number; pfn: number; order: number; mt: string; cpu: number; count: number; high: number; tail: boolean; };
  pcp_drain: { e: 'pcp_drain'; severity: 'act'; say: string; zone: number; cpu: number; pages: number; };
  pcp_give: { e: 'pcp_give'; severity: 'act'; say: string; zone: number; pfn: number; order: number; mt: string; cpu: number; };
  fallback: { e: 'fallback'; severity: 'act'; say: string; zone: number; pfn: number; order: number; from_order: number; want: string; from: string; whole: boolean; };
  block_type: { e: 'block_type'; severity: 'act'; say: string; zone: number; pfn: number; from: string; to: string; };
  block_moved: { e: 'block_moved'; severity: 'act'; say: string; zone: number; pfn: number; pages: number; mt: string; };
  boost: { e: 'boost'; severity: 'act'; say: string; zone: number; boost: number; };
  highatomic_reserve: { e: 'highatomic_reserve'; severity: 'act'; say: string; zone: number; pfn: number; reserved: number; };
  highatomic_release: { e: 'highatomic_release'; severity: 'act'; say: string; zone: number; pfn: number; reserved: number; };
  slow_path: { e: 'slow_path'; severity: 'act'; say: string; gfp: string; order: number; };
  reserves: { e: 'reserves'; severity: 'yes'; say: string; why: string; };
  kswapd_wake: { e: 'kswapd_wake'; severity: 'act'; say: string; node: number; order: number; };
  kswapd_run: { e: 'kswapd_run'; severity: 'act'; say: string; node: number; freed: number; };
  kswapd_sleep: { e: 'kswapd_sleep'; severity: 'info'; say: string; node: number; why: string; };
  cannot_sleep: { e: 'cannot_sleep'; severity: 'no'; say: string; why: string; };
  reclaim: { e: 'reclaim'; severity: 'act'; say: string; round: number; scanned: number; freed: number; };
  reclaim_page: { e: 'reclaim_page'; severity: 'act'; say: string; zone: number; pfn: number; dirty: boolean; };
  compact: { e: 'compact'; severity: 'act'; say: string; zone: number; order: number; moved: number; success: boolean; };
  compact_move: { e: 'compact_move'; severity: 'act'; say: string; zone: number; from: number; to: number; };
  compact_skip: { e: 'compact_skip'; severity: 'no'; say: string; why: string; };
  oom_kill: { e: 'oom_kill'; severity: 'act'; say: string; pid: number; name: string; pages: number; };
  oom_not: { e: 'oom_not'; severity: 'no'; say: string; why: string; };
  retry: { e: 'retry'; severity: 'act'; say: string; round: number; why: string; };
  give_up: { e: 'give_up'; severity: 'no'; say: string; why: string; };
  wait: { e: 'wait'; severity: 'act'; say: string; ticks: number; };
  exit: { e: 'exit'; severity: 'act'; say: string; pid: number; name: string; pages: number; };
  zeroed: { e: 'zeroed'; severity: 'act'; say: string; pfn: number; order: number; };
  split_page: { e: 'split_page'; severity: 'act'; say: string; pfn: number; order: number; };
  kmap: { e: 'kmap'; severity: 'act'; say: string; pfn: number; addr: string; slot: number; };
  kunmap: { e: 'kunmap'; severity: 'act'; say: string; pfn: number; addr: string; slot: number; };
  kmap_flush: { e: 'kmap_flush'; severity: 'act'; say: string; slots: number; };
  then_now: { e: 'then_now'; severity: 'info'; say: string; name: string; then: string; now: string; };
  warning: { e: 'warning'; severity: 'warn'; say: string; text: string; note: string; };
  printk: { e: 'printk'; severity: 'print'; say: string; text: string; };
  oops: { e: 'oops'; severity: 'oops'; say: string; text: string; note: string; };
}

export type EventName = keyof Events;
export type AnyEvent = Events[EventName];
