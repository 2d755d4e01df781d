/*
 * bytes.ts: the bytes of one slot as lines of a dump in which every byte has a name.
 *
 *     0xc02a4378  bb bb bb bb bb bb bb bb   left red zone
 *     0xc02a4380  00 45 2a c0               free pointer     a new part begins a new line
 *     0xc02a4384  6b 6b 6b 6b …             object
 *     … 11 lines the same
 */
import type { InspectResult } from '../../protocol/types';
import { PARTS, type What } from './waste';

export interface ByteLine {
  address: string;
  /** Offset in the slot. */
  offset: number;
  what: What;
  /** Two digits each. */
  bytes: string[];
  /** What they mean; on the first line of a part only. */
  says: string;
  /** This many further lines are the same and left out. */
  same: number;
}

type Part = NonNullable<InspectResult['bytes']>[number];

const known = (what: string): what is What => what in PARTS;

/** @parts of a slot in lines of @perLine bytes; equal lines of a part are folded. */
export function linesOfBytes(parts: Part[], perLine: number): ByteLine[] {
  const lines: ByteLine[] = [];
  for (const part of parts) {
    const bytes = part.hex.match(/../g) ?? [];
    const start = BigInt(part.address);
    let last: ByteLine | null = null;
    for (let at = 0; at < bytes.length; at += perLine) {
      const some = bytes.slice(at, at + perLine);
      if (last && at + perLine < bytes.length && last.bytes.join() === some.join()) {
        last.same++;
        continue;
      }
      last = {
        address: `0x${(start + BigInt(at)).toString(16)}`,
        offset: part.offset + at,
        what: known(part.what) ? part.what : 'padding',
        bytes: some,
        says: at === 0 ? part.says : '',
        same: 0,
      };
      lines.push(last);
    }
  }
  return lines.flatMap((line) => (line.same === 1 ? unfold(line) : [line]));
}

/** To say that one line is left out takes a line: it can as well be shown. */
function unfold(line: ByteLine): ByteLine[] {
  const next = { offset: line.offset + line.bytes.length, address: `0x${(BigInt(line.address) + BigInt(line.bytes.length)).toString(16)}` };
  return [{ ...line, same: 0 }, { ...line, ...next, says: '', same: 0 }];
}

/** The colour of a byte: poison shows as such inside the object. */
export function colourOf(what: What, byte: string, free: boolean): string {
  if (what === 'object') return free && (byte === '6b' || byte === 'a5') ? '--poison' : free ? '--faint' : '--inuse';
  return PARTS[what].colour;
}
