/*
 * frames.ts: every page frame of the machine in four byte arrays, filled from the protocol's runs.
 *
 *     pfn      0 1 2 3 4 5 6 7
 *     kind     4 4 4 4 1 1 1 1     index into machine.kinds; 0 = no memory here
 *     order    1 1 0 0 2 2 2 2     of the block a frame belongs to, on every frame of it
 *
 * A block of order o begins at a multiple of 2^o, so the order alone tells where any frame's block begins: no marker
 * for heads is needed. Filling costs one memset a run; a delta touches only what changed.
 */
import type { FrameRuns } from '../protocol/types';

/** Frames from `pfn` on, `end` excluded. */
export interface Range {
  pfn: number;
  end: number;
}

/** The bits of a frame's `flags`. */
export const FRAME_PFMEMALLOC = 1;
export const FRAME_KMAP = 2;
export const FRAME_BAD = 4;

export class FrameTable {
  readonly kind: Uint8Array;
  readonly order: Uint8Array;
  readonly mt: Uint8Array;
  readonly flags: Uint8Array;
  /** How many frames there are of each kind. */
  readonly #count = new Uint32Array(256);

  constructor(readonly size: number) {
    this.kind = new Uint8Array(size);
    this.order = new Uint8Array(size);
    this.mt = new Uint8Array(size);
    this.flags = new Uint8Array(size);
    this.#count[0] = size;
  }

  /** Fill from @runs; @full forgets everything else. Returns the ranges that were written, in the order given. */
  apply(runs: FrameRuns, full: boolean): Range[] {
    if (full) this.#setKind(0, 0, this.size);
    const ranges: Range[] = [];
    for (const [pfn, blocks, order, kind, mt, flags] of runs) {
      const end = Math.min(pfn + blocks * 2 ** order, this.size);
      this.#setKind(kind, pfn, end);
      this.order.fill(order, pfn, end);
      this.mt.fill(mt, pfn, end);
      this.flags.fill(flags, pfn, end);
      const last = ranges.at(-1);
      if (last && last.end === pfn) last.end = end;
      else ranges.push({ pfn, end });
    }
    return ranges;
  }

  #setKind(kind: number, from: number, to: number): void {
    for (let pfn = from; pfn < to; pfn++) this.#count[this.kind[pfn]!]!--;
    this.#count[kind]! += Math.max(0, to - from);
    this.kind.fill(kind, from, to);
  }

  /** The first frame of the block that @pfn belongs to. */
  headOf(pfn: number): number {
    const order = this.order[pfn] ?? 0;
    return pfn - (pfn % 2 ** order);
  }

  isHead(pfn: number): boolean {
    return this.headOf(pfn) === pfn;
  }

  /** The first frame of the next block after the one at @pfn, or `size`. */
  after(pfn: number): number {
    return Math.min(this.headOf(pfn) + 2 ** (this.order[pfn] ?? 0), this.size);
  }

  /** Call @visit for every block that begins in [@from, @to) and is memory. Stops early when @visit returns false. */
  eachBlock(from: number, to: number, visit: (pfn: number, order: number, kind: number) => boolean | void): void {
    const end = Math.min(to, this.size);
    for (let pfn = from; pfn < end; ) {
      const kind = this.kind[pfn]!;
      const order = this.order[pfn]!;
      if (kind && visit(pfn, order, kind) === false) return;
      pfn += kind ? 2 ** order - (pfn % 2 ** order) : 1;
    }
  }

  /** Every kind that occurs, but for "no memory". */
  kindsPresent(): number[] {
    return [...this.#count.keys()].filter((kind) => kind > 0 && this.#count[kind]! > 0);
  }

  /** Neighbouring blocks that are alike, as runs: what the text twin lists. */
  runs(from: number, to: number): { pfn: number; blocks: number; order: number; kind: number }[] {
    const list: { pfn: number; blocks: number; order: number; kind: number }[] = [];
    this.eachBlock(from, to, (pfn, order, kind) => {
      const last = list.at(-1);
      const adjoins = last && last.pfn + last.blocks * 2 ** last.order === pfn;
      if (last && adjoins && last.order === order && last.kind === kind) last.blocks++;
      else list.push({ pfn, blocks: 1, order, kind });
    });
    return list;
  }
}
