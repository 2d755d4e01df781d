/*
 * fold.ts: long arrays among the variables, folded.
 *
 *     p        {NULL, NULL, …        p        {NULL, NULL, …
 *     p[0]     NULL                  p[141]   0xffffea0000000040
 *     …                        ->    p[142]   0xffffea0000000080
 *     p[399]   NULL                  398 more of p[0] to p[399]
 *
 * Of more than MOST elements those stay that say something, and of these the last, where a loop is at work.
 */
import type { Variable } from '../protocol/types';

export const MOST = 8;

export type Row = { variable: Variable } | { array: string; span: string; hidden: number };

/** The array that @variable is a part of, with the call it belongs to; "" for none. */
const arrayOf = (variable: Variable): string => {
  const bracket = variable.name.indexOf('[');
  return bracket < 0 ? '' : `${variable.frame} ${variable.name.slice(0, bracket)}`;
};

const isEmpty = (value: string): boolean => /^(NULL|0|0x0|''|"")$/.test(value);

/** @variables in their order; arrays that are not in @open with a row at their end that says how many are left out. */
export function fold(variables: Variable[], open: ReadonlySet<string>): Row[] {
  const rows: Row[] = [];
  for (let i = 0; i < variables.length; ) {
    const array = arrayOf(variables[i]!);
    let end = i + 1;
    while (array && end < variables.length && arrayOf(variables[end]!) === array) end++;
    const parts = variables.slice(i, end);
    const telling = parts.filter((each) => !isEmpty(each.value));
    const shown = parts.length <= MOST || open.has(array) ? parts : telling.slice(-MOST);
    rows.push(...shown.map((variable) => ({ variable })));
    if (parts.length > MOST) rows.push({ array, span: `${parts[0]!.name} to ${parts.at(-1)!.name}`, hidden: parts.length - shown.length });
    i = end;
  }
  return rows;
}
