/*
 * snapshot.svelte.ts: the picture of the machine at the present step. Views draw this and nothing else.
 *
 * The protocol sends sections; each has a version. apply() replaces the sections that came and keeps the others, so
 * what a step costs follows from what it changed. Frames are the exception: they are filled in place, and `drawn`
 * counts up so that whoever draws them knows.
 */
import type { Boot, Cache, Machine, Percpu, Pool, Since, Snapshot, Variable, Vmalloc, Zone } from '../protocol/types';
import { FrameTable, type Range } from './frames';
import { Past, type Before, type Epoch } from './past';

export class SnapshotStore {
  machine = $state.raw<Machine | null>(null);
  /** The zones that have frames. */
  zones = $state.raw<Zone[]>([]);
  areas = $state.raw<NonNullable<Snapshot['buddy']>['areas']>([]);
  pcps = $state.raw<NonNullable<Snapshot['pcp']>['pcps']>([]);
  caches = $state.raw<Cache[]>([]);
  pools = $state.raw<Pool[]>([]);
  vmalloc = $state.raw<Vmalloc | null>(null);
  pagetables = $state.raw<NonNullable<Snapshot['pagetables']> | null>(null);
  percpu = $state.raw<Percpu | null>(null);
  boot = $state.raw<Boot | null>(null);
  context = $state.raw<NonNullable<Snapshot['context']> | null>(null);
  variables = $state.raw<Variable[]>([]);
  stack = $state.raw<NonNullable<Snapshot['program']>['stack']>([]);
  console = $state.raw<NonNullable<Snapshot['console']>['lines']>([]);
  /** Lines of the console before those. */
  earlier = $state(0);
  /** Counts changes of `frames`, which are filled in place. */
  drawn = $state(0);
  frames = new FrameTable(0);
  /** The CPUs and copies that `percpu` is compared with; null: nothing came before. */
  percpuBefore = $state.raw<Before<Percpu | null> | null>(null);
  /** What the last apply() wrote into `frames`; null = everything. */
  changed: Range[] | null = null;

  #versions: Since = {};
  readonly #past = new Past<Percpu | null>();

  /** The versions to send along, so that only what changed comes back. */
  since(): Since {
    return { ...this.#versions };
  }

  /** Forget everything: the next reply must be whole. */
  reset(): void {
    this.#versions = {};
  }

  apply(delta: Snapshot): void {
    for (const [name, section] of Object.entries(delta)) {
      if (section) this.#versions[name as keyof Since] = section.version;
    }
    if (delta.machine) this.#newMachine(delta.machine);
    // A zone without frames exists for the kernel's tables only; there is nothing of it to show.
    if (delta.zones) this.zones = delta.zones.zones.filter((zone) => zone.spanned > 0);
    if (delta.buddy) this.areas = delta.buddy.areas.filter((area) => this.zone(area.zone));
    if (delta.pcp) this.pcps = delta.pcp.pcps.filter((pcp) => this.zone(pcp.zone));
    if (delta.caches) this.caches = delta.caches.caches;
    if (delta.pools) this.pools = delta.pools.pools;
    if (delta.vmalloc) this.vmalloc = delta.vmalloc;
    if (delta.pagetables) this.pagetables = delta.pagetables;
    if (delta.percpu) this.percpu = delta.percpu;
    if (delta.boot) this.boot = delta.boot;
    if (delta.context) this.context = delta.context;
    if (delta.program) {
      this.variables = delta.program.variables;
      this.stack = delta.program.stack;
    }
    if (delta.console) {
      this.console = delta.console.lines;
      this.earlier = delta.console.earlier;
    }
    this.#applyFrames(delta.frames);
  }

  /** What was applied is the machine at @step. */
  stands(epoch: Epoch, step: number): void {
    this.percpuBefore = this.#past.keep(epoch, 'percpu', step, this.percpu);
  }

  #newMachine(machine: Machine): void {
    this.machine = machine;
    if (this.frames.size !== machine.nr_frames) this.frames = new FrameTable(machine.nr_frames);
  }

  #applyFrames(frames: Snapshot['frames']): void {
    this.changed = [];
    if (!frames) return;
    const ranges = this.frames.apply(frames.runs, frames.full);
    this.changed = frames.full ? null : ranges;
    this.drawn++;
  }

  zone(index: number): Zone | undefined {
    return this.zones.find((zone) => zone.index === index);
  }

  zoneOf(pfn: number): Zone | undefined {
    return this.zones.find((zone) => pfn >= zone.start_pfn && pfn < zone.start_pfn + zone.spanned);
  }

  /** "free", "kernel", … and what people call it. */
  kindName(kind: number): string {
    return this.machine?.kinds[kind]?.name ?? '?';
  }

  kindLabel(kind: number): string {
    return this.machine?.kinds[kind]?.label ?? '?';
  }
}
