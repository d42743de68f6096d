/* A window summed up anew from documents that were delivered: beside the window itself, by the
 * same functions, under the name `<name>~recount`, and then compared row by row. */
#include <stdio.h>

#include "common/base/clock.h"
#include "common/data/json.h"
#include "common/data/text_map.h"
#include "common/io/redis.h"
#include "common/run/windows.h"
#include "tools/offline_file.h"
#include "tools/show.h"
#include "tools/window.h"

enum { CHUNK_BYTES = 1 << 20 };
static const uint64_t leftover_ms = 3600 * 1000; /* of a recount that was killed */

struct recount {
    struct window_call *call;
    struct say *say;
    struct error *err;
    struct pipeline_window window; /* under its other name, with nowhere to send */
    struct pipeline pipeline;      /* with that window alone */
    uint64_t closed;               /* nothing is */
    struct output_context context;
    struct batch chunk; /* what was read and is not in Redis yet */
    struct parts *parts;
    struct arena ids_arena;
    struct text_map ids; /* a document that came twice counts once */
    uint64_t documents, copies;
    bool is_over;
};

static void begin_chunk(struct recount *r)
{
    arena_reset(&r->chunk.arena);
    r->parts = parts_new(&r->chunk.arena, &r->context, &r->chunk);
}

static int send_part(struct recount *r, const struct commit_part *part, struct error *err)
{
    struct arena *a = &r->chunk.arena;
    str *args = arena_alloc(a, (3 + part->key_count + part->arg_count) * sizeof(*args));
    const struct reply *reply;

    args[0] = STR("FCALL");
    args[1] = STR("sp1_window");
    args[2] = arena_printf(a, "%u", part->key_count);
    memcpy(args + 3, part->keys, part->key_count * sizeof(*args));
    memcpy(args + 3 + part->key_count, part->args, part->arg_count * sizeof(*args));
    return redis_call(r->call->redis, args, 3 + part->key_count + part->arg_count, a, &reply,
                      err);
}

static int end_chunk(struct recount *r, struct error *err)
{
    struct commit commit = {0};
    int rc = 0;

    r->context.now_ms = clock_wall_ms(&clock_system);
    parts_build(r->parts, &commit);
    for (uint32_t i = 0; i < commit.part_count && rc == 0; i++)
        rc = send_part(r, &commit.parts[i], err);
    begin_chunk(r);
    return rc;
}

/* The reader gives a document an id of its own, and puts the one that it had into sp_extra. */
static bool own_id(const struct record *r, str *id)
{
    str extra;

    return record_find(r, STR("sp_extra"), &extra) && json_find(extra, STR("sp_id"), id);
}

static void take(struct recount *r, const struct record *from)
{
    struct arena *a = &r->chunk.arena;
    struct entry *entry = arena_zalloc(a, sizeof(*entry));
    struct record document = {.entry = entry, .line = arena_copy(a, from->line)};
    bool is_new;
    str id;

    if (!own_id(&document, &id)) {
        r->is_over = true;
        error_set(r->err, ERR_DATA, "record %llu has no sp_id: that is no delivered document",
                  (unsigned long long)offline_row(from));
        return;
    }
    r->documents++;
    text_map_get(&r->ids, r, arena_copy(&r->ids_arena, id), 1, &is_new);
    r->copies += !is_new;
    if (!is_new)
        return;
    entry->at = UINT64_MAX / 2; /* no event time is beyond belief: it was summed up once */
    record_add(&r->chunk, &document, STR("sp_id"), id);
    (void)windows_add(parts_sums(r->parts, &part_windows), &document);
    if (arena_size(a) > CHUNK_BYTES && end_chunk(r, r->err))
        r->is_over = true;
}

static void on_ended(void *ctx, const struct offline_end *end)
{
    struct recount *r = ctx;

    if (r->is_over)
        return;
    if (reader_is_record(end)) {
        take(r, end->record);
        return;
    }
    r->is_over = true;
    error_set(r->err, ERR_DATA, STR_FMT, STR_ARG(end->detail));
}

static int read_file(struct recount *r, const char *name, struct error *err)
{
    struct pipeline *p = reader_pipeline(r->call->call, NULL);
    struct named_file file;
    struct error own = {0};
    const struct offline_setup setup = {
        .pipeline = p,
        .clock = &clock_system,
        .is_enough = &r->is_over,
        .watch = {.ended = on_ended, .ctx = r},
    };

    int rc = named_file_find(r->call->call->arena, name, &file, err);
    struct offline *o = rc ? NULL : offline_open(&setup, err);
    if (o && offline_file(o, file.uri, file.folder, &own) && !err->code)
        *err = own;
    offline_close(o);
    pipeline_free(p);
    return err->code ? error_wrap(err, "%s", name), err->code : 0;
}

/* What the recount left in Redis: panes by their starts, sketches by their groups. */
static int sweep(struct recount *r, struct error *err)
{
    struct arena a = {0};
    str pattern =
        arena_printf(&a, STR_FMT "*", STR_ARG(keys_window(&r->call->keys, &a, r->window.name)));
    str cursor = STR("0");
    const struct reply *page, *gone;
    int rc;

    do {
        rc = WINDOW_ASK(r->call, &a, &page, err, STR("SCAN"), cursor, STR("MATCH"), pattern,
                        STR("COUNT"), STR("1000"));
        for (uint32_t i = 0; rc == 0 && i < page->items[1].n; i++)
            rc = WINDOW_ASK(r->call, &a, &gone, err, STR("UNLINK"),
                            page->items[1].items[i].text);
        if (rc == 0)
            cursor = page->items[0].text;
    } while (rc == 0 && !str_is(cursor, "0"));
    arena_free(&a);
    return rc;
}

static int say_late(struct recount *r, struct error *err)
{
    struct arena *a = r->call->call->arena;
    const struct reply *late;

    if (WINDOW_ASK(r->call, a, &late, err, STR("HGET"),
                   keys_window(&r->call->keys, a, r->call->window->name), STR("late")))
        return err->code;
    if (late->text.n && !str_is(late->text, "0"))
        say(r->say, STR_FMT " late records are in the documents and not in the window\n",
            STR_ARG(late->text));
    return 0;
}

static int count(struct recount *r, uint64_t *differences, struct error *err)
{
    struct command_call *call = r->call->call;
    int rc = 0;

    begin_chunk(r);
    for (int i = 1; i < call->argc && rc == 0; i++)
        rc = read_file(r, call->argv[i], err);
    if (rc == 0)
        rc = end_chunk(r, err);
    if (rc == 0)
        rc = window_compare(r->call, r->say, r->window.name, differences, err);
    if (rc)
        return rc;
    say(r->say, "%s documents, %s copies left out: %s differences\n",
        show_digits(r->documents).text, show_digits(r->copies).text,
        show_digits(*differences).text);
    return say_late(r, err);
}

int window_recount(struct window_call *w, struct say *s, struct error *err)
{
    struct recount r = {.call = w, .say = s, .err = err, .window = *w->window};
    struct error none = {0};
    uint64_t differences = 0;

    if (w->call->argc < 2)
        return error_set(err, ERR_USAGE, "which documents? name the files of objects");
    if (!w->window->time.n)
        return error_set(err, ERR_USAGE,
                         "'" STR_FMT
                         "' goes by the time of acceptance, which no document carries",
                         STR_ARG(w->window->name));
    quiet_stages(w->call, "window");
    r.window.name = arena_printf(w->call->arena, STR_FMT "~recount", STR_ARG(w->window->name));
    r.window.has_to = r.window.has_late = false;
    r.window.keep_ms = leftover_ms;
    r.window.on = 0;
    r.pipeline = (struct pipeline){.windows = &r.window, .window_count = 1};
    r.context =
        (struct output_context){.pipeline = &r.pipeline, .keys = &w->keys, .closed = &r.closed};
    r.ids.arena = &r.ids_arena;
    int rc = sweep(&r, err);
    if (rc == 0)
        rc = count(&r, &differences, err);
    if (sweep(&r, rc ? &none : err) && rc == 0)
        rc = err->code;
    arena_free(&r.chunk.arena);
    arena_free(&r.ids_arena);
    return rc == 0 && differences ? 1 : rc;
}
