/* What stands in Redis: the library, the mark, the types of the keys, the groups of the topics
 * and who reads them. */
#include <inttypes.h>

#include "common/io/library.h"
#include "tools/doctor.h"
#include "tools/snapshot.h"

/* The library. */

struct look {
    bool is_over, is_there;
};

static void on_library(void *ctx, bool found, const struct reply *answer)
{
    struct look *l = ctx;

    (void)answer;
    l->is_over = true;
    l->is_there = found;
}

static void check_library(struct doctor *d)
{
    struct look look = {0};
    struct library_check check;

    if (!doctor_ask(d, STR("FUNCTION"), STR("LIST"))) {
        doctor_note(d, GRADE_WARN, STR("library"), NULL, "is not known: %s", d->last.text);
        return;
    }
    library_check(&check, d->redis, LIBRARY_FOUND, on_library, &look);
    while (!look.is_over)
        loop_once(redis_loop(d->redis));
    if (look.is_there)
        doctor_note(d, GRADE_OK, STR("library"), NULL, "is there, with our code");
    else
        doctor_note(d, GRADE_BAD, STR("library"), "standpipe apply FILE",
                    "is missing, or of another version: nothing can be committed");
}

/* Keys. */

static void check_type(struct doctor *d, str key, const char *want)
{
    const struct reply *type = doctor_ask(d, STR("TYPE"), key);

    if (!type)
        doctor_note(d, GRADE_WARN, key, NULL, "is not known: %s", d->last.text);
    else if (!str_is(type->text, want) && !str_is(type->text, "none"))
        doctor_note(
            d, GRADE_BAD, key,
            arena_printf(d->arena, "redis-cli RENAME '" STR_FMT "' foreign", STR_ARG(key)).p,
            "is no %s, but a " STR_FMT ": who put it there?", want, STR_ARG(type->text));
}

static void check_types(struct doctor *d)
{
    const struct keys *k = d->keys;
    uint32_t bad = d->bad, warnings = d->warnings;

    for (uint32_t i = 0; i < d->pipeline->stage_count; i++)
        check_type(d, keys_topic(k, d->arena, d->pipeline->stages[i].name), "stream");
    check_type(d, keys_global(k, d->arena, "inbox"), "stream");
    check_type(d, keys_lane(k, d->arena, "dead"), "stream");
    check_type(d, keys_lane(k, d->arena, "books"), "hash");
    check_type(d, keys_lane(k, d->arena, "later"), "zset");
    for (uint32_t i = 0; i < d->pipeline->table_count; i++)
        check_type(d, keys_named(k, d->arena, "table", d->pipeline->tables[i].name, ""),
                   "hash");
    if (d->bad == bad && d->warnings == warnings)
        doctor_note(d, GRADE_OK, STR("keys"), NULL, "are of the right types");
}

/* A full table takes no new keys. */
static void check_tables(struct doctor *d)
{
    for (uint32_t i = 0; i < d->pipeline->table_count; i++) {
        const struct pipeline_table *t = &d->pipeline->tables[i];
        str subject = arena_printf(d->arena, "table " STR_FMT, STR_ARG(t->name));
        const struct reply *refused =
            doctor_ask(d, STR("HGET"), keys_lane(d->keys, d->arena, "books"),
                       arena_printf(d->arena, "table:" STR_FMT ":refused", STR_ARG(t->name)));
        if (refused && refused->type == REPLY_STRING)
            doctor_note(d, GRADE_WARN, subject, "raise its `max` in the pipeline file",
                        STR_FMT " rows with new keys were not stored: it may have %" PRIu64,
                        STR_ARG(refused->text), t->max);
    }
}

static void check_mark(struct doctor *d)
{
    const struct reply *mark =
        doctor_ask(d, STR("GET"), keys_global(d->keys, d->arena, "mark"));

    if (!mark)
        doctor_note(d, GRADE_WARN, STR("mark"), NULL, "is not known: %s", d->last.text);
    else if (mark->type != REPLY_STRING)
        doctor_note(d, GRADE_BAD, STR("mark"), "standpipe apply FILE",
                    "of this data set is missing: workers cannot see that it was replaced");
    else
        doctor_note(d, GRADE_OK, STR("mark"), NULL, STR_FMT, STR_ARG(mark->text));
}

/* Groups and consumers. */

static str field_of(const struct reply *map, const char *name)
{
    for (uint32_t i = 0; i + 1 < map->n; i += 2)
        if (str_is(map->items[i].text, name))
            return map->items[i + 1].text;
    return STR_NONE;
}

static int64_t number_of(const struct reply *map, const char *name)
{
    for (uint32_t i = 0; i + 1 < map->n; i += 2)
        if (str_is(map->items[i].text, name))
            return map->items[i + 1].integer;
    return 0;
}

/* A consumer is NAME:NONCE; NAME's heartbeat says which incarnation lives. */
static bool is_alive(struct doctor *d, str consumer)
{
    str nonce = consumer, name = str_cut(&nonce, ':');
    const struct reply *beat =
        doctor_ask(d, STR("HGET"), keys_worker(d->keys, d->arena, name), STR("nonce"));

    return beat && beat->type == REPLY_STRING && str_equal(beat->text, nonce);
}

static void check_consumers(struct doctor *d, str topic)
{
    const struct reply *all = doctor_ask(d, STR("XINFO"), STR("CONSUMERS"), topic, STR("sp"));

    for (uint32_t i = 0; all && all->type == REPLY_ARRAY && i < all->n; i++) {
        str name = field_of(&all->items[i], "name");
        int64_t pending = number_of(&all->items[i], "pending");
        if (pending > 0 && !str_starts(name, STR("~")) && !is_alive(d, name))
            doctor_note(d, GRADE_WARN, topic, "standpipe top",
                        "%" PRId64 " entries are held by '" STR_FMT
                        "', which is not alive: a worker of the stage takes them over when "
                        "the lease ends",
                        pending, STR_ARG(name));
    }
}

static void check_groups(struct doctor *d, str topic)
{
    const struct reply *all = doctor_ask(d, STR("XINFO"), STR("GROUPS"), topic);
    bool has_ours = false;

    for (uint32_t i = 0; all && all->type == REPLY_ARRAY && i < all->n; i++) {
        str name = field_of(&all->items[i], "name");
        bool is_ours = str_is(name, "sp");
        has_ours |= is_ours;
        if (!is_ours && number_of(&all->items[i], "consumers") == 0)
            doctor_note(d, GRADE_WARN, topic,
                        arena_printf(d->arena,
                                     "redis-cli XGROUP DESTROY '" STR_FMT "' " STR_FMT,
                                     STR_ARG(topic), STR_ARG(name))
                            .p,
                        "nobody reads its group '" STR_FMT "'", STR_ARG(name));
    }
    if (!has_ours)
        doctor_note(d, GRADE_WARN, topic, "start its worker, which makes the group",
                    "has no group 'sp': nobody has ever read it");
    else
        check_consumers(d, topic);
}

static void check_workers(struct doctor *d)
{
    struct snapshot s;
    bool is_whole = true;

    if (snapshot_take(d->redis, d->keys, d->pipeline, d->arena, &s, &d->last) != 0) {
        doctor_note(d, GRADE_WARN, STR("workers"), NULL, "are not known: %s", d->last.text);
        return;
    }
    if (!s.has_dispatcher)
        doctor_note(d, GRADE_WARN, STR("inbox"), "standpipe dispatch",
                    "no dispatcher runs: nothing is taken in");
    for (uint32_t i = 0; i < s.stage_count; i++) {
        if (s.stages[i].workers)
            continue;
        is_whole = false;
        doctor_note(d, GRADE_WARN, s.stages[i].name,
                    arena_printf(d->arena, "standpipe " STR_FMT, STR_ARG(s.stages[i].kind)).p,
                    "no worker of the stage runs");
    }
    if (is_whole && s.has_dispatcher)
        doctor_note(d, GRADE_OK, STR("workers"), NULL, "every stage has one");
}

void doctor_keys(struct doctor *d)
{
    if (!d->pipeline) {
        doctor_note(d, GRADE_WARN, STR("pipeline"), "standpipe apply FILE", "none is applied");
        return;
    }
    doctor_note(d, GRADE_OK, STR("pipeline"), NULL, "'" STR_FMT "', version %" PRIu64,
                STR_ARG(d->pipeline->name), d->pipeline->version);
    check_library(d);
    check_mark(d);
    check_types(d);
    check_tables(d);
    check_groups(d, keys_global(d->keys, d->arena, "inbox"));
    for (uint32_t i = 0; i < d->pipeline->stage_count; i++)
        check_groups(d, keys_topic(d->keys, d->arena, d->pipeline->stages[i].name));
    check_workers(d);
}
