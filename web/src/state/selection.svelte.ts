/*
 * selection.svelte.ts: what is pointed at and what is selected, and how one thing leads to the others.
 *
 *     variable ──> frame ──> block ──> zone
 *        ^           ^ └── object of a slab
 *     statement ─────┘      (the blocks its events name)
 *
 * Views ask lit…() while they draw; hovering anything lights what belongs to it everywhere.
 */
import type { Variable } from '../protocol/types';
import type { SnapshotStore } from './snapshot.svelte';

export type Target =
  | { type: 'frame'; pfn: number }
  | { type: 'object'; address: string; pfn: number }
  | { type: 'zone'; index: number }
  | { type: 'variable'; name: string }
  | { type: 'line'; line: number };

export class Selection {
  hover = $state.raw<Target | null>(null);
  selected = $state.raw<Target | null>(null);
  /** A question waits for a click on a page; called with it instead of selecting. */
  picking = $state.raw<((pfn: number) => void) | null>(null);

  readonly #snapshot: SnapshotStore;
  readonly #blocksOfLine: (line: number) => number[];

  constructor(snapshot: SnapshotStore, blocksOfLine: (line: number) => number[]) {
    this.#snapshot = snapshot;
    this.#blocksOfLine = blocksOfLine;
  }

  /** Heads of the blocks that belong to @target. */
  headsOf(target: Target | null): number[] {
    const { frames, variables } = this.#snapshot;
    if (!target) return [];
    switch (target.type) {
      case 'frame':
      case 'object':
        return [frames.headOf(target.pfn)];
      case 'variable':
        return variables.filter((v) => v.name === target.name && v.pfn >= 0).map((v) => frames.headOf(v.pfn));
      case 'line':
        return this.#blocksOfLine(target.line).map((pfn) => frames.headOf(pfn));
      case 'zone':
        return [];
    }
  }

  litHeads = $derived.by(() => {
    void this.#snapshot.drawn;
    return new Set(this.headsOf(this.hover));
  });

  selectedHeads = $derived.by(() => {
    void this.#snapshot.drawn;
    return new Set(this.headsOf(this.selected));
  });

  /** Variables that point into the block under the pointer. */
  litVariables = $derived.by(() => {
    const { frames, variables } = this.#snapshot;
    const heads = this.litHeads;
    const target = this.hover;
    // Many objects share a page; only a pointer to this very one belongs to it.
    const points = (v: Variable) => (target?.type === 'object' ? v.value.split(/[\s,)]/).includes(target.address) : heads.has(frames.headOf(v.pfn)));
    const names = variables.filter((v) => v.pfn >= 0 && points(v)).map((v) => v.name);
    if (target?.type === 'variable') names.push(target.name);
    return new Set(names);
  });

  litZone = $derived.by(() => {
    if (this.hover?.type === 'zone') return this.hover.index;
    const [head] = this.litHeads;
    return head === undefined ? -1 : (this.#snapshot.zoneOf(head)?.index ?? -1);
  });

  /** An object of a slab was clicked; to a question about pages it is its page. */
  pickObject(address: string, pfn: number): void {
    if (this.picking) this.picking(pfn);
    else this.selected = { type: 'object', address, pfn };
  }

  /** A page was clicked: the answer to a question, or a thing to inspect. */
  pick(pfn: number): void {
    if (this.picking) this.picking(pfn);
    else this.selected = { type: 'frame', pfn };
  }
}
