import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../src/', import.meta.url));
const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.(ts|svelte|css)$/.test(path))
  .map((path) => ({ path, text: readFileSync(root + path, 'utf8') }));

describe('how the page is written', () => {
  test.each(files.filter(({ path }) => !path.endsWith('.gen.ts')))('$path is short enough to read', ({ path, text }) => {
    // A component is its script and its markup; the style sheet below them is not counted.
    const lines = text.replace(/<style>[\s\S]*<\/style>/, '').split('\n').length;
    expect(lines).toBeLessThanOrEqual(path.endsWith('.svelte') ? 200 : 250);
  });

  test('HTML is put in at one place only', () => {
    expect(files.filter(({ text }) => text.includes('{@html')).map(({ path }) => path)).toEqual(['story/Prose.svelte']);
    expect(files.filter(({ text }) => /innerHTML|outerHTML|insertAdjacentHTML/.test(text))).toEqual([]);
  });

  test('nothing needs a looser content security policy', () => {
    expect(files.filter(({ text }) => /\beval\(|new Function\(|\sstyle="/.test(text)).map(({ path }) => path)).toEqual([]);
  });

  test('state knows nothing of how it is drawn', () => {
    const state = files.filter(({ path }) => /^(state|engine|motion|protocol)\//.test(path));
    expect(state.filter(({ text }) => /from '.*\/[A-Z]\w*\.svelte'/.test(text) || /from '\.\.\/(views|story|stage|inspector|transport|ui)\//.test(text)).map(({ path }) => path)).toEqual([]);
  });
});
