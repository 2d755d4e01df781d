/* proc_slabinfo.c: /proc/slabinfo, newest cache first, after Linux 6.1.192 mm/slab_common.c: slab_show, cache_show. */
#include "view/proc_files.h"

#include "mm/slab26.h"

void la_proc_slabinfo(const struct la_machine *machine, struct la_buf *out)
{
    const struct la_mm *mm = machine->mm;
    la_buf_puts(out, "slabinfo - version: 2.1\n"
                     "# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>"
                     " : tunables <limit> <batchcount> <sharedfactor>"
                     " : slabdata <active_slabs> <num_slabs> <sharedavail>\n");
    for (uint32_t cache = mm->kmem->first; cache != LA_NO_CACHE; cache = mm->kmem->cache[cache].next) {
        const struct la_kmem_cache *s = &mm->kmem->cache[cache];
        unsigned slabs = la_cache_nr_slabs(s);

        la_buf_printf(out, "%-17s %6u %6u %6u %4u %4u", s->name, (unsigned)la_cache_active_objs(mm, s),
                      (unsigned)la_cache_num_objs(s), (unsigned)s->size, (unsigned)s->objects, 1u << s->order);
        if (mm->kmem->classic) {
            la_slab26_tunables(mm, cache, out);
            continue;
        }
        la_buf_printf(out, " : tunables %4u %4u %4u : slabdata %6u %6u %6u\n", 0u, 0u, 0u, slabs, slabs, 0u);
    }
}
