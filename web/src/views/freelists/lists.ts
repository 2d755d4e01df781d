/*
 * lists.ts: the free lists of one zone with the last step's story in them: which blocks are new, which is being taken,
 * and the arcs of splits and merges. Pure: the same snapshot, events and moment give the same picture.
 */
import { isEvent, type FreeArea, type LaEvent } from '../../protocol/types';

export interface Chip {
  pfn: number;
  /** now: put here by the last step; ghost: was first here and is being taken. */
  state: '' | 'now' | 'ghost';
}

export interface Lane {
  mt: number;
  nr: number;
  chips: Chip[];
}

export interface Row {
  order: number;
  nr: number;
  lanes: Lane[];
}

export interface Arc {
  kind: 'split' | 'merge';
  from: number;
  to: number;
  /** 0 to 1: how far it is drawn. */
  drawn: number;
}

/** The zone that @events of a step are about, or -1. */
export function zoneOfEvents(events: LaEvent[]): number {
  const found = events.findLast((e) => isEvent(e, 'list_take') || isEvent(e, 'list_add') || isEvent(e, 'split') || isEvent(e, 'pcp_take') || isEvent(e, 'pcp_put'));
  return found ? (found['zone'] as number) : -1;
}

/** Splits and merges in @zone as arcs between orders, told up to @at. */
export function arcsOf(events: LaEvent[], zone: number, at: number): Arc[] {
  const arcs = new Map<string, Arc>();
  events.forEach((event, i) => {
    const drawn = Math.min(1, Math.max(0, at - i));
    if (isEvent(event, 'split') && event.zone === zone) {
      arcs.set(`s${event.order}`, { kind: 'split', from: event.order + 1, to: event.order, drawn });
    } else if (isEvent(event, 'merge') && event.zone === zone) {
      arcs.set(`m${event.order}`, { kind: 'merge', from: event.order - 1, to: event.order, drawn });
    }
  });
  return [...arcs.values()].filter((arc) => arc.drawn > 0);
}

/** "split 3 → 0" or "merged 0 → 6", or nothing. */
export function caption(arcs: Arc[]): string {
  const of = (kind: Arc['kind']) => arcs.filter((arc) => arc.kind === kind).map((arc) => [arc.from, arc.to] as const);
  const splits = of('split').flat();
  const merges = of('merge').flat();
  const parts: string[] = [];
  if (splits.length) parts.push(`split ${Math.max(...splits)} → ${Math.min(...splits)}`);
  if (merges.length) parts.push(`merged ${Math.min(...merges)} → ${Math.max(...merges)}`);
  return parts.join(', ');
}

/** The largest order that a zone of @pages can have a block of. */
export const orderFor = (pages: number): number => Math.floor(Math.log2(Math.max(1, pages)));

/** Rows from @maxOrder down; blocks that arrive after @at are not there yet. */
export function rowsOf(area: FreeArea | undefined, events: LaEvent[], at: number, maxOrder: number): Row[] {
  const arrives = new Map<number, number>();
  let ghost: { pfn: number; order: number } | null = null;
  events.forEach((event, i) => {
    if (event['zone'] !== area?.zone) return;
    if (isEvent(event, 'split') || isEvent(event, 'list_add')) arrives.set(event.pfn, i);
    if (isEvent(event, 'list_take') && i <= at) ghost = { pfn: event.pfn, order: event.order };
    if ((isEvent(event, 'split') || isEvent(event, 'alloc_done')) && i < at) ghost = null;
  });
  const rows = (area?.orders ?? []).slice(0, maxOrder + 1).map((each, order): Row => {
    const lanes = each.lists.map(({ mt, nr, head }): Lane => {
      const chips = head.filter((pfn) => (arrives.get(pfn) ?? -1) < at).map((pfn): Chip => ({ pfn, state: arrives.has(pfn) ? 'now' : '' }));
      return { mt, nr, chips };
    });
    const taken = ghost as { pfn: number; order: number } | null;
    if (taken?.order === order && at < events.length) {
      const lane = lanes[0] ?? { mt: 0, nr: 0, chips: [] };
      if (lanes.length === 0) lanes.push(lane);
      lane.chips.unshift({ pfn: taken.pfn, state: 'ghost' });
    }
    const coming = each.lists.flatMap((list) => list.head).filter((pfn) => (arrives.get(pfn) ?? -1) >= at).length;
    return { order, nr: each.nr_free - coming, lanes };
  });
  return rows.reverse();
}
