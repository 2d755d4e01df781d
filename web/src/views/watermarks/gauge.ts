/*
 * gauge.ts: a zone's free pages against its marks, as lengths.
 *
 *     0        min low high      knee            managed
 *     ├─────────┼───┼───┼──────────┤╱╱────────────────┤
 *     |<- drawn to scale: 72 % --->|  |<- the rest ->|
 *
 * The marks lie in the first few per cent of a zone, so the scale is broken once: up to the knee everything is to
 * scale, beyond it the large remainder is squeezed. A zone whose marks are not small is drawn to scale throughout.
 */
import { isEvent, type LaEvent, type Zone } from '../../protocol/types';

const TO_SCALE = 0.72;

export interface Check {
  number: number;
  index: number;
  zone: number;
  pass: boolean;
  mark: string;
  free: number;
  need: number;
  min: number;
  reserve: number;
}

/** The watermark checks of a step, in order. */
export function checksOf(events: LaEvent[]): Check[] {
  const list: Check[] = [];
  events.forEach((event, index) => {
    if (!isEvent(event, 'wmark_pass') && !isEvent(event, 'wmark_fail')) return;
    const { zone, mark, free, need, min, reserve } = event;
    list.push({ number: list.length + 1, index, zone, pass: event.e === 'wmark_pass', mark, free, need, min, reserve });
  });
  return list;
}

export interface Scale {
  /** 0 to 1 for a number of pages. */
  at(pages: number): number;
  /** Where the scale breaks, 0 to 1; 1 = nowhere. */
  broken: number;
}

/** A scale that has room for the marks of @zone and the needs of @checks. */
export function scaleOf(zone: Zone, checks: Check[]): Scale {
  const needs = checks.filter((check) => check.zone === zone.index).map((check) => check.need);
  const most = Math.max(1, zone.managed);
  const knee = Math.max(8, Math.max(zone.high + zone.boost, ...needs) * 1.6);
  if (knee >= most * TO_SCALE) return { broken: 1, at: (pages) => clamp(pages / Math.max(most, knee / 1.5)) };
  return {
    broken: TO_SCALE,
    at: (pages) => clamp(pages <= knee ? (pages / knee) * TO_SCALE : TO_SCALE + ((pages - knee) / (most - knee)) * (1 - TO_SCALE)),
  };
}

/** @xs moved to the right as far as needed so that none is closer than @apart to an earlier one; none beyond @most. */
export function spread(xs: number[], apart: number, most: number): number[] {
  const placed: number[] = [];
  for (const x of xs) {
    let at = Math.min(x, most);
    while (placed.some((other) => Math.abs(other - at) < apart) && at < most) at = Math.min(most, at + apart / 4);
    placed.push(at);
  }
  return placed;
}

const clamp = (value: number): number => Math.min(1, Math.max(0, value));
