import { describe, expect, test } from 'vitest';
import { goalOf, partOf, titleOf } from '../src/lessons/catalog';
import { columnOffset, readableProse, replaceSection } from '../src/lessons/source';
import { bytesOf, inBrief, withoutType, runnerOf } from '../src/lib/format';
import { highlight, sentencePieces } from '../src/lib/highlight';
import { History } from '../src/story/history';
import { headingOf, partsOf } from '../src/inspector/report';
import { LESSON } from './engine';

describe('a lesson as text', () => {
  test('title, goal and part', () => {
    expect(titleOf(LESSON)).toBe('A lesson for tests');
    expect(goalOf(LESSON)).toBe('be small and have one of everything.');
    expect(titleOf('no heading')).toBe('Untitled lesson');
    expect(partOf('02-slab-caches/01-x.md')).toBe('Slab caches');
  });

  test('prose without what stands above it', () => {
    expect(readableProse('# T\n\nGoal: g\n\nRead # this.')).toBe('Read # this.');
  });

  test('an edited block goes back between its fences', () => {
    const source = 'a\n```c\nint x;\nint y;\n```\nb\n';
    const section = { kind: 'code' as const, line: 2, end_line: 5, first_line: 3, text: 'int x;\nint y;\n' };
    expect(replaceSection(source, section, 'int z;\n')).toBe('a\n```c\nint z;\n```\nb\n');
    expect(replaceSection(source, section, '1\n2\n3')).toBe('a\n```c\n1\n2\n3\n```\nb\n');
  });

  test('columns count bytes, editors count UTF-16', () => {
    expect(columnOffset('abc', 3)).toBe(2);
    expect(columnOffset('"ü" x', 6)).toBe(4);
    expect(columnOffset('"😀" x', 7)).toBe(4);
    expect(columnOffset('abc', 99)).toBe(3);
  });
});

describe('colours', () => {
  const kinds = (line: string) => highlight(line).at(-1)!.map((t) => `${t.kind}:${t.text}`);

  test('types, calls, flags, comments', () => {
    expect(kinds('struct page *p = alloc_page(GFP_KERNEL); /* x */')).toEqual([
      'type:struct page', ': *p = ', 'call:alloc_page', ':(', 'flag:GFP_KERNEL', ':); ', 'comment:/* x */',
    ]);
  });

  test('a comment goes on to the next line, a string with /* does not begin one', () => {
    expect(kinds('/* one\ntwo */ int x;')[0]).toBe('comment:two */');
    expect(kinds('pr_info("/*");\nint x;')[0]).toBe('type:int');
  });

  test('nothing is lost', () => {
    for (const line of ['for (int i = 0; i < 0x10; i++) {', '#define X "a\\"b"', '']) {
      expect(highlight(line)[0]!.map((t) => t.text).join('')).toBe(line);
    }
  });

  test('sentences: names, numbers, quoted code', () => {
    expect(sentencePieces('ZONE_DMA passes: 64 free at 0x1f, see `alloc_page`.').filter((p) => p.kind).map((p) => `${p.kind} ${p.text}`)).toEqual([
      'code ZONE_DMA', 'number 64', 'code 0x1f', 'code alloc_page',
    ]);
    expect(sentencePieces('32 bytes, or -1: cache kmalloc-32.').filter((p) => p.kind).map((p) => p.text)).toEqual(['32', '-1']);
  });
});

test('who ran a step is said where it is a question', () => {
  expect(runnerOf(null)).toBe('');
  expect(runnerOf({})).toBe('');
  expect(runnerOf({ thread: 'A', cpu: 1 })).toBe('A on CPU 1');
  expect(runnerOf({ thread: '', cpu: 1, irq: 5 })).toBe('Interrupt 5 on CPU 1');
  expect(runnerOf({ thread: 'A', cpu: 0, irq: 5 })).toBe('Interrupt 5 on CPU 0');
});

test('sizes and values in brief', () => {
  expect([1, 256, 1024, 1048576].map(bytesOf)).toEqual(['4 KiB', '1 MiB', '4 MiB', '4 GiB']);
  expect(withoutType('struct page * 0xfc000000 (pfn 0x0)')).toBe('0xfc000000 (pfn 0x0)');
  expect(withoutType('42')).toBe('42');
  expect(inBrief('struct page * 0xfc000000 (pfn 0x1f)')).toBe('page 0x1f');
});

test('history walks back and forth, and the unfinished line waits', () => {
  const history = new History();
  history.add('one');
  history.add('two');
  history.add('two');
  expect(history.move(-1, 'unfin')).toBe('two');
  expect(history.move(-1, 'two')).toBe('one');
  expect(history.move(-1, 'one')).toBe('one');
  expect(history.move(1, 'one')).toBe('two');
  expect(history.move(1, 'two')).toBe('unfin');
});

test('a report of the kernel: bytes stay in rows, sentences may break', () => {
  const rows = 'Redzone  ffff888000000048: 00 cc cc cc cc cc cc cc                          ........\nPadding  ffff888000000098: 5a 5a 5a 5a';
  const parts = partsOf(`BUG names (Not tainted): Right Redzone overwritten\n${'-'.repeat(77)}\nObject 0xffff888000000008 @offset=8 fp=0x0\n\n${rows}\nFIX names: done`);
  expect(parts.map((part) => part.kind)).toEqual(['words', 'rule', 'words', 'rows', 'words']);
  expect(parts[3]!.text).toBe(rows);
  expect(partsOf('BUG: scheduling while atomic: insmod/100/0x00000001')).toEqual([{ kind: 'words', text: 'BUG: scheduling while atomic: insmod/100/0x00000001' }]);
});

test('the heading of a report says how bad it is', () => {
  expect(headingOf('Kernel panic - not syncing: Fatal exception in interrupt', false)).toBe('Kernel panic');
  expect(headingOf('INFO: task insmod:100 blocked for more than 120 seconds.', false)).toBe('A task hangs');
  expect(headingOf('watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [A:101]', false)).toBe('A CPU hangs');
  expect(headingOf('BUG: kernel NULL pointer dereference, address: 0000', false)).toBe('Oops');
  expect(headingOf('WARNING: object pointer: 0x1', true)).toBe('The kernel warns');
});
