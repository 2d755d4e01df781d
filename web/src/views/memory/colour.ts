/* colour.ts: colours from the style sheet as the 32-bit numbers that a canvas holds. */

/** The value of custom property @name on @element, as ABGR. */
export function resolveColour(element: HTMLElement, name: string): number {
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  element.parentElement?.append(probe);
  const parts = /rgba?\((\d+),\s*(\d+),\s*(\d+)/.exec(getComputedStyle(probe).color);
  probe.remove();
  return parts ? pack(Number(parts[1]), Number(parts[2]), Number(parts[3])) : 0xff888888;
}

export function pack(red: number, green: number, blue: number): number {
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

/** @amount of @b in @a. */
export function mix(a: number, b: number, amount: number): number {
  const part = (shift: number) => Math.round(((a >>> shift) & 255) * (1 - amount) + ((b >>> shift) & 255) * amount);
  return pack(part(0), part(8), part(16));
}
