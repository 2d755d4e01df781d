/*
 * config.c: the `json machine` block: reading it, and refusing nonsense with a position and a hint.
 *
 *     json text --cJSON--> tree --table of keys--> struct la_machine_config
 *                             \-- unknown key, wrong type, out of range --> la_diag with line:column
 *
 * cJSON keeps no positions, so the place of a key is found again by scanning the text for the
 * key as a member name; that costs nothing unless something is wrong.
 *
 * Every key is a row of setting.def.  Wrong values leave the default in place, so that one pass reports
 * everything.
 */
#include "machine/config.h"

#include "base/cjson.h"

#include <string.h>

enum { MAX_PAGES = 1 << 22 /* 16 GiB */, MIN_PAGES = 4 };

struct reader {
    struct la_machine_config *config;
    struct la_diags *diags;
    const char *json;
    size_t len;
    uint32_t first_line;
    bool ok;
};

/* ---- places ---- */

/* Line and column of @offset in the block. */
static struct la_span span_at(const struct reader *reader, size_t offset, size_t len)
{
    struct la_span span = {reader->first_line, 1, 0, 0};

    for (size_t i = 0; i < offset && i < reader->len; i++) {
        span.column++;
        if (reader->json[i] == '\n') {
            span.line++;
            span.column = 1;
        }
    }
    span.end_line = span.line;
    span.end_column = span.column + (uint32_t)len;
    return span;
}

/* Where "key" stands as a member name; the start of the block when it cannot be found. */
static struct la_span span_of(const struct reader *reader, const char *key)
{
    size_t len = strlen(key);

    for (size_t i = 0; i + len + 2 <= reader->len; i++) {
        size_t after = i + len + 2;

        if (reader->json[i] != '"' || memcmp(reader->json + i + 1, key, len) != 0 || reader->json[i + len + 1] != '"')
            continue;
        while (after < reader->len && strchr(" \t\r\n", reader->json[after]))
            after++;
        if (after < reader->len && reader->json[after] == ':')
            return span_at(reader, i, len + 2);
    }
    return span_at(reader, 0, 1);
}

static void complain(struct reader *reader, const char *key, const char *hint, const char *message)
{
    const struct la_span nowhere = {0, 0, 0, 0};
    bool kept = reader->diags->nr < LA_DIAG_MAX; /* a full list only counts: no need to look for the place */

    reader->ok = false;
    la_diags_addf(reader->diags, LA_SEVERE, LA_E_BAD_SETTING, kept ? span_of(reader, key) : nowhere, hint, "`%.60s`: %s",
                  key, message);
}

/* ---- values ---- */

bool la_parse_size(const char *text, uint64_t *bytes)
{
    uint64_t value = 0;
    uint32_t shift = 0;
    const char *p = text;

    for (; *p >= '0' && *p <= '9'; p++) {
        if (value > (UINT64_C(1) << 62) / 10)
            return false;
        value = value * 10 + (uint64_t)(*p - '0');
    }
    if (p == text)
        return false;
    switch (*p) {
    case 'K':
    case 'k':
        shift = 10;
        p++;
        break;
    case 'M':
    case 'm':
        shift = 20;
        p++;
        break;
    case 'G':
    case 'g':
        shift = 30;
        p++;
        break;
    default:
        break;
    }
    if (*p != '\0' || value > UINT64_C(1) << (62 - shift))
        return false;
    *bytes = value << shift;
    return true;
}

static bool read_bytes(const cJSON *item, uint64_t *bytes)
{
    const char *text = la_cjson_string(item);

    return text ? la_parse_size(text, bytes) : la_cjson_uint(item, UINT64_C(1) << 53, bytes);
}

/* A size that must be whole pages within @min..@max pages. */
static void read_pages(struct reader *reader, const char *key, const cJSON *item, uint32_t min, uint32_t max,
                       uint32_t *pages)
{
    uint64_t bytes;

    if (!read_bytes(item, &bytes))
        complain(reader, key, "write it as text with K, M or G: \"64M\", \"256K\", \"1G\"", "this is not a size");
    else if (bytes % LA_PAGE_SIZE != 0)
        complain(reader, key, "memory comes in pages of 4096 bytes (\"4K\")", "this is not a whole number of pages");
    else if (bytes / LA_PAGE_SIZE < min)
        complain(reader, key, "give the machine at least \"16K\"", "this is too little memory for a machine");
    else if (bytes / LA_PAGE_SIZE > max)
        complain(reader, key, "at most \"16G\" can be simulated", "this is more memory than can be simulated");
    else
        *pages = (uint32_t)(bytes / LA_PAGE_SIZE);
}

static void read_number(struct reader *reader, const char *key, const cJSON *item, uint32_t min, uint32_t max,
                        uint32_t *out)
{
    uint64_t value;
    char message[64];

    if (la_cjson_uint(item, max, &value) && value >= min) {
        *out = (uint32_t)value;
        return;
    }
    struct la_buf text;

    la_buf_init(&text, reader->diags->host);
    la_buf_printf(&text, "a whole number from %u to %u is wanted", (unsigned)min, (unsigned)max);
    size_t n = text.len < sizeof message ? text.len : sizeof message - 1;

    memcpy(message, la_buf_str(&text), n);
    message[n] = '\0';
    la_buf_free(&text);
    complain(reader, key, NULL, message);
}

static void read_bool(struct reader *reader, const char *key, const cJSON *item, bool *out)
{
    if (cJSON_IsBool(item))
        *out = cJSON_IsTrue(item) != 0;
    else
        complain(reader, key, "write true or false, without quotes", "true or false is wanted");
}

/* ---- the keys ---- */

static void read_profile(struct reader *reader, const cJSON *item)
{
    (void)reader; /* taken first, before all other keys */
    (void)item;
}

static void read_memory(struct reader *r, const cJSON *item)
{
    read_pages(r, "memory", item, MIN_PAGES, MAX_PAGES, &r->config->pages);
}

static void read_cpus(struct reader *r, const cJSON *item)
{
    read_number(r, "cpus", item, 1, LA_MAX_CPUS, &r->config->cpus);
}

static void read_nodes(struct reader *r, const cJSON *item)
{
    read_number(r, "nodes", item, 1, LA_MAX_NODES, &r->config->nodes);
}

static void read_zones(struct reader *r, const cJSON *item)
{
    static const char *const names[] = {"DMA", "DMA32", "NORMAL", "HIGHMEM", "MOVABLE"};
    const cJSON *zone;

    if (!cJSON_IsObject(item)) {
        complain(r, "zones", "{\"DMA\": \"16M\", \"NORMAL\": \"48M\"}", "an object of zone names and sizes is wanted");
        return;
    }
    cJSON_ArrayForEach(zone, item)
    {
        uint32_t type = 0;

        while (type < 5 && strcmp(names[type], zone->string) != 0)
            type++;
        if (type == 5) {
            const char *meant = la_did_you_mean(zone->string, names, 5);

            complain(r, zone->string, meant ? meant : "zones are DMA, DMA32, NORMAL, HIGHMEM and MOVABLE",
                     "there is no zone of this name");
            continue;
        }
        read_pages(r, zone->string, zone, 0, MAX_PAGES, &r->config->zone_pages[type]);
    }
}

static void read_reserved(struct reader *r, const cJSON *item)
{
    read_pages(r, "reserved", item, 0, MAX_PAGES, &r->config->reserved_pages);
}

static void read_min_free(struct reader *r, const cJSON *item)
{
    read_number(r, "min_free_kbytes", item, 0, 1u << 22, &r->config->min_free_kbytes);
}

static void read_boost(struct reader *r, const cJSON *item)
{
    read_number(r, "watermark_boost_factor", item, 0, 1000000, &r->config->watermark_boost_factor);
}

static void read_scale(struct reader *r, const cJSON *item)
{
    read_number(r, "watermark_scale_factor", item, 1, 3000, &r->config->watermark_scale_factor);
}

static void read_block_order(struct reader *r, const cJSON *item)
{
    read_number(r, "pageblock_order", item, 1, LA_MAX_ORDER - 1, &r->config->pageblock_order);
}

static void read_boot(struct reader *r, const cJSON *item)
{
    read_bool(r, "boot", item, &r->config->boot);
}

static void read_thp(struct reader *r, const cJSON *item)
{
    read_bool(r, "thp", item, &r->config->thp);
}

static void read_pcp(struct reader *r, const cJSON *item)
{
    read_bool(r, "pcp", item, &r->config->pcp);
}

static void read_pae(struct reader *r, const cJSON *item)
{
    read_bool(r, "pae", item, &r->config->pae);
}

static void read_page_cache(struct reader *r, const cJSON *item)
{
    const cJSON *clean = cJSON_IsObject(item) ? la_cjson_get(item, "clean") : item;
    const cJSON *dirty = cJSON_IsObject(item) ? la_cjson_get(item, "dirty") : NULL;
    const cJSON *part;

    if (clean)
        read_pages(r, cJSON_IsObject(item) ? "clean" : "page_cache", clean, 0, MAX_PAGES,
                   &r->config->cache_clean_pages);
    if (dirty)
        read_pages(r, "dirty", dirty, 0, MAX_PAGES, &r->config->cache_dirty_pages);
    if (cJSON_IsObject(item))
        cJSON_ArrayForEach(part, item) if (strcmp(part->string, "clean") != 0 && strcmp(part->string, "dirty") != 0)
            complain(r, part->string, "the page cache has `clean` and `dirty` pages", "there is no such part");
}

static void copy_name(struct reader *r, const char *list, const cJSON *item, char *name)
{
    const char *text = la_cjson_string(la_cjson_get(item, "name"));
    size_t len = text ? strlen(text) : 0;

    if (len == 0)
        complain(r, list, "each entry needs a \"name\"", "an entry has no name");
    if (len >= LA_CONFIG_NAME)
        len = LA_CONFIG_NAME - 1; /* as the kernel cuts task names */
    memcpy(name, text ? text : "", len);
    name[len] = '\0';
}

static void check_members(struct reader *r, const cJSON *object, const char *const *names, uint32_t nr)
{
    const cJSON *member;

    cJSON_ArrayForEach(member, object)
    {
        uint32_t i = 0;

        while (i < nr && strcmp(names[i], member->string) != 0)
            i++;
        if (i == nr)
            complain(r, member->string, la_did_you_mean(member->string, names, nr), "this setting is not known");
    }
}

static void read_process(struct reader *r, const cJSON *item)
{
    static const char *const names[] = {"name", "pages", "exits_at_tick", "oom_score_adj"};
    struct la_process_config *process = &r->config->process[r->config->nr_processes];
    const cJSON *adj = la_cjson_get(item, "oom_score_adj"), *exits = la_cjson_get(item, "exits_at_tick");

    if (r->config->nr_processes == LA_CONFIG_PROCESSES || !cJSON_IsObject(item)) {
        complain(r, "processes", "[{\"name\": \"mysqld\", \"pages\": 300}], at most 32",
                 "this is not a list of processes");
        return;
    }
    memset(process, 0, sizeof *process);
    check_members(r, item, names, 4);
    copy_name(r, "processes", item, process->name);
    read_number(r, "pages", la_cjson_get(item, "pages"), 0, MAX_PAGES, &process->pages);
    if (exits)
        read_number(r, "exits_at_tick", exits, 1, UINT32_MAX / 2, &process->exits_at_tick);
    if (adj && (!cJSON_IsNumber(adj) || adj->valuedouble < -1000 || adj->valuedouble > 1000))
        complain(r, "oom_score_adj", NULL, "a number from -1000 (never killed) to 1000 is wanted");
    else if (adj)
        process->oom_score_adj = adj->valueint;
    r->config->nr_processes++;
}

static void read_processes(struct reader *r, const cJSON *list)
{
    const cJSON *item;

    if (!cJSON_IsArray(list))
        complain(r, "processes", "[{\"name\": \"mysqld\", \"pages\": 300}]", "a list is wanted");
    cJSON_ArrayForEach(item, list) read_process(r, item);
}

static void read_device(struct reader *r, const cJSON *item)
{
    static const char *const names[] = {"name", "bar", "size"};
    struct la_device_config *device = &r->config->device[r->config->nr_devices];
    const char *bar = la_cjson_string(la_cjson_get(item, "bar"));
    uint64_t bytes = 0, address = 0;
    bool hex = bar && bar[0] == '0' && (bar[1] == 'x' || bar[1] == 'X') && bar[2] != '\0' && strlen(bar) <= 14;

    if (r->config->nr_devices == LA_CONFIG_DEVICES || !cJSON_IsObject(item)) {
        complain(r, "devices", "[{\"name\": \"nic\", \"bar\": \"0xfeb00000\", \"size\": \"64K\"}], at most 8",
                 "this is not a list of devices");
        return;
    }
    memset(device, 0, sizeof *device);
    check_members(r, item, names, 3);
    copy_name(r, "devices", item, device->name);
    for (const char *p = hex ? bar + 2 : ""; *p; p++) {
        const char *digits = "0123456789abcdef", *digit = strchr(digits, *p >= 'A' && *p <= 'F' ? *p + 32 : *p);

        hex = hex && digit != NULL;
        address = address << 4 | (digit ? (uint64_t)(digit - digits) : 0);
    }
    if (!hex || address % LA_PAGE_SIZE != 0)
        complain(r, "bar", "a physical address as text, page aligned: \"0xfeb00000\"", "this is not an address");
    if (!read_bytes(la_cjson_get(item, "size"), &bytes) || bytes == 0 || bytes > UINT64_C(1) << 30)
        complain(r, "size", "\"64K\"", "a size of at most 1G is wanted");
    device->bar = address;
    device->bytes = (uint32_t)bytes;
    r->config->nr_devices++;
}

static void read_devices(struct reader *r, const cJSON *list)
{
    const cJSON *item;

    if (!cJSON_IsArray(list))
        complain(r, "devices", "[{\"name\": \"nic\", \"bar\": \"0xfeb00000\", \"size\": \"64K\"}]", "a list is wanted");
    cJSON_ArrayForEach(item, list) read_device(r, item);
}

static void read_cache_line(struct reader *r, const cJSON *item)
{
    uint32_t bytes = r->config->cache_line;

    read_number(r, "cache_line", item, 16, 256, &bytes);
    if ((bytes & (bytes - 1)) != 0)
        complain(r, "cache_line", "64 is usual; 32 and 128 exist", "a power of two is wanted");
    else
        r->config->cache_line = bytes;
}

static void read_freelist_random(struct reader *r, const cJSON *item)
{
    read_bool(r, "freelist_random", item, &r->config->freelist_random);
}

static void read_slub_nomerge(struct reader *r, const cJSON *item)
{
    read_bool(r, "slub_nomerge", item, &r->config->slub_nomerge);
}

static void read_slab(struct reader *r, const cJSON *item)
{
    const char *name = la_cjson_string(item);

    if (name && (strcmp(name, "slub") == 0 || strcmp(name, "slab-2.6") == 0))
        r->config->slab_2_6 = strcmp(name, "slab-2.6") == 0;
    else
        complain(r, "slab", "\"slub\" is today's, \"slab-2.6\" that of Linux 2.6", "there is no such allocator of objects");
}

static void read_fail_member(struct reader *r, const cJSON *item)
{
    static const char *const names[] = {"slab", "page", "interval", "times", "min_order", "ignore_gfp_wait", "ignore_gfp_highmem"};
    struct la_fail_config *fail = &r->config->fail;
    uint32_t *numbers[] = {&fail->slab, &fail->page, &fail->interval, &fail->times, &fail->min_order};
    static const uint32_t most[] = {100, 100, 1u << 30, 1u << 30, LA_MAX_ORDER - 1};
    uint32_t i = 0;

    while (i < 7 && strcmp(names[i], item->string) != 0)
        i++;
    if (i < 5)
        read_number(r, names[i], item, i == 2 ? 1 : 0, most[i], numbers[i]);
    else if (i < 7)
        read_bool(r, names[i], item, i == 5 ? &fail->ignore_gfp_wait : &fail->ignore_gfp_highmem);
    else
        complain(r, item->string, la_did_you_mean(item->string, names, 7), "this setting is not known");
}

static void read_fail(struct reader *r, const cJSON *item)
{
    const cJSON *member;

    if (!cJSON_IsObject(item))
        complain(r, "fail", "{\"slab\": 10, \"page\": 5}: percent of the allocations that fail", "an object is wanted");
    cJSON_ArrayForEach(member, item) if (member->string) read_fail_member(r, member);
}

static void read_seed(struct reader *r, const cJSON *item)
{
    if (!la_cjson_uint(item, UINT64_C(1) << 53, &r->config->seed))
        complain(r, "seed", NULL, "a whole number from 0 to 2^53 is wanted");
}

static void (*const readers[])(struct reader *reader, const cJSON *item) = {
#define LA_SETTING(name, reader, example, help) read_##reader,
#include "machine/setting.def"
#undef LA_SETTING
};

static const struct la_setting settings[] = {
#define LA_SETTING(name, reader, example, help) {#name, example, help},
#include "machine/setting.def"
#undef LA_SETTING
};

enum { NR_SETTINGS = sizeof settings / sizeof *settings };

const struct la_setting *la_machine_settings(uint32_t *nr)
{
    *nr = NR_SETTINGS;
    return settings;
}

/* ---- the whole block ---- */

const char *la_profile_name(enum la_profile profile)
{
    static const char *const names[] = {"i386", "x86_64", "numa", "slide"};

    return names[profile];
}

void la_machine_config_default(struct la_machine_config *config, enum la_profile profile)
{
    memset(config, 0, sizeof *config);
    config->profile = profile;
    config->pages = LA_CONFIG_DEFAULT;
    config->cpus = profile == LA_PROFILE_NUMA ? 2 : 1;
    config->nodes = profile == LA_PROFILE_NUMA ? 2 : 1;
    for (uint32_t type = 0; type < LA_NR_ZONE_TYPES; type++)
        config->zone_pages[type] = LA_CONFIG_DEFAULT;
    config->reserved_pages = LA_CONFIG_DEFAULT;
    config->min_free_kbytes = LA_CONFIG_DEFAULT;
    config->pageblock_order = LA_CONFIG_DEFAULT;
    config->watermark_boost_factor = 15000;
    config->watermark_scale_factor = 10;
    config->pcp = profile != LA_PROFILE_SLIDE;
    config->cache_line = 64;
    config->seed = 1;
    config->fail = (struct la_fail_config){.interval = 1,
                                           .times = LA_CONFIG_DEFAULT,
                                           .min_order = 1,
                                           .ignore_gfp_wait = true,
                                           .ignore_gfp_highmem = true};
}

static enum la_profile find_profile(struct reader *reader, const cJSON *tree)
{
    static const char *const names[] = {"i386", "x86_64", "numa", "slide"};
    const cJSON *item = la_cjson_get(tree, "profile");
    const char *name = la_cjson_string(item);

    for (uint32_t p = 0; name && p < LA_NR_PROFILES; p++)
        if (strcmp(name, names[p]) == 0)
            return (enum la_profile)p;
    if (item) {
        const char *meant = name ? la_did_you_mean(name, names, LA_NR_PROFILES) : NULL;

        complain(reader, "profile", meant ? meant : "profiles are \"i386\", \"x86_64\", \"numa\" and \"slide\"",
                 "there is no such profile");
    }
    return LA_PROFILE_I386;
}

static void read_key(struct reader *reader, const cJSON *item)
{
    const char *names[NR_SETTINGS];

    for (uint32_t k = 0; k < NR_SETTINGS; k++) {
        names[k] = settings[k].name;
        if (strcmp(names[k], item->string) == 0) {
            readers[k](reader, item);
            return;
        }
    }
    const char *meant = la_did_you_mean(item->string, names, NR_SETTINGS);
    struct la_buf hint;

    la_buf_init(&hint, reader->diags->host);
    la_buf_printf(&hint, meant ? "did you mean `%s`?" : "%s", meant ? meant : "`lookaside list settings` shows them all");
    complain(reader, item->string, la_buf_str(&hint), "this setting is not known");
    la_buf_free(&hint);
}

static bool is_blank(const char *json, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!strchr(" \t\r\n", json[i]))
            return false;
    return true;
}

bool la_machine_config_parse(struct la_machine_config *config, const char *json, size_t len, uint32_t first_line,
                             struct la_diags *diags)
{
    struct reader reader = {config, diags, json, len, first_line, true};
    size_t error_at = 0;
    const cJSON *item;

    la_machine_config_default(config, LA_PROFILE_I386);
    if (is_blank(json, len))
        return true;
    cJSON *tree = la_cjson_parse(json, len, &error_at);

    if (!tree || !cJSON_IsObject(tree)) {
        la_diags_add(diags, LA_SEVERE, LA_E_BAD_JSON, span_at(&reader, tree ? 0 : error_at, 1),
                     tree ? "a machine is described by a JSON object" : "this is not JSON",
                     "{\"profile\": \"i386\", \"memory\": \"64M\"}");
        cJSON_Delete(tree);
        return false;
    }
    la_machine_config_default(config, find_profile(&reader, tree));
    cJSON_ArrayForEach(item, tree) read_key(&reader, item);
    cJSON_Delete(tree);
    if (reader.ok) {
        const char *key, *hint, *message = la_machine_config_resolve(config, &key, &hint);

        if (message)
            complain(&reader, key, hint, message);
    }
    return reader.ok;
}
