/* `standpipe dead list` and `dead show`: single letters, whose bytes came from outside. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/data/json.h"
#include "tools/dead.h"
#include "tools/show.h"

enum {
    LIST_DEFAULT = 100,
    DETAIL_MAX = 100,
    OUT_MAX = 16 * 1024 * 1024, /* a letter of a megabyte, every byte of it escaped */
};

static bool print(const struct buf *out)
{
    return fwrite(out->p, 1, out->n, stdout) == out->n;
}

/* {"v":1,"id":"...","stage":"...",...} */
static bool add_json(struct buf *out, struct arena *a, const struct letter *l)
{
    str id = json_quoted(a, l->id);
    bool fits = buf_printf(out, "{\"v\":1,\"id\":" STR_FMT, STR_ARG(id));

    for (uint32_t i = 0; i + 1 < l->fields->n && fits; i += 2)
        fits = buf_add(out, STR(",")) &&
               buf_add(out, json_quoted(a, l->fields->items[i].text)) &&
               buf_add(out, STR(":")) &&
               buf_add(out, json_quoted(a, l->fields->items[i + 1].text));
    return fits && buf_add(out, STR("}\n"));
}

static bool add_line(struct buf *out, struct arena *a, const struct letter *l, uint64_t now_ms)
{
    str stage = letter_printable(a, l->stage), reason = letter_printable(a, l->reason);
    str detail = letter_printable(a, (str){l->detail.p, MIN(l->detail.n, (size_t)DETAIL_MAX)});
    str row = letter_printable(a, letter_field(l, "row"));

    return buf_printf(
        out, STR_FMT " %8s  %-12.*s %-20.*s " STR_FMT " row " STR_FMT "  " STR_FMT "\n",
        STR_ARG(l->id), show_age(now_ms > l->at_ms ? now_ms - l->at_ms : 0).text,
        STR_ARG(stage), STR_ARG(reason), STR_ARG(letter_printable(a, l->src)), STR_ARG(row),
        STR_ARG(detail));
}

static bool list_page(struct letter_cursor *c, bool json, uint64_t *left)
{
    uint64_t now_ms = clock_wall_ms(&clock_system);
    struct buf out;
    bool is_out = true;

    buf_init(&out, OUT_MAX);
    for (uint32_t i = 0; i < c->count && *left && is_out; i++, --*left) {
        buf_reset(&out);
        is_out = json ? add_json(&out, &c->arena, &c->letters[i])
                      : add_line(&out, &c->arena, &c->letters[i], now_ms);
        is_out = is_out && print(&out);
    }
    buf_free(&out);
    return is_out;
}

int dead_list(struct dead_call *d, struct error *err)
{
    const struct dead_settings *o = d->options;
    struct letter_cursor c = {
        .redis = d->redis, .key = d->key, .filter = o->filter, .is_backwards = true};
    uint64_t left = o->limit ? o->limit : LIST_DEFAULT;
    bool more = true, is_out = true;
    int rc = 0;

    while (left && is_out && (rc = letters_next(&c, &more, err)) == 0 && more)
        is_out = list_page(&c, o->json, &left);
    letters_close(&c);
    if (rc == 0 && (!is_out || fflush(stdout) != 0))
        return error_set(err, ERR_SYSTEM, "stdout is closed");
    if (rc == 0 && left == 0 && o->limit == 0)
        fprintf(stderr, "the newest %d letters; see --limit\n", LIST_DEFAULT);
    return rc;
}

/* Its bytes come last, as they are, for a pipe; a terminal gets them escaped. */
static bool add_whole(struct buf *out, struct arena *a, const struct letter *l, bool is_escaped)
{
    bool fits = buf_printf(out, "id        " STR_FMT "\n", STR_ARG(l->id));

    for (uint32_t i = 0; i + 1 < l->fields->n && fits; i += 2) {
        str name = letter_printable(a, l->fields->items[i].text);
        str value = l->fields->items[i + 1].text;
        if (!str_is(name, "data"))
            fits = buf_printf(out, "%-9.*s ", STR_ARG(name)) &&
                   buf_add(out, letter_printable(a, value)) && buf_add(out, STR("\n"));
    }
    return fits && buf_add(out, STR("data      ")) &&
           buf_add(out, is_escaped ? letter_printable(a, l->data) : l->data) &&
           buf_add(out, STR("\n"));
}

static int show_letter(const struct letter *l, struct arena *a, const struct dead_settings *o,
                       struct error *err)
{
    struct buf out;
    bool fits;

    buf_init(&out, OUT_MAX);
    if (o->raw)
        fits = buf_add(&out, l->data);
    else if (o->json)
        fits = add_json(&out, a, l);
    else
        fits = add_whole(&out, a, l, isatty(1));
    return command_print(&out, fits, err);
}

static int show_newest(struct dead_call *d, struct error *err)
{
    struct letter_cursor c = {
        .redis = d->redis, .key = d->key, .filter = d->options->filter, .is_backwards = true};
    bool more = true;
    int rc = 0;

    while (c.count == 0 && (rc = letters_next(&c, &more, err)) == 0 && more)
        ;
    if (rc == 0 && c.count == 0)
        rc = error_set(err, ERR_DATA, "there is no such dead letter");
    else if (rc == 0)
        rc = show_letter(&c.letters[0], &c.arena, d->options, err);
    letters_close(&c);
    return rc;
}

int dead_show(struct dead_call *d, struct error *err)
{
    if (d->call->argc == 1)
        return show_newest(d, err);
    struct arena *a = d->call->arena;
    str id = str_of(d->call->argv[1]);
    const struct reply *found;
    struct letter l;

    if (redis_call(d->redis, (const str[]){STR("XRANGE"), d->key, id, id}, 4, a, &found, err) !=
        0)
        return err->code;
    if (found->type != REPLY_ARRAY || found->n == 0 || found->items[0].n != 2)
        return error_set(err, ERR_DATA,
                         "there is no dead letter '%s': see 'standpipe dead list'", id.p);
    letter_read(&l, found->items[0].items[0].text, &found->items[0].items[1]);
    return show_letter(&l, a, d->options, err);
}
