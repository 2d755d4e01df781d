/*
 * glide.ts: how a thread gets from one CPU to another in the picture.
 *
 *     before the picture changes   where is each chip?        (40, 60)
 *     after it                     where is it now?           (340, 60)
 *     from                         the way back: (-300, 0)    drawn at (340, 60) + from * (1 - t)
 *
 * The chip is already at its end; only its displacement shrinks. At t = 1 nothing is left of it, so a skipped motion and
 * reduced motion give the same picture. Only threads that the step's events name fly: a card that grew moves nobody.
 */
export interface Place {
  x: number;
  y: number;
}
export type Places = Map<number, Place>;

/** Where the chips inside @box have their place; what they are displaced by does not count. */
export function placesIn(box: HTMLElement): Places {
  const chips = [...box.querySelectorAll<HTMLElement>('[data-thread]')];
  return new Map(chips.map((chip) => [Number(chip.dataset['thread']), { x: chip.offsetLeft, y: chip.offsetTop }]));
}

/** From where each chip came: those that are somewhere else than @before. */
export function waysBack(before: Places, now: Places): Places {
  const ways: Places = new Map();
  for (const [id, { x, y }] of now) {
    const was = before.get(id);
    if (was && Math.abs(was.x - x) + Math.abs(was.y - y) > 2) ways.set(id, { x: was.x - x, y: was.y - y });
  }
  return ways;
}

/** Slow, fast, slow. */
export const ease = (t: number): number => t * t * (3 - 2 * t);

/** The displacement at @t; null: it is there. */
export function awayAt(from: Place | undefined, t: number): Place | null {
  if (!from || t >= 1) return null;
  const left = 1 - ease(Math.max(0, t));
  return { x: from.x * left, y: from.y * left };
}
