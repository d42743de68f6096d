#include "common/data/pack.h"

#include "common/data/entry.h"
#include "common/data/marks.h"

enum { FIELDS_MAX = 12, DIGITS_MAX = 20 };

struct packed { /* an output entry; its data follow it, so that one block holds both */
    struct pack_entry entry;
    str args[2 * FIELDS_MAX];
    char digits[5][DIGITS_MAX];
    uint32_t numbers;
    char data[];
};
struct span { /* records that share an entry */
    struct record *const *records;
    uint32_t n;
    size_t bytes; /* at most; newlines between them included */
    str cols;
    str marks;
    const struct pack_again *again; /* or NULL */
};

static bool is_row(const struct record *r)
{
    return str_starts(str_trim(r->line), STR("["));
}

static str cols_of(const struct record *r, const str *cols)
{
    if (cols)
        return *cols;
    return is_row(r) ? r->entry->cols : STR_NONE;
}

static bool agrees(const struct entry *a, const struct entry *b)
{
    return a == b || (a->at == b->at && str_equal(a->src, b->src) && str_equal(a->run, b->run));
}

static bool follows(const struct record *r, const struct record *last)
{
    return r->entry->row + r->number == last->entry->row + last->number + 1;
}

static struct span next_span(struct record *const *records, uint32_t n, const str *cols)
{
    const struct record *first = records[0];
    struct span s = {records, 1, record_length(first), cols_of(first, cols), STR_NONE, NULL};

    for (; s.n < MIN(n, (uint32_t)ENTRY_RECORDS_MAX); s.n++) {
        const struct record *r = records[s.n];
        size_t bytes = s.bytes + 1 + record_length(r);
        if (bytes > ENTRY_DATA_MAX || !agrees(first->entry, r->entry) ||
            !str_equal(s.cols, cols_of(r, cols)) || (s.cols.n && !follows(r, records[s.n - 1])))
            break;
        s.bytes = bytes;
    }
    return s;
}

static void add_text(struct packed *p, str name, str value)
{
    p->args[p->entry.arg_count++] = name;
    p->args[p->entry.arg_count++] = value;
}

static void add_number(struct packed *p, str name, uint64_t value)
{
    char *digits = p->digits[p->numbers++];

    add_text(p, name, (str){digits, (size_t)(str_write_u64(digits, value) - digits)});
}

static void add_fields(struct packed *p, const struct span *s, str data)
{
    const struct record *first = s->records[0];
    const struct entry *e = first->entry;

    add_text(p, STR("src"), e->src);
    add_number(p, STR("row"), e->row + first->number);
    add_number(p, STR("n"), s->n);
    add_number(p, STR("at"), e->at);
    if (s->again && s->again->try)
        add_number(p, STR("try"), s->again->try);
    if (s->again && s->again->tried)
        add_number(p, STR("first"), s->again->tried);
    if (s->again && s->again->reason.n)
        add_text(p, STR("reason"), s->again->reason);
    if (s->again && s->again->is_copy)
        add_text(p, STR("copy"), STR("1"));
    if (e->run.n)
        add_text(p, STR("run"), e->run);
    if (s->cols.n)
        add_text(p, STR("cols"), s->cols);
    if (s->marks.n)
        add_text(p, STR("marks"), s->marks);
    add_text(p, STR("data"), data);
}

/* Few records are marked, and most entries hold none. */
static str marks_text(struct arena *a, const struct span *s)
{
    uint8_t marks[ENTRY_RECORDS_MAX], all = 0;

    for (uint32_t i = 0; i < s->n; i++)
        all |= marks[i] = s->records[i]->marks;
    return all ? marks_write(a, marks, s->n) : STR_NONE;
}

static struct pack_entry *pack_span(struct arena *a, struct span *s)
{
    struct packed *p = (void *)arena_reserve(a, sizeof(*p) + s->bytes);
    char *out = p->data;

    *p = (struct packed){.entry = {.args = p->args, .records = s->n}};
    for (uint32_t i = 0; i < s->n; i++) {
        if (i)
            *out++ = '\n';
        out = record_write(s->records[i], out);
    }
    arena_trim(a, out);
    p->entry.bytes = (size_t)(out - p->data);
    s->marks = marks_text(a, s);
    add_fields(p, s, (str){p->data, p->entry.bytes});
    return &p->entry;
}

void pack_append(struct pack *p, struct pack_entry *e)
{
    if (p->last)
        p->last->next = e;
    else
        p->first = e;
    p->last = e;
    p->entries++;
    p->records += e->records;
    p->bytes += e->bytes;
}

static void pack_spans(struct arena *a, struct pack *p, struct record *const *records,
                       uint32_t n, const str *cols, const struct pack_again *again)
{
    while (n) {
        struct span s = next_span(records, n, cols);
        s.again = again;
        pack_append(p, pack_span(a, &s));
        records += s.n;
        n -= s.n;
    }
}

void pack_records(struct arena *a, struct pack *p, struct record *const *records, uint32_t n,
                  const str *cols)
{
    pack_spans(a, p, records, n, cols, NULL);
}

void pack_records_again(struct arena *a, struct pack *p, struct record *const *records,
                        uint32_t n, const struct pack_again *again)
{
    pack_spans(a, p, records, n, NULL, again);
}

void pack_record_again(struct arena *a, struct pack *p, struct record *r,
                       const struct pack_again *again)
{
    pack_records_again(a, p, (struct record *const[]){r}, 1, again);
}
