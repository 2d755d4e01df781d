/*
 * proc.ts: the text of a /proc file, with what is new in it. Pure.
 *
 *     before   Node 0, zone   Normal      1      0
 *     now      Node 0, zone   Normal      0      2
 *                                         ^      ^    words that differ at the same place in the same line
 *
 * Lines are matched by their first words, so that a line that appears or goes does not mark all lines behind it.
 */
export interface Piece {
  text: string;
  fresh: boolean;
}

const wordsOf = (line: string): string[] => line.split(/(\s+|[():,]+)/).filter((word) => word !== '');
const isGap = (word: string): boolean => /^(\s+|[():,]+)$/.test(word);

/** What a line is about: its words up to the first number. */
const keyOf = (line: string): string => line.match(/^\s*\S*[^\d\s]\S*(\s+\S*[^\d\s,:]\S*)*/)?.[0] ?? line;

function markLine(before: string | undefined, now: string): Piece[] {
  if (before === now) return [{ text: now, fresh: false }];
  if (before === undefined) return [{ text: now, fresh: true }];
  const old = wordsOf(before).filter((word) => !isGap(word));
  let n = 0;
  return wordsOf(now).map((text) => (isGap(text) ? { text, fresh: false } : { text, fresh: old[n++] !== text }));
}

/** The lines of @now in pieces; a piece is fresh when @before had something else there. null: nothing to compare with. */
export function mark(before: string | null, now: string): Piece[][] {
  const lines = now.replace(/\n$/, '').split('\n');
  if (before === null) return lines.map((text) => [{ text, fresh: false }]);
  const known = new Map<string, string[]>();
  for (const line of before.split('\n')) {
    const key = keyOf(line);
    known.set(key, [...(known.get(key) ?? []), line]);
  }
  return lines.map((line) => markLine(known.get(keyOf(line))?.shift(), line));
}

/** Lines of @before that @now has nothing for: an area that was unmapped, a cache that is gone. */
export function gone(before: string | null, now: string): string[] {
  const left = new Map<string, number>();
  for (const line of now.split('\n')) left.set(keyOf(line), (left.get(keyOf(line)) ?? 0) + 1);
  return (before ?? '').split('\n').filter((line) => {
    const more = left.get(keyOf(line)) ?? 0;
    left.set(keyOf(line), more - 1);
    return more <= 0 && line.trim() !== '';
  });
}

/** How many places are new, for those who listen. */
export const freshIn = (lines: Piece[][]): number => lines.reduce((sum, line) => sum + line.filter((piece) => piece.fresh).length, 0);
