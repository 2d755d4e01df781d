/*
 * report.ts: what the kernel printed about a mistake, in parts: sentences, which may break anywhere, and rows in columns,
 * which may not. Pure.
 *
 *     BUG names (Not tainted): Right Redzone overwritten        sentence
 *     Object   ffff888000000008: 54 68 65 20 …  The …           rows: moved sideways when they are too long
 */
export interface Part {
  rows: boolean;
  text: string;
}

/** A name, an address, and bytes; or a rule of dashes. */
const isRow = (line: string): boolean => /^\s*(\w+\s+)?(0x)?[0-9a-f]+: ([0-9a-f]{2} ?){4,}/.test(line) || /^-{20,}$/.test(line);

export function partsOf(report: string): Part[] {
  const parts: Part[] = [];
  for (const line of report.split('\n')) {
    const last = parts.at(-1);
    const rows = isRow(line);
    if (last?.rows === rows) last.text += `\n${line}`;
    else parts.push({ rows, text: line });
  }
  return parts;
}
