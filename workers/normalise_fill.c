#include "workers/normalise_fill.h"

#include "common/data/json.h"
#include "common/data/marks.h"

enum { SHOWN_MAX = 80, NUMBER_BYTES = 20 }; /* bytes of a value in a detail; of a number */

struct fill { /* one record */
    struct arena *arena;
    struct record *record;
    const struct source *src;
    uint8_t *flags;
    str uri;
    struct outcome *o;
};

/* At most SHOWN_MAX bytes, no code point cut in two. */
static str shown(str s)
{
    size_t n = MIN(s.n, (size_t)SHOWN_MAX);

    while (n && n < s.n && ((unsigned char)s.p[n] & 0xc0) == 0x80)
        n--;
    return (str){s.p, n};
}

static void add_issue(struct fill *c, const struct normalise_field *f, str issue, str why)
{
    c->o->issues[c->o->issue_count++] = (struct issue){f, issue, why};
}

/* A field that reads the cell in the same way has said it. */
static bool is_said(const struct fill *c, const struct normalise_field *f,
                    const struct reading *r)
{
    for (uint32_t i = 0; f->has_kin && !r->is_read && i < c->o->issue_count; i++) {
        const struct issue *said = &c->o->issues[i];
        if (said->field && said->field->kin == f->kin && str_equal(said->issue, r->out.issue) &&
            str_equal(said->why, r->out.why))
            return true;
    }
    return false;
}

/* What could not be read. */
static void refuse(struct fill *c, const struct normalise_field *f, const struct reading *r)
{
    if (f->unreadable == UNREADABLE_NULL && !f->is_required)
        return;
    if (f->unreadable == UNREADABLE_ISSUE && !f->is_required) {
        if (!is_said(c, f, r))
            add_issue(c, f, r->out.issue, r->out.why);
        return;
    }
    record_settle(c->record, VERDICT_DEAD, STR("cannot_parse"),
                  arena_printf(c->arena, "field " STR_FMT ": '" STR_FMT "' " STR_FMT,
                               STR_ARG(f->label), STR_ARG(shown(r->text)),
                               STR_ARG(r->out.why)));
}

/* When the record was scraped, as one of its cells says. */
static void look_for_now(struct fill *c, const struct normalise_field *f, struct reading *r)
{
    const struct plan *p = c->src->plan;
    uint32_t column = p->sources[f - p->rules->fields].scraped;
    struct reading cell;

    r->has_now = column != COLUMN_NONE && cell_look(c->arena, c->src->cells[column], &cell) &&
                 coerce_moment(cell.text, &r->now);
}

/* Read the text at hand into the field's value. False: it has none of its own. */
static bool read_text(struct fill *c, const struct normalise_field *f, struct cell_share *share,
                      struct reading *r, str *value, uint8_t *flags)
{
    if (f->scraped.n)
        look_for_now(c, f, r);
    if (!cell_read(c->arena, f, share, r)) {
        *flags |= CELL_KEPT;
        *value = STR_NONE;
        refuse(c, f, r);
        return true;
    }
    bool is_odd = r->out.issue.n && (r->out.value.n || f->unreadable != UNREADABLE_NULL);
    if (is_odd)
        add_issue(c, f, r->out.issue, r->out.why);
    if (!r->out.value.n) {
        *value = is_odd ? STR_NONE : *value;
        return is_odd || r->is_read;
    }
    *flags |= r->is_whole ? CELL_SAID : 0;
    *value = r->out.value;
    return true;
}

/* What its kin have of a cell; NULL: it has none. */
static struct cell_share *share_of(struct fill *c, const struct normalise_field *f,
                                   uint32_t column)
{
    struct share *s = &c->o->shares[f->kin];

    if (!f->has_kin)
        return NULL;
    if (s->record != c->o->record || s->column != column) {
        s->record = c->o->record;
        s->column = column;
        s->cell.is_prepared = s->cell.has_quantity = false;
    }
    return &s->cell;
}

static void fill_columns(struct fill *c, const struct normalise_field *f, uint32_t number,
                         str *value)
{
    const struct plan *p = c->src->plan;
    struct reading reading UNSET, *r = &reading;

    for (uint32_t i = 0; i < p->sources[number].n; i++) {
        uint32_t column = p->sources[number].columns[i];
        const struct normalise_alias *alias = p->sources[number].aliases[i];
        if (!cell_look(c->arena, c->src->cells[column], r))
            continue;
        r->before = alias->before;
        r->after = alias->after;
        if (read_text(c, f, share_of(c, f, column), r, value, &c->flags[column]))
            return;
    }
}

/* Nothing when none of its columns holds anything. */
static bool write_template(struct fill *c, const struct normalise_field *f, uint32_t number,
                           str *text)
{
    const uint32_t *columns = c->src->plan->sources[number].columns;
    str *texts = arena_alloc(c->arena, (f->part_count + 1) * sizeof(*texts));
    size_t length = 0;
    bool is_empty = true;

    for (uint32_t i = 0; i < f->part_count; i++) {
        struct reading r = {.text = STR_NONE};
        bool is_there =
            columns[i] != COLUMN_NONE && cell_look(c->arena, c->src->cells[columns[i]], &r);
        texts[i] = !f->parts[i].is_column ? f->parts[i].text : is_there ? r.text : STR_NONE;
        is_empty &= !is_there;
        length += texts[i].n;
    }
    char *start = arena_alloc(c->arena, length + 1), *out = start;
    for (uint32_t i = 0; i < f->part_count; i++)
        if (texts[i].n)
            out = mempcpy(out, texts[i].p, texts[i].n);
    *text = str_trim(str_between(start, out));
    return !is_empty && text->n;
}

static void fill_template(struct fill *c, const struct normalise_field *f, uint32_t number,
                          str *value)
{
    struct reading r = {.is_whole = true};
    uint8_t flags = 0;

    if (!write_template(c, f, number, &r.text) || !read_text(c, f, NULL, &r, value, &flags))
        return;
    for (uint32_t i = 0; i < f->part_count; i++)
        if (c->src->plan->sources[number].columns[i] != COLUMN_NONE)
            c->flags[c->src->plan->sources[number].columns[i]] |= flags;
}

static void fill_text(struct fill *c, const struct normalise_field *f, str text, str *value)
{
    struct reading r = {.text = str_trim(text), .is_whole = true};
    uint8_t flags = 0;

    if (r.text.n)
        (void)read_text(c, f, NULL, &r, value, &flags);
}

static void fill_pointer(struct fill *c, const struct normalise_field *f, str *value)
{
    struct reading r;
    uint8_t flags = 0;
    str raw;

    if (c->src->is_document && json_pointer(c->record->line, f->value, &raw) &&
        cell_look(c->arena, raw, &r))
        (void)read_text(c, f, NULL, &r, value, &flags);
}

/* A number stays one. */
static void fill_digits(struct fill *c, const struct normalise_field *f, str digits, str *value)
{
    struct reading r = {.raw = digits, .text = digits, .is_whole = true};
    uint8_t flags = 0;

    (void)read_text(c, f, NULL, &r, value, &flags);
}

static str digits_of(struct fill *c, uint64_t number)
{
    char *start = arena_alloc(c->arena, NUMBER_BYTES);

    return str_between(start, str_write_u64(start, number));
}

/* What standpipe knows of the record. FROM_EXTRA and FROM_ISSUES wait until all else is done.
 */
static void fill_known(struct fill *c, const struct normalise_field *f, str *value)
{
    const struct entry *e = c->record->entry;

    switch (f->from) {
    case FROM_NAME:
        fill_text(c, f, c->src->plan->rules->name, value);
        break;
    case FROM_FILE:
        fill_text(c, f, normalise_file_of(c->uri), value);
        break;
    case FROM_URI:
        fill_text(c, f, c->uri, value);
        break;
    case FROM_ROW:
        fill_digits(c, f, digits_of(c, e->row + c->record->number), value);
        break;
    case FROM_OFFSET:
        fill_digits(c, f, c->src->offset, value);
        break;
    case FROM_ACCEPTED:
        fill_digits(c, f, digits_of(c, e->at), value);
        break;
    case FROM_RAW:
        *value = normalise_raw(c->arena, c->record, c->src);
        break;
    case FROM_COLUMNS:
    case FROM_VALUE:
    case FROM_TEMPLATE:
    case FROM_POINTER:
    case FROM_EXTRA:
    case FROM_ISSUES:
        break;
    }
}

static void fill_field(struct fill *c, uint32_t number)
{
    const struct normalise_field *f = &c->src->plan->rules->fields[number];
    str *value = &c->o->values[number];

    *value = f->fallback;
    switch (f->from) {
    case FROM_COLUMNS:
        fill_columns(c, f, number, value);
        break;
    case FROM_VALUE:
        fill_text(c, f, f->value, value);
        break;
    case FROM_TEMPLATE:
        fill_template(c, f, number, value);
        break;
    case FROM_POINTER:
        fill_pointer(c, f, value);
        break;
    case FROM_EXTRA:
    case FROM_ISSUES:
        return;
    case FROM_NAME:
    case FROM_FILE:
    case FROM_URI:
    case FROM_ROW:
    case FROM_OFFSET:
    case FROM_ACCEPTED:
    case FROM_RAW:
        fill_known(c, f, value);
        break;
    }
    if (f->is_required && !value->n && c->record->verdict == VERDICT_PASS)
        record_settle(c->record, VERDICT_DEAD, STR("required"),
                      arena_printf(c->arena,
                                   "field " STR_FMT " has no value, and none by default",
                                   STR_ARG(f->label)));
}

/* Two neighbours that both cannot be read: a cell was lost or put in. */
static void look_for_shift(struct fill *c)
{
    for (uint32_t i = 1; i < c->src->plan->n; i++)
        if (c->flags[i] & c->flags[i - 1] & CELL_KEPT) {
            add_issue(c, NULL, STR("shifted"),
                      STR("two columns side by side cannot be read: cells may have moved"));
            return;
        }
}

/* What split saw of it; now it is said. */
static void take_marks(struct fill *c)
{
    for (unsigned i = 0; i < MARKS; i++)
        if (c->record->marks & 1U << i)
            add_issue(c, NULL, mark_kinds[i].issue, mark_kinds[i].why);
    c->record->marks = 0;
}

bool fill_fields(struct arena *a, struct record *r, const struct source *src, uint8_t *flags,
                 str uri, struct outcome *o)
{
    const struct normalise_rules *rules = src->plan->rules;
    struct fill c = {a, r, src, flags, uri, o};

    o->issue_count = 0;
    o->record++;
    for (uint32_t i = 0; i < rules->n && r->verdict == VERDICT_PASS; i++)
        fill_field(&c, i);
    if (r->verdict != VERDICT_PASS)
        return false;
    if (o->issue_count > 1)
        look_for_shift(&c);
    if (r->marks)
        take_marks(&c);
    for (uint32_t i = 0; (rules->has_extra || rules->has_issues) && i < rules->n; i++)
        if (rules->fields[i].from == FROM_EXTRA)
            o->values[i] = normalise_extra(a, r, src);
        else if (rules->fields[i].from == FROM_ISSUES)
            o->values[i] = normalise_issues(a, r, src, o);
    return true;
}
