/* `standpipe table load`: a file goes through the splitter's readers, each of its rows into
 * Redis. */
#include <inttypes.h>
#include <stdio.h>

#include "common/base/clock.h"
#include "common/data/json.h"
#include "common/data/origin.h"
#include "common/io/source.h"
#include "tools/offline_file.h"
#include "tools/say.h"
#include "tools/show.h"
#include "tools/table_put.h"
#include "tools/table_rows.h"

enum { TELL_US = 200 * 1000, PIECE = 64 * 1024 };

struct load {
    struct table_call *call;
    struct named_file file;
    struct table_rows rows;
    struct table_put put;
    struct arena scratch;
    struct error *err;
    uint64_t count, skipped; /* rows */
    uint64_t table_rows;
    uint64_t told_us;
    bool is_over; /* something is wrong */
};

/* What is wrong with a row of the file. */

/* 0: nobody knows. */
static uint64_t line_at(const struct load *l, uint64_t offset)
{
    struct arena a = {0};
    struct source s = {0};
    struct source_setup setup = {.roots = &l->file.folder, .root_count = 1};
    struct error err = {0};
    str reason;
    char *piece = arena_alloc(&a, PIECE);
    uint64_t line = 1, at = 0;
    size_t got = 0;

    bool is_good = source_open(&s, &a, l->file.uri, &setup, &reason, &err) == 0;
    while (is_good && at < offset) {
        size_t n = (size_t)MIN(offset - at, (uint64_t)PIECE);
        is_good = source_read(&s, at, piece, n, &got, &reason, &err) == 0 && got > 0;
        for (size_t i = 0; is_good && i < got; i++)
            line += piece[i] == '\n';
        at += got;
    }
    source_close(&s);
    arena_free(&a);
    return is_good ? line : 0;
}

static void refuse(struct load *l, const struct record *r, const char *why)
{
    struct origin from;
    uint64_t line = origin_of(r, &from) ? line_at(l, from.offset) : 0;
    str place = line ? arena_printf(&l->scratch, ":%" PRIu64, line) : STR_NONE;

    l->is_over = true;
    error_set(l->err, ERR_DATA,
              STR_FMT STR_FMT ": row %" PRIu64 ": %s; nothing was changed: mend it, or leave "
                              "such rows out with --skip-bad",
              STR_ARG(l->file.name), STR_ARG(place), offline_row(r), why);
}

static void bad(struct load *l, const struct record *r, const char *why)
{
    if (l->call->options->skip_bad)
        l->skipped++;
    else
        refuse(l, r, why);
}

/* Records of the file. */

static void tell(struct load *l)
{
    uint64_t now_us = clock_mono_us(&clock_system);

    if (l->count % 1024 || now_us < l->told_us + TELL_US || !show_is_terminal(2))
        return;
    l->told_us = now_us;
    fprintf(stderr, "\r%s rows ", show_digits(l->count).text);
}

static void on_begun(void *ctx, const struct offline_file *file)
{
    struct load *l = ctx;

    if (table_rows_columns(&l->rows, l->call->call->arena, file->cols, l->err) == 0)
        return;
    error_wrap(l->err, STR_FMT, STR_ARG(l->file.name));
    l->is_over = true;
}

static void take(struct load *l, const struct record *r)
{
    str key, value;
    const char *why = table_row(&l->rows, &l->scratch, r, &key, &value);

    if (why) {
        bad(l, r, why);
        return;
    }
    l->count++;
    if (!l->call->options->dry_run &&
        table_put_row(&l->put, key, value, offline_row(r), l->err))
        l->is_over = true;
    tell(l);
}

static void on_ended(void *ctx, const struct offline_end *end)
{
    struct load *l = ctx;
    bool is_row = str_starts(end->record->line, STR("["));

    if (l->is_over)
        return;
    if (reader_is_record(end))
        take(l, end->record);
    else if (is_row) /* it could not be read */
        bad(l, end->record, arena_copy(&l->scratch, end->detail).p);
    else { /* nor could the file */
        l->is_over = true;
        error_set(l->err, ERR_DATA, STR_FMT ": " STR_FMT, STR_ARG(l->file.name),
                  STR_ARG(end->detail));
    }
    arena_reset(&l->scratch);
}

static int read_file(struct load *l, struct error *err)
{
    struct pipeline *p = reader_pipeline(l->call->call, NULL);
    const struct offline_setup setup = {
        .pipeline = p,
        .clock = &clock_system,
        .is_enough = &l->is_over,
        .watch = {.begun = on_begun, .ended = on_ended, .ctx = l},
    };
    struct error own = {0};
    struct offline *o = offline_open(&setup, err);

    if (o && offline_file(o, l->file.uri, l->file.folder, &own) && !err->code)
        *err = own;
    offline_close(o);
    pipeline_free(p);
    if (l->told_us)
        fputc('\n', stderr);
    if (!err->code && l->count == 0)
        return error_set(err, ERR_DATA,
                         STR_FMT ": no row is good; to empty a table: standpipe table drop",
                         STR_ARG(l->file.name));
    return err->code;
}

/* What is said about it. */

static str about(struct load *l)
{
    struct arena *a = l->call->call->arena;
    str key = json_quoted(a, l->rows.key[0]), file = json_quoted(a, l->file.name);

    for (uint32_t i = 1; i < l->rows.key_count; i++) {
        str name = json_quoted(a, l->rows.key[i]);
        key = arena_printf(a, STR_FMT "," STR_FMT, STR_ARG(key), STR_ARG(name));
    }
    return arena_printf(a,
                        "{\"file\":" STR_FMT ",\"key\":[" STR_FMT "],\"rows\":%" PRIu64
                        ",\"loaded\":%" PRIu64 "}",
                        STR_ARG(file), STR_ARG(key), l->count - l->put.doubles,
                        clock_wall_ms(&clock_system));
}

static int conclude_json(struct load *l, struct error *err)
{
    struct say s;
    uint64_t examples = MIN(l->put.doubles, (uint64_t)TABLE_EXAMPLES);

    say_begin(&s, stdout);
    say(&s, "{\"v\":1,\"table\":");
    say_quoted(&s, l->call->name);
    say(&s, ",\"dry_run\":%s,\"file_rows\":%" PRIu64 ",\"skipped\":%" PRIu64,
        l->call->options->dry_run ? "true" : "false", l->count + l->skipped, l->skipped);
    if (!l->call->options->dry_run)
        say(&s, ",\"rows\":%" PRIu64 ",\"doubles\":%" PRIu64 ",\"examples\":[", l->table_rows,
            l->put.doubles);
    for (uint64_t i = 0; i < examples; i++) {
        say(&s, "%s{\"row\":%" PRIu64 ",\"key\":", i ? "," : "", l->put.examples[i].row);
        say_quoted(&s, l->put.examples[i].key);
        say(&s, "}");
    }
    say(&s, l->call->options->dry_run ? "}\n" : "]}\n");
    return say_end(&s, err);
}

static int conclude(struct load *l, struct error *err)
{
    struct say s;

    if (l->call->options->json)
        return conclude_json(l, err);
    say_begin(&s, stdout);
    if (l->call->options->dry_run)
        say(&s, "%s rows of " STR_FMT " are good; nothing was changed\n",
            show_digits(l->count).text, STR_ARG(l->file.name));
    else
        say(&s, "table " STR_FMT " has %s rows of " STR_FMT "\n", STR_ARG(l->call->name),
            show_digits(l->table_rows).text, STR_ARG(l->file.name));
    if (l->skipped)
        say(&s, "%s rows without a key, or that cannot be read, were left out\n",
            show_digits(l->skipped).text);
    if (l->put.doubles)
        say(&s, "%s rows have a key that stood before: the last row of a key stays\n",
            show_digits(l->put.doubles).text);
    for (uint64_t i = 0; i < MIN(l->put.doubles, (uint64_t)TABLE_EXAMPLES); i++) {
        say(&s, "  row %" PRIu64 ": ", l->put.examples[i].row);
        say_seen(&s, l->put.examples[i].key);
        say(&s, "\n");
    }
    return say_end(&s, err);
}

/* A table has one writer, or loses rows when nobody expects it. */
static int check_writer(struct table_call *t, struct error *err)
{
    struct pipeline *p;
    const struct pipeline_table *writer = table_writer(t, &p);
    int rc = 0;

    if (writer) {
        str what = arena_printf(t->call->arena,
                                "replace table '" STR_FMT "', which records of stage '" STR_FMT
                                "' write, and go on writing into",
                                STR_ARG(t->name), STR_ARG(p->stages[writer->on].name));
        rc = table_ask(t, what, err);
    }
    pipeline_free(p);
    return rc;
}

static int load_rows(struct load *l, struct error *err)
{
    if (table_connect(l->call, err) || check_writer(l->call, err))
        return err->code;
    table_put_begin(&l->put, l->call);
    int rc = read_file(l, err);
    if (rc == 0)
        rc = table_put_end(&l->put, about(l), &l->table_rows, err);
    table_put_free(&l->put);
    return rc;
}

int table_load(struct table_call *t, struct error *err)
{
    struct load l = {.call = t, .err = err};

    if (!t->options->key.n)
        return error_set(err, ERR_USAGE, "say which columns name a row: --key country,city");
    if (table_rows_key(&l.rows, t->call->arena, t->options->key, err) ||
        named_file_find(t->call->arena, t->call->argv[2], &l.file, err))
        return err->code;
    quiet_stages(t->call, "table");
    int rc = t->options->dry_run ? read_file(&l, err) : load_rows(&l, err);
    arena_free(&l.scratch);
    return rc ? rc : conclude(&l, err);
}
