/* The view of virtual addresses: areas as cells, addresses as bits, entries, and what a step did. No engine is needed. */
import { describe, expect, test } from 'vitest';
import type { LaEvent, VmArea, WalkResult, WalkStep } from '../src/protocol/types';
import { areaAt, cellsOf, gapBefore, inWords, mappingsOf, partsOf, pointersInto, sizeOf, storyOf, targetOf, throughEntry } from '../src/views/virtual/virtual';

const area = (start: number, pages: number, more: Partial<VmArea> = {}): VmArea => ({
  start: `0x${start.toString(16)}`,
  end: `0x${(start + (pages + 1) * 4096).toString(16)}`,
  kind: 'vmalloc',
  guard: 1,
  pages,
  phys: '0x0',
  caching: '',
  owner: 1,
  frames: [],
  ...more,
});
const BUF = area(0xf8801000, 3, { frames: [[0, 0xa41, 1], [1, 0x377, 2]] });
const REGS = area(0xf8805000, 1, { kind: 'ioremap', phys: '0xfeb00000', pages: 0 });

describe('areas', () => {
  test('a page is a cell with its frame; the guard page comes last', () => {
    expect(cellsOf(BUF, 8).cells.map(({ address, pfn, kind }) => [address, pfn, kind])).toEqual([
      ['0xf8801000', 0xa41, 'page'],
      ['0xf8802000', 0x377, 'page'],
      ['0xf8803000', 0x378, 'page'],
      ['0xf8804000', -1, 'guard'],
    ]);
    expect(cellsOf(BUF, 2)).toMatchObject({ more: 1, cells: [{ kind: 'page' }, { kind: 'page' }, { kind: 'guard' }] });
    expect(cellsOf(REGS, 8).cells.map(({ kind }) => kind)).toEqual(['device', 'guard']);
    expect(cellsOf({ ...BUF, kind: 'lazy', guard: 0, frames: [] }, 8).cells.map(({ kind }) => kind)).toEqual(['lazy', 'lazy', 'lazy', 'lazy']);
  });

  test('an address belongs to the area around it, guard page included', () => {
    expect(areaAt([BUF, REGS], '0xf8804fff')).toBe(BUF);
    expect(areaAt([BUF, REGS], '0xf8805000')).toBe(REGS);
    expect(areaAt([BUF, REGS], '0xf8807000')).toBeUndefined();
  });

  test('gaps and their sizes', () => {
    expect(gapBefore([BUF, area(0xf8905000, 1)], 1, '0xf8800000')).toBe(256n);
    expect(gapBefore([BUF], 0, '0xf8800000')).toBe(1n);
    expect([sizeOf(1n), sizeOf(256n), sizeOf(8589934592n)]).toEqual(['4 KiB', '1 MiB', '32 TiB']);
  });

  test('pointers into an area, but not numbers that happen to look so', () => {
    const variable = (name: string, type: string, value: string) => ({ name, type, value, address: '0x0', size: 4, pfn: -1, frame: -1 });
    const variables = [variable('buf', 'char *', 'char * 0xf8801000 "x"'), variable('mid', 'char *', '0xf8802010'), variable('n', 'int', '0xf8801000'), variable('far', 'void *', '0xf8805000')];
    variables.push(variable('all', 'void *[2]', '{0xf8801000, NULL}'), variable('low', 'void *', '0xc0000000 (pfn 0xf8801000)'));
    expect(pointersInto(BUF, variables)).toEqual(['buf', 'mid']);
  });

  test('the mapping of a device', () => {
    expect(mappingsOf({ name: 'nic', bar: '0xfeb00000', bytes: '0x10000', registers: [] }, [BUF, REGS])).toEqual([REGS]);
    expect(mappingsOf({ name: 'uart', bar: '0xfec00000', bytes: '0x1000', registers: [] }, [BUF, REGS])).toEqual([]);
  });
});

describe('a walk', () => {
  const step = (more: Partial<WalkStep>): WalkStep => ({ level: 'PGD', table: -1, index: 0, shift: 22, width: 10, entry: '0x0', bits: [], around: [], ...more });
  const walk = (more: Partial<WalkResult>): WalkResult => ({ address: '0xf8801000', window: 'vmalloc', area: '0xf8801000', guard: false, mapped: true, phys: '0xa41000', pfn: 0xa41, steps: [], ...more });
  const two = walk({ steps: [step({ index: 0x3e2, entry: '0x213163' }), step({ level: 'PTE', table: 0x213, index: 1, shift: 12, entry: '0xa41163' })] });

  test('the bits of an address, level by level', () => {
    expect(partsOf(two, ['PGD', 'PTE']).map(({ name, bits, index }) => [name, bits, index])).toEqual([
      ['PGD', '1111100010', 0x3e2],
      ['PTE', '0000000001', 1],
      ['offset', '000000000000', 0],
    ]);
  });

  test('a walk that ends early still has all parts, a direct address none', () => {
    const early = walk({ address: '0xffffc90000001234', mapped: false, pfn: -1, steps: [step({ shift: 39, width: 9 })] });
    expect(partsOf(early, ['PGD', 'PUD', 'PMD', 'PTE']).map(({ name, index }) => [name, index])).toEqual([['PGD', 0x192], ['PUD', 0], ['PMD', 0], ['PTE', 1], ['offset', 0x234]]);
    expect(partsOf(walk({ window: 'direct map' }), ['PGD', 'PTE'])).toEqual([]);
  });

  test('an entry leads to a frame when it is present, whatever its upper bits say', () => {
    expect([targetOf('0x213163'), targetOf('0x8000000000a41163'), targetOf('0xa41162'), targetOf('0x0')]).toEqual([0x213, 0xa41, -1, -1]);
  });

  test('another entry of a table leads to an address that differs in its bits alone', () => {
    const pte = step({ level: 'PTE', index: 1, shift: 12, width: 10 });
    expect(throughEntry('0xf8801234', pte, 3)).toBe('0xf8803234');
    expect(throughEntry('0xffffc90000001234', step({ shift: 39, width: 9 }), 0x100)).toBe('0xffff800000001234');
  });

  test('each end of a walk has its words', () => {
    expect(inWords(two)).toContain('frame 0xa41');
    expect(inWords(walk({ guard: true, mapped: false, pfn: -1 }))).toContain('guard page');
    expect(inWords(walk({ mapped: false, pfn: -1 }))).toContain('page fault');
    expect(inWords(walk({ pfn: -1, phys: '0xfeb00000' }))).toContain('device');
    expect(inWords(walk({ window: 'direct map', phys: '0x1234' }))).toContain('constant');
  });
});

describe('what a step did', () => {
  const events = [
    { e: 'vmap_area', addr: '0xf8801000', pages: 4, hidden: false },
    { e: 'pt_new', pfn: 0x213, level: 'PTE', addr: '0xf8801000' },
    { e: 'pt_map', addr: '0xf8801000', pfn: 0xa41 },
    { e: 'io_write', device: 'nic', reg: 'SCRATCH0', offset: 32, value: 7 },
  ] as unknown as LaEvent[];

  test('half way, what is not told yet is not there', () => {
    const story = storyOf(events, 2.5);
    expect([story.areas.get('0xf8801000'), story.tables.get(0x213), story.mapped.get('0xf8801000'), story.registers.get('nic 32')?.t]).toEqual([1, 1, 0.5, 0]);
    expect(story.focus).toBe('0xf8801000');
  });

  test('at the end everything is', () => {
    const story = storyOf(events, events.length);
    expect([...story.mapped.values(), ...story.areas.values(), ...story.tables.values()]).toEqual([1, 1, 1]);
    expect(story.registers.get('nic 32')).toEqual({ kind: 'write', t: 1 });
  });
});
