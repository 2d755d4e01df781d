// The tools of a real system on our /proc files: what they cannot read is not the kernel's text.
//
//   lookaside proc FILE slabinfo ──> a file ──bind-mounted over /proc/slabinfo──> slabtop -o, vmstat -m
//
// The mount happens in a mount namespace of its own (unshare -m) that ends with the command, so the machine's own
// /proc/slabinfo is never touched. Where that is not allowed, or the tools are missing, the tests are skipped and say so.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { folder, run } from '../http/support.mjs';

const LESSON = `# Caches

\`\`\`json machine
{"profile": "x86_64", "memory": "16M", "cpus": 2}
\`\`\`

\`\`\`c
struct packet { char head[40]; void *next; char body[200]; };
void clean(void *object) { memset(object, 0, sizeof(struct packet)); }
struct kmem_cache *packets = kmem_cache_create("packet", sizeof(struct packet), 0, SLAB_HWCACHE_ALIGN, clean);
struct kmem_cache *poisoned = kmem_cache_create("a_name_of_31_characters_at_most", 100, 0, SLAB_POISON | SLAB_RED_ZONE, NULL);
struct kmem_cache *empty = kmem_cache_create("empty", 712, 0, SLAB_CONSISTENCY_CHECKS, NULL);
void *held[40];
int i;
for (i = 0; i < 40; i++)
    held[i] = kmem_cache_alloc(packets, GFP_KERNEL);
for (i = 0; i < 13; i++)
    kmem_cache_free(packets, held[i]);
void *one = kmem_cache_alloc(poisoned, GFP_KERNEL);
void *buffer = kmalloc(1000, GFP_KERNEL);
\`\`\`
`;

const UNSHARE = ['-m', '--propagation', 'private'];

/** Runs a command to its end; resolves to { status, stdout, stderr }. */
const command = (name, args) =>
  new Promise((done) =>
    execFile(name, args, { env: { ...process.env, LC_ALL: 'C', TERM: 'dumb' } }, (error, stdout, stderr) =>
      done({ status: error ? (error.code ?? 'signal') : 0, stdout, stderr })));

/** Why the file cannot be mounted over /proc/slabinfo here; false when it can. */
async function obstacle(tool, file) {
  if (!existsSync('/proc/slabinfo')) return 'this kernel has no /proc/slabinfo to mount over';
  if ((await command(tool, ['--version'])).status !== 0) return `${tool} (package procps) is not installed`;
  const mounted = await command('unshare', [...UNSHARE, 'mount', '--bind', file, '/proc/slabinfo']);
  return mounted.status !== 0 && `mounting over /proc/slabinfo is not allowed here: ${mounted.stderr.trim() || mounted.status}`;
}

/** What the tool says with our file in the place of /proc/slabinfo. */
const withOurs = (file, ...tool) =>
  command('unshare', [...UNSHARE, 'sh', '-c', 'mount --bind "$1" /proc/slabinfo && shift && exec "$@"', 'sh', file, ...tool]);

/** The caches of a slabinfo text: name → numbers. */
function caches(text) {
  const rows = text.split('\n').filter((line) => line && !/^(#|slabinfo)/.test(line));
  return new Map(rows.map((line) => {
    const [name, active, objects, size, perSlab, pages] = line.split(/\s+/);
    return [name, { active: +active, objects: +objects, size: +size, perSlab: +perSlab, pages: +pages, slabs: +/slabdata +\d+ +(\d+)/.exec(line)[1] }];
  }));
}

let files, text, ours;
before(async () => {
  files = folder({ 'caches.md': LESSON });
  const { status, stdout, stderr } = await run(['proc', files.file('caches.md'), 'slabinfo']);
  assert.equal(status, 0, stderr);
  text = stdout;
  writeFileSync(files.file('slabinfo'), text);
  ours = caches(text);
});
after(() => files?.remove());

/** Skips the test with a reason, or gives the lines that the tool prints. */
async function lines(t, tool, ...args) {
  const reason = await obstacle(tool, files.file('slabinfo'));
  if (reason) {
    t.skip(reason);
    return null;
  }
  const { status, stdout, stderr } = await withOurs(files.file('slabinfo'), tool, ...args);
  assert.equal(status, 0, stderr);
  assert.equal(stderr, '');
  return stdout.split('\n');
}

describe('/proc/slabinfo', () => {
  test('shows the caches of the program and the numbers it made', () => {
    assert.match(text, /^slabinfo - version: 2\.1\n# name /);
    const { active, objects, size, perSlab, slabs } = ours.get('packet');
    assert.equal(size, 256);
    assert.equal(objects, perSlab * slabs);
    assert.ok(active >= 27 && active <= objects, `${active} of ${objects}`);
    assert.ok(ours.has('a_name_of_31_characters_at_most') && ours.has('empty') && ours.has('kmalloc-1k'));
    assert.equal(ours.get('empty').slabs, 0);
  });

  test('is read by slabtop -o', async (t) => {
    const shown = await lines(t, 'slabtop', '-o', '-s', 'o');
    if (!shown) return;
    const sum = (member) => [...ours.values()].reduce((total, cache) => total + cache[member], 0);
    assert.match(shown.join('\n'), new RegExp(`Active / Total Objects \\(% used\\) *: ${sum('active')} / ${sum('objects')} `));
    assert.match(shown.join('\n'), new RegExp(`Active / Total Slabs \\(% used\\) *: ${sum('slabs')} / ${sum('slabs')} `));
    const rows = shown.filter((line) => /^ *\d+ +\d+ +\d+% /.test(line)).map((line) => line.trim().split(/\s+/));
    for (const name of ['packet', 'a_name_of_31_characters_at_most', 'kmalloc-1k']) {
      const { active, objects, size, perSlab, slabs, pages } = ours.get(name);
      const row = rows.find((cells) => name.startsWith(cells[7]) && cells[7].length >= Math.min(name.length, 12));
      assert.ok(row, `slabtop does not show ${name}:\n${shown.join('\n')}`);
      assert.deepEqual([+row[0], +row[1], +row[4], +row[5]], [objects, active, slabs, perSlab], name);
      assert.match(row[3], /^\d+\.\d\dK$/);
      assert.ok(Math.abs(parseFloat(row[3]) - size / 1024) <= 0.0051, `${name}: ${row[3]}`);
      assert.equal(row[6], `${slabs * pages * 4}K`);
    }
  });

  test('is read by vmstat -m', async (t) => {
    const shown = await lines(t, 'vmstat', '-m');
    if (!shown) return;
    // The heading comes again every screen.
    const cells = shown.filter((line) => line && !/^Cache /.test(line)).map((line) => line.trim().split(/\s+/));
    const rows = new Map(cells.map(([name, ...row]) => [name, row.map(Number)]));
    assert.equal(rows.size, ours.size, shown.join('\n'));
    for (const [name, { active, objects, size, perSlab }] of ours) {
      const row = rows.get(name) ?? [...rows].find(([cut]) => cut.length > 12 && name.startsWith(cut))?.[1];
      assert.deepEqual(row, [active, objects, size, perSlab], name);
    }
  });
});
