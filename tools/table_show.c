/* `standpipe table list`, `show` and `drop`. */
#include <inttypes.h>
#include <stdio.h>

#include "common/base/clock.h"
#include "common/data/json.h"
#include "common/data/record_key.h"
#include "common/io/redis.h"
#include "tools/say.h"
#include "tools/show.h"
#include "tools/snapshot.h"
#include "tools/table.h"

struct listed { /* a table, as far as is known */
    str name, about;
    uint64_t rows, refused;
    const struct pipeline_table *rule; /* NULL: no records write it */
    str writer;                        /* its stage */
};

static int ask(struct table_call *t, const struct reply **reply, struct error *err,
               const str *args, uint32_t n)
{
    return redis_call(t->redis, args, n, t->call->arena, reply, err);
}
#define ASK(t, reply, err, ...)                                                                \
    ask((t), (reply), (err), (const str[]){__VA_ARGS__},                                       \
        (uint32_t)ARRAY_LEN(((const str[]){__VA_ARGS__})))

static int look(struct table_call *t, struct listed *l, struct error *err)
{
    struct arena *a = t->call->arena;
    const struct reply *r;
    str field = arena_printf(a, "table:" STR_FMT ":refused", STR_ARG(l->name));

    if (ASK(t, &r, err, STR("HLEN"), keys_named(&t->keys, a, "table", l->name, "")))
        return err->code;
    l->rows = (uint64_t)r->integer;
    if (ASK(t, &r, err, STR("HGET"), keys_lane(&t->keys, a, "books"), field))
        return err->code;
    (void)!str_to_u64(r->text, &l->refused);
    return 0;
}

static void say_about(struct say *s, struct arena *a, str about)
{
    str file, key, loaded, rest, item;
    uint64_t ms;

    if (json_find(about, STR("file"), &file)) {
        say(s, ", loaded from ");
        say_seen(s, json_text(a, file));
    }
    if (json_find(about, STR("key"), &key) && json_open(key, &rest))
        for (const char *between = " by "; json_next_item(&rest, &item); between = ", ") {
            say(s, "%s", between);
            say_seen(s, json_text(a, item));
        }
    if (json_find(about, STR("loaded"), &loaded) && str_to_u64(loaded, &ms))
        say(s, ", %s ago", show_age(clock_wall_ms(&clock_system) - ms).text);
}

static void say_listed(struct say *s, struct arena *a, const struct listed *l)
{
    say(s, STR_FMT ": %s rows", STR_ARG(l->name), show_digits(l->rows).text);
    if (l->about.n)
        say_about(s, a, l->about);
    if (l->rule)
        say(s, ", written by records of " STR_FMT ", at most %s rows", STR_ARG(l->writer),
            show_digits(l->rule->max).text);
    if (l->refused)
        say(s, ", %s new rows were not stored", show_digits(l->refused).text);
    say(s, "\n");
}

static void say_json(struct say *s, const struct listed *l)
{
    say(s, "{\"v\":1,\"table\":");
    say_quoted(s, l->name);
    say(s, ",\"rows\":%" PRIu64 ",\"refused\":%" PRIu64 ",\"loaded\":", l->rows, l->refused);
    say_text(s,
             l->about.n && json_check(l->about, NULL, NULL) == NULL ? l->about : STR("null"));
    say(s, ",\"written_by\":");
    if (l->rule) {
        say_quoted(s, l->writer);
        say(s, ",\"max\":%" PRIu64 "}\n", l->rule->max);
    } else {
        say(s, "null,\"max\":null}\n");
    }
}

/* Those that were loaded, and those that records write. */
static struct listed *all_tables(struct table_call *t, const struct reply *loaded,
                                 const struct pipeline *p, uint32_t *count)
{
    uint32_t written = p ? p->table_count : 0;
    struct listed *list =
        arena_zalloc(t->call->arena, (loaded->n / 2 + written + 1) * sizeof(*list));

    *count = loaded->n / 2;
    for (uint32_t i = 0; i < *count; i++)
        list[i] = (struct listed){.name = loaded->items[2 * i].text,
                                  .about = loaded->items[2 * i + 1].text};
    for (uint32_t i = 0; i < written; i++) {
        uint32_t k = 0;
        while (k < *count && !str_equal(list[k].name, p->tables[i].name))
            k++;
        list[k].name = p->tables[i].name;
        list[k].rule = &p->tables[i];
        list[k].writer = p->stages[p->tables[i].on].name;
        *count = MAX(*count, k + 1);
    }
    return list;
}

int table_list(struct table_call *t, struct error *err)
{
    struct arena *a = t->call->arena;
    struct error none = {0};
    const struct reply *loaded;
    struct pipeline *p = NULL;
    struct say s;
    uint32_t n;

    if (table_connect(t, err) ||
        ASK(t, &loaded, err, STR("HGETALL"), keys_lane(&t->keys, a, "tables")))
        return err->code;
    (void)!snapshot_pipeline(t->redis, &t->keys, t->call->kinds, a, &p, &none);
    struct listed *list = all_tables(t, loaded, p, &n);
    int rc = 0;
    say_begin(&s, stdout);
    for (uint32_t i = 0; i < n && rc == 0; i++) {
        rc = look(t, &list[i], err);
        if (rc == 0 && t->options->json)
            say_json(&s, &list[i]);
        else if (rc == 0)
            say_listed(&s, a, &list[i]);
    }
    if (n == 0 && !t->options->json)
        say(&s, "no table was loaded, and no records write one\n");
    pipeline_free(p);
    int said = say_end(&s, rc ? &none : err);
    return rc ? rc : said;
}

static void say_row(const struct table_call *t, struct say *s, str key, str value)
{
    if (t->options->json) {
        say(s, "{\"key\":");
        say_quoted(s, key);
        say(s, ",\"row\":");
        say_text(s, value);
        say(s, "}\n");
        return;
    }
    say_seen(s, key);
    say(s, "  ");
    say_seen(s, value);
    say(s, "\n");
}

static int show_row(struct table_call *t, struct error *err)
{
    str words[TABLE_KEY_MAX], key;
    uint32_t n = (uint32_t)t->call->argc - 2;
    const struct reply *r;
    struct say s;

    for (uint32_t i = 0; i < n; i++)
        words[i] = str_of(t->call->argv[2 + i]);
    if (!record_key_of(t->call->arena, words, n, &key) ||
        ASK(t, &r, err, STR("HGET"), t->table, key))
        return err->code;
    if (r->type != REPLY_STRING)
        return error_set(err, ERR_DATA, "table '" STR_FMT "' has no row '" STR_FMT "'",
                         STR_ARG(t->name), STR_ARG(key));
    say_begin(&s, stdout);
    say_row(t, &s, key, r->text);
    return say_end(&s, err);
}

int table_show(struct table_call *t, struct error *err)
{
    uint64_t left = t->options->limit ? t->options->limit : UINT64_MAX;
    str cursor = STR("0");
    const struct reply *r;
    struct arena page = {0};
    struct say s;

    if (table_connect(t, err))
        return err->code;
    if (t->call->argc > 2)
        return show_row(t, err);
    say_begin(&s, stdout);
    do {
        str args[] = {STR("HSCAN"), t->table, cursor, STR("COUNT"), STR("256")};
        char digits[20];
        if (redis_call(t->redis, args, ARRAY_LEN(args), &page, &r, err))
            break;
        for (uint32_t i = 0; i + 1 < r->items[1].n && left; i += 2, left--)
            say_row(t, &s, r->items[1].items[i].text, r->items[1].items[i + 1].text);
        size_t n = MIN(r->items[0].text.n, sizeof(digits));
        memcpy(digits, r->items[0].text.p, n);
        arena_reset(&page);
        cursor = arena_copy(&page, (str){digits, n});
    } while (left && !str_is(cursor, "0"));
    arena_free(&page);
    struct error none = {0};
    int said = say_end(&s, err->code ? &none : err);
    return err->code ? err->code : said;
}

int table_drop(struct table_call *t, struct error *err)
{
    struct arena *a = t->call->arena;
    struct listed l = {.name = t->name};
    const struct reply *r;

    if (table_connect(t, err) || look(t, &l, err))
        return err->code;
    str what = arena_printf(a, "throw away the %s rows of table '" STR_FMT "'",
                            show_digits(l.rows).text, STR_ARG(t->name));
    if (l.rows && table_ask(t, what, err))
        return err->code;
    if (ASK(t, &r, err, STR("HDEL"), keys_lane(&t->keys, a, "tables"), t->name) ||
        ASK(t, &r, err, STR("UNLINK"), t->table, t->at))
        return err->code;
    if (printf("dropped %" PRIu64 " rows\n", l.rows) < 0 || fflush(stdout) != 0)
        return error_set(err, ERR_SYSTEM, "stdout is closed");
    return 0;
}
