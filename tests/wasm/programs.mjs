// Random lessons: a machine and a program that allocates, writes, frees and asks, all drawn from one seed.
//
// Programs are correct C and free what they got at most once, but they may run out of memory, and some of them make
// the mistakes that students make. Two thirds use caches, kmalloc and memory pools as well (objects.mjs). Every random
// decision comes from the seed, so a number is a whole test case.

import { objectMoves } from './objects.mjs';

/** mulberry32: small, good enough, the same everywhere. */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const FLAGS = [
  'GFP_KERNEL', 'GFP_ATOMIC', 'GFP_NOWAIT', 'GFP_NOIO', 'GFP_NOFS', 'GFP_USER', 'GFP_HIGHUSER', 'GFP_HIGHUSER_MOVABLE', 'GFP_DMA',
  'GFP_KERNEL | __GFP_ZERO', 'GFP_KERNEL | __GFP_NORETRY', 'GFP_KERNEL | __GFP_RECLAIMABLE', 'GFP_ATOMIC | __GFP_NOWARN',
];
const LOW_FLAGS = ['GFP_KERNEL', 'GFP_ATOMIC', 'GFP_DMA', 'GFP_KERNEL | __GFP_ZERO'];

const MACHINES = [
  { profile: 'slide', memory: '256K', zones: { NORMAL: '256K' }, reserved: '0', min_free_kbytes: 0, pcp: false, cpus: 1 },
  { profile: 'i386', memory: '16M', cpus: 1 },
  { profile: 'i386', memory: '64M', cpus: 2, zones: { DMA: '16M', NORMAL: '48M' } },
  { profile: 'x86_64', memory: '64M', cpus: 2, page_cache: '8M' },
  { profile: 'numa', memory: '64M', cpus: 2, nodes: 2 },
];

export function randomLesson(seed) {
  const random = generator(seed);
  const below = (n) => Math.floor(random() * n);
  const pick = (list) => list[below(list.length)];
  const machine = pick(MACHINES);
  const lines = ['struct page *page[8];', 'unsigned long addr[4];', 'int failed = 0;', 'int i;'];
  const order = Array(8).fill(-1);
  const held = Array(4).fill(-1);

  const moves = [
    () => {
      const at = below(8);
      if (order[at] >= 0) {
        const free = [`if (page[${at}])`, `    __free_pages(page[${at}], ${order[at]});`];
        order[at] = -1;
        return free;
      }
      order[at] = below(random() < 0.2 ? 11 : 4);
      return [`page[${at}] = alloc_pages(${pick(FLAGS)}, ${order[at]});`, `if (!page[${at}])`, '    failed++;'];
    },
    () => {
      const at = below(4);
      if (held[at] >= 0) {
        const free = [`free_pages(addr[${at}], ${held[at]});`];
        held[at] = -1;
        return free;
      }
      held[at] = below(3);
      return [`addr[${at}] = __get_free_pages(${pick(LOW_FLAGS)}, ${held[at]});`];
    },
    () => {
      const at = below(4);
      if (held[at] < 0) return [];
      return [`if (addr[${at}])`, `    *((int *)addr[${at}] + ${below(1024)}) = ${below(1000)};`];
    },
    () => [`for (i = 0; i < ${1 + below(6)}; i++) {`, '    struct page *brief = alloc_page(GFP_KERNEL);', '    if (brief)', '        __free_page(brief);', '}'],
    () => [`printk("free: %lu, failed: %d\\n", nr_free_pages(ZONE_NORMAL), failed);`],
    () => [`failed = (failed << ${below(3)}) ^ ${below(100)};`, `failed %= ${1 + below(50)};`],
  ];
  const objects = objectMoves(random);
  const uses = random() < 0.67;
  if (uses) lines.push(...objects.begin());
  const count = 5 + below(uses ? 45 : 25);
  for (let i = 0; i < count; i++) lines.push(...pick(uses && random() < 0.75 ? objects.moves : moves)());
  if (random() < 0.1) lines.push('struct page *twice = alloc_page(GFP_KERNEL);', '__free_page(twice);', '__free_page(twice);');
  if (random() < 0.05) lines.push('*(int *)0 = 1;');

  const source = [
    `# Random program ${seed}`, '', '```json machine', JSON.stringify({ ...machine, seed: below(1000) }), '```', '',
    'A program that no one wrote.', '', '```c', ...lines, '```', '',
  ].join('\n');
  return { name: `random-${seed}.md`, source };
}
