#include "tools/lookup_local/data.h"

#include <stdlib.h>

#include "common/base/hash.h"
#include "common/data/json.h"
#include "common/data/json_cut.h"
#include "common/data/rows.h"
#include "common/run/slurp.h"

enum { FILE_MAX = 256 << 20, ROW_MAX = 1 << 20 };

int data_set_key(struct data *d, str key, struct error *err)
{
    while (key.n) {
        str name = str_trim(str_cut(&key, ','));
        if (name.n == 0)
            continue;
        if (d->part_count == DATA_PARTS_MAX)
            return error_set(err, ERR_USAGE, "a key of more than %d members", DATA_PARTS_MAX);
        d->parts[d->part_count++] = name;
    }
    if (d->part_count == 0)
        return error_set(err, ERR_USAGE, "no key: --key country,city names its members");
    return 0;
}

static struct data_key *slot_of(struct data *d, str text)
{
    uint32_t i = (uint32_t)hash_bytes(text) & (d->size - 1);

    while (d->table[i].text.p && !str_equal(d->table[i].text, text))
        i = (i + 1) & (d->size - 1);
    return &d->table[i];
}

static void grow(struct data *d)
{
    struct data_key *old = d->table;
    uint32_t size = d->size;

    d->size = size ? size * 2 : 1024;
    d->table = xalloc(d->size * sizeof(*d->table));
    for (uint32_t i = 0; i < size; i++)
        if (old[i].text.p)
            *slot_of(d, old[i].text) = old[i];
    free(old);
}

struct data_key *data_key(struct data *d, str text)
{
    if (2 * d->n >= d->size)
        grow(d);
    struct data_key *k = slot_of(d, text);
    if (!k->text.p) {
        k->text = arena_copy(&d->arena, text);
        d->n++;
    }
    return k;
}

static void add(struct data *d, struct arena *scratch, str document)
{
    str key = STR_NONE, value;

    for (uint32_t i = 0; i < d->part_count; i++) {
        str text =
            json_find(document, d->parts[i], &value) ? json_text(scratch, value) : STR_NONE;
        key =
            i ? arena_printf(scratch, STR_FMT "|" STR_FMT, STR_ARG(key), STR_ARG(text)) : text;
    }
    struct data_key *k = data_key(d, key);
    struct data_row *r = arena_zalloc(&d->arena, sizeof(*r));
    r->line = arena_copy(&d->arena, document);
    if (k->last)
        k->last->next = r;
    else
        k->first = r;
    k->last = r;
}

static int read_rows(struct data *d, struct cutter c, bool is_csv, str text, struct error *err)
{
    struct arena scratch = {0};
    str cols = STR_NONE;
    enum rows_status status = ROWS_ROW;

    while (status != ROWS_END && !err->code) {
        struct row row = {0};
        arena_reset(&scratch);
        uint64_t at = cutter_offset(c);
        status = cutter_next(c, (str){text.p + at, text.n - at}, true, &scratch, &row);
        if (status == ROWS_BAD || (status == ROWS_END && row.why.n))
            error_set(err, ERR_DATA, "at byte %llu: " STR_FMT, (unsigned long long)row.offset,
                      STR_ARG(row.why.n ? row.why : row.reason));
        else if (status == ROWS_ROW && is_csv && !cols.p)
            cols = rows_header(&d->arena, row.line);
        else if (status == ROWS_ROW)
            add(d, &scratch, is_csv ? rows_object(&scratch, cols, row.line) : row.line);
    }
    arena_free(&scratch);
    return err->code;
}

int data_load(struct data *d, const char *path, struct error *err)
{
    struct arena a = {0};
    struct cutter c = {0};
    const struct json_cut how = {.row_bytes = ROW_MAX};
    str text;

    if (slurp(&a, path, FILE_MAX, &text, err) != 0)
        return err->code;
    bool is_csv = rows_format_of(text, true) == ROWS_CSV;
    if (is_csv)
        c = (struct cutter){
            &rows_kind,
            rows_new(rows_sniff(text), (struct rows_limits){.row_bytes = ROW_MAX}, 0)};
    else
        c = (struct cutter){&json_lines_kind, json_lines_new(&how, 0)};
    if (read_rows(d, c, is_csv, text, err) != 0)
        error_wrap(err, "read '%s'", path);
    cutter_free(&c);
    arena_free(&a);
    return err->code;
}

void data_free(struct data *d)
{
    free(d->table);
    arena_free(&d->arena);
}
