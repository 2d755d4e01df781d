import { describe, expect, test } from 'vitest';
import { fold, MOST } from '../src/inspector/fold';
import type { Variable } from '../src/protocol/types';

const variable = (name: string, value = 'NULL', frame = -1): Variable => ({ name, type: 'int', value, address: '0x0', size: 4, pfn: -1, frame });
const array = (name: string, values: string[], frame = -1): Variable[] => values.map((value, i) => variable(`${name}[${i}]`, value, frame));
const names = (rows: ReturnType<typeof fold>): string[] => rows.map((row) => ('array' in row ? `+${row.hidden}` : row.variable.name));

describe('fold', () => {
  test('short arrays stay as they are', () => {
    const list = [variable('n', '3'), ...array('p', Array<string>(MOST).fill('NULL'))];
    expect(fold(list, new Set()).length).toBe(list.length);
  });

  test('of a long one the last elements that say something stay', () => {
    const values = Array.from({ length: 40 }, (_, i) => (i < 12 ? `0x${i + 1}000` : 'NULL'));
    const rows = names(fold([variable('p', '{…'), ...array('p', values), variable('i', '12')], new Set()));
    expect(rows).toEqual(['p', ...Array.from({ length: MOST }, (_, i) => `p[${i + 4}]`), '+32', 'i']);
  });

  test('arrays of one name in two calls are two arrays, and one that is open is whole', () => {
    const list = [...array('a', Array<string>(10).fill('0'), 0), ...array('a', Array<string>(10).fill('0'), 1)];
    const rows = fold(list, new Set(['1 a']));
    expect(names(rows)).toEqual(['+10', ...Array.from({ length: 10 }, (_, i) => `a[${i}]`), '+0']);
    expect(rows[0]).toEqual({ array: '0 a', span: 'a[0] to a[9]', hidden: 10 });
  });
});
