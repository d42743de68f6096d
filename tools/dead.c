/* `standpipe dead`: the dead letters, grouped, listed, shown, sent back or thrown away. */
#include "tools/dead.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "tools/commands.h"
#include "tools/dead_groups.h"

enum { OUT_MAX = 1 << 20 };

static const struct setting dead_table[] = {
    {"stage", SETTING_STR, "", offsetof(struct dead_settings, filter.stage),
     "Only letters of this stage; `inbox`: of the door."},
    {"reason", SETTING_STR, "", offsetof(struct dead_settings, filter.reason),
     "Only letters with this reason."},
    {"source", SETTING_STR, "", offsetof(struct dead_settings, filter.source),
     "Only letters of this source: its id, or the URI of a file."},
    {"where", SETTING_STR, "", offsetof(struct dead_settings, where),
     "Only letters for which this holds: a condition as in a route, about the fields of a "
     "letter and `record`, like 'attempts > 3 and record.id == nil'."},
    {"limit", SETTING_COUNT, "0", offsetof(struct dead_settings, limit),
     "At most so many letters; 0: all. `list` shows 100 unless told."},
    {"json", SETTING_BOOL, "false", offsetof(struct dead_settings, json),
     "Print JSON objects, one a line."},
    {"raw", SETTING_BOOL, "false", offsetof(struct dead_settings, raw),
     "show: nothing but the bytes of the letter, on a terminal, too."},
    {"dry_run", SETTING_BOOL, "false", offsetof(struct dead_settings, dry_run),
     "redrive, drop: say what would go, and change nothing."},
    {"rate", SETTING_RATE, "0/s", offsetof(struct dead_settings, rate),
     "redrive: so many letters, like 500/s; 0/s: as fast as the topics take them."},
    {"to", SETTING_STR, "", offsetof(struct dead_settings, to),
     "redrive: the stage they go to, instead of the one they died in."},
    {"yes", SETTING_BOOL, "false", offsetof(struct dead_settings, yes),
     "redrive, drop: do not ask."},
    {0},
};

static int read_groups(struct dead_call *d, struct dead_groups *g, struct error *err)
{
    struct letter_cursor c = {
        .redis = d->redis, .key = d->key, .filter = d->options->filter, .is_backwards = true};
    uint64_t left = d->options->limit ? d->options->limit : UINT64_MAX;
    bool more = true;
    int rc = 0;

    while (left && (rc = letters_next(&c, &more, err)) == 0 && more)
        for (uint32_t i = 0; i < c.count && left; i++, left--)
            groups_add(g, &c.letters[i], STR_NONE, NULL);
    letters_close(&c);
    return rc;
}

static int dead_overview(struct dead_call *d, struct error *err)
{
    struct dead_groups *g = arena_zalloc(d->call->arena, sizeof(*g));
    struct buf out;

    g->arena = d->call->arena;
    if (read_groups(d, g, err) != 0)
        return err->code;
    buf_init(&out, OUT_MAX);
    bool fits = d->options->json ? groups_json(g, &out)
                                 : groups_table(g, false, clock_wall_ms(&clock_system), &out);
    int rc = command_print(&out, fits, err);
    if (g->left_out)
        fprintf(stderr, "%" PRIu64 " letters of more than %d groups are not shown\n",
                g->left_out, DEAD_GROUPS_MAX);
    return rc;
}

static const struct verb {
    const char *word;
    int words; /* at most, with itself */
    int (*run)(struct dead_call *d, struct error *err);
} verbs[] = {
    {"list", 1, dead_list},
    {"show", 2, dead_show},
    {"redrive", 1, dead_redrive},
    {"drop", 1, dead_drop},
};

static const struct verb *find_verb(str word)
{
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        if (str_is(word, verbs[i].word))
            return &verbs[i];
    return NULL;
}

static int connect_and_run(struct dead_call *d, const struct verb *verb, struct error *err)
{
    struct loop *loop;
    int rc = command_connect(d->call, &loop, &d->redis, err);

    if (rc != 0)
        return rc;
    d->key = keys_lane(&d->keys, d->call->arena, "dead");
    rc = verb ? verb->run(d, err) : dead_overview(d, err);
    redis_free(d->redis);
    loop_free(loop);
    return rc;
}

static int run_dead(struct command_call *call, struct error *err)
{
    struct dead_settings *options = call->options;
    struct dead_call d = {.call = call,
                          .options = options,
                          .keys = {.prefix = call->common->prefix, .lane = STR("0")}};
    const struct verb *verb = call->argc ? find_verb(str_of(call->argv[0])) : NULL;

    if (call->argc && !verb)
        return error_set(err, ERR_USAGE, "dead takes list, show, redrive or drop, not '%s'",
                         call->argv[0]);
    if (verb && call->argc > verb->words)
        return error_set(err, ERR_USAGE,
                         verb->words == 2 ? "dead %s takes the id of one letter, no more"
                                          : "dead %s takes options alone",
                         verb->word);
    if (options->where.n && where_new(&options->filter.where, options->where, err) != 0)
        return err->code;
    int rc = connect_and_run(&d, verb, err);
    where_free(options->filter.where);
    return rc;
}

const struct command command_dead = {
    .name = "dead",
    .summary = "Group, list and show the dead letters; send them back or throw them away.",
    .usage = "[list | show [ID] | redrive | drop]",
    .examples = "standpipe dead\nstandpipe dead list --stage tidy --reason required\n"
                "standpipe dead show 1700000000000-0\n"
                "standpipe dead redrive --reason required --dry-run\n"
                "standpipe dead redrive --where 'record.country == \"GB\" and attempts < 5'\n"
                "standpipe dead drop --stage rows --yes\n",
    .options = dead_table,
    .options_size = sizeof(struct dead_settings),
    .run = run_dead,
};
