/* A row that kills its workers is passed over without a look into it: up to its first line end,
 * or to where its brackets close. */
#include <inttypes.h>

#include "common/data/recode.h"
#include "workers/split_reader_parts.h"
#include "workers/split_words.h"

enum {
    PASS_BYTES = 2 * 1024 * 1024, /* where its end is looked for */
    BYTES_KEPT = 4096,            /* of it, in the dead letter */
    UNIT_MAX = 2,
};

struct unit { /* what a line ends with */
    char bytes[UNIT_MAX];
    size_t n;
};

static struct unit unit_of(const struct reader *r, char c)
{
    if (str_is(r->encoding, "utf-16be"))
        return (struct unit){{'\0', c}, 2};
    if (str_starts(r->encoding, STR("utf-16")))
        return (struct unit){{c, '\0'}, 2};
    return (struct unit){{c}, 1};
}

/* Does a line end of one byte say that a line ends? Not in UTF-32 and its like. */
static bool has_lines(const struct reader *r)
{
    if (split_is_plain(r->encoding) || str_starts(r->encoding, STR("utf-16")))
        return true;
    struct recode *recode = recode_new(r->encoding);
    struct arena scratch = {0};
    const uint8_t *sizes;
    str text = recode ? recode_text(recode, &scratch, STR("\n"), &sizes) : STR_NONE;
    bool is_one = str_is(text, "\n");

    recode_free(recode);
    arena_free(&scratch);
    return is_one;
}

static bool is_at(str text, size_t at, struct unit u)
{
    return at + u.n <= text.n && memcmp(text.p + at, u.bytes, u.n) == 0;
}

/* The first line behind the blank ones, its line end included. */
static bool find_line(const struct reader *r, str text, str *line)
{
    struct unit feed = unit_of(r, '\n'), back = unit_of(r, '\r');
    struct unit end = r->dialect.newline == ROWS_NEWLINE_CR ? back : feed;
    size_t start = 0, at;

    while (is_at(text, start, feed) || is_at(text, start, back))
        start += feed.n;
    for (at = start; at < text.n && !is_at(text, at, end);)
        at += end.n;
    bool is_found = at < text.n;
    *line = (str){text.p + start, MIN(is_found ? at + end.n : text.n, text.n) - start};
    return is_found || (r->is_at_end && line->n);
}

static bool find_row(struct reader *r, uint64_t offset, str *found)
{
    const struct json_cut how = {.records = r->records};
    struct arena scratch = {0};
    str text = {r->bytes, r->have};

    if (r->format != ROWS_JSON)
        return find_line(r, text, found);
    bool is_found = json_cut_pass(&how, text, offset == 0, &scratch, found);
    arena_free(&scratch);
    return is_found;
}

static bool give_up(const struct reader *r, uint64_t offset, const char *why, struct trouble *t)
{
    error_set(&t->err, ERR_DATA, "workers died of '" STR_FMT "' at offset %" PRIu64 "%s",
              STR_ARG(r->uri), offset, why);
    return reader_fail(t, STR("poison"));
}

bool reader_pass_over(struct reader *r, struct arena *a, struct row *row, struct trouble *t)
{
    uint64_t offset = cutter_boundary(r->cutter);
    bool can_pass = r->format == ROWS_JSON ? split_is_plain(r->encoding) : has_lines(r);
    str found;

    if (!can_pass)
        return give_up(r, offset, "", t);
    do {
        if (r->have >= PASS_BYTES || r->is_at_end)
            return give_up(r, offset, ", and it does not end within 2 MiB behind it", t);
        if (!reader_read_more(r, offset, t))
            return false;
    } while (!find_row(r, offset, &found));
    str text = str_trim(found);
    text.n = MIN(text.n, (size_t)BYTES_KEPT);
    *row =
        (struct row){.offset = offset + (size_t)(found.p - r->bytes), .reason = STR("poison")};
    row->end = row->offset + found.n;
    row->bytes = arena_copy(a, text);
    reader_start_rows(r, row->end, false);
    return true;
}
