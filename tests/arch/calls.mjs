// Every call, flag, type and file that the notes name: where it lives, which lesson shows it, what tests it; and what the
// notes claim, with what is true of it.
//
//   node tests/arch/calls.mjs           prints the tables
//   node tests/arch/calls.mjs --write   puts them into ARCHITECTURE.md
//
// Names and claims are facts (notes-names.txt, notes-claims.txt); everything else about names is looked up: the row of api.def and the function of
// core/mm/ that its binding reaches, the row of gfp.def or slab_flag.def and the files that decide by the flag, the row of macro.def and what
// the macro calls, the line of the prelude.

import { readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { main, root, withParts } from './written.mjs';

const read = (path) => readFileSync(join(root, path), 'utf8');
const files = (folder, ext) =>
  readdirSync(join(root, folder), { recursive: true })
    .map((path) => join(folder, path))
    .filter((path) => path.endsWith(ext))
    .sort();
const word = (name) => new RegExp(`(?<![\\w/])${name.replace(/[/.]/g, '\\$&')}(?!\\w)`);

/** [{ part, name, correct, tests }] of notes-names.txt; correct is '' unless the notes have a slip. */
export function names() {
  return read('tests/arch/notes-names.txt')
    .split('\n')
    .filter((line) => /^\d/.test(line))
    .map((line) => {
      const [, part, name, correct = '', tests] = /^(\d) ((?:struct )?\S+)(?: =(\S+))?((?: T\d\d)*)$/.exec(line) ?? [];
      if (!part) throw new Error(`notes-names.txt: "${line}"`);
      return { part, name, correct, tests: tests.trim().split(' ').filter(Boolean) };
    });
}

/** Functions of C files: name → { file, body }. */
function functions(paths) {
  const found = new Map();
  for (const file of paths)
    for (const [, native, name, body] of read(file).matchAll(/^(?:LA_NATIVE\((\w+)\)|\w[\w *]*?\b(\w+)\([^;{]*\))\n\{\n([\s\S]*?)^\}/gm))
      found.set(native ? `la_call_${native}` : name, { file, body });
  return found;
}

const bindings = functions(files('core/lang', '.c'));
const core = functions(files('core/mm', '.c'));
/** Steps on the way that say nothing about the call: conversions, finding a pool, making sure there are copies. */
const PLAIN = /^la_(trace|oops|warning|then_now|mm_current|page_address|mempool_at|pcpu_\w+|\w+_to_\w+)$/;

/** The first function of the machine that @name of core/lang reaches, as "file:function". */
function reached(name, depth = 0) {
  const binding = bindings.get(name);
  if (!binding || depth > 4) return '';
  const calls = [...binding.body.matchAll(/\b(\w+)\(/g)].map(([, called]) => called);
  for (const called of calls) {
    if (called.startsWith('la_') && core.has(called) && !PLAIN.test(called)) return `${core.get(called).file.slice(5)}:${called}`;
  }
  return calls.filter((called) => called !== name && bindings.get(called)?.file === binding.file).map((called) => reached(called, depth + 1)).find(Boolean) ?? '';
}

const api = new Map([...read('core/lang/api.def').matchAll(/^LA_CALL\((\w+),.*?(\w+),\s*"/gm)].map(([, name, binding]) => [name, binding]));
const gfp = new Set([...read('core/mm/gfp.def').matchAll(/^LA_GFP_(?:FLAG|MASK|OLD)\((\w+),/gm)].map(([, name]) => name));
const slab = new Set([...read('core/mm/slab_flag.def').matchAll(/^LA_SLAB_(?:FLAG|OLD)\((\w+),/gm)].map(([, name]) => name));
const macros = new Map([...read('core/lang/macro.def').matchAll(/^LA_MACRO\((\w+), "[^"]*", "([^"]*)"/gm)].map(([, name, body]) => [name, body]));
const prelude = read('core/lang/prelude.c');
const proc = new Map([...read('core/view/proc.def').matchAll(/^LA_PROC\((\w+), "(\w+)"/gm)].map(([, symbol, name]) => [`/proc/${name}`, symbol]));

/** The files of core/mm that decide by a flag, most often first. */
function decides(flag) {
  const uses = files('core/mm', '.c').map((file) => [file.slice(5), (read(file).match(new RegExp(`\\b${flag}\\b`, 'g')) ?? []).length]);
  return uses.filter(([, n]) => n > 0).sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, 2).map(([file]) => `\`${file}\``);
}

/** Where @name lives, as Markdown; '' when it does not exist. */
export function lives(name) {
  if (proc.has(name)) return `\`view/proc.def\`, \`view/proc_${basename(name)}.c:la_proc_${proc.get(name)}\``;
  if (api.has(name)) {
    const binding = `la_call_${api.get(name)}`;
    const places = [`${bindings.get(binding)?.file.slice(5)}:${binding}`, reached(binding)].filter(Boolean);
    return places.map((place) => `\`${place}\``).join(' → ');
  }
  if (gfp.has(name)) return ['`mm/gfp.def`', ...(name.startsWith('__') ? decides(`LA_${name.slice(2)}(?:_26)?`) : [])].join(', ');
  if (slab.has(name)) return ['`mm/slab_flag.def`', ...decides(`LA_${name}`)].join(', ');
  if (macros.has(name)) return ['`lang/macro.def`', ...through(name)].join(' → ');
  return word(name.replace(/^struct /, '')).test(prelude) ? '`lang/prelude.c`' : '';
}

/** What a macro comes to: the first call of api.def in it, or in a macro that it uses; a declaration is read by the parser. */
function through(macro) {
  const words = macros.get(macro).match(/\w+/g) ?? [];
  if (words.includes('__percpu_section')) return ['`lang/parse_decl.c`'];
  const call = words.find((each) => api.has(each)) ?? words.find((each) => macros.has(each));
  return !call ? [] : api.has(call) ? [lives(call)] : through(call);
}

const lessons = files('scenarios', '.md').map((path) => ({
  path,
  text: read(path),
  code: [...read(path).matchAll(/^```c[^\n]*\n([\s\S]*?)^```/gm)].map(([, code]) => code).join('\n'),
}));

/** The lesson that shows @name: the first with it in its code, else the first that speaks of it; null = none. */
export function lessonOf(name) {
  const found = lessons.find(({ code }) => word(name).test(code)) ?? lessons.find(({ text }) => word(name).test(text));
  return found?.path ?? null;
}

const units = files('tests/unit', '.c').map((path) => ({ path, text: read(path) }));
const tests = [...units, ...files('tests/property', '.c').map((path) => ({ path, text: read(path) }))];

/** Is there a test function that is named by @id? */
export const hasTest = (id) => tests.some(({ text }) => new RegExp(`^static void (\\w+_)?${id}(_\\w+)?\\(void`, 'm').test(text));

/** What tests @row: its ids, else the first unit test that uses the name. */
export function testsOf(row) {
  if (row.tests.length > 0) return row.tests.join(' ');
  const unit = units.find(({ text }) => word(row.name).test(text));
  return unit ? `\`${basename(unit.path)}\`` : '';
}

const title = (lesson) => basename(lesson, '.md').replace(/^\d+-/, '').replaceAll('-', ' ');
const link = (lesson) => (lesson ? `[${title(lesson)}](${lesson})` : '');

function line(row) {
  const real = row.correct || row.name;
  const name = row.correct ? `\`${row.name}\`, a slip for \`${row.correct}\`` : `\`${row.name}\``;
  return `| ${row.part} | ${name} | ${lives(real)} | ${link(lessonOf(real))} | ${testsOf(row)} |`;
}

/** [{ part, claim, verdict, lesson, path, tests }] of notes-claims.txt; path is '' when there is no such lesson. */
export function claims() {
  return read('tests/arch/notes-claims.txt')
    .split('\n')
    .filter((each) => /^\d/.test(each))
    .map((each) => {
      const [part, claim, verdict, lesson, tests] = each.split(' | ');
      if (!tests) throw new Error(`notes-claims.txt: "${each}"`);
      return { part, claim, verdict, lesson, path: lessons.find(({ path }) => path.endsWith(`-${lesson}.md`))?.path ?? '', tests: tests.split(' ') };
    });
}

const coded = (sentence) => sentence.replace(/\b[\w]*(?:_[\w]+)+(?:\(\w*\(?\)?\))?/g, '`$&`');

const parts = () => ({
  calls: ['| part | name | lives in | lesson | tests |', '|---|---|---|---|---|', ...names().map(line)].join('\n'),
  claims:
    ['| part | the notes say | in truth | lesson | tests |', '|---|---|---|---|---|',
      ...claims().map((row) => `| ${row.part} | ${coded(row.claim)} | ${coded(row.verdict)} | ${link(row.path)} | ${row.tests.map((id) => (id.endsWith('.c') ? `\`${id}\`` : id)).join(' ')} |`)].join('\n'),
});

/** ARCHITECTURE.md with the tables of today in it. */
export const withTables = (architecture) => withParts(architecture, parts());

main(import.meta.url, 'ARCHITECTURE.md', parts);
