// The settings of a machine, read from core/machine/setting.def and written as the table of CONTRIBUTING.md.
//
//   node tests/arch/settings.mjs           prints the table
//   node tests/arch/settings.mjs --write   puts it into CONTRIBUTING.md

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { main, root, withParts } from './written.mjs';

/** The table as Markdown. */
function settingsTable() {
  const text = readFileSync(join(root, 'core/machine/setting.def'), 'utf8').replace(/\/\*[^]*?\*\//, '');
  const rows = [...text.matchAll(/^LA_SETTING\((\w+), \w+, ("(?:[^"\\]|\\.)*"), ("(?:[^"\\]|\\.)*")\)$/gm)];
  const cells = rows.map(([, name, example, help]) => `| \`${name}\` | \`${JSON.parse(example)}\` | ${JSON.parse(help)} |`);
  return ['| setting | example | what it does |', '|---|---|---|', ...cells].join('\n');
}

const parts = () => ({ settings: settingsTable() });

/** CONTRIBUTING.md with the table of today in it. */
export const withSettings = (contributing) => withParts(contributing, parts());

main(import.meta.url, 'CONTRIBUTING.md', parts);
