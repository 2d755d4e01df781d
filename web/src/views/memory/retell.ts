/*
 * retell.ts: what covers the finished picture of memory while a step's events are still being told.
 *
 *     taking   list_take 64 ── split 32 ── split 16 ── … ── alloc_done     the block shrinks, halves stay behind
 *     giving   free_request ── merge ── merge ── … ── list_add             the block grows by its buddies
 *
 * The snapshot shows the end. retell() gives the blocks to draw over it at moment @at so that one sees the middle; at
 * the end it gives nothing, so a skipped motion leaves the same picture.
 */
import { isEvent, type LaEvent } from '../../protocol/types';

export interface Cover {
  pfn: number;
  order: number;
  /** free: hollow; owned: as its owner before or after; lead: the block the story is about. */
  as: 'free' | 'owned' | 'lead';
  /** How much of the owner's colour is there, 0 to 1. */
  ink: number;
  /** 0 to 1: how far a cut through the middle has come. */
  cut: number;
}

interface Group {
  from: number;
  to: number;
  kind: 'take' | 'give';
}

const cover = (pfn: number, order: number, as: Cover['as'], ink = 0, cut = 0): Cover => ({ pfn, order, as, ink, cut });

/** Runs of events that belong to one block taken or given back. */
export function groups(events: LaEvent[]): Group[] {
  const list: Group[] = [];
  let open: Group | null = null;
  events.forEach((event, i) => {
    if (isEvent(event, 'list_take')) open = { from: i, to: i, kind: 'take' };
    else if (isEvent(event, 'free_request')) open = { from: i, to: i, kind: 'give' };
    if (!open) return;
    open.to = i;
    if (isEvent(event, open.kind === 'take' ? 'alloc_done' : 'list_add')) {
      list.push(open);
      open = null;
    }
  });
  return list;
}

function retellTake(events: LaEvent[], at: number): Cover[] {
  const told = Math.floor(at);
  const part = at - told;
  const covers: Cover[] = [];
  let lead: Cover | null = null;
  events.forEach((event, i) => {
    if (isEvent(event, 'list_take')) lead = cover(event.pfn, event.order, 'lead');
    else if (isEvent(event, 'split') && lead) {
      if (i < told) {
        covers.push(cover(event.pfn, event.order, 'free'));
        lead.order = event.order;
      } else if (i === told) lead.cut = part;
    } else if (isEvent(event, 'alloc_done') && lead && i === told) lead.ink = part;
  });
  return lead ? [...covers, lead] : covers;
}

function retellGive(events: LaEvent[], at: number): Cover[] {
  const told = Math.floor(at);
  const part = at - told;
  const waiting: Cover[] = [];
  let lead: Cover | null = null;
  events.forEach((event, i) => {
    if (isEvent(event, 'free_request')) {
      lead = cover(event.pfn, event.order, 'lead', i < told ? 0 : i === told ? 1 - part : 1);
    } else if (isEvent(event, 'merge') && lead) {
      if (i < told) {
        lead.pfn = event.pfn;
        lead.order = event.order;
      } else waiting.push(cover(event.buddy, event.order - 1, 'free'));
    }
  });
  return lead ? [...waiting, lead] : waiting;
}

/** What to draw over the picture at moment @at (see motion.svelte.ts). */
export function retell(events: LaEvent[], at: number): Cover[] {
  if (at >= events.length) return [];
  const group = groups(events).find((each) => at <= each.to + 1);
  if (!group) return [];
  const slice = events.slice(group.from, group.to + 1);
  const inside = Math.max(0, at - group.from);
  return group.kind === 'take' ? retellTake(slice, inside) : retellGive(slice, inside);
}

/** The blocks that the last step was about, for the mark that stays: those handed out, else those given back. */
export function touched(events: LaEvent[]): Set<number> {
  const taken = events.filter((event) => isEvent(event, 'alloc_done'));
  const given = events.filter((event) => isEvent(event, 'list_add') || isEvent(event, 'pcp_put'));
  return new Set((taken.length > 0 ? taken : given).map((event) => event['pfn'] as number));
}
