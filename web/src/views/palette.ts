/*
 * palette.ts: how the owner of a page looks: a colour from tokens.css and a pattern, so that colour alone never says it.
 *
 * The same patterns are drawn twice: as SVG (Patterns.svelte) and pixel by pixel (covers()), for the large machines.
 */
export type Pattern = 'none' | 'rising' | 'falling' | 'dots' | 'rows' | 'columns' | 'grid';

export interface Owner {
  colour: string;
  pattern: Pattern;
}

const OWNERS: Record<string, Owner> = {
  free: { colour: '--free', pattern: 'none' },
  pcp: { colour: '--pcp', pattern: 'columns' },
  reserved: { colour: '--reserved', pattern: 'dots' },
  kernel: { colour: '--kernel', pattern: 'none' },
  page_cache: { colour: '--page_cache', pattern: 'rising' },
  process: { colour: '--process', pattern: 'falling' },
  slab: { colour: '--slab', pattern: 'rows' },
  vmalloc: { colour: '--vmalloc', pattern: 'grid' },
  pgtable: { colour: '--pgtable', pattern: 'dots' },
  percpu: { colour: '--percpu', pattern: 'columns' },
  pool: { colour: '--pool', pattern: 'rows' },
  bad: { colour: '--bad-page', pattern: 'grid' },
};
const UNKNOWN: Owner = { colour: '--edge', pattern: 'grid' };

export const ownerOf = (kind: string): Owner => OWNERS[kind] ?? UNKNOWN;

const PERIOD = 6;

/** Does the pattern's ink cover pixel (@x, @y)? */
export function covers(pattern: Pattern, x: number, y: number): boolean {
  switch (pattern) {
    case 'none':
      return false;
    case 'rising':
      return (x + y) % PERIOD === 0;
    case 'falling':
      return (x - y + PERIOD * 10_000) % PERIOD === 0;
    case 'dots':
      return x % 4 === 1 && y % 4 === 1;
    case 'rows':
      return y % 4 === 1;
    case 'columns':
      return x % 4 === 1;
    case 'grid':
      return x % 5 === 1 || y % 5 === 1;
  }
}
