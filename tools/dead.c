/* `standpipe dead`: the dead letters, grouped by stage and reason, each group with a sample. */
#include <inttypes.h>
#include <stdio.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/data/json.h"
#include "common/data/keys.h"
#include "common/io/redis.h"
#include "tools/commands.h"
#include "tools/show.h"

enum {
    GROUPS_MAX = 256,
    PAGE = 50, /* a letter holds up to a megabyte */
    SAMPLE_MAX = 100,
    OUT_MAX = 1 << 20,
};

struct dead_settings {
    uint64_t limit;
    bool json;
};
static const struct setting dead_table[] = {
    {"limit", SETTING_COUNT, "10k", offsetof(struct dead_settings, limit),
     "Letters to read, the newest first."},
    {"json", SETTING_BOOL, "false", offsetof(struct dead_settings, json),
     "Print a JSON object a group instead of a table."},
    {0},
};

struct group {
    str stage, reason, sample;
    uint64_t count, oldest_ms, newest_ms; /* by the ids of the letters */
};
struct dead {
    struct arena *arena; /* of the groups */
    struct group groups[GROUPS_MAX];
    uint32_t group_count;
    uint64_t read, left_out; /* letters; of them, those without a group */
};

/* Printable and short: what is in a letter came from outside. */
static str clean(struct arena *a, str s)
{
    str copy = arena_copy(a, (str){s.p, MIN(s.n, (size_t)SAMPLE_MAX)});
    char *p = arena_alloc(a, copy.n + 1);

    for (size_t i = 0; i < copy.n; i++) {
        unsigned char c = (unsigned char)copy.p[i];
        p[i] = c < 0x20 || c >= 0x7f ? '?' : (char)c;
    }
    return (str){p, copy.n};
}

static struct group *find_group(struct dead *d, str stage, str reason)
{
    for (uint32_t i = 0; i < d->group_count; i++)
        if (str_equal(d->groups[i].stage, stage) && str_equal(d->groups[i].reason, reason))
            return &d->groups[i];
    if (d->group_count == GROUPS_MAX)
        return NULL;
    struct group *g = &d->groups[d->group_count++];
    *g = (struct group){.stage = arena_copy(d->arena, stage),
                        .reason = arena_copy(d->arena, reason)};
    return g;
}

static str field_of(const struct reply *fields, const char *name)
{
    for (uint32_t i = 0; i + 1 < fields->n; i += 2)
        if (str_is(fields->items[i].text, name))
            return fields->items[i + 1].text;
    return STR_NONE;
}

/* Newest first, so the first letter of a group gives the sample. */
static void add_letter(struct dead *d, const struct reply *letter, struct arena *page)
{
    const struct reply *fields = &letter->items[1];
    str id = letter->items[0].text;
    uint64_t ms = 0;
    struct group *g = find_group(d, clean(page, field_of(fields, "stage")),
                                 clean(page, field_of(fields, "reason")));

    d->read++;
    if (!g) {
        d->left_out++;
        return;
    }
    if (!str_to_u64(str_cut(&id, '-'), &ms))
        ms = 0;
    if (g->count++ == 0) {
        g->sample = clean(d->arena, field_of(fields, "detail"));
        g->newest_ms = ms;
    }
    g->oldest_ms = ms;
}

/* Read backwards, a page at a time: XREVRANGE from just before the last id. */
static int read_letters(struct dead *d, struct redis *r, str key, uint64_t limit,
                        struct error *err)
{
    struct arena page = {0};
    str from = STR("+");
    int rc = 0;

    while (d->read < limit) {
        char digits[20];
        str count = {
            digits,
            (size_t)(str_write_u64(digits, MIN(limit - d->read, (uint64_t)PAGE)) - digits)};
        const struct reply *letters;
        rc = redis_call(
            r, (const str[]){STR("XREVRANGE"), key, from, STR("-"), STR("COUNT"), count}, 6,
            &page, &letters, err);
        if (rc != 0 || letters->type != REPLY_ARRAY || letters->n == 0)
            break;
        for (uint32_t i = 0; i < letters->n; i++)
            if (letters->items[i].n == 2)
                add_letter(d, &letters->items[i], &page);
        from = arena_printf(d->arena, "(" STR_FMT,
                            STR_ARG(letters->items[letters->n - 1].items[0].text));
        arena_reset(&page);
    }
    arena_free(&page);
    return rc;
}

static struct show age(uint64_t now_ms, uint64_t at_ms)
{
    return show_age(now_ms > at_ms ? now_ms - at_ms : 0);
}

static bool write_table(const struct dead *d, uint64_t now_ms, struct buf *out)
{
    bool is_human = show_is_terminal(1);
    bool fits = buf_printf(out, "%-12s %-20s %9s %8s %8s  %s\n", "STAGE", "REASON", "COUNT",
                           "OLDEST", "NEWEST", "SAMPLE");

    for (uint32_t i = 0; i < d->group_count && fits; i++) {
        const struct group *g = &d->groups[i];
        char count[24];
        snprintf(count, sizeof(count), "%" PRIu64, g->count);
        fits = buf_printf(out, "%-12.*s %-20.*s %9s %8s %8s  " STR_FMT "\n", STR_ARG(g->stage),
                          STR_ARG(g->reason), is_human ? show_count(g->count).text : count,
                          age(now_ms, g->oldest_ms).text, age(now_ms, g->newest_ms).text,
                          STR_ARG(g->sample));
    }
    return fits;
}

static bool write_json(const struct dead *d, struct arena *a, struct buf *out)
{
    bool fits = true;

    for (uint32_t i = 0; i < d->group_count && fits; i++) {
        const struct group *g = &d->groups[i];
        str stage = json_quoted(a, g->stage), reason = json_quoted(a, g->reason);
        str sample = json_quoted(a, g->sample);
        fits = buf_printf(out,
                          "{\"v\":1,\"stage\":" STR_FMT ",\"reason\":" STR_FMT
                          ",\"count\":%" PRIu64 ",\"oldest_ms\":%" PRIu64
                          ",\"newest_ms\":%" PRIu64 ",\"sample\":" STR_FMT "}\n",
                          STR_ARG(stage), STR_ARG(reason), g->count, g->oldest_ms, g->newest_ms,
                          STR_ARG(sample));
    }
    return fits;
}

static int show_groups(const struct dead *d, const struct dead_settings *o, struct error *err)
{
    struct buf out;

    buf_init(&out, OUT_MAX);
    bool fits = o->json ? write_json(d, d->arena, &out)
                        : write_table(d, clock_wall_ms(&clock_system), &out);
    bool is_out = fits && fwrite(out.p, 1, out.n, stdout) == out.n && fflush(stdout) == 0;
    buf_free(&out);
    if (d->left_out)
        fprintf(stderr, "%" PRIu64 " letters of more than %d groups are not shown\n",
                d->left_out, GROUPS_MAX);
    if (d->read == o->limit)
        fprintf(stderr, "only the newest %" PRIu64 " letters were read; see --limit\n",
                d->read);
    return is_out ? 0 : error_set(err, ERR_SYSTEM, "stdout is closed");
}

static int run_dead(struct command_call *call, struct error *err)
{
    const struct dead_settings *options = call->options;
    struct keys keys = {.prefix = call->common->prefix, .lane = STR("0")};
    struct dead *d = arena_zalloc(call->arena, sizeof(*d));
    struct loop *loop;
    struct redis *redis;

    d->arena = call->arena;
    if (call->argc > 0)
        return error_set(err, ERR_USAGE, "dead takes no word '%s'", call->argv[0]);
    int rc = command_connect(call, &loop, &redis, err);
    if (rc != 0)
        return rc;
    rc = read_letters(d, redis, keys_lane(&keys, call->arena, "dead"), options->limit, err);
    redis_free(redis);
    loop_free(loop);
    return rc != 0 ? rc : show_groups(d, options, err);
}

const struct command command_dead = {
    .name = "dead",
    .summary = "List the dead letters, grouped by stage and reason.",
    .examples = "standpipe dead\nstandpipe dead --json --limit 1M\n",
    .options = dead_table,
    .options_size = sizeof(struct dead_settings),
    .run = run_dead,
};
