/* Made by `npm run gen` from core/protocol/protocol.schema.json. Do not edit. */

/**
 * A 64-bit value.
 */
export type Hex = string;
/**
 * A page frame number.
 */
export type Pfn = number;
/**
 * The statement that will run next; null at the end of the program.
 */
export type Next = null | {
  block: number;
  line: number;
  column: number;
  end_line: number;
  end_column: number;
  depth: number;
};
/**
 * Frames, run-length encoded: each run is [pfn, blocks, order, kind, migratetype, flags]: `blocks` blocks of 2^order frames from pfn on, all alike. kind and migratetype index the `kinds` and `migratetypes` tables; flags: 1 = watch out, emergency reserve (pfmemalloc), 2 = mapped by kmap, 4 = freed while in use or another misuse touched it.
 */
export type FrameRuns = [number, number, number, number, number, number][];
export type Reply =
  | {
      id: number;
      ok: true;
      result: {
        [k: string]: unknown;
      };
    }
  | {
      id: number;
      ok: false;
      error: Error;
    };

export interface ProtocolTypes {
  Hex?: Hex;
  Pfn?: Pfn;
  Span?: Span;
  Diagnostic?: Diagnostic;
  Error?: Error;
  Event?: Event;
  Step?: Step;
  Next?: Next;
  Section?: Section;
  Ask?: Ask;
  Lesson?: Lesson;
  FrameRuns?: FrameRuns;
  Zone?: Zone;
  FreeArea?: FreeArea;
  Pcp?: Pcp;
  SlotPart?: SlotPart;
  Slab?: Slab;
  Cache?: Cache;
  ClassicCache?: ClassicCache;
  SlabIds?: SlabIds;
  Pool?: Pool;
  Variable?: Variable;
  VmArea?: VmArea;
  Device?: Device;
  WalkStep?: WalkStep;
  MemblockRegion?: MemblockRegion;
  CpuCopy?: CpuCopy;
  Cpu?: Cpu;
  Thread?: Thread;
  CpuVariable?: CpuVariable;
  CpuArea?: CpuArea;
  CpuCounter?: CpuCounter;
  Snapshot?: Snapshot;
  Since?: Since;
  Position?: Position;
  Mark?: Mark;
  Turn?: Turn;
  KeyValue?: KeyValue;
  Choice?: Choice;
  Request?: Request;
  Reply?: Reply;
  HelloRequest?: HelloRequest;
  HelloResult?: HelloResult;
  TablesRequest?: TablesRequest;
  TablesResult?: TablesResult;
  OpenRequest?: OpenRequest;
  OpenResult?: OpenResult;
  StepRequest?: StepRequest;
  StepResult?: StepResult;
  SeekRequest?: SeekRequest;
  SeekResult?: SeekResult;
  SurveyRequest?: SurveyRequest;
  SurveyResult?: SurveyResult;
  SnapshotRequest?: SnapshotRequest;
  SnapshotResult?: SnapshotResult;
  InspectRequest?: InspectRequest;
  InspectResult?: InspectResult;
  WalkRequest?: WalkRequest;
  WalkResult?: WalkResult;
  EvalRequest?: EvalRequest;
  EvalResult?: EvalResult;
  ChooseRequest?: ChooseRequest;
  ChooseResult?: ChooseResult;
  AnswerRequest?: AnswerRequest;
  AnswerResult?: AnswerResult;
  ProcRequest?: ProcRequest;
  ProcResult?: ProcResult;
  CompleteRequest?: CompleteRequest;
  CompleteResult?: CompleteResult;
  ForkRequest?: ForkRequest;
  ForkResult?: ForkResult;
  DropRequest?: DropRequest;
  DropResult?: DropResult;
  LogRequest?: LogRequest;
  LogResult?: LogResult;
  ReplayRequest?: ReplayRequest;
  ReplayResult?: ReplayResult;
  CheckRequest?: CheckRequest;
  CheckResult?: CheckResult;
}
/**
 * A place in the lesson file; lines and columns count from 1, columns count bytes, the end is one past the last byte.
 */
export interface Span {
  line: number;
  column: number;
  end_line: number;
  end_column: number;
}
export interface Diagnostic {
  severity: "error" | "warning";
  code: string;
  message: string;
  line: number;
  column: number;
  end_line: number;
  end_column: number;
  hint: string;
}
export interface Error {
  code: string;
  message: string;
  line: number;
  column: number;
  hint: string;
}
/**
 * One micro-step: a row of the event table with its fields, and its sentence.
 */
export interface Event {
  e: string;
  severity: "info" | "yes" | "no" | "act" | "warn" | "oops" | "print";
  say: string;
  [k: string]: unknown;
}
/**
 * One statement that has run.
 */
export interface Step {
  /**
   * 1 for the first statement.
   */
  step: number;
  /**
   * Index into the lesson's sections; -1 for a statement typed at the console.
   */
  block: number;
  line: number;
  column: number;
  end_line: number;
  end_column: number;
  /**
   * Call depth; 0 at the top level.
   */
  depth: number;
  /**
   * Where it ran; this and `thread` are absent in a program that makes no threads, while no interrupt is about.
   */
  cpu?: number;
  /**
   * The thread that ran it, or that a handler interrupted.
   */
  thread?: string;
  /**
   * The interrupt whose handler it is part of; else absent.
   */
  irq?: number;
  /**
   * Its source text, one line.
   */
  statement: string;
  /**
   * The value it gave, as text; empty if none.
   */
  result: string;
  status: "ran" | "oops" | "assert" | "stuck" | "done";
  /**
   * The step in one sentence, for the transport and for screen readers.
   */
  say: string;
  events: Event[];
  /**
   * Events beyond the bound, counted but not kept.
   */
  lost: number;
  /**
   * A 64-bit value.
   */
  hash: string;
}
/**
 * A part of the lesson file, in order.
 */
export interface Section {
  kind: "prose" | "code" | "view" | "ask" | "task";
  line: number;
  end_line: number;
  /**
   * prose: Markdown; code: C source.
   */
  text?: string;
  /**
   * code: the file's line of the first line of text.
   */
  first_line?: number;
  /**
   * view: which views.
   */
  show?: string[];
  follow?: boolean;
  ask?: Ask;
}
/**
 * A prediction asked before the next code section runs. The answer itself never leaves the engine.
 */
export interface Ask {
  index: number;
  kind: "choice" | "number" | "page" | "buddy";
  question: string;
  choices: string[];
}
export interface Lesson {
  title: string;
  goal: string;
  sections: Section[];
}
export interface Zone {
  /**
   * Events name a zone by this number.
   */
  index: number;
  /**
   * DMA, DMA32, Normal, HighMem, Movable
   */
  name: string;
  node: number;
  start_pfn: number;
  spanned: number;
  present: number;
  managed: number;
  /**
   * NR_FREE_PAGES
   */
  free: number;
  min: number;
  low: number;
  high: number;
  boost: number;
  protection: number[];
  highatomic: number;
  /**
   * reclaimable pages in this zone
   */
  page_cache: number;
  /**
   * pages in per-CPU lists
   */
  pcp: number;
}
/**
 * Free blocks of one zone: for each order the count, and for each migratetype with blocks the first pfns from the head of its list.
 */
export interface FreeArea {
  zone: number;
  orders: {
    nr_free: number;
    lists: {
      mt: number;
      nr: number;
      head: Pfn[];
    }[];
  }[];
}
export interface Pcp {
  zone: number;
  cpu: number;
  count: number;
  high: number;
  batch: number;
  free_factor: number;
  lists: {
    order: number;
    mt: number;
    nr: number;
    head: Pfn[];
  }[];
}
/**
 * A stretch of bytes of one object's slot, in order, together covering 0..size-1. `offset` counts from the start of the slot. free_pointer may lie inside the object (then `object` appears before and after it, and the program's bytes overwrite the pointer while the object is in use).
 */
export interface SlotPart {
  what:
    | "left_redzone"
    | "object"
    | "alignment"
    | "right_redzone"
    | "free_pointer"
    | "track_alloc"
    | "track_free"
    | "padding";
  offset: number;
  bytes: number;
}
/**
 * One slab: 2^order frames from pfn on, cut into `objects` slots of the cache's `size` bytes; slot i starts at pfn * 4096 + i * size (2.6: behind colour and struct slab). What is left at the end is waste.
 */
export interface Slab {
  /**
   * numbered per cache in order of appearance, never reused: cpus, nodes and events name a slab by it
   */
  id: number;
  pfn: Pfn;
  /**
   * A 64-bit value.
   */
  address: string;
  order: number;
  node: number;
  /**
   * free: 2.6 only, all objects are free; cpu: the slab a CPU takes objects from; cpu_partial: on a CPU's private list; partial: on the node's list; full: on no list (all objects are out)
   */
  list: "cpu" | "cpu_partial" | "partial" | "full" | "free";
  /**
   * for cpu and cpu_partial: whose; else -1
   */
  cpu: number;
  objects: number;
  /**
   * the kernel's counter: objects not on the slab's own freelist (a CPU's freelist counts as in use)
   */
  inuse: number;
  /**
   * belongs to a CPU
   */
  frozen: boolean;
  /**
   * one character per object, slot 0 first: U = with the program, f = free on the slab's freelist, c = free on the CPU's freelist (2.6: in an array), x = lost (a damaged freelist or a report made the kernel give it up)
   */
  state: string;
  /**
   * slot numbers in the order in which they will be handed out: the CPU's freelist for list cpu, else the slab's own
   */
  freelist: number[];
  /**
   * list cpu only: the slab's own freelist beside the CPU's (objects other CPUs gave back)
   */
  remote: number[];
  /**
   * for each object with the program, in slot order (the U of state): the step that allocated it; 0 = unknown
   */
  steps: number[];
  /**
   * 2.6 only: bytes from the slab's beginning to struct slab, or to slot 0 where that lies elsewhere
   */
  colour?: number;
  /**
   * A 64-bit value.
   */
  management?: string;
  /**
   * 2.6 only: the kmem_bufctl_t of each object as it lies in memory: the number of the free object after it, -1 at the end; of objects that are not free on the slab it says nothing
   */
  bufctl?: number[];
}
/**
 * A cache of objects (struct kmem_cache). Boot caches (kmalloc-*) are listed only once they have a slab or had one.
 */
export interface Cache {
  /**
   * events name a cache by its name; this number is stable for its life
   */
  index: number;
  name: string;
  /**
   * A 64-bit value.
   */
  address: string;
  /**
   * made at boot (kmalloc), not by the program
   */
  boot: boolean;
  /**
   * kmem_cache_destroy failed: objects were still in use, the cache leaks
   */
  dead: boolean;
  /**
   * what was asked for
   */
  object_size: number;
  /**
   * one slot with everything around the object
   */
  size: number;
  align: number;
  /**
   * offset behind object and right red zone
   */
  inuse: number;
  /**
   * of the free pointer, from the start of the object
   */
  offset: number;
  /**
   * the object starts here in its slot
   */
  red_left_pad: number;
  /**
   * bytes of a cache line, for the ruler
   */
  cache_line: number;
  order: number;
  /**
   * per slab
   */
  objects: number;
  /**
   * bytes at the end of each slab that hold no slot (2.6: what is left for colours)
   */
  slab_waste: number;
  min_partial: number;
  cpu_partial_slabs: number;
  /**
   * SLAB_POISON, SLAB_RED_ZONE, …
   */
  flags: string[];
  /**
   * a debugging flag is set: no CPU slabs, every object comes from the node's list
   */
  debug: boolean;
  /**
   * name of the constructor; empty if none
   */
  ctor: string;
  /**
   * users of the cache: more than 1 after merging
   */
  refcount: number;
  /**
   * names of caches that were merged into this one
   */
  aliases: string[];
  layout: SlotPart[];
  nr_slabs: number;
  num_objs: number;
  /**
   * as /proc/slabinfo counts: objects free on a CPU's list are active
   */
  active_objs: number;
  /**
   * really with the program
   */
  live_objs: number;
  /**
   * one for each CPU that has a slab of this cache
   */
  cpus: {
    cpu: number;
    /**
     * id; -1 = none
     */
    slab: number;
    /**
     * slots of that slab, next to be handed out first
     */
    freelist: number[];
    /**
     * ids, head first
     */
    partial: number[];
    /**
     * 2.6 only: addresses of the objects in this CPU's array; the last is handed out next
     */
    array?: Hex[];
    /**
     * 2.6 only: most objects the array holds
     */
    limit?: number;
    /**
     * 2.6 only: objects that come or go together
     */
    batchcount?: number;
    /**
     * 2.6 only: used since time last looked at it
     */
    touched?: boolean;
  }[];
  /**
   * one for each node with partial slabs
   */
  nodes: {
    node: number;
    nr_partial: number;
    /**
     * ids, head first; at most 32
     */
    partial: number[];
  }[];
  /**
   * at most 32: those on lists first, then full ones, each in order of id (2.6: the first 12 of partial, 8 of free and 12 of full, in the order of the lists)
   */
  slabs: Slab[];
  classic?: ClassicCache;
}
/**
 * What a cache of the SLAB of 2.6 has besides; only on machines with the setting slab-2.6.
 */
export interface ClassicCache {
  /**
   * struct slab and its kmem_bufctl_t are an object of another cache
   */
  off_slab: boolean;
  /**
   * bytes of struct slab and kmem_bufctl_t
   */
  management: number;
  /**
   * off_slab: name of the cache they come from
   */
  management_cache: string;
  colours: number;
  /**
   * bytes from one colour to the next
   */
  colour_off: number;
  /**
   * colour of the next new slab
   */
  colour_next: number;
  /**
   * name of the destructor; empty if none
   */
  dtor: string;
  /**
   * free on their slabs
   */
  free_objects: number;
  /**
   * an empty slab goes back when more than this are free
   */
  free_limit: number;
  /**
   * the array that all CPUs share; limit 0: there is none
   */
  shared: {
    /**
     * the last ones leave first, by batches
     */
    array: Hex[];
    limit: number;
    batchcount: number;
  };
  partial: SlabIds;
  free: SlabIds;
  full: SlabIds;
}
export interface SlabIds {
  /**
   * slabs on the list
   */
  nr: number;
  /**
   * head first; at most 32
   */
  ids: number[];
}
/**
 * A memory pool (mempool_t).
 */
export interface Pool {
  index: number;
  /**
   * A 64-bit value.
   */
  address: string;
  /**
   * elements wanted at rest
   */
  min_nr: number;
  /**
   * elements at rest
   */
  curr_nr: number;
  kind: "slab" | "kmalloc" | "pages" | "custom";
  /**
   * name of the allocation function
   */
  alloc: string;
  free: string;
  pool_data: Hex;
  /**
   * kind slab: index of the cache; else -1
   */
  cache: number;
  /**
   * addresses at rest, elements[0] first; the last one is handed out next; at most 64
   */
  elements: Hex[];
  /**
   * elements handed out and not yet given back (the kernel does not count them)
   */
  outstanding: number;
  /**
   * who sleeps until an element comes back
   */
  waiting: {
    comm: string;
    pid: number;
    /**
     * A 64-bit value.
     */
    since: string;
  }[];
  /**
   * calls of the allocation function so far
   */
  alloc_calls: number;
  free_calls: number;
}
export interface Variable {
  name: string;
  type: string;
  value: string;
  address: Hex;
  size: number;
  /**
   * for a pointer to a page or into one: its frame; -1 otherwise
   */
  pfn: number;
  /**
   * index into stack; -1 for a global
   */
  frame: number;
}
/**
 * A range of virtual addresses.
 */
export interface VmArea {
  start: Hex;
  /**
   * one past the last byte, guard page included
   */
  end: string;
  /**
   * pages: the array of page pointers of a large vmalloc; lazy: freed, but not to be used again before a TLB flush
   */
  kind: "vmalloc" | "vmap" | "ioremap" | "percpu" | "pages" | "lazy";
  /**
   * pages at its end that are never mapped
   */
  guard: number;
  pages: number;
  phys: Hex;
  caching: string;
  /**
   * the step that made it; 0 = none
   */
  owner: number;
  /**
   * [page of the area, pfn, pages in a row]; the first 64 pages at most
   */
  frames: number[][];
}
export interface Device {
  name: string;
  bar: Hex;
  bytes: Hex;
  registers: {
    name: string;
    offset: number;
    value: Hex;
  }[];
}
export interface WalkStep {
  level: string;
  /**
   * pfn of the table; -1: the top one, in the kernel image
   */
  table: number;
  index: number;
  shift: number;
  /**
   * bits of the address that choose the entry
   */
  width: number;
  entry: Hex;
  bits: string[];
  around: {
    index: number;
    entry: Hex;
  }[];
}
export interface MemblockRegion {
  base: Hex;
  size: Hex;
  nid: number;
}
export interface CpuCopy {
  cpu: number;
  address: Hex;
  pfn: number;
  value: string;
}
export interface Cpu {
  cpu: number;
  node: number;
  /**
   * id of the thread that runs there; -1: the CPU is idle
   */
  current: number;
  /**
   * interrupts whose handlers run, outermost first
   */
  irqs: number[];
  preempt: number;
  softirq: number;
  hardirq: number;
  irqs_off: boolean;
  /**
   * depth of rcu_read_lock()
   */
  rcu: number;
  /**
   * why a preemption there has to wait; empty: it happens at once
   */
  held: string;
  /**
   * somebody wanted to preempt it; it happens when preemption is on again
   */
  need_resched: boolean;
  /**
   * interrupts that wait until interrupts are on
   */
  pending: number[];
  /**
   * threads that are ready, first come first served
   */
  queue: number[];
  /**
   * why this cannot be chosen now (request choose); empty: it can
   */
  refused: {
    run: string;
    preempt: string;
    /**
     * of any interrupt in irqs
     */
    interrupt: string;
  };
}
/**
 * A thread and the statement it stands at.
 */
export interface Thread {
  id: number;
  name: string;
  pid: number;
  cpu: number;
  bound: boolean;
  state: "new" | "ready" | "running" | "sleeping" | "spinning" | "dead";
  /**
   * what for; empty when awake
   */
  waits: string;
  /**
   * 0: time does not wake it
   */
  wake_tick: number;
  task: Hex;
  preempt_count: Hex;
  /**
   * section of the lesson it stands in; -1 none
   */
  block: number;
  line: number;
  column: number;
  end_line: number;
  end_column: number;
  depth: number;
  function: string;
  /**
   * why it cannot be moved to another CPU now; empty: it can
   */
  refused: string;
}
/**
 * A static per-CPU variable.
 */
export interface CpuVariable {
  name: string;
  type: string;
  exported: string;
  ptr: Hex;
  size: number;
  copies: CpuCopy[];
}
/**
 * What alloc_percpu() gave out.
 */
export interface CpuArea {
  ptr: Hex;
  chunk: number;
  offset: number;
  size: number;
  copies: CpuCopy[];
}
export interface CpuCounter {
  name: string;
  address: Hex;
  ptr: Hex;
  /**
   * what percpu_counter_read() sees
   */
  count: string;
  locals: number[];
  sum: string;
}
/**
 * Sections of the machine's state. Each carries a version; a section whose version the caller named in `since` is left out. Absent = unchanged.
 */
export interface Snapshot {
  machine?: {
    version: number;
    profile: string;
    kernel: string;
    memory_bytes: Hex;
    nr_frames: number;
    cpus: number;
    nodes: number;
    pointer_bytes: number;
    page_offset: Hex;
    pageblock_order: number;
    /**
     * largest block order, inclusive
     */
    max_order: number;
    min_free_kbytes: number;
    /**
     * i386 · 64 MiB · 1 CPU
     */
    summary: string;
    kinds: {
      name: string;
      label: string;
    }[];
    migratetypes: string[];
  };
  zones?: {
    version: number;
    zones: Zone[];
  };
  frames?: {
    version: number;
    /**
     * true: the runs cover all frames; false: only what changed since the version asked for
     */
    full: boolean;
    runs: FrameRuns;
  };
  buddy?: {
    version: number;
    areas: FreeArea[];
  };
  pcp?: {
    version: number;
    pcps: Pcp[];
  };
  /**
   * Empty until slab caches are used.
   */
  caches?: {
    version: number;
    caches: Cache[];
  };
  /**
   * Empty until a memory pool is created.
   */
  pools?: {
    version: number;
    pools: Pool[];
  };
  /**
   * Virtual addresses beside the direct map.
   */
  vmalloc?: {
    version: number;
    windows: {
      name: string;
      start: Hex;
      end: Hex;
    }[];
    areas: VmArea[];
    /**
     * there are further areas
     */
    more: boolean;
    lazy_pages: number;
    lazy_max: number;
    flushes: number;
    devices: Device[];
  };
  pagetables?: {
    version: number;
    levels: string[];
    /**
     * made since the boot
     */
    nr_tables: number;
    tables: {
      /**
       * -1: the top table, in the kernel image
       */
      pfn: number;
      level: number;
      /**
       * the first address below it
       */
      covers: string;
    }[];
  };
  /**
   * Who runs where, and what each CPU has a copy of. Without a program that compiles the first four are absent.
   */
  percpu?: {
    version: number;
    cpus?: Cpu[];
    next_cpu?: number;
    threads?: Thread[];
    irqs?: {
      irq: number;
      name: string;
      handler: string;
      count: number;
    }[];
    variables: CpuVariable[];
    /**
     * left out of the list
     */
    more_variables: number;
    areas: CpuArea[];
    more_areas: number;
    counters: CpuCounter[];
    more_counters: number;
    unit_bytes: number;
    static_bytes: number;
    reserved_bytes: number;
    dyn_bytes: number;
    chunks: {
      index: number;
      base: Hex;
      /**
       * the dynamic part of the unit that the boot made
       */
      first: boolean;
      /**
       * of a unit
       */
      pages: number;
      populated: number;
      free_bytes: number;
      /**
       * where each CPU's unit begins
       */
      units: Hex[];
    }[];
  };
  /**
   * Only `phase` on a machine that booted by itself.
   */
  boot?: {
    version: number;
    phase: "none" | "booting" | "over";
    /**
     * end of low memory
     */
    low_pfn?: number;
    goal?: Hex;
    /**
     * page the last allocation ended in
     */
    last_pos?: number;
    /**
     * bytes of it in use; 0 = all
     */
    last_offset?: number;
    last_success?: Hex;
    /**
     * [pfn, pages, 1 = reserved]
     */
    bitmap?: number[][];
    bottom_up?: boolean;
    memory?: MemblockRegion[];
    reserved?: MemblockRegion[];
  };
  context?: {
    version: number;
    cpu: number;
    comm: string;
    pid: number;
    preempt_count: Hex;
    irqs_disabled: boolean;
    in_interrupt: boolean;
    task_flags: string[];
    tick: Hex;
    oops_count: number;
    /**
     * awake, a node each
     */
    kswapd: boolean[];
    processes: {
      name: string;
      pid: number;
      pages: number;
      alive: boolean;
    }[];
  };
  program?: {
    version: number;
    stack: {
      function: string;
      line: number;
    }[];
    variables: Variable[];
  };
  console?: {
    version: number;
    /**
     * lines that were printed before these
     */
    earlier: number;
    lines: {
      step: number;
      kind: "print" | "warn" | "oops" | "input" | "result";
      text: string;
      /**
       * oops: what the real kernel would do or say besides
       */
      note: string;
    }[];
  };
}
/**
 * The versions the caller has, by section name. A section left out is sent whole.
 */
export interface Since {
  machine?: number;
  zones?: number;
  frames?: number;
  buddy?: number;
  pcp?: number;
  caches?: number;
  pools?: number;
  vmalloc?: number;
  pagetables?: number;
  percpu?: number;
  boot?: number;
  context?: number;
  program?: number;
  console?: number;
}
/**
 * Where the machine is, and the difference to what the caller has (when the request carried `since`).
 */
export interface Position {
  /**
   * statements run so far
   */
  step: number;
  /**
   * the number of the last step once it is known, else -1
   */
  end: number;
  next: Next;
  hash: Hex;
  /**
   * the step that led here; null at the start
   */
  last: null | Step;
  /**
   * why running stopped
   */
  stopped: "" | "count" | "done" | "oops" | "assert" | "stuck" | "ask" | "limit";
  branch: number;
  delta?: Snapshot;
}
export interface Mark {
  step: number;
  kind: "oops" | "assert" | "ask" | "section";
  text: string;
}
/**
 * From `step` on somebody else runs: another thread or handler, or the same on another CPU.
 */
export interface Turn {
  step: number;
  /**
   * as Thread.id; an idle task has one beyond all threads
   */
  id: number;
  thread: string;
  cpu: number;
  /**
   * the interrupt whose handler it is
   */
  irq?: number;
}
export interface KeyValue {
  key: string;
  value: string;
}
export interface Choice {
  step: number;
  /**
   * a statement typed when this many steps had run, or a choice: @run CPU, @preempt CPU, @migrate THREAD CPU, @interrupt CPU IRQ
   */
  text: string;
}
export interface Request {
  id?: number;
  op: string;
  /**
   * default 0
   */
  branch?: number;
  [k: string]: unknown;
}
export interface HelloRequest {}
export interface HelloResult {
  name: string;
  version: string;
  protocol: number;
  kernel: string;
}
export interface TablesRequest {}
export interface TablesResult {
  events: {
    e: string;
    severity: string;
    sentence: string;
    fields: {
      name: string;
      type: string;
    }[];
  }[];
  calls: {
    name: string;
    prototype: string;
    header: string;
    part: string;
    context: string;
    since: string;
    removed: string;
    replaced_by: string;
    help: string;
  }[];
  gfp: {
    name: string;
    mask: Hex;
    group: string;
    help: string;
  }[];
  /**
   * Flags of kmem_cache_create().
   */
  slab: {
    name: string;
    mask: Hex;
    group: string;
    help: string;
  }[];
  settings: {
    name: string;
    /**
     * JSON
     */
    example: string;
    help: string;
  }[];
  errors: {
    code: string;
    meaning: string;
  }[];
  proc: string[];
}
export interface OpenRequest {
  name?: string;
  /**
   * the lesson's Markdown
   */
  source?: string;
  since?: Since;
}
export interface OpenResult {
  lesson: Lesson;
  diagnostics: Diagnostic[];
  /**
   * false when a diagnostic is an error: the machine stands at its start, and nothing runs
   */
  runnable: boolean;
  position: Position;
}
export interface StepRequest {
  /**
   * at most this many statements; default 1
   */
  n?: number;
  /**
   * default into; over: a call counts as one, whoever else runs meanwhile; out: until the function of the same thread has returned; block: until the next code section
   */
  mode?: "into" | "over" | "out" | "block";
  /**
   * reply with every step, not only the last; at most 2000 (into), or the first 2000 (other modes)
   */
  all?: boolean;
  since?: Since;
}
export interface StepResult {
  steps: Step[];
  position: Position;
}
export interface SeekRequest {
  step?: number;
  since?: Since;
}
export interface SeekResult {
  position: Position;
}
/**
 * Run ahead to the end (or `limit` steps) and come back: what the scrubber needs.
 */
export interface SurveyRequest {
  /**
   * default 100000
   */
  limit?: number;
}
export interface SurveyResult {
  /**
   * -1 if the limit came first
   */
  end: number;
  surveyed: number;
  marks: Mark[];
  /**
   * at most 2000
   */
  turns: Turn[];
  /**
   * steps that `turns` tells about
   */
  turned: number;
  hash: Hex;
}
export interface SnapshotRequest {
  since?: Since;
}
export interface SnapshotResult {
  step: number;
  hash: Hex;
  snapshot: Snapshot;
}
/**
 * What one thing is. Name exactly one of pfn, zone, variable, address. An address inside a slab: its object, with every byte of the slot named.
 */
export interface InspectRequest {
  pfn?: number;
  zone?: number;
  variable?: string;
  address?: Hex;
}
export interface InspectResult {
  title: string;
  facts: KeyValue[];
  /**
   * the step that made it what it is; 0 = boot
   */
  step: number;
  /**
   * first bytes of its content, as a hex dump; empty if never written
   */
  hex: string;
  /**
   * an address inside a slab: the slot, part by part
   */
  bytes?: {
    /**
     * as SlotPart.what
     */
    what: string;
    /**
     * in the slot
     */
    offset: number;
    address: Hex;
    /**
     * two digits a byte, no spaces; at most 512 bytes of a part
     */
    hex: string;
    /**
     * what these bytes mean now: `free: 0x6b poison`, `in use: red zone 0xcc intact` …
     */
    says: string;
  }[];
}
/**
 * The way an address takes through the page tables. An address of the direct map takes none.
 */
export interface WalkRequest {
  address?: Hex;
}
export interface WalkResult {
  address: Hex;
  window: string;
  /**
   * start of the area it lies in; 0x0 none
   */
  area: string;
  guard: boolean;
  mapped: boolean;
  phys: Hex;
  /**
   * -1: no memory (a device, or nothing)
   */
  pfn: number;
  steps: WalkStep[];
}
/**
 * Run a statement typed at the console, now. What came after this step is forgotten. `cat /proc/buddyinfo` works too and changes nothing.
 */
export interface EvalRequest {
  text?: string;
  since?: Since;
}
export interface EvalResult {
  output: string;
  diagnostics: Diagnostic[];
  position: Position;
}
/**
 * Decide who runs: `run` (cpu) runs one statement of that CPU; `preempt` (cpu), `migrate` (thread, cpu) and `interrupt` (cpu, irq) are steps of their own. What came after this step is forgotten.
 */
export interface ChooseRequest {
  do?: "run" | "preempt" | "migrate" | "interrupt";
  cpu?: number;
  thread?: number;
  irq?: number;
  since?: Since;
}
export interface ChooseResult {
  steps: Step[];
  position: Position;
}
export interface AnswerRequest {
  ask?: number;
  /**
   * the choice's text, the number, or the pfn
   */
  value?: string;
}
export interface AnswerResult {
  right: boolean;
  correct: string;
  why: string;
}
export interface ProcRequest {
  name?: string;
}
export interface ProcResult {
  name: string;
  text: string;
}
export interface CompleteRequest {
  prefix?: string;
}
export interface CompleteResult {
  words: string[];
}
/**
 * A second machine with the same past up to `step` (default: here). Later requests name it with `branch`.
 */
export interface ForkRequest {
  step?: number;
}
export interface ForkResult {
  branch: number;
  position: Position;
}
export interface DropRequest {}
export interface DropResult {
  branch: number;
}
/**
 * The choices that are not in the lesson: what a link must carry besides it.
 */
export interface LogRequest {}
export interface LogResult {
  choices: Choice[];
}
/**
 * Feed choices of an earlier `log` to the lesson just opened.
 */
export interface ReplayRequest {
  choices?: Choice[];
  since?: Since;
}
export interface ReplayResult {
  position: Position;
}
/**
 * Run the whole lesson: false asserts, unexpected oopses, questions without a right answer, and the machine's invariants at the end.
 */
export interface CheckRequest {
  limit?: number;
}
export interface CheckResult {
  ok: boolean;
  steps: number;
  diagnostics: Diagnostic[];
}

/** Every operation: what it takes and what it gives. */
export interface Operations {
  hello: { request: HelloRequest; result: HelloResult };
  tables: { request: TablesRequest; result: TablesResult };
  open: { request: OpenRequest; result: OpenResult };
  step: { request: StepRequest; result: StepResult };
  seek: { request: SeekRequest; result: SeekResult };
  survey: { request: SurveyRequest; result: SurveyResult };
  snapshot: { request: SnapshotRequest; result: SnapshotResult };
  inspect: { request: InspectRequest; result: InspectResult };
  walk: { request: WalkRequest; result: WalkResult };
  eval: { request: EvalRequest; result: EvalResult };
  choose: { request: ChooseRequest; result: ChooseResult };
  answer: { request: AnswerRequest; result: AnswerResult };
  proc: { request: ProcRequest; result: ProcResult };
  complete: { request: CompleteRequest; result: CompleteResult };
  fork: { request: ForkRequest; result: ForkResult };
  drop: { request: DropRequest; result: DropResult };
  log: { request: LogRequest; result: LogResult };
  replay: { request: ReplayRequest; result: ReplayResult };
  check: { request: CheckRequest; result: CheckResult };
}
