/* `standpipe table`: tables in Redis, loaded from files, shown, thrown away. */
#include "tools/table.h"

#include <stdio.h>
#include <unistd.h>

#include "common/io/redis.h"
#include "tools/commands.h"
#include "tools/snapshot.h"

static const struct setting table_options[] = {
    {"key", SETTING_STR, "", offsetof(struct table_settings, key),
     "load: columns or members that name a row, like country,city."},
    {"skip_bad", SETTING_BOOL, "false", offsetof(struct table_settings, skip_bad),
     "load: leave out rows that cannot be read or have no key, and count them."},
    {"dry_run", SETTING_BOOL, "false", offsetof(struct table_settings, dry_run),
     "load: read all of the file, and change nothing."},
    {"limit", SETTING_COUNT, "10", offsetof(struct table_settings, limit),
     "show: so many rows; 0: all of them."},
    {"json", SETTING_BOOL, "false", offsetof(struct table_settings, json),
     "Print JSON objects, one a line."},
    {"yes", SETTING_BOOL, "false", offsetof(struct table_settings, yes),
     "drop, and load over what records write: do not ask."},
    {0},
};

static const struct verb {
    const char *word, *wants;
    int least, most; /* words, with itself */
    int (*run)(struct table_call *t, struct error *err);
} verbs[] = {
    {"load", "a name and a file", 3, 3, table_load},
    {"show", "a name, and the key of a row or nothing", 2, 2 + TABLE_KEY_MAX, table_show},
    {"list", "no words", 1, 1, table_list},
    {"drop", "a name", 2, 2, table_drop},
};

int table_connect(struct table_call *t, struct error *err)
{
    return t->redis ? 0 : command_connect(t->call, &t->loop, &t->redis, err);
}

const struct pipeline_table *table_writer(struct table_call *t, struct pipeline **p)
{
    struct error none = {0};

    *p = NULL;
    if (snapshot_pipeline(t->redis, &t->keys, t->call->kinds, t->call->arena, p, &none))
        return NULL;
    for (uint32_t i = 0; i < (*p)->table_count; i++)
        if (str_equal((*p)->tables[i].name, t->name))
            return &(*p)->tables[i];
    return NULL;
}

int table_ask(const struct table_call *t, str what, struct error *err)
{
    char answer[8];

    if (t->options->yes)
        return 0;
    if (!isatty(0))
        return error_set(err, ERR_USAGE, "to " STR_FMT " say --yes", STR_ARG(what));
    fprintf(stderr, STR_FMT "? [y/N] ", STR_ARG(what));
    bool is_yes = fgets(answer, sizeof(answer), stdin) && (answer[0] | 0x20) == 'y';
    return is_yes ? 0 : error_set(err, ERR_DATA, "nothing was changed");
}

static const struct verb *find_verb(const char *word)
{
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        if (strcmp(word, verbs[i].word) == 0)
            return &verbs[i];
    return NULL;
}

static int take_name(struct table_call *t, struct error *err)
{
    struct arena *a = t->call->arena;

    t->name = t->call->argc > 1 ? str_of(t->call->argv[1]) : STR_NONE;
    if (t->name.n && !pipeline_is_name(t->name))
        return error_set(err, ERR_USAGE,
                         "'%s' is no name of a table: a small letter, then up to 63 small "
                         "letters, digits, '_' and '-'",
                         t->call->argv[1]);
    t->table = keys_named(&t->keys, a, "table", t->name, "");
    t->at = keys_named(&t->keys, a, "table", t->name, ":at");
    return 0;
}

static int run_table(struct command_call *call, struct error *err)
{
    struct table_call t = {.call = call,
                           .options = call->options,
                           .keys = {.prefix = call->common->prefix, .lane = STR("0")}};
    const struct verb *verb = find_verb(call->argc ? call->argv[0] : "list");

    if (!verb)
        return error_set(err, ERR_USAGE, "table takes load, show, list or drop, not '%s'",
                         call->argv[0]);
    if (call->argc > verb->most || (call->argc ? call->argc : 1) < verb->least)
        return error_set(err, ERR_USAGE, "table %s takes %s", verb->word, verb->wants);
    int rc = take_name(&t, err);
    if (rc == 0)
        rc = verb->run(&t, err);
    if (t.redis) {
        redis_free(t.redis);
        loop_free(t.loop);
    }
    return rc;
}

const struct command command_table = {
    .name = "table",
    .summary = "Load tables from files, list and show them, throw them away.",
    .usage = "[list | load NAME FILE | show NAME [KEY...] | drop NAME]",
    .examples = "standpipe table load countries countries.csv --key code\n"
                "standpipe table load shops shops.ndjson.gz --key country,city --dry-run\n"
                "standpipe table show shops GB Leeds\n"
                "standpipe table\n",
    .options = table_options,
    .options_size = sizeof(struct table_settings),
    .run = run_table,
};
