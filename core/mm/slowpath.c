/*
 * slowpath.c: what an allocation does when no zone had enough above its low mark.
 *
 *     marks at min, reserves by flag -> try                        (everybody)
 *        | no                          wake kswapd
 *     may it sleep? -- no --> NULL                                 GFP_ATOMIC, GFP_NOWAIT
 *        | yes
 *     +->try, ignoring the marks if it is freeing memory itself    PF_MEMALLOC, OOM victim
 *     |  direct reclaim, try; compaction, try
 *     |  one round is enough? ----------> NULL                     NORETRY; order > 3
 *     |  worth another round? -- yes --+
 *     |  kill a process, wait -- done -+
 *     +--------------------------------+
 *        nothing helps -----------------> NULL, or round again     NOFAIL (6.1), REPEAT (2.6)
 *
 * A round that goes back up takes one tick, in which kswapd works and processes end.  A wait with
 * nothing left that could end it is cut short and reported as a hung task.
 *
 * Invariant: returns with a page, or with every reason for giving up reported.
 * Cost: a round looks at the zones; reclaim pays for the pages it frees.
 *
 * Deviations:
 *  A. Reclaim and compaction are simplified (reclaim.c, compaction.c).
 *  B. la_mm.reclaim_counts_free is off by default: this stable kernel counts free pages as
 *     reclaimable in a zone without any reclaimable page, and so makes 17 fruitless rounds
 *     instead of one; switching it on gives those rounds.
 *  C. __GFP_REPEAT, which 6.1 does not have, loops as 2.6 did.
 *
 * Source: Linux 6.1.192 mm/page_alloc.c: __alloc_pages_slowpath, gfp_to_alloc_flags,
 * __gfp_pfmemalloc_flags, should_reclaim_retry, should_compact_retry, __alloc_pages_may_oom.
 */
#include "mm/internal.h"

enum { WAITS_BEFORE_SKIPPING = 24, REPEAT_WAIT_TICKS = LA_HZ / 50, COMPACT_RETRIES = 16 };

enum verdict { GO_ON, GOT_PAGE, RETRY, NO_PAGE, HUNG };

/* One request in the slow path. */
struct slow {
    struct la_mm *mm;
    struct la_request *request;
    uint32_t pfn;         /* the result, once there is one */
    uint32_t rounds;      /* of the loop */
    uint32_t no_progress; /* fruitless reclaim rounds in a row */
    uint32_t compact_retries;
    bool full_compaction; /* priority was raised */
    enum la_compact_result compacted;
    uint32_t freed; /* by the last direct reclaim */
    uint32_t waits;
};

/* ---- texts ---- */

static void say(struct la_mm *mm, enum la_event_id id, const char *why)
{
    if (!mm->trace->on)
        return;
    uint64_t field = la_trace_text(mm->trace, why);

    la_trace_event(mm->trace, id, &field, 1);
}

static enum verdict give_up(struct slow *slow, const char *why)
{
    say(slow->mm, LA_EV_GIVE_UP, why);
    return NO_PAGE;
}

static enum verdict again(struct slow *slow, const char *why)
{
    if (slow->mm->trace->on) {
        uint64_t field = la_trace_text(slow->mm->trace, why);

        LA_TRACE(slow->mm->trace, RETRY, slow->rounds, field);
    }
    slow->mm->vm_event[LA_VM_RETRY]++;
    return RETRY;
}

/* ---- flags ---- */

static uint32_t gfp_to_alloc_flags(const struct la_mm *mm, const struct la_request *request)
{
    la_gfp_t gfp = request->gfp;
    const struct la_context *context = &mm->context[mm->cpu];
    uint32_t flags = LA_ALLOC_WMARK_MIN | LA_ALLOC_CPUSET | (gfp & (LA_GFP_HIGH | LA_GFP_KSWAPD_RECLAIM));

    if (!(gfp & LA_GFP_DIRECT_RECLAIM)) {
        if (!(gfp & LA_GFP_NOMEMALLOC)) {
            flags |= LA_ALLOC_NON_BLOCK;
            if (request->order > 0 && (flags & LA_ALLOC_MIN_RESERVE))
                flags |= LA_ALLOC_HIGHATOMIC;
        }
        if (flags & LA_ALLOC_MIN_RESERVE)
            flags &= ~(uint32_t)LA_ALLOC_CPUSET;
    } else if (context->realtime && !la_in_interrupt(context)) {
        flags |= LA_ALLOC_MIN_RESERVE;
    }
    return flags;
}

/* Those who are about to free memory may take the last page. */
static uint32_t pfmemalloc_flags(const struct la_mm *mm, la_gfp_t gfp, const char **why)
{
    const struct la_context *context = &mm->context[mm->cpu];
    bool memalloc = (context->task_flags & LA_PF_MEMALLOC) != 0;

    *why = NULL;
    if (gfp & LA_GFP_NOMEMALLOC)
        return 0;
    if (gfp & LA_GFP_MEMALLOC)
        *why = "__GFP_MEMALLOC is set";
    else if (memalloc && (!la_in_interrupt(context) || (context->preempt_count & LA_SOFTIRQ_MASK)))
        *why = "the task is freeing memory (PF_MEMALLOC)";
    if (*why)
        return LA_ALLOC_NO_WATERMARKS;
    return context->oom_victim && !la_in_interrupt(context) ? LA_ALLOC_OOM : 0;
}

static bool try_freelists(struct slow *slow)
{
    slow->pfn = la_get_page_from_freelist(slow->mm, slow->request);
    return slow->pfn != LA_NO_PFN;
}

/* One try with other flags; the request's own flags stay. */
static bool try_with(struct slow *slow, uint32_t flags)
{
    uint32_t saved = slow->request->alloc_flags;

    slow->request->alloc_flags = flags;
    bool got = try_freelists(slow);

    slow->request->alloc_flags = saved;
    return got;
}

/* ---- waiting ---- */

/* The tick at which something is known to happen, 0 = nothing is. */
static uint32_t next_event_tick(const struct la_mm *mm)
{
    uint32_t next = 0;

    for (uint32_t i = 0; i < mm->nr_delayed; i++)
        if (next == 0 || mm->delayed[i].at_tick < next)
            next = mm->delayed[i].at_tick;
    for (uint32_t i = 0; i < mm->nr_processes; i++) {
        uint32_t exit = mm->process[i].alive ? mm->process[i].exits_at_tick : 0;

        if (exit != 0 && (next == 0 || exit < next))
            next = exit;
    }
    return next;
}

static void report_hung(struct la_mm *mm)
{
    const struct la_context *context = la_mm_current(mm);
    struct la_buf text;

    la_buf_init(&text, la_arena_host(mm->arena));
    la_buf_printf(&text, "INFO: task %s:%u blocked for more than 120 seconds.", context->comm, (unsigned)context->pid);
    la_oops(mm, la_buf_str(&text),
            "The allocation waits for memory that nobody will ever free. The real kernel would wait on; the program "
            "cannot go on from here, but the machine can be looked at.");
    la_buf_free(&text);
    mm->hung = true;
}

/* Sleep some ticks; false when nothing can ever end the wait. */
static bool wait_ticks(struct slow *slow, uint32_t ticks)
{
    struct la_mm *mm = slow->mm;
    uint32_t next = next_event_tick(mm);

    if (slow->waits == 0)
        la_schedule_debug(mm);
    if (++slow->waits > WAITS_BEFORE_SKIPPING) {
        if (next == 0 || next <= mm->tick) {
            report_hung(mm);
            return false;
        }
        ticks = next - mm->tick;
        slow->waits = 0;
    }
    LA_TRACE(mm->trace, WAIT, ticks);
    la_mm_tick(mm, ticks);
    return true;
}

/* ---- one round, in order ---- */

static enum verdict compact_and_try(struct slow *slow)
{
    if (slow->request->order == 0)
        return GO_ON;
    slow->compacted = la_compact(slow->mm, slow->request);
    return slow->compacted == LA_COMPACT_SUCCESS && try_freelists(slow) ? GOT_PAGE : GO_ON;
}

/* S4: big blocks try compaction before reclaim. */
static enum verdict compact_first(struct slow *slow)
{
    const struct la_request *request = slow->request;
    bool costly = request->order > LA_COSTLY_ORDER;
    const char *why;

    if (!(request->gfp & LA_GFP_DIRECT_RECLAIM) || pfmemalloc_flags(slow->mm, request->gfp, &why) != 0 ||
        !(costly || (request->order > 0 && request->migratetype != LA_MT_MOVABLE)))
        return GO_ON;
    if (compact_and_try(slow) == GOT_PAGE)
        return GOT_PAGE;
    if (costly && (request->gfp & LA_GFP_NORETRY) && slow->compacted == LA_COMPACT_SKIPPED)
        return give_up(slow, "the block is large, __GFP_NORETRY is set and compaction has no room to work");
    return GO_ON;
}

/* S5, S6: the reserves it may use now, and whether it may sleep at all. */
static enum verdict try_reserves(struct slow *slow)
{
    struct la_mm *mm = slow->mm;
    struct la_request *request = slow->request;
    const char *why;

    if (request->alloc_flags & LA_ALLOC_KSWAPD)
        la_wake_all_kswapds(mm, request);
    uint32_t reserve = pfmemalloc_flags(mm, request->gfp, &why);

    if (reserve != 0)
        request->alloc_flags = reserve | (request->alloc_flags & LA_ALLOC_KSWAPD);
    if (why)
        say(mm, LA_EV_RESERVES, why);
    if (try_freelists(slow))
        return GOT_PAGE;
    if (!(request->gfp & LA_GFP_DIRECT_RECLAIM)) {
        say(mm, LA_EV_CANNOT_SLEEP, "no __GFP_DIRECT_RECLAIM");
        return NO_PAGE;
    }
    if (la_mm_current(mm)->task_flags & LA_PF_MEMALLOC)
        return give_up(slow, "a task that is freeing memory must not reclaim for itself");
    return GO_ON;
}

/* S7 */
static enum verdict reclaim_and_try(struct slow *slow)
{
    slow->freed = la_direct_reclaim(slow->mm, slow->request);
    if (slow->freed == 0)
        return GO_ON;
    if (try_freelists(slow))
        return GOT_PAGE;
    la_unreserve_highatomic(slow->mm, slow->request, false);
    la_drain_all_pages(slow->mm);
    return try_freelists(slow) ? GOT_PAGE : GO_ON;
}

/* S9 */
static enum verdict one_round_is_enough(struct slow *slow)
{
    la_gfp_t gfp = slow->request->gfp;

    if (gfp & LA_GFP_NORETRY)
        return give_up(slow, "__GFP_NORETRY allows one round of reclaim");
    bool may_compact = (gfp & LA_GFP_RETRY_MAYFAIL) && (gfp & LA_GFP_IO);

    if (slow->request->order > LA_COSTLY_ORDER && !may_compact && !(gfp & LA_GFP_REPEAT_26))
        return give_up(slow, "blocks larger than order 3 are not worth a second round");
    return GO_ON;
}

/* S10: would the min mark be met if everything reclaimable were free? */
static bool should_reclaim_retry(struct slow *slow)
{
    struct la_mm *mm = slow->mm;
    const struct la_request *request = slow->request;

    if (slow->freed != 0 && request->order <= LA_COSTLY_ORDER)
        slow->no_progress = 0;
    else
        slow->no_progress++;
    for (uint32_t i = 0; i < request->zonelist->nr && slow->no_progress <= LA_MAX_RECLAIM_RETRIES; i++) {
        const struct la_zone *zone = &mm->zone[request->zonelist->zone[i]];
        int64_t available = (int64_t)zone->nr_free + la_zone_reclaimable(mm, zone, request->gfp);

        if (zone->type <= request->highest && la_watermark_ok(zone, request->order, la_wmark_pages(zone, LA_WMARK_MIN),
                                                              request->highest, request->alloc_flags, available))
            return true;
    }
    return la_unreserve_highatomic(mm, request, true);
}

/* S11 */
static bool should_compact_retry(struct slow *slow)
{
    if (slow->request->order == 0 || slow->freed == 0)
        return false;
    if (slow->compacted == LA_COMPACT_SUCCESS && ++slow->compact_retries <= COMPACT_RETRIES)
        return true;
    if (slow->compacted == LA_COMPACT_SKIPPED || slow->full_compaction || slow->request->order > LA_COSTLY_ORDER)
        return false;
    slow->full_compaction = true;
    return true;
}

/* S12: why nobody is killed for this request, or NULL. */
static const char *oom_forbidden(const struct la_request *request)
{
    if (request->order > LA_COSTLY_ORDER)
        return "a block larger than order 3 is no reason to kill";
    if (request->gfp & LA_GFP_RETRY_MAYFAIL)
        return "__GFP_RETRY_MAYFAIL would rather fail";
    if (request->gfp & LA_GFP_THISNODE)
        return "__GFP_THISNODE: other nodes may have memory";
    if (request->highest < LA_ZONE_NORMAL)
        return "killing would hardly free DMA memory";
    return NULL;
}

static enum verdict may_oom(struct slow *slow)
{
    struct la_mm *mm = slow->mm;
    struct la_request *request = slow->request;
    const char *forbidden = oom_forbidden(request);

    if (try_with(slow, LA_ALLOC_WMARK_HIGH | LA_ALLOC_CPUSET))
        return GOT_PAGE;
    if (forbidden) {
        say(mm, LA_EV_OOM_NOT, forbidden);
        return GO_ON;
    }
    if (!(request->gfp & LA_GFP_FS))
        say(mm, LA_EV_OOM_NOT, "without __GFP_FS reclaim was half-hearted; it waits for others instead");
    else if (!la_out_of_memory(mm) && !(request->gfp & LA_GFP_NOFAIL) && next_event_tick(mm) == 0)
        return la_no_killable(mm) ? HUNG : GO_ON;
    if ((request->gfp & LA_GFP_NOFAIL) && try_with(slow, LA_ALLOC_NO_WATERMARKS))
        return GOT_PAGE;
    slow->no_progress = 0;
    return again(slow, "somebody is about to give memory back");
}

/* The end of the line: only those who must not fail go round again. */
static enum verdict nopage(struct slow *slow)
{
    struct la_mm *mm = slow->mm;
    la_gfp_t gfp = slow->request->gfp;

    if ((gfp & LA_GFP_NOFAIL) && !(gfp & LA_GFP_DIRECT_RECLAIM)) {
        if (la_warn_once(mm, LA_WARNED_NOFAIL_ATOMIC))
            la_warning(mm, "WARNING: __GFP_NOFAIL without __GFP_DIRECT_RECLAIM",
                       "A request that may not sleep cannot be promised anything: it fails.");
        return NO_PAGE;
    }
    if (gfp & LA_GFP_NOFAIL) {
        if (try_with(slow, LA_ALLOC_MIN_RESERVE))
            return GOT_PAGE;
        return again(slow, "__GFP_NOFAIL may not fail");
    }
    if ((gfp & LA_GFP_REPEAT_26) && (gfp & LA_GFP_DIRECT_RECLAIM) && !(gfp & LA_GFP_NORETRY))
        return again(slow, "__GFP_REPEAT repeats for ever (2.6)");
    return NO_PAGE;
}

static enum verdict one_round(struct slow *slow)
{
    static enum verdict (*const stage[])(struct slow *) = {try_reserves, reclaim_and_try, compact_and_try,
                                                           one_round_is_enough};
    enum verdict verdict = GO_ON;

    slow->rounds++;
    for (uint32_t i = 0; i < sizeof stage / sizeof *stage && verdict == GO_ON; i++)
        verdict = stage[i](slow);
    if (verdict == GO_ON && should_reclaim_retry(slow))
        return again(slow, "enough could still be reclaimed");
    if (verdict == GO_ON && should_compact_retry(slow))
        return again(slow, "compaction may still find room");
    if (verdict == GO_ON)
        verdict = may_oom(slow);
    if (verdict == GO_ON)
        verdict = give_up(slow, "nothing more can be reclaimed");
    return verdict == NO_PAGE ? nopage(slow) : verdict;
}

uint32_t la_alloc_pages_slowpath(struct la_mm *mm, struct la_request *request)
{
    struct slow slow = {.mm = mm, .request = request, .pfn = LA_NO_PFN};
    enum verdict verdict;

    LA_TRACE(mm->trace, SLOW_PATH, request->gfp, request->order);
    if ((request->gfp & LA_GFP_ATOMIC_BIT) && (request->gfp & LA_GFP_DIRECT_RECLAIM)) {
        if (la_warn_once(mm, LA_WARNED_ATOMIC_RECLAIM))
            la_warning(mm, "WARNING: __GFP_ATOMIC together with __GFP_DIRECT_RECLAIM",
                       "Who may sleep is not atomic: the ATOMIC bit is dropped.");
        request->gfp &= ~(la_gfp_t)LA_GFP_ATOMIC_BIT;
    }
    request->alloc_flags = gfp_to_alloc_flags(mm, request);
    if (request->alloc_flags & LA_ALLOC_KSWAPD)
        la_wake_all_kswapds(mm, request);
    if (try_freelists(&slow))
        return slow.pfn;
    verdict = compact_first(&slow);
    if (verdict == GO_ON)
        verdict = RETRY;
    while (verdict == RETRY) {
        verdict = one_round(&slow);
        if (verdict == RETRY && !wait_ticks(&slow, request->gfp & LA_GFP_REPEAT_26 ? REPEAT_WAIT_TICKS : 1))
            verdict = HUNG;
    }
    if (verdict == GOT_PAGE)
        return slow.pfn;
    if (verdict == NO_PAGE)
        la_warn_alloc(mm, request);
    return LA_NO_PFN;
}
