/*
 * report.ts: what the kernel printed about a mistake, in parts: sentences, which may break anywhere, rows in columns,
 * which may not, and rules of dashes, which are as long as there is room. Pure.
 *
 *     BUG names (Not tainted): Right Redzone overwritten        sentence
 *     Object   ffff888000000008: 54 68 65 20 …  The …           rows: moved sideways when they are too long
 */
export interface Part {
  kind: 'words' | 'rows' | 'rule';
  text: string;
}

function kindOf(line: string): Part['kind'] {
  if (/^-{20,}$/.test(line)) return 'rule';
  /* a name, an address, and bytes */
  return /^\s*(\w+\s+)?(0x)?[0-9a-f]+: ([0-9a-f]{2} ?){4,}/.test(line) ? 'rows' : 'words';
}

/** The heading over a report: an oops kills a task, a panic stops the machine, the rest is told only. */
export function headingOf(report: string, warning: boolean): string {
  if (report.startsWith('Kernel panic')) return 'Kernel panic';
  if (report.startsWith('INFO: task')) return 'A task hangs';
  if (report.startsWith('watchdog:')) return 'A CPU hangs';
  return warning ? 'The kernel warns' : 'Oops';
}

export function partsOf(report: string): Part[] {
  const parts: Part[] = [];
  for (const line of report.split('\n')) {
    const last = parts.at(-1);
    const kind = kindOf(line);
    if (last?.kind === kind) last.text += `\n${line}`;
    else parts.push({ kind, text: line });
  }
  return parts;
}
