/* test_numa.c: two nodes: T62, the order of zones, the counters. */
#include "machine_help.h"

#define TWO_NODES "{\"profile\":\"numa\",\"memory\":\"256M\",\"reserved\":\"0\",\"pcp\":false}"

static struct la_zone *zone_on(const struct rig *rig, enum la_zone_type type, uint32_t node)
{
    for (uint32_t z = 0; z < rig->mm->nr_zones; z++)
        if (rig->mm->zone[z].type == type && rig->mm->zone[z].node == node)
            return &rig->mm->zone[z];
    return NULL;
}

static void fill_node(struct rig *rig, uint32_t node)
{
    rig->trace->on = false;
    for (uint32_t z = 0; z < rig->mm->nr_zones; z++)
        for (uint32_t order = LA_MAX_ORDER; rig->mm->zone[z].node == node && order-- > 0;)
            while (rig->mm->zone[z].free_area[order].nr_free != 0)
                assert_true(take_block(rig, &rig->mm->zone[z], order));
    rig->trace->on = true;
    la_trace_begin(rig->trace);
}

static void test_T62_full_node_falls_back_thisnode_fails(void **state)
{
    struct rig rig = rig_new(TWO_NODES);

    (void)state;
    fill_node(&rig, 1);
    assert_int_equal(la_page_to_nid(rig.machine, la_alloc_pages(rig.mm, LA_GFP_KERNEL, 0, 1)), 0);
    assert_int_equal(la_alloc_pages(rig.mm, LA_GFP_KERNEL | LA_GFP_THISNODE | LA_GFP_RETRY_MAYFAIL, 0, 1), LA_NO_PFN);
    assert_int_equal(la_alloc_pages(rig.mm, LA_GFP_KERNEL | LA_GFP_THISNODE, 0, 1), LA_NO_PFN); /* no OOM kill either */
    assert_false(rig.mm->hung);
    rig_free(&rig);
}

/* node 1: its own NORMAL, then node 0 from the top: NORMAL, DMA */
static void test_zonelists_are_in_node_order(void **state)
{
    struct rig rig = rig_new(TWO_NODES);
    const struct la_zonelist *list = &rig.mm->node[1].fallback;

    (void)state;
    assert_int_equal(list->nr, 3);
    assert_ptr_equal(&rig.mm->zone[list->zone[0]], zone_on(&rig, LA_ZONE_NORMAL, 1));
    assert_ptr_equal(&rig.mm->zone[list->zone[1]], zone_on(&rig, LA_ZONE_NORMAL, 0));
    assert_ptr_equal(&rig.mm->zone[list->zone[2]], zone_on(&rig, LA_ZONE_DMA, 0));
    assert_int_equal(rig.mm->node[1].nofallback.nr, 1);
    assert_int_equal(rig.mm->node[0].nofallback.nr, 2);
    rig_free(&rig);
}

static void test_the_local_node_comes_first_and_is_counted(void **state)
{
    struct rig rig = rig_new(TWO_NODES);

    (void)state;
    rig.mm->cpu = 1; /* belongs to node 1 */
    assert_int_equal(la_page_to_nid(rig.machine, la_alloc_pages(rig.mm, LA_GFP_KERNEL, 0, LA_NO_NODE)), 1);
    assert_int_equal(zone_on(&rig, LA_ZONE_NORMAL, 1)->numa_stat[LA_NUMA_HIT], 1);
    assert_int_equal(zone_on(&rig, LA_ZONE_NORMAL, 1)->numa_stat[LA_NUMA_LOCAL], 1);
    fill_node(&rig, 1);
    assert_int_equal(la_page_to_nid(rig.machine, la_alloc_pages(rig.mm, LA_GFP_KERNEL, 0, LA_NO_NODE)), 0);
    assert_int_equal(zone_on(&rig, LA_ZONE_NORMAL, 0)->numa_stat[LA_NUMA_MISS], 1);
    assert_int_equal(zone_on(&rig, LA_ZONE_NORMAL, 0)->numa_stat[LA_NUMA_OTHER], 1);
    assert_int_equal(zone_on(&rig, LA_ZONE_NORMAL, 1)->numa_stat[LA_NUMA_FOREIGN], 1);
    rig_free(&rig);
}

/* Equals go round: a node asks the ones behind it before those in front of it. */
static void test_equal_nodes_are_asked_in_turn(void **state)
{
    struct rig rig =
        rig_new("{\"profile\":\"numa\",\"nodes\":4,\"cpus\":4,\"zones\":{\"NORMAL\":\"64M\"},\"reserved\":\"0\"}");
    const struct la_zonelist *list = &rig.mm->node[1].fallback;
    static const uint8_t order[] = {1, 2, 3, 0};

    (void)state;
    assert_int_equal(list->nr, 4);
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(rig.mm->zone[list->zone[i]].node, order[i]);
    rig_free(&rig);
}

static void test_four_nodes(void **state)
{
    struct rig rig = rig_new("{\"profile\":\"numa\",\"nodes\":4,\"cpus\":4,\"memory\":\"64M\",\"reserved\":\"0\"}");

    (void)state;
    for (int32_t node = 0; node < 4; node++) {
        uint32_t pfn = la_alloc_pages(rig.mm, LA_GFP_KERNEL | LA_GFP_THISNODE, 0, node);

        assert_int_equal(la_page_to_nid(rig.machine, pfn), node);
        assert_int_equal(rig.mm->node[node].nr_cpus, 1);
    }
    rig_free(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_T62_full_node_falls_back_thisnode_fails),
        cmocka_unit_test(test_zonelists_are_in_node_order),
        cmocka_unit_test(test_the_local_node_comes_first_and_is_counted),
        cmocka_unit_test(test_equal_nodes_are_asked_in_turn),
        cmocka_unit_test(test_four_nodes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
