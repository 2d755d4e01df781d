/*
 * registry.ts: every picture of the machine there is, once. The tab bar, the overview, lesson files (`"show": […]`) and
 * links know views only by what stands here; a new view is one more row and one component.
 */
import type { Component } from 'svelte';
import type { Lesson, SectionName } from '../protocol/types';
import type { SnapshotStore } from '../state/snapshot.svelte';
import BootView from './boot/BootView.svelte';
import FreeListsView from './freelists/FreeListsView.svelte';
import MemoryView from './memory/MemoryView.svelte';
import PerCpuView from './percpu/PerCpuView.svelte';
import PoolsView from './pools/PoolsView.svelte';
import ProcView from './proc/ProcView.svelte';
import SlabsView from './slabs/SlabsView.svelte';
import VirtualView from './virtual/VirtualView.svelte';
import WatermarksView from './watermarks/WatermarksView.svelte';

export interface ViewProps {
  /** True when the view has the stage for itself, false in the overview. */
  alone: boolean;
}

export interface View {
  /** What lessons and links call it. */
  id: string;
  title: string;
  component: Component<ViewProps>;
  /** The parts of a snapshot it draws. */
  reads: SectionName[];
  /** How it stands in the overview: over the whole width, or beside another. */
  width: 'full' | 'half';
  /** Only where a lesson or a reader asks for it: not in an overview that nobody arranged. */
  aside?: boolean;
  /** Is there anything to see? A view without this always has something. */
  present?: (snapshot: SnapshotStore) => boolean;
}

/** CPUs are worth a look when something is on them, or when they have copies of something. */
const eventful = (percpu: SnapshotStore['percpu']): boolean =>
  percpu !== null && ((percpu.threads?.length ?? 0) > 1 || percpu.variables.length + percpu.areas.length + percpu.counters.length + (percpu.irqs?.length ?? 0) > 0);

export const VIEWS: View[] = [
  { id: 'memory', title: 'Memory', component: MemoryView, reads: ['machine', 'zones', 'frames', 'program'], width: 'full' },
  { id: 'free-lists', title: 'Free lists', component: FreeListsView, reads: ['machine', 'zones', 'buddy', 'pcp'], width: 'half' },
  { id: 'watermarks', title: 'Watermarks', component: WatermarksView, reads: ['machine', 'zones'], width: 'half' },
  { id: 'slabs', title: 'Slabs', component: SlabsView, reads: ['machine', 'caches', 'program'], width: 'full', present: (snapshot) => snapshot.caches.length > 0 },
  { id: 'pools', title: 'Pools', component: PoolsView, reads: ['machine', 'pools', 'caches', 'program'], width: 'full', present: (snapshot) => snapshot.pools.length > 0 },
  {
    id: 'virtual',
    title: 'Virtual',
    component: VirtualView,
    reads: ['machine', 'vmalloc', 'pagetables', 'program'],
    width: 'full',
    present: (snapshot) => (snapshot.vmalloc?.areas.length ?? 0) > 0 || (snapshot.vmalloc?.devices.length ?? 0) > 0,
  },
  {
    id: 'percpu',
    title: 'CPUs',
    component: PerCpuView,
    reads: ['machine', 'percpu', 'program'],
    width: 'full',
    present: (snapshot) => eventful(snapshot.percpu),
  },
  {
    id: 'boot',
    title: 'Boot',
    component: BootView,
    reads: ['machine', 'zones', 'boot'],
    width: 'full',
    present: (snapshot) => snapshot.boot !== null && snapshot.boot.phase !== 'none',
  },
  { id: 'proc', title: '/proc', component: ProcView, reads: [], width: 'full', aside: true },
];

/** All views side by side; what a lesson shows when it says nothing else. */
export const OVERVIEW = 'overview';

/** The views of a lesson on this machine: those that have something to show or that the lesson asks for somewhere. */
export function viewsFor(lesson: Lesson | null, snapshot: SnapshotStore): View[] {
  const asked = new Set(lesson?.sections.flatMap((section) => section.show ?? []));
  return VIEWS.filter((view) => !view.present || view.present(snapshot) || asked.has(view.id));
}

export const viewById = (id: string): View | undefined => VIEWS.find((view) => view.id === id);
