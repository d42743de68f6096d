/* A document as the bytes that leave us: its line, sp_source as its last member, one newline.
 * Nothing is parsed but the sp_id, and that only where it does not stand first. */
#include "workers/sink.h"

#include <inttypes.h>

#include "common/data/json.h"

enum { SRC_LENGTH = 16, NUMBER_MAX = 20 };

static char *put(char *out, str s)
{
    if (s.n)
        memcpy(out, s.p, s.n);
    return out + s.n;
}

static size_t count_digits(const char *p, const char *end)
{
    size_t n = (size_t)(ascii_skip_digits(p, end) - p);

    /* What stands here becomes a JSON number: no leading zero. */
    return n > NUMBER_MAX || (n > 1 && *p == '0') ? 0 : n;
}

/* `id` begins behind the opening quote. Takes "<src>-<row>-<offset>\"". */
static bool take_place(struct document *d, str id)
{
    const char *p = id.p, *end = id.p + id.n;

    if (id.n < SRC_LENGTH + 5 || !str_starts(id, d->from->src) || p[SRC_LENGTH] != '-')
        return false;
    p += SRC_LENGTH + 1;
    size_t row = count_digits(p, end);
    if (row == 0 || end - (p + row) < 3 || p[row] != '-')
        return false;
    size_t offset = count_digits(p + row + 1, end);
    const char *behind = p + row + 1 + offset;
    if (offset == 0 || behind == end || *behind != '"')
        return false;
    d->place = p;
    d->row_length = (uint8_t)row;
    d->offset_length = (uint8_t)offset;
    return true;
}

/* Where it stands first or last, as our own stages write it, nothing else need be read. */
static bool find_place_at_ends(struct document *d, str line)
{
    static const char name[] = "{\"sp_id\":\"";
    const size_t name_length = sizeof(name) - 1;

    if (str_starts(line, (str){name, name_length}))
        return take_place(d, (str){line.p + name_length, line.n - name_length});
    if (!str_ends(line, STR("\"}")))
        return false;
    const char *last = line.p + line.n - 2; /* quote of the last member's value */
    const char *quote = memrchr(line.p, '"', (size_t)(last - line.p));
    /* Only the name's own bytes: quotes inside a text come with a backslash. */
    if (!quote || (size_t)(quote + 1 - line.p) < name_length ||
        memcmp(quote + 2 - name_length, name + 1, name_length - 1) != 0)
        return false;
    return take_place(d, (str){quote + 1, (size_t)(line.p + line.n - quote - 1)});
}

static void find_place(struct document *d)
{
    const struct record *r = d->record;
    str value;

    if (d->from->src.n != SRC_LENGTH || (!r->added && find_place_at_ends(d, r->line)))
        return;
    if (record_find(r, STR("sp_id"), &value) && value.n > 2 && value.p[0] == '"')
        take_place(d, (str){value.p + 1, value.n - 1});
}

void document_measure(struct document *d)
{
    size_t n = record_length(d->record) + d->has_newline;

    d->place = NULL;
    if (d->from) {
        find_place(d);
        n += 1 + d->from->head.n + d->from->tail.n;
        if (d->place)
            n += STR("\"row\":,\"offset\":,").n + d->row_length + d->offset_length;
    }
    d->length = (uint32_t)MIN(n, (size_t)UINT32_MAX);
}

static char *write_place(const struct document *d, char *out)
{
    out = put(out, STR("\"row\":"));
    out = put(out, (str){d->place, d->row_length});
    out = put(out, STR(",\"offset\":"));
    out = put(out, (str){d->place + d->row_length + 1, d->offset_length});
    *out++ = ',';
    return out;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

char *document_write(const struct document *d, char *out)
{
    char *begin = out;

    out = record_write(d->record, out);
    if (d->from) {
        while (out > begin && out[-1] != '}') /* blanks behind a line made by hand */
            out--;
        out -= out > begin;
        while (out > begin && is_blank(out[-1]))
            out--;
        if (out > begin && out[-1] != '{')
            *out++ = ',';
        out = put(out, d->from->head);
        if (d->place)
            out = write_place(d, out);
        out = put(out, d->from->tail);
        *out++ = '}';
    }
    if (d->has_newline)
        *out++ = '\n';
    return out;
}

str provenance_head(struct arena *a, str uri, str version)
{
    if (uri.n == 0)
        return STR("\"sp_source\":{");
    str u = json_quoted(a, uri), v = json_quoted(a, version);
    return arena_printf(a, "\"sp_source\":{\"uri\":" STR_FMT ",\"version\":" STR_FMT ",",
                        STR_ARG(u), STR_ARG(v));
}

struct provenance *provenance_new(struct arena *a, str src, str head, uint64_t at,
                                  uint64_t pipeline)
{
    struct provenance *p = arena_alloc(a, sizeof(*p));

    *p = (struct provenance){.src = src, .head = head, .at = at};
    p->tail = arena_printf(a, "\"at\":%" PRIu64 ",\"pipeline\":%" PRIu64 "}", at, pipeline);
    return p;
}
