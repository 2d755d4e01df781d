// The settings of a machine, read from core/machine/setting.def and written as the table of CONTRIBUTING.md.
//
//   node tests/arch/settings.mjs           prints the table
//   node tests/arch/settings.mjs --write   puts it into CONTRIBUTING.md

import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const BEGIN = '<!-- settings: written by tests/arch/settings.mjs -->';
const END = '<!-- end of settings -->';

/** The table as Markdown. */
export function settingsTable() {
  const text = readFileSync(join(root, 'core/machine/setting.def'), 'utf8').replace(/\/\*[^]*?\*\//, '');
  const rows = [...text.matchAll(/^LA_SETTING\((\w+), \w+, ("(?:[^"\\]|\\.)*"), ("(?:[^"\\]|\\.)*")\)$/gm)];
  const cells = rows.map(([, name, example, help]) => `| \`${name}\` | \`${JSON.parse(example)}\` | ${JSON.parse(help)} |`);
  return ['| setting | example | what it does |', '|---|---|---|', ...cells].join('\n');
}

/** CONTRIBUTING.md with the table of today in it. */
export function withSettings(contributing) {
  const from = contributing.indexOf(BEGIN) + BEGIN.length;
  const to = contributing.indexOf(END);
  return `${contributing.slice(0, from)}\n${settingsTable()}\n${contributing.slice(to)}`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const file = join(root, 'CONTRIBUTING.md');
  if (process.argv.includes('--write')) writeFileSync(file, withSettings(readFileSync(file, 'utf8')));
  else console.log(settingsTable());
}
