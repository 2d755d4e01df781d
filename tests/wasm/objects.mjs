// Statements with caches, kmalloc and memory pools for random lessons.
//
// The program's own functions keep the books (which cache an object came from, which pool an element), so statements
// can be mixed as they come: what is freed was allocated. One statement in thirty is a mistake on purpose.

const CACHES = 4;
const OBJECTS = 24;
const MEMORY = 8;
const POOLS = 3;
const ELEMENTS = 8;

const SLAB_FLAGS = [
  'SLAB_HWCACHE_ALIGN', 'SLAB_POISON', 'SLAB_RED_ZONE', 'SLAB_CACHE_DMA', 'SLAB_STORE_USER', 'SLAB_CONSISTENCY_CHECKS', 'SLAB_PANIC',
  'SLAB_RECLAIM_ACCOUNT', 'SLAB_ACCOUNT', 'SLAB_TYPESAFE_BY_RCU', 'SLAB_MEM_SPREAD', 'SLAB_TRACE', 'SLAB_NOLEAKTRACE',
];
const MASKS = ['GFP_KERNEL', 'GFP_KERNEL', 'GFP_ATOMIC', 'GFP_NOWAIT', 'GFP_KERNEL | __GFP_ZERO', 'GFP_KERNEL | __GFP_NORETRY', 'GFP_ATOMIC | __GFP_NOWARN'];

/** The declarations and functions that the statements need. */
export const OBJECTS_HEAD = `struct kmem_cache *cache[${CACHES}];
int live[${CACHES}];
void *object[${OBJECTS}];
int of[${OBJECTS}];
void *memory[${MEMORY}];
mempool_t *pool[${POOLS}];
int given[${POOLS}];
void *element[${ELEMENTS}];
int from[${ELEMENTS}];
int born = 0;
int moody = 0;
void constructor(void *o)
{
    born++;
    *(u8 *)o = born;
}
void *moody_alloc(gfp_t mask, void *data)
{
    moody++;
    return moody % 3 == 0 ? NULL : kmalloc((unsigned long)data, mask);
}
void moody_free(void *e, void *data)
{
    kfree(e);
}
void grab(int c, int i, gfp_t mask)
{
    if (!cache[c] || object[i])
        return;
    object[i] = kmem_cache_alloc(cache[c], mask);
    of[i] = c;
    if (object[i])
        live[c]++;
}
void drop(int i)
{
    if (!object[i])
        return;
    kmem_cache_free(cache[of[i]], object[i]);
    live[of[i]]--;
    object[i] = NULL;
}
void end_cache(int c)
{
    if (!cache[c] || live[c])
        return;
    kmem_cache_destroy(cache[c]);
    cache[c] = NULL;
}
void lend(int p, int e, gfp_t mask)
{
    if (!pool[p] || element[e])
        return;
    element[e] = mempool_alloc(pool[p], mask);
    from[e] = p;
    if (element[e])
        given[p]++;
}
void back(int e)
{
    if (!element[e])
        return;
    mempool_free(element[e], pool[from[e]]);
    given[from[e]]--;
    element[e] = NULL;
}`.split('\n');

/** Functions that each give the lines of one statement. */
export function objectMoves(random) {
  const below = (n) => Math.floor(random() * n);
  const pick = (list) => list[below(list.length)];
  const size = () => (random() < 0.6 ? below(300) : random() < 0.9 ? below(9000) : below(5000000));
  let names = 0;

  const create = () => {
    const c = below(CACHES);
    const flags = ['0', ...Array.from({ length: below(4) }, () => pick(SLAB_FLAGS))].join(' | ');
    const align = random() < 0.3 ? 2 ** below(9) : 0;
    return [`end_cache(${c});`, `if (!cache[${c}])`,
      `    cache[${c}] = kmem_cache_create("cache_${names++}", ${2 + below(random() < 0.8 ? 200 : 6000)}, ${align}, ${flags}, ${pick(['NULL', 'NULL', 'constructor'])});`];
  };
  const createPool = () => {
    const p = below(POOLS);
    const nr = 1 + below(6);
    return [`if (!pool[${p}])`, `    pool[${p}] = ${pick([
      `mempool_create_kmalloc_pool(${nr}, ${1 + below(3000)})`, `mempool_create_page_pool(${nr}, ${below(3)})`,
      `mempool_create(${nr}, moody_alloc, moody_free, (void *)${8 + below(300)})`,
    ])};`];
  };
  const mistakes = [
    (i) => [`kmem_cache_free(cache[of[${i}]], object[${i}]);`, `drop(${i});`],
    (i) => [`memset((char *)object[${i}] + kmem_cache_size(cache[of[${i}]]), 1, 9);`],
    (i) => [`void *stale = object[${i}];`, `drop(${i});`, 'memset(stale, 0x41, 8);'],
    (i) => [`kfree(object[${i}]);`, `object[${i}] = NULL;`],
    (i) => [`kmem_cache_destroy(cache[of[${i}]]);`],
    (i) => [`kmem_cache_free(cache[of[${i}]], (char *)object[${i}] + 4);`],
  ];

  return {
    begin: () => [...OBJECTS_HEAD, ...create(), ...create(), ...create()],
    moves: [
      create,
      () => [`grab(${below(CACHES)}, ${below(OBJECTS)}, ${pick(MASKS)});`],
      () => [`for (i = ${below(8)}; i < ${8 + below(OBJECTS - 8)}; i++)`, `    grab(${below(CACHES)}, i, ${pick(MASKS)});`],
      () => [`drop(${below(OBJECTS)});`],
      () => [`for (i = ${below(8)}; i < ${OBJECTS}; i += ${1 + below(3)})`, '    drop(i);'],
      () => {
        const i = below(OBJECTS);
        return [`if (object[${i}])`, `    memset(object[${i}], ${below(256)}, kmem_cache_size(cache[of[${i}]]));`];
      },
      () => {
        const c = below(CACHES);
        return [`if (cache[${c}])`, `    born += ${pick(['kmem_cache_shrink', 'validate_slab_cache', 'nr_active'])}(cache[${c}]);`];
      },
      () => {
        const i = below(MEMORY);
        return [`kfree(memory[${i}]);`, `memory[${i}] = ${pick(['kmalloc', 'kzalloc'])}(${size()}, ${pick(MASKS)});`];
      },
      () => {
        const i = below(MEMORY);
        return [`void *moved${names} = krealloc(memory[${i}], ${size()}, GFP_KERNEL);`, `if (moved${names})`, `    memory[${i}] = moved${names++};`];
      },
      createPool,
      () => [`lend(${below(POOLS)}, ${below(ELEMENTS)}, GFP_ATOMIC);`],
      () => [`for (i = 0; i < ${ELEMENTS}; i++)`, `    lend(${below(POOLS)}, i, GFP_NOWAIT);`],
      () => [`back(${below(ELEMENTS)});`],
      () => {
        const p = below(POOLS);
        return [`if (pool[${p}])`, `    born += mempool_resize(pool[${p}], ${1 + below(9)});`];
      },
      () => {
        const p = below(POOLS);
        return [`if (pool[${p}] && !given[${p}]) {`, `    mempool_destroy(pool[${p}]);`, `    pool[${p}] = NULL;`, '}'];
      },
      () => {
        if (random() > 0.4) return [];
        const i = below(OBJECTS);
        return [`grab(${below(CACHES)}, ${i}, GFP_NOWAIT);`, `if (object[${i}]) {`, ...pick(mistakes)(i).map((line) => `    ${line}`), '}'];
      },
    ],
  };
}
