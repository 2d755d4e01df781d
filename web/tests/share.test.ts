import { describe, expect, test } from 'vitest';
import { decodeShare, encodeShare, fromBase64Url, toBase64Url, type Shared } from '../src/state/share';
import { lessonHref, parseRoute } from '../src/state/route';

const shared: Shared = {
  v: 1,
  path: '01-pages/01-splitting.md',
  source: `# Größe 😀\n\n${'int x;\n'.repeat(2000)}`,
  choices: [{ step: 3, text: '__free_page(one);' }],
  step: 12,
  view: 'free-lists',
  hash: '0x211c9a1cda26fbfa',
};

describe('a share link', () => {
  test('comes back as it went', async () => {
    expect(await decodeShare(await encodeShare(shared))).toEqual(shared);
  });

  test('is short and safe in an address', async () => {
    const text = await encodeShare(shared);
    expect(text).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(text.length).toBeLessThan(shared.source!.length / 10);
  });

  test.each(['', '!!!', 'AAAA', toBase64Url(new TextEncoder().encode('{"v":1}'))])('%j is no link', async (text) => {
    expect(await decodeShare(text)).toBeNull();
  });

  test('a cut link is no link', async () => {
    const text = await encodeShare(shared);
    expect(await decodeShare(text.slice(0, text.length - 20))).toBeNull();
  });

  test.each([
    [{ v: 2, path: 'x', choices: [], step: 0 }],
    [{ v: 1, choices: [], step: 0 }],
    [{ v: 1, path: 'x', choices: [{ step: 'one' }], step: 0 }],
    [{ v: 1, path: 'x', choices: [], step: -1 }],
  ])('%j is refused', async (value) => {
    expect(await decodeShare(await encodeShare(value as unknown as Shared))).toBeNull();
  });

  test('base64url keeps every byte', () => {
    const bytes = Uint8Array.from({ length: 70_000 }, (_, i) => (i * 7) & 255);
    expect(fromBase64Url(toBase64Url(bytes))).toEqual(bytes);
  });
});

describe('addresses', () => {
  test.each([
    ['', { page: 'lesson' }],
    ['#lessons', { page: 'lessons' }],
    ['#s=abc', { page: 'shared', data: 'abc' }],
    ['#lesson=a/b%20c.md', { page: 'lesson', path: 'a/b c.md' }],
    ['#lesson=%E0%A4%A', { page: 'lesson', path: '%E0%A4%A' }],
  ])('%j', (fragment, route) => {
    expect(parseRoute(fragment)).toEqual(route);
  });

  test('a lesson address leads to its lesson', () => {
    expect(parseRoute(lessonHref('01 pages/über.md'))).toEqual({ page: 'lesson', path: '01 pages/über.md' });
  });
});
