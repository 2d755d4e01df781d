/*
 * registry.ts: every picture of the machine there is, once. The tab bar, the overview, lesson files (`"show": […]`) and
 * links know views only by what stands here; a new view is one more row and one component.
 */
import type { Component } from 'svelte';
import type { SectionName } from '../protocol/types';
import FreeListsView from './freelists/FreeListsView.svelte';
import MemoryView from './memory/MemoryView.svelte';
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
}

export const VIEWS: View[] = [
  { id: 'memory', title: 'Memory', component: MemoryView, reads: ['machine', 'zones', 'frames', 'program'], width: 'full' },
  { id: 'free-lists', title: 'Free lists', component: FreeListsView, reads: ['machine', 'zones', 'buddy', 'pcp'], width: 'half' },
  { id: 'watermarks', title: 'Watermarks', component: WatermarksView, reads: ['machine', 'zones'], width: 'half' },
];

/** All views side by side; what a lesson shows when it says nothing else. */
export const OVERVIEW = 'overview';

export const viewById = (id: string): View | undefined => VIEWS.find((view) => view.id === id);
