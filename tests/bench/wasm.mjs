// The same requests on the WebAssembly engine and on the native one, in turns; prints rows for the table.
//
//   node tests/bench/wasm.mjs PROGRAM      PROGRAM is bench_core, which times a file of requests

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine } from '../wasm/engine.mjs';

const ROUNDS = 5;
const program = process.argv[2];
const module_ = await WebAssembly.compile(readFileSync(new URL('../../build/web/lookaside.wasm', import.meta.url)));

const churn = `\`\`\`json machine
{"profile": "i386", "memory": "64M", "cpus": 1}
\`\`\`
\`\`\`c
struct page *p[64];
int i;
while (1) {
    i = (i * 5 + 3) & 63;
    if (p[i]) {
        __free_pages(p[i], i & 3);
        p[i] = NULL;
    } else {
        p[i] = alloc_pages(GFP_KERNEL, i & 3);
    }
}
\`\`\`
`;
const objects = `\`\`\`json machine
{"profile": "x86_64", "memory": "64M", "cpus": 1}
\`\`\`
\`\`\`c
struct kmem_cache *cache = kmem_cache_create("bench", 256, 0, 0, NULL);
void *p[64];
int i;
while (1) {
    i = (i * 5 + 3) & 63;
    if (p[i]) {
        if (i & 1)
            kfree(p[i]);
        else
            kmem_cache_free(cache, p[i]);
        p[i] = NULL;
    } else if (i & 1) {
        p[i] = kmalloc(8 << (i & 7), GFP_KERNEL);
    } else {
        p[i] = kmem_cache_alloc(cache, GFP_KERNEL);
    }
}
\`\`\`
`;
const workloads = {
  'running 200,000 statements': [{ op: 'open', source: churn }, { op: 'step', n: 200000 }],
  'running 200,000 statements with objects': [{ op: 'open', source: objects }, { op: 'step', n: 200000 }],
  '4,000 steps, each with a whole snapshot': [{ op: 'open', source: churn }, ...Array(4000).fill({ op: 'step', since: {} })],
};

const folder = mkdtempSync(join(tmpdir(), 'lookaside-bench-'));
for (const [what, requests] of Object.entries(workloads)) {
  const file = join(folder, 'requests');
  const lines = requests.map((request) => JSON.stringify(request));
  writeFileSync(file, `${lines.join('\n')}\n`);
  let native = Infinity;
  let wasm = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    native = Math.min(native, Number(execFileSync(program, [file], { encoding: 'utf8' })));
    const engine = await Engine.create(module_);
    const start = performance.now();
    for (const line of lines) engine.request(line);
    wasm = Math.min(wasm, performance.now() - start);
    engine.delete();
  }
  const row = (name, value, unit, aim, good) =>
    console.log(`${name.padEnd(58)} ${value.toFixed(2).padStart(9)} ${unit.padEnd(7)} ${aim.padEnd(12)} ${aim && (good ? 'ok' : 'MISSED')}`.trimEnd());
  row(`${what}, native`, native, 'ms', '');
  row(`${what}, WebAssembly`, wasm, 'ms', '');
  row('  WebAssembly / native', wasm / native, 'x', '<= 2', wasm <= 2 * native);
}
rmSync(folder, { recursive: true });
