/* pointers.ts: which variables of the program lead to an address. */
import type { Variable } from '../protocol/types';

/** What a value says besides: the frame behind an address, and the text it leads to. */
const ASIDE = / \(pfn 0x[0-9a-f]+\)| "(?:[^"\\]|\\.)*"/g;

/** The addresses @variable holds; none for an array, whose elements are variables of their own. */
export const addressesIn = ({ type, value }: Variable): bigint[] =>
  type.includes('[') ? [] : (value.replace(ASIDE, '').match(/\b0x[0-9a-f]+\b/g) ?? []).map(BigInt);

/** Names of the variables that hold @address. */
export const namesOf = (address: string, variables: Variable[]): string[] => {
  const wanted = BigInt(address);
  return variables.filter((each) => addressesIn(each).includes(wanted)).map((each) => each.name);
};
