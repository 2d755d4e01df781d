// The rules of ARCHITECTURE.md that a script can hold us to.
//
// Dependencies point one way. A folder of core/ may include itself, the folders listed for it here, and nothing else:
//
//   base ← trace ← mm ← machine ← lang ← { lesson, timeline } ← view ← door ← { server, web/wasm }
//
// The core is a library without a system below it: no mutable state outside what its caller owns, no files, clocks,
// threads or environment. The project stands alone: nothing in it points to a folder of one machine or to a registry.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { claims, hasTest, lessonOf, lives, names, testsOf, withTables } from './calls.mjs';
import { withList } from './deviations.mjs';
import { withSettings } from './settings.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** Folder of core/ → the other folders of core/ it may include. */
const MAY_INCLUDE = {
  base: [],
  trace: ['base'],
  mm: ['base', 'trace'],
  machine: ['base', 'trace', 'mm'],
  lang: ['base', 'trace', 'mm', 'machine'],
  lesson: ['base', 'trace', 'mm', 'machine', 'lang'],
  timeline: ['base', 'trace', 'mm', 'machine', 'lang', 'lesson'], // plays the code sections of a lesson
  verify: ['base', 'trace', 'mm', 'machine'],
  view: ['base', 'trace', 'mm', 'machine', 'lang', 'lesson', 'timeline'],
  protocol: ['base'],
  door: ['base', 'trace', 'mm', 'machine', 'lang', 'lesson', 'timeline', 'view', 'protocol', 'verify'],
};

/** The doors see the public header only; a header of base/ that it includes itself is part of it. */
const PUBLIC = ['lookaside.h'];

/** Headers of the C library that need no operating system. */
const CORE_SYSTEM_HEADERS = [
  'assert.h', 'ctype.h', 'errno.h', 'inttypes.h', 'limits.h', 'stdarg.h', 'stdbool.h', 'stddef.h', 'stdint.h', 'stdio.h', 'stdlib.h', 'string.h',
];

/** The one file that may include cJSON, and the folders that may include that file. */
const CJSON_WRAPPER = 'core/base/cjson.h';
const MAY_USE_CJSON = ['base', 'machine', 'lesson', 'door', 'verify'];

/** Functions of stdio.h, stdlib.h and errno.h that reach the outside. */
const FORBIDDEN_CALLS =
  /\b(fopen|freopen|fdopen|tmpfile|fclose|fread|fwrite|fputs|fputc|fgets|fgetc|getc|getchar|putchar|puts|printf|fprintf|vprintf|vfprintf|scanf|fscanf|perror|remove|rename|system|getenv|setenv|exit|_Exit|quick_exit|atexit|signal|raise|rand|srand|random|time|clock|stdin|stdout|stderr|setlocale|strtok)\s*(?=\(|[,;)])/g;

const FILE_LINES_MAX = 600;

function walk(folder, wanted) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : walk(path, wanted);
      return wanted.test(entry.name) ? [path] : [];
    })
    .sort();
}

const text = (path) => readFileSync(path, 'utf8');
const name = (path) => relative(root, path);
const core = walk(join(root, 'core'), /\.(c|h|def)$/);

/** [{ system, target, line }] of the #include lines of a file. */
function includes(path) {
  return text(path)
    .split('\n')
    .map((line, i) => [/^\s*#\s*include\s*([<"])([^>"]+)[>"]/.exec(line), i + 1])
    .filter(([match]) => match)
    .map(([match, line]) => ({ system: match[1] === '<', target: match[2], line }));
}

/** C without comments and strings, line breaks kept. */
function bare(source) {
  return source.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g, (piece) => piece.replace(/[^\n]/g, ' '));
}

describe('layers', () => {
  test('every folder of core/ has its place in the order', () => {
    const folders = readdirSync(join(root, 'core'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    assert.deepEqual(folders.map((entry) => entry.name).filter((folder) => !(folder in MAY_INCLUDE)), []);
  });

  test('the allowed dependencies have no cycle', () => {
    const reach = (folder, seen = new Set()) => {
      for (const next of MAY_INCLUDE[folder]) if (!seen.has(next)) reach(next, seen.add(next));
      return seen;
    };
    for (const folder of Object.keys(MAY_INCLUDE)) assert.ok(!reach(folder).has(folder), folder);
  });

  test('core/ includes only what lies below', () => {
    const wrong = [];
    for (const path of core) {
      const folder = basename(dirname(path));
      for (const { system, target, line } of includes(path)) {
        if (system) continue;
        const [other, rest] = target.includes('/') ? target.split('/') : [folder, target];
        const fits =
          folder === 'core'
            ? rest !== undefined // the public header names what it shows
            : other === folder || MAY_INCLUDE[folder]?.includes(other) || (folder === 'door' && PUBLIC.includes(target));
        if (!fits || target.includes('..')) wrong.push(`${name(path)}:${line}: "${target}"`);
      }
    }
    assert.deepEqual(wrong, []);
  });

  test('server/ and web/wasm/ see only the public header of the core', () => {
    const wrong = [];
    for (const folder of ['server', 'web/wasm'])
      for (const path of walk(join(root, folder), /\.(c|h|def)$/))
        for (const { system, target, line } of includes(path))
          if (!system && !PUBLIC.includes(target) && !existsSync(join(root, folder, target))) wrong.push(`${name(path)}:${line}: "${target}"`);
    assert.deepEqual(wrong, []);
  });

  test('server/ does not know what a page or a slab is', () => {
    const wrong = [];
    for (const path of walk(join(root, 'server'), /\.(c|h)$/))
      bare(text(path)).split('\n').forEach((line, i) => {
        if (/\b(slab|pfn|buddy|gfp|zone|vmalloc|kmalloc|mempool|watermark)\w*\b/i.test(line)) wrong.push(`${name(path)}:${i + 1}: ${line.trim()}`);
      });
    assert.deepEqual(wrong, []);
  });
});

describe('the core needs no operating system', () => {
  test('it includes only headers of the C language', () => {
    const wrong = [];
    for (const path of core)
      for (const { system, target, line } of includes(path))
        if (system && !CORE_SYSTEM_HEADERS.includes(target) && !(target === 'cjson/cJSON.h' && name(path) === CJSON_WRAPPER))
          wrong.push(`${name(path)}:${line}: <${target}>`);
    assert.deepEqual(wrong, []);
  });

  test('JSON is parsed only where texts from outside come in', () => {
    const wrong = core.filter(
      (path) => includes(path).some(({ target }) => target === 'base/cjson.h') && !MAY_USE_CJSON.includes(basename(dirname(path))),
    );
    assert.deepEqual(wrong.map(name), []);
  });

  test('it calls nothing that does I/O, reads a clock, or ends the process', () => {
    const wrong = [];
    for (const path of core.filter((path) => !path.endsWith('.def')))
      bare(text(path)).split('\n').forEach((line, i) => {
        // A member of that name (`->remove(`), or a name in a macro's table, is not the C library's function.
        for (const match of line.matchAll(FORBIDDEN_CALLS)) {
          const before = line.slice(0, match.index);
          const isCall = line.slice(match.index + match[0].length).startsWith('(') || /^std(in|out|err)/.test(match[1]);
          if (isCall && !/(->|\.|\*)\s*$/.test(before)) wrong.push(`${name(path)}:${i + 1}: ${match[1]}`);
        }
      });
    assert.deepEqual(wrong, []);
  });

  test('it has no mutable state of its own', () => {
    const library = join(root, 'build/native/liblookaside.a');
    assert.ok(existsSync(library), 'run `make native` first');
    // Objects in writable sections. `.data.rel.ro` is not one: constant tables of pointers, read-only once loaded.
    const wrong = execFileSync('objdump', ['-t', library], { encoding: 'utf8', maxBuffer: 1 << 26 })
      .split('\n')
      .map((line) => /^[0-9a-f]+ .{6}O (\S+)\s+[0-9a-f]+ (\S+)$/.exec(line))
      .filter((match) => match && /^(\.data|\.bss|\.tdata|\.tbss|\*COM\*)/.test(match[1]) && !match[1].startsWith('.data.rel.ro'))
      .map(([, section, symbol]) => `${symbol} in ${section}`);
    assert.deepEqual(wrong, []);
  });

  test('it takes memory only from its host', () => {
    const wrong = [];
    for (const path of core.filter((path) => path.endsWith('.c') && !['host.c'].includes(basename(path))))
      bare(text(path)).split('\n').forEach((line, i) => {
        if (/(?<![\w>.])(malloc|calloc|realloc|free|strdup)\s*\(/.test(line)) wrong.push(`${name(path)}:${i + 1}: ${line.trim()}`);
      });
    assert.deepEqual(wrong, []);
  });
});

describe('every call, flag, type and file that the notes name', () => {
  const rows = names().map((row) => ({ ...row, real: row.correct || row.name }));
  const without = (has) => rows.filter((row) => !has(row)).map(({ name }) => name);

  test('lives somewhere in the core', () => assert.deepEqual(without(({ real }) => lives(real)), []));

  test('is shown by a lesson', () => assert.deepEqual(without(({ real }) => lessonOf(real)), []));

  test('is tested, and by tests that exist', () => {
    assert.deepEqual(without(testsOf), []);
    assert.deepEqual(rows.flatMap(({ tests }) => tests.filter((id) => !hasTest(id))), []);
  });

  test('has its claims in tests named T01 to T62', () => {
    const ids = Array.from({ length: 62 }, (_, i) => `T${String(i + 1).padStart(2, '0')}`);
    assert.deepEqual(ids.filter((id) => !hasTest(id)), []);
  });

  test('and every claim of theirs has a lesson and tests', () => {
    assert.deepEqual(claims().filter(({ path }) => !path).map(({ lesson }) => lesson), []);
    const exists = (id) => (id.endsWith('.c') ? existsSync(join(root, 'tests/unit', id)) : hasTest(id));
    assert.deepEqual(claims().flatMap(({ tests }) => tests.filter((id) => !exists(id))), []);
  });

  test('stands in the tables of ARCHITECTURE.md', () => {
    const architecture = text(join(root, 'ARCHITECTURE.md'));
    assert.ok(architecture === withTables(architecture), 'run `node tests/arch/calls.mjs --write`');
  });
});

describe('files', () => {
  const tracked = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' })
    .split('\0')
    .filter((path) => path && existsSync(join(root, path)) && statSync(join(root, path)).isFile());
  const readable = tracked.filter((path) => !/\.(png|woff2?|ico|gz|wasm)$/.test(path));

  test(`in C stay below ${FILE_LINES_MAX} lines`, () => {
    const long = [...core, ...walk(join(root, 'server'), /\.(c|h)$/), ...walk(join(root, 'web/wasm'), /\.c$/)]
      .map((path) => [name(path), text(path).split('\n').length - 1])
      .filter(([, lines]) => lines > FILE_LINES_MAX);
    assert.deepEqual(long, []);
  });

  test('in C open with what they are about', () => {
    const files = [...core, ...walk(join(root, 'server'), /\.(c|h|def)$/), ...walk(join(root, 'web/wasm'), /\.c$/)];
    assert.deepEqual(files.filter((path) => !/^\/\*[\s\S]*?[a-z]{3}[\s\S]*?\*\//.test(text(path))).map(name), []);
  });

  test('name no folder of one machine and nothing outside the project', () => {
    const outside = new RegExp(['\\.\\.\\/sh' + 'ared', '\\/wo' + 'rk\\/', '\\/ro' + 'ot\\/', '\\/ho' + 'me\\/[a-z]'].join('|'));
    const wrong = readable.filter((path) => outside.test(text(join(root, path))));
    assert.deepEqual(wrong, []);
  });

  test('name no package registry or mirror', () => {
    const registry = new RegExp(['registry\\.npm' + 'js', 'registry\\.yarn' + 'pkg', 'pypi\\.' + 'org', 'deb\\.deb' + 'ian\\.org', 'security\\.deb' + 'ian\\.org'].join('|'));
    const wrong = readable.filter((path) => registry.test(text(join(root, path))));
    assert.deepEqual(wrong, []);
  });

  test('list every deviation from the kernel in ARCHITECTURE.md', () => {
    const architecture = text(join(root, 'ARCHITECTURE.md'));
    assert.ok(architecture === withList(architecture), 'run `node tests/arch/deviations.mjs --write`');
  });

  test('list every setting of a machine in CONTRIBUTING.md', () => {
    const contributing = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8');
    assert.ok(contributing === withSettings(contributing), 'run `node tests/arch/settings.mjs --write`');
  });

  test('leave nothing for later', () => {
    const later = new RegExp('\\b(TO' + 'DO|FIX' + 'ME|XX' + 'X)\\b');
    const wrong = readable.filter((path) => !path.startsWith('tests/truth/') && !path.endsWith('package-lock.json') && later.test(text(join(root, path))));
    assert.deepEqual(wrong, []);
  });

  test('that were built or fetched are not committed', () => {
    assert.deepEqual(tracked.filter((path) => /(^|\/)(build|node_modules)\/|cJSON\.[ch]$|\.(o|a|wasm)$/.test(path)), []);
  });
});
