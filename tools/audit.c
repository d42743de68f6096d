/* `standpipe audit`: are the books true? Exit status 1 when they differ from a recount. */
#include "tools/audit.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "common/data/json.h"
#include "common/io/redis.h"
#include "tools/commands.h"
#include "tools/show.h"
#include "tools/snapshot.h"

enum { OUT_MAX = 1 << 20, TEXT_MAX = 400 };

struct audit_settings {
    bool json;
};
static const struct setting audit_table[] = {
    {"json", SETTING_BOOL, "false", offsetof(struct audit_settings, json),
     "Print one JSON object instead of a table."},
    {0},
};

void audit_differ(struct audit *a, const char *what, str where, uint64_t records,
                  const char *fmt, ...)
{
    char text[TEXT_MAX];
    va_list args;

    if (a->difference_count++ >= AUDIT_LISTED_MAX)
        return;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    a->listed[a->difference_count - 1] =
        (struct audit_difference){.what = str_of(what),
                                  .where = where,
                                  .records = records,
                                  .text = arena_copy(a->arena, str_of(text))};
}

static uint32_t listed(const struct audit *a)
{
    return (uint32_t)MIN(a->difference_count, (uint64_t)AUDIT_LISTED_MAX);
}

static bool write_topic(const struct audit_topic *t, struct buf *out)
{
    char note[96] = "";

    if (t->is_moving)
        snprintf(note, sizeof(note), "  moves too fast for a recount");
    else if (t->left_over)
        snprintf(note, sizeof(note), "  %" PRIu64 " entries kept from before", t->left_over);
    else if (t->by_hand)
        snprintf(note, sizeof(note), "  %" PRIu64 " entries put in by hand", t->by_hand);
    return buf_printf(out,
                      "%-12.*s %12" PRId64 " %12" PRId64 " %9" PRId64 " %9" PRId64 " %9" PRId64
                      " %9" PRId64 "%s\n",
                      STR_ARG(t->name), t->in, t->out, t->dead, t->filtered, t->records,
                      t->found_records, note);
}

static bool write_table(const struct audit *a, struct buf *out)
{
    bool fits = buf_printf(out, "%-12s %12s %12s %9s %9s %9s %9s\n", "TOPIC", "IN", "OUT",
                           "DEAD", "FILTERED", "WAITING", "RECOUNT");

    for (uint32_t i = 0; i < a->topic_count && fits; i++)
        fits = write_topic(&a->topics[i], out);
    for (uint32_t i = 0; i < listed(a) && fits; i++)
        fits = buf_printf(out, STR_FMT ": " STR_FMT "\n", STR_ARG(a->listed[i].where),
                          STR_ARG(a->listed[i].text));
    if (a->difference_count)
        return fits && buf_printf(out, "%" PRIu64 " differences\n", a->difference_count);
    return fits && buf_printf(out,
                              "the books are true: %u topics, %" PRIu64 " sources, %" PRIu64
                              " counts\n",
                              a->topic_count, a->sources, a->counts);
}

static bool write_json_topic(struct arena *arena, const struct audit_topic *t, struct buf *out)
{
    str name = json_quoted(arena, t->name);
    char vanished[24] = "null";

    if (t->is_counted)
        snprintf(vanished, sizeof(vanished), "%" PRId64, t->vanished);
    return buf_printf(out,
                      "{\"topic\":" STR_FMT ",\"in\":%" PRId64 ",\"out\":%" PRId64
                      ",\"dead\":%" PRId64 ",\"filtered\":%" PRId64 ",\"waiting\":%" PRId64
                      ",\"recount\":%" PRId64 ",\"bytes\":%" PRId64
                      ",\"recount_bytes\":%" PRId64 ",\"entries\":%" PRIu64
                      ",\"by_hand\":%" PRIu64 ",\"vanished\":%s,\"moving\":%s}",
                      STR_ARG(name), t->in, t->out, t->dead, t->filtered, t->records,
                      t->found_records, t->bytes, t->found_bytes, t->entries, t->by_hand,
                      vanished, t->is_moving ? "true" : "false");
}

static bool write_json_difference(struct arena *arena, const struct audit_difference *d,
                                  struct buf *out)
{
    str where = json_quoted(arena, d->where), text = json_quoted(arena, d->text);

    return buf_printf(out,
                      "{\"what\":\"" STR_FMT "\",\"where\":" STR_FMT ",\"records\":%" PRIu64
                      ",\"text\":" STR_FMT "}",
                      STR_ARG(d->what), STR_ARG(where), d->records, STR_ARG(text));
}

static bool write_json(const struct audit *a, struct buf *out)
{
    bool fits = buf_printf(out,
                           "{\"v\":1,\"true\":%s,\"difference_count\":%" PRIu64
                           ",\"sources\":%" PRIu64 ",\"counts\":%" PRIu64 ",\"topics\":[",
                           a->difference_count ? "false" : "true", a->difference_count,
                           a->sources, a->counts);

    for (uint32_t i = 0; i < a->topic_count && fits; i++)
        fits = (i == 0 || buf_add(out, STR(","))) &&
               write_json_topic(a->arena, &a->topics[i], out);
    fits = fits && buf_add(out, STR("],\"differences\":["));
    for (uint32_t i = 0; i < listed(a) && fits; i++)
        fits = (i == 0 || buf_add(out, STR(","))) &&
               write_json_difference(a->arena, &a->listed[i], out);
    return fits && buf_add(out, STR("]}\n"));
}

static int show(const struct audit *a, bool json, struct error *err)
{
    struct buf out;

    buf_init(&out, OUT_MAX);
    bool fits = json ? write_json(a, &out) : write_table(a, &out);
    int rc = command_print(&out, fits, err);
    return rc == 0 && a->difference_count ? 1 : rc;
}

static int look(struct audit *a, const struct stage *const *kinds)
{
    if (snapshot_pipeline(a->redis, a->keys, kinds, a->arena, &a->pipeline, a->err) != 0)
        return a->err->code;
    int rc = audit_topics(a);
    if (rc == 0)
        rc = audit_vanished(a);
    if (rc == 0)
        rc = audit_sources(a);
    if (rc == 0)
        rc = audit_counts(a);
    return rc;
}

static int run_audit(struct command_call *call, struct error *err)
{
    const struct audit_settings *options = call->options;
    struct keys keys = {.prefix = call->common->prefix, .lane = STR("0")};
    struct audit *a = arena_zalloc(call->arena, sizeof(*a));
    struct loop *loop;

    *a = (struct audit){.keys = &keys, .arena = call->arena, .err = err};
    if (call->argc > 0)
        return error_set(err, ERR_USAGE, "audit takes no word '%s'", call->argv[0]);
    int rc = command_connect(call, &loop, &a->redis, err);
    if (rc != 0)
        return rc;
    rc = look(a, call->kinds);
    redis_free(a->redis);
    loop_free(loop);
    if (rc == 0)
        rc = show(a, options->json, err);
    pipeline_free(a->pipeline);
    arena_free(&a->page);
    return rc;
}

const struct command command_audit = {
    .name = "audit",
    .summary = "Compare the books with a recount; exit 1 when they differ.",
    .examples = "standpipe audit\nstandpipe audit --json\n",
    .options = audit_table,
    .options_size = sizeof(struct audit_settings),
    .run = run_audit,
};
