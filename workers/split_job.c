#include "workers/split_job.h"

#include <inttypes.h>

#include "workers/split_words.h"

enum { JOB_FIELDS = 64 }; /* names and values that one commit sets at most */

str split_job_field(const str *fields, uint32_t n, const char *name)
{
    for (uint32_t i = 0; i + 1 < n; i += 2)
        if (str_is(fields[i], name))
            return fields[i + 1];
    return STR_NONE;
}

uint64_t split_job_number(const str *fields, uint32_t n, const char *name)
{
    uint64_t number;

    return str_to_u64(split_job_field(fields, n, name), &number) ? number : 0;
}

struct progress *split_progress(struct batch *b, str job, uint64_t from, uint64_t row)
{
    struct progress *p = arena_zalloc(&b->arena, sizeof(*p));

    *p = (struct progress){.job = job, .from = from, .to = from, .row = MAX(row, (uint64_t)1)};
    p->fields = arena_alloc(&b->arena, JOB_FIELDS * sizeof(str));
    return b->progress = p;
}

void split_set(struct progress *p, str name, str value)
{
    p->fields[p->field_count++] = name;
    p->fields[p->field_count++] = value;
}

void split_set_number(struct progress *p, struct arena *a, str name, uint64_t value)
{
    split_set(p, name, arena_printf(a, "%" PRIu64, value));
}

static void describe_head(const struct reader *r, struct arena *a, struct progress *p)
{
    if (!str_equal(r->header, r->cols))
        split_set(p, STR("header"), r->header.n ? r->header : STR("none"));
    if (r->chosen.n)
        split_set(p, STR("chosen"), r->chosen);
    if (r->before.n) {
        split_set_number(p, a, STR("preamble"), r->lines_before);
        split_set(p, STR("preamble_text"), r->before);
    }
    if (r->missing_columns.n)
        split_set(p, STR("missing_columns"), r->missing_columns);
}

void split_describe(const struct reader *r, struct arena *a, struct progress *p,
                    uint64_t now_ms)
{
    const struct rows_dialect *d = &r->dialect;

    split_set(p, STR("uri"), r->uri);
    split_set(p, STR("src"), r->src);
    split_set(p, STR("version"), r->file.version);
    if (r->file.size != UINT64_MAX)
        split_set_number(p, a, STR("size"), r->file.size);
    if (r->file.compression)
        split_set(p, STR("compression"), str_of(r->file.compression));
    split_set(p, STR("format"), str_of(split_format_word(r->format)));
    split_set(p, STR("encoding"), r->encoding);
    split_set(p, STR("cols"), r->cols.n ? r->cols : STR("[]")); /* a sign that it was begun */
    if (r->format == ROWS_JSON)
        split_set(p, STR("records"), r->records);
    split_set(p, STR("delimiter"), arena_copy(a, (str){&d->delimiter, 1}));
    split_set(p, STR("quote"), arena_copy(a, (str){&d->quote, d->quote != '\0'}));
    split_set(p, STR("newline"), d->newline == ROWS_NEWLINE_CR ? STR("cr") : STR("lf"));
    if (r->format == ROWS_CSV)
        describe_head(r, a, p);
    split_set(p, STR("state"), STR("running"));
    split_set_number(p, a, STR("started"), now_ms);
}

void split_tally(const struct reader *r, struct arena *a, struct progress *p)
{
    if (r->recoded)
        split_set_number(p, a, STR("rows:windows-1252"), r->recoded);
    if (r->replaced)
        split_set_number(p, a, STR("rows:replaced"), r->replaced);
    if (r->truncated)
        split_set_number(p, a, STR("rows:truncated"), r->truncated);
}
