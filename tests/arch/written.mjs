// Parts of documents that are written by a program: between two comments, under a name.
//
//   <!-- settings: written by tests/arch/settings.mjs -->
//   …
//   <!-- end of settings -->

import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** @document with each of @parts, { name: text }, in its place. */
export function withParts(document, parts) {
  return Object.entries(parts).reduce((text, [name, part]) => {
    const begin = text.indexOf('-->', text.indexOf(`<!-- ${name}: written by `)) + 3;
    return `${text.slice(0, begin)}\n${part}\n${text.slice(text.indexOf(`<!-- end of ${name} -->`))}`;
  }, document);
}

/** When the script at @url is what node was started with: print @parts, or with --write put them into @file. */
export function main(url, file, parts) {
  if (relative(fileURLToPath(url), process.argv[1] ?? '') !== '') return;
  const path = join(root, file);
  if (process.argv.includes('--write')) writeFileSync(path, withParts(readFileSync(path, 'utf8'), parts()));
  else console.log(Object.values(parts()).join('\n\n'));
}
