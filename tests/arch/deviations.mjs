// The lettered deviations from the kernel, read from the head comments of core/ and written as the list of ARCHITECTURE.md.
//
//   node tests/arch/deviations.mjs           prints the list
//   node tests/arch/deviations.mjs --write   puts it into ARCHITECTURE.md
//
// A head comment lists them after a line "Deviations:", one paragraph each: " *  A. text …".

import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const BEGIN = '<!-- deviations: written by tests/arch/deviations.mjs -->';
const END = '<!-- end of deviations -->';

function sources(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? sources(path) : /\.[ch]$/.test(entry.name) ? [path] : [];
    })
    .sort();
}

/** The entries [letter, text] of one file's head comment. */
export function deviationsOf(text) {
  const head = text.slice(0, text.indexOf('*/'));
  const lines = head.split('\n').map((line) => line.replace(/^ ?\* ?/, ''));
  const start = lines.findIndex((line) => /^Deviations:/.test(line.trim()));
  const found = [];
  if (start < 0) return found;
  for (const line of lines.slice(start + 1)) {
    const entry = /^\s+([A-Z])\. (.*)$/.exec(line);
    if (entry) found.push([entry[1], entry[2].trim()]);
    else if (/^\s{2,}\S/.test(line) && found.length) found[found.length - 1][1] += ` ${line.trim()}`;
    else break;
  }
  return found;
}

/** The list as Markdown. */
export function deviationList() {
  const rows = sources(join(root, 'core')).flatMap((path) =>
    deviationsOf(readFileSync(path, 'utf8')).map(([letter, text]) => `- \`${relative(join(root, 'core'), path)}\` **${letter}**: ${text}`),
  );
  return rows.join('\n');
}

/** ARCHITECTURE.md with the list of today in it. */
export function withList(architecture) {
  const from = architecture.indexOf(BEGIN) + BEGIN.length;
  const to = architecture.indexOf(END);
  return `${architecture.slice(0, from)}\n${deviationList()}\n${architecture.slice(to)}`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const file = join(root, 'ARCHITECTURE.md');
  if (process.argv.includes('--write')) writeFileSync(file, withList(readFileSync(file, 'utf8')));
  else console.log(deviationList());
}
