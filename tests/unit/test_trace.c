/* test_trace.c: the event table, the recorder with its bounds, sentences, JSON, change notes, hash. */
#include "cmocka_all.h"

#include "base/cjson.h"
#include "check_host.h"
#include "trace/trace.h"

#include <strings.h>

struct desk {
    struct check_host check;
    struct la_trace *trace;
    struct la_buf buf;
};

static void desk_open(struct desk *d)
{
    check_host_init(&d->check);
    d->trace = la_trace_new(&d->check.host);
    assert_non_null(d->trace);
    la_buf_init(&d->buf, &d->check.host);
}

static void desk_close(struct desk *d)
{
    la_buf_free(&d->buf);
    la_trace_free(d->trace);
    assert_true(check_host_clean(&d->check));
}

/* ---- the table ---- */

static bool has_field(const struct la_event_desc *desc, const char *name, size_t len)
{
    for (uint32_t i = 0; i < desc->nr_fields; i++)
        if (strlen(desc->field[i].name) == len && memcmp(desc->field[i].name, name, len) == 0)
            return true;
    return false;
}

/* Every {word} of a sentence is a field of its row; every row has a sentence that ends like one. */
static void table_sentences_name_their_fields_check(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < LA_EV_NR; i++) {
        const struct la_event_desc *desc = la_event_desc((enum la_event_id)i);

        assert_non_null(desc->name);
        assert_true(desc->nr_fields <= LA_EVENT_FIELDS_MAX);
        for (const char *p = desc->sentence; (p = strchr(p, '{')); p++) {
            const char *close = strchr(p, '}');

            if (!close || !has_field(desc, p + 1, (size_t)(close - p) - 1))
                fail_msg("%s: {%.20s is no field", desc->name, p + 1);
        }
        assert_true(strlen(desc->sentence) > 0);
    }
}

/* JSON members must not collide with the three that every event has, nor with each other. */
static void table_fields_are_distinct_check(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < LA_EV_NR; i++) {
        const struct la_event_desc *desc = la_event_desc((enum la_event_id)i);

        for (uint32_t f = 0; f < desc->nr_fields; f++) {
            const char *name = desc->field[f].name;

            assert_string_not_equal(name, "e");
            assert_string_not_equal(name, "severity");
            assert_string_not_equal(name, "say");
            for (uint32_t g = 0; g < f; g++)
                assert_string_not_equal(name, desc->field[g].name);
            assert_true(strlen(la_field_type_name(desc->field[f].type)) > 1);
        }
        for (uint32_t j = 0; j < i; j++)
            assert_string_not_equal(desc->name, la_event_desc((enum la_event_id)j)->name);
    }
}

/* The table writes names in upper case (they are C names), JSON in lower case. */
static void json_names_are_lower_case_check(void **state)
{
    struct desk d;

    (void)state;
    desk_open(&d);
    for (uint32_t i = 0; i < LA_EV_NR; i++) {
        const struct la_event_desc *desc = la_event_desc((enum la_event_id)i);
        const struct la_event event = {.id = (uint16_t)i};
        struct la_json w;
        size_t at;

        la_buf_clear(&d.buf);
        la_json_init(&w, &d.buf);
        la_event_json(d.trace, &event, &w);
        cJSON *tree = la_cjson_parse(la_buf_str(&d.buf), d.buf.len, &at);

        assert_non_null(tree);
        const char *e = la_cjson_string(la_cjson_get(tree, "e"));

        assert_int_equal(strspn(e, "abcdefghijklmnopqrstuvwxyz_"), strlen(desc->name));
        assert_int_equal(strcasecmp(e, desc->name), 0);
        assert_string_equal(la_cjson_string(la_cjson_get(tree, "severity")), la_event_severity_name(desc->severity));
        assert_int_equal(cJSON_GetArraySize(tree), (int)desc->nr_fields + 3);
        cJSON_Delete(tree);
    }
    desk_close(&d);
}

/* ---- recording ---- */

static void event_sentence_and_json_check(void **state)
{
    struct desk d;
    struct la_json w;

    (void)state;
    desk_open(&d);
    LA_TRACE(d.trace, SPLIT, 1, 0x20, 3, 2);
    assert_int_equal(d.trace->nr_events, 1);
    la_event_sentence(d.trace, &d.trace->event[0], &d.buf);
    assert_string_equal(la_buf_str(&d.buf), "Split to order 3: the upper half 0x20 goes to the head of its list.");
    la_buf_clear(&d.buf);
    la_json_init(&w, &d.buf);
    la_event_json(d.trace, &d.trace->event[0], &w);
    assert_string_equal(la_buf_str(&d.buf),
                        "{\"e\":\"split\",\"severity\":\"act\",\"zone\":1,\"pfn\":32,\"order\":3,\"mt\":\"2\",\"say\":\"Split to order 3: the "
                        "upper half 0x20 goes to the head of its list.\"}");
    desk_close(&d);
}

static void name_it(void *ctx, enum la_field_type type, uint64_t value, struct la_buf *out)
{
    (void)ctx;
    la_buf_printf(out, "%s<%llu>", la_field_type_name(type), (unsigned long long)value);
}

/* Zones, flags, types and marks are named by the machine; counts below zero are shown as such. */
static void event_names_come_from_the_machine_check(void **state)
{
    struct desk d;
    struct la_json w;

    (void)state;
    desk_open(&d);
    d.trace->names.text = name_it;
    LA_TRACE(d.trace, WMARK_PASS, 1, 2, 100, (uint64_t)-5, 0, 0);
    la_event_sentence(d.trace, &d.trace->event[0], &d.buf);
    assert_string_equal(la_buf_str(&d.buf), "zone<1> passes at wmark<2>: 100 pages are free, and it takes more than -5.");
    la_buf_clear(&d.buf);
    LA_TRACE(d.trace, ALLOC_REQUEST, 0xCC0, 2, 1, 0);
    la_json_init(&w, &d.buf);
    la_event_json(d.trace, &d.trace->event[1], &w);
    assert_non_null(strstr(la_buf_str(&d.buf), "\"gfp\":\"0xcc0\",\"order\":2,\"zone\":1,\"mt\":\"mt<0>\""));
    desk_close(&d);
}

static void event_text_is_kept_check(void **state)
{
    struct desk d;
    char text[] = "with {pfn} and \"quotes\"";
    struct la_json w;

    (void)state;
    desk_open(&d);
    uint64_t at = la_trace_text(d.trace, text);

    LA_TRACE(d.trace, PRINTK, at);
    memset(text, 'x', sizeof text - 1); /* it was copied */
    assert_string_equal(la_event_str(d.trace, &d.trace->event[0], 0), "with {pfn} and \"quotes\"");
    la_event_sentence(d.trace, &d.trace->event[0], &d.buf);
    assert_string_equal(la_buf_str(&d.buf), "with {pfn} and \"quotes\"");
    la_buf_clear(&d.buf);
    la_json_init(&w, &d.buf);
    la_event_json(d.trace, &d.trace->event[0], &w);
    assert_non_null(strstr(la_buf_str(&d.buf), "\"text\":\"with {pfn} and \\\"quotes\\\"\""));
    desk_close(&d);
}

static void events_off_record_nothing_check(void **state)
{
    struct desk d;

    (void)state;
    desk_open(&d);
    uint64_t hash = d.trace->hash;

    d.trace->on = false;
    LA_TRACE(d.trace, SPLIT, 1, 0x20, 3, 2);
    assert_int_equal(d.trace->nr_events, 0);
    assert_int_equal(d.trace->hash, hash);
    desk_close(&d);
}

static void events_beyond_the_bound_are_counted_check(void **state)
{
    struct desk d;

    (void)state;
    desk_open(&d);
    for (uint32_t i = 0; i < LA_TRACE_MANY; i++)
        LA_TRACE(d.trace, SPLIT, 0, i, 0, 0);
    assert_int_equal(d.trace->lost, 0);
    uint64_t hash = d.trace->hash;

    for (uint32_t i = 0; i < LA_TRACE_EVENTS_MAX; i++)
        LA_TRACE(d.trace, SPLIT, 0, 1, 0, 0);
    assert_int_equal(d.trace->nr_events, LA_TRACE_MANY);
    assert_int_equal(d.trace->lost, LA_TRACE_EVENTS_MAX);
    /* what comes behind a thousand of another kind is not crowded out, up to its own bound */
    LA_TRACE(d.trace, OOPS, la_trace_text(d.trace, "a"), la_trace_text(d.trace, "b"));
    for (uint32_t i = 0; i < LA_TRACE_SAME_MAX + 5; i++)
        LA_TRACE(d.trace, MERGE, 0, i, 0, 0);
    assert_int_equal(d.trace->event[LA_TRACE_MANY].id, LA_EV_OOPS);
    assert_int_equal(d.trace->nr_events, LA_TRACE_MANY + 1 + LA_TRACE_SAME_MAX);
    assert_int_equal(d.trace->lost, LA_TRACE_EVENTS_MAX + 5);
    assert_int_equal(d.trace->nr_oops, 1);
    assert_int_not_equal(d.trace->hash, hash); /* lost ones count for the hash */
    la_trace_begin(d.trace);
    assert_int_equal(d.trace->nr_events + d.trace->lost + d.trace->nr_oops, 0);
    desk_close(&d);
}

static void texts_beyond_the_bound_are_empty_check(void **state)
{
    struct desk d;
    static char large[LA_TRACE_TEXT_MAX];

    (void)state;
    desk_open(&d);
    memset(large, 'x', sizeof large - 1);
    LA_TRACE(d.trace, PRINTK, la_trace_text(d.trace, large));
    LA_TRACE(d.trace, PRINTK, la_trace_text(d.trace, "y"));
    assert_int_equal(strlen(la_event_str(d.trace, &d.trace->event[0], 0)), LA_TRACE_TEXT_MAX - 1);
    assert_string_equal(la_event_str(d.trace, &d.trace->event[1], 0), "");
    la_trace_begin(d.trace);
    LA_TRACE(d.trace, PRINTK, la_trace_text(d.trace, "z"));
    assert_string_equal(la_event_str(d.trace, &d.trace->event[0], 0), "z");
    desk_close(&d);
}

/* ---- the rolling hash ---- */

static void hash_covers_everything_that_happens_check(void **state)
{
    struct desk a, b;

    (void)state;
    desk_open(&a);
    desk_open(&b);
    LA_TRACE(a.trace, SPLIT, 1, 2, 3, 4);
    LA_TRACE(b.trace, SPLIT, 1, 2, 3, 4);
    la_trace_begin(b.trace); /* forgetting events does not forget that they were */
    assert_int_equal(a.trace->hash, b.trace->hash);
    LA_TRACE(a.trace, SPLIT, 1, 2, 3, 4);
    LA_TRACE(b.trace, SPLIT, 1, 2, 3, 5);
    assert_int_not_equal(a.trace->hash, b.trace->hash);
    a.trace->hash = b.trace->hash = LA_HASH_START;
    la_trace_note_result(a.trace, 0);
    assert_int_not_equal(a.trace->hash, b.trace->hash);
    b.trace->hash = a.trace->hash;
    LA_TRACE(a.trace, PRINTK, la_trace_text(a.trace, "one"));
    LA_TRACE(b.trace, PRINTK, la_trace_text(b.trace, "two"));
    assert_int_not_equal(a.trace->hash, b.trace->hash);
    desk_close(&a);
    desk_close(&b);
}

/* ---- change notes ---- */

static void notes_join_neighbours_check(void **state)
{
    struct desk d;

    (void)state;
    desk_open(&d);
    la_trace_note_frames(d.trace, 10, 2);
    la_trace_note_frames(d.trace, 12, 4); /* follows at once */
    la_trace_note_frames(d.trace, 11, 1); /* within */
    la_trace_note_frames(d.trace, 10, 6); /* the same */
    assert_int_equal(d.trace->nr_notes, 1);
    assert_int_equal(d.trace->note[0].pfn, 10);
    assert_int_equal(d.trace->note[0].nr, 6);
    la_trace_note_frames(d.trace, 17, 1);
    la_trace_note_frames(d.trace, 15, 3); /* overlaps: kept apart, but nothing is lost */
    assert_int_equal(d.trace->nr_notes, 3);
    la_trace_begin(d.trace);
    assert_int_equal(d.trace->nr_notes, 3); /* a new statement does not forget them */
    la_trace_notes_clear(d.trace);
    assert_int_equal(d.trace->nr_notes, 0);
    desk_close(&d);
}

static void notes_beyond_the_bound_mean_everything_check(void **state)
{
    struct desk d;

    (void)state;
    desk_open(&d);
    for (uint32_t i = 0; i <= LA_TRACE_NOTES_MAX; i++) {
        assert_false(d.trace->all_frames_changed);
        la_trace_note_frames(d.trace, i * 2, 1);
    }
    assert_true(d.trace->all_frames_changed);
    la_trace_notes_clear(d.trace);
    assert_false(d.trace->all_frames_changed);
    la_trace_note_frames(d.trace, 5, 1);
    assert_int_equal(d.trace->nr_notes, 1);
    desk_close(&d);
}

/* ---- memory runs out ---- */

static void every_allocation_can_fail_check(void **state)
{
    bool good = false;

    (void)state;
    for (uint64_t n = 1; !good; n++) {
        struct check_host check;

        check_host_init(&check);
        check.fail_at = n;
        struct la_trace *trace = la_trace_new(&check.host);
        struct la_buf buf;
        struct la_json w;

        la_buf_init(&buf, &check.host);
        la_json_init(&w, &buf);
        if (trace) {
            LA_TRACE(trace, PRINTK, la_trace_text(trace, "text"));
            la_event_json(trace, &trace->event[0], &w);
            good = check.nr_allocations < n;
        }
        la_buf_free(&buf);
        la_trace_free(trace);
        assert_true(check_host_clean(&check));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_sentences_name_their_fields_check),
        cmocka_unit_test(table_fields_are_distinct_check),
        cmocka_unit_test(json_names_are_lower_case_check),
        cmocka_unit_test(event_sentence_and_json_check),
        cmocka_unit_test(event_names_come_from_the_machine_check),
        cmocka_unit_test(event_text_is_kept_check),
        cmocka_unit_test(events_off_record_nothing_check),
        cmocka_unit_test(events_beyond_the_bound_are_counted_check),
        cmocka_unit_test(texts_beyond_the_bound_are_empty_check),
        cmocka_unit_test(hash_covers_everything_that_happens_check),
        cmocka_unit_test(notes_join_neighbours_check),
        cmocka_unit_test(notes_beyond_the_bound_mean_everything_check),
        cmocka_unit_test(every_allocation_can_fail_check),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
