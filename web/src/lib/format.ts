/* format.ts: numbers the way the page writes them. */
export const hex = (value: number): string => `0x${value.toString(16)}`;

export const count = (n: number, one: string, many = `${one}s`): string => `${n.toLocaleString('en')} ${n === 1 ? one : many}`;

/** 4 KiB, 1 MiB: the size of @pages pages. */
export function bytesOf(pages: number): string {
  const kib = pages * 4;
  if (kib < 1024) return `${kib} KiB`;
  const mib = kib / 1024;
  return mib < 1024 ? `${trim(mib)} MiB` : `${trim(mib / 1024)} GiB`;
}

function trim(value: number): string {
  return value % 1 === 0 ? String(value) : value.toFixed(1);
}

/** A value as the engine writes it, without the type in front: its name says that already. */
export const withoutType = (value: string): string => value.replace(/^(?:struct )?\w+(?: \w+)* \*+\s*/, '');

/** The same, shorter still, beside the code: a pointer to a page is its frame. */
export const inBrief = (value: string): string =>
  withoutType(value.replace(/^struct page \*+ 0x[0-9a-f]+ \(pfn (0x[0-9a-f]+)\)$/, 'page $1'));

/** Zones are called by the kernel's constant, as in flags and code. */
export const zoneConstant = (name: string): string => `ZONE_${name.toUpperCase()}`;

/** Who ran a step, in words; "" while there is one thread and no interrupt. */
export function runnerOf(step: { thread?: string; cpu?: number; irq?: number } | null | undefined): string {
  if (!step || (!step.thread && step.irq === undefined)) return '';
  return `${step.irq === undefined ? step.thread : `Interrupt ${step.irq}`} on CPU ${step.cpu}`;
}
