#include "common/data/batch.h"

#include <assert.h>

#include "common/data/json.h"
#include "common/data/marks.h"

enum { BATCH_ROOM = 64, MEMBER_SIGNS = 4 /* ,"": */ };

static void make_room(struct batch *b, uint32_t room)
{
    struct record *records = arena_alloc(&b->arena, room * sizeof(*records));

    if (b->record_count)
        memcpy(records, b->records, b->record_count * sizeof(*records));
    b->records = records;
    b->record_room = room;
}

struct record *batch_emit(struct batch *b, const struct entry *from, str line, uint32_t number)
{
    if (b->record_count == b->record_room)
        make_room(b, MAX((uint32_t)BATCH_ROOM, 2 * b->record_room));
    struct record *r = &b->records[b->record_count++];
    *r = (struct record){.entry = from, .line = line, .number = number};
    return r;
}

static uint32_t cut_lines(struct batch *b, const struct entry *e)
{
    uint32_t n = 0;

    for (str rest = e->data; rest.n;) {
        str line = str_cut(&rest, '\n');
        if (line.n)
            batch_emit(b, e, line, n++);
    }
    return n;
}

static void mark_records(struct batch *b, const struct entry *e)
{
    struct marks_run run;

    for (str rest = e->marks; marks_next(&rest, &run);)
        for (uint32_t i = run.first; i < e->n && i <= run.last; i++)
            b->records[e->first + i].marks |= run.mark;
}

void batch_cut(struct batch *b)
{
    batch_each_entry(e, b) {
        e->first = b->record_count;
        if (e->data.n)
            e->n = cut_lines(b, e);
        if (e->data.n && e->marks.n)
            mark_records(b, e);
    }
}

/* What stands between the braces, without outer blanks. False: the line is no object. */
static bool inside(str line, str *body)
{
    str s = str_trim(line);

    if (s.n < 2 || s.p[0] != '{' || s.p[s.n - 1] != '}')
        return false;
    *body = str_trim((str){s.p + 1, s.n - 2});
    return true;
}

bool record_find(const struct record *r, str name, str *value)
{
    const struct member *newest = NULL;
    str body;

    for (const struct member *m = r->added; m; m = m->next)
        if (str_equal(m->name, name))
            newest = m;
    if (newest) {
        *value = newest->value;
        return true;
    }
    return inside(r->line, &body) && json_find(r->line, name, value);
}

void record_add(struct batch *b, struct record *r, str name, str value)
{
    struct member *m = arena_alloc(&b->arena, sizeof(*m));

    assert(name.n && value.n);
    *m = (struct member){NULL, name, value};
    if (r->last)
        r->last->next = m;
    else
        r->added = m;
    r->last = m;
}

static bool is_called(struct arena *a, str raw, str name)
{
    str text;

    if (!memchr(raw.p, '\\', raw.n))
        return str_equal(raw, name);
    return json_unquote(a, (str){raw.p - 1, raw.n + 2}, &text) && str_equal(text, name);
}

/* The line without its members of that name. */
static str cut_member(struct arena *a, str line, str name)
{
    char *start = arena_alloc(a, line.n + 2), *out = start;
    str rest, raw, value;

    *out++ = '{';
    for (json_open(line, &rest); json_next_member(&rest, &raw, &value);) {
        if (is_called(a, raw, name))
            continue;
        if (out > start + 1)
            *out++ = ',';
        const char *from = raw.p - 1, *to = str_end(value);
        memcpy(out, from, (size_t)(to - from));
        out += to - from;
    }
    *out++ = '}';
    return str_between(start, out);
}

void record_set(struct batch *b, struct record *r, str name, str value)
{
    str body, old;

    for (struct member *m = r->added; m; m = m->next)
        if (str_equal(m->name, name)) {
            m->value = value;
            return;
        }
    if (inside(r->line, &body) && json_find(r->line, name, &old))
        r->line = cut_member(&b->arena, r->line, name);
    record_add(b, r, name, value);
}

void record_settle(struct record *r, enum verdict verdict, str reason, str detail)
{
    assert(verdict == VERDICT_PASS || reason.n);
    r->verdict = verdict;
    r->reason = reason;
    r->detail = detail;
}

size_t record_length(const struct record *r)
{
    size_t n = r->line.n;

    for (const struct member *m = r->added; m; m = m->next)
        n += m->name.n + m->value.n + MEMBER_SIGNS;
    return n;
}

static char *put(char *out, str s)
{
    if (s.n)
        memcpy(out, s.p, s.n);
    return out + s.n;
}

char *record_write(const struct record *r, char *out)
{
    str body;

    if (!r->added || !inside(r->line, &body))
        return put(out, r->line);
    *out++ = '{';
    out = put(out, body);
    for (const struct member *m = r->added; m; m = m->next) {
        if (body.n || m != r->added)
            *out++ = ',';
        *out++ = '"';
        out = put(out, m->name);
        *out++ = '"';
        *out++ = ':';
        out = put(out, m->value);
    }
    *out++ = '}';
    return out;
}
