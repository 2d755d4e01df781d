// The lettered deviations from the kernel, read from the head comments of core/ and written as the list of ARCHITECTURE.md.
//
//   node tests/arch/deviations.mjs           prints the list
//   node tests/arch/deviations.mjs --write   puts it into ARCHITECTURE.md
//
// A head comment lists them after a line "Deviations:", one paragraph each: " *  A. text …".

import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { main, root, withParts } from './written.mjs';

function sources(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? sources(path) : /\.[ch]$/.test(entry.name) ? [path] : [];
    })
    .sort();
}

/** The entries [letter, text] of one file's head comment. */
function deviationsOf(text) {
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
function deviationList() {
  const rows = sources(join(root, 'core')).flatMap((path) =>
    deviationsOf(readFileSync(path, 'utf8')).map(([letter, text]) => `- \`${relative(join(root, 'core'), path)}\` **${letter}**: ${text}`),
  );
  return rows.join('\n');
}

const parts = () => ({ deviations: deviationList() });

/** ARCHITECTURE.md with the list of today in it. */
export const withList = (architecture) => withParts(architecture, parts());

main(import.meta.url, 'ARCHITECTURE.md', parts);
