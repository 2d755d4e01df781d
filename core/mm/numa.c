/*
 * numa.c: in which order zones are tried, on machines with one node or several.
 *
 *     node 0: DMA NORMAL      node 1: NORMAL           distance 10 to itself, 20 to the other
 *
 *     fallback[1]   = NORMAL/1, NORMAL/0, DMA/0        nearest node first, its zones from the top
 *     nofallback[1] = NORMAL/1                         __GFP_THISNODE
 *
 * One list serves every request: zones above the highest zone allowed are skipped while walking.
 *
 * Invariant: a list names every populated zone it may use exactly once.
 * Cost: built once at boot; walking costs the number of zones.
 *
 * Source: Linux 6.1.192 mm/page_alloc.c: build_zonelists, find_next_best_node,
 * build_zonerefs_node, zone_statistics.
 */
#include "mm/internal.h"

static void append_node(const struct la_mm *mm, struct la_zonelist *list, uint32_t nid)
{
    for (uint32_t type = LA_NR_ZONE_TYPES; type-- > 0;)
        for (uint32_t z = 0; z < mm->nr_zones; z++)
            if (mm->zone[z].node == nid && mm->zone[z].type == type && mm->zone[z].present != 0)
                list->zone[list->nr++] = (uint8_t)z;
}

/* The nearest node with memory not used yet; equals go round robin by load. */
static int32_t next_best_node(const struct la_mm *mm, uint32_t nid, uint32_t used, const uint32_t *load)
{
    int32_t best = LA_NO_NODE;
    uint32_t best_value = UINT32_MAX;

    if (mm->node[nid].has_memory && !(used & 1u << nid))
        return (int32_t)nid;
    for (uint32_t n = 0; n < mm->nr_nodes; n++) {
        if (!mm->node[n].has_memory || used & 1u << n)
            continue;
        uint32_t value = mm->node[nid].distance[n] + (n < nid ? 1u : 0u) + (mm->node[n].nr_cpus != 0 ? 1u : 0u);

        value = value * LA_MAX_NODES + load[n];
        if (value < best_value) {
            best_value = value;
            best = (int32_t)n;
        }
    }
    return best;
}

static void build_node(struct la_mm *mm, uint32_t nid, uint32_t *load)
{
    struct la_node *node = &mm->node[nid];
    uint32_t used = 0, previous = nid;
    int32_t next;

    node->fallback.nr = node->nofallback.nr = 0;
    append_node(mm, &node->nofallback, nid);
    while ((next = next_best_node(mm, nid, used, load)) != LA_NO_NODE) {
        uint32_t n = (uint32_t)next;

        if (node->distance[n] != node->distance[previous])
            load[n] += 1;
        used |= 1u << n;
        previous = n;
        append_node(mm, &node->fallback, n);
    }
}

void la_build_zonelists(struct la_mm *mm)
{
    uint32_t load[LA_MAX_NODES] = {0};

    for (uint32_t z = 0; z < mm->nr_zones; z++)
        if (mm->zone[z].present != 0)
            mm->node[mm->zone[z].node].has_memory = true;
    for (uint32_t n = 0; n < mm->nr_nodes; n++)
        build_node(mm, n, load);
}

const struct la_zonelist *la_node_zonelist(const struct la_mm *mm, uint32_t nid, la_gfp_t gfp)
{
    return gfp & LA_GFP_THISNODE ? &mm->node[nid].nofallback : &mm->node[nid].fallback;
}

void la_count_numa(struct la_mm *mm, struct la_zone *preferred, struct la_zone *zone)
{
    uint32_t here = mm->cpu_node[mm->cpu];

    zone->numa_stat[zone->node == here ? LA_NUMA_LOCAL : LA_NUMA_OTHER]++;
    if (zone->node == preferred->node) {
        zone->numa_stat[LA_NUMA_HIT]++;
    } else {
        zone->numa_stat[LA_NUMA_MISS]++;
        preferred->numa_stat[LA_NUMA_FOREIGN]++;
    }
}
