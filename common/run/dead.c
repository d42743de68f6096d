#include "common/run/dead.h"

#include "common/data/marks.h"
#include "common/data/origin.h"

enum { DEAD_ARGS_MAX = 32 };

struct fields {
    str *args;
    uint32_t n;
};

static void put(struct fields *f, str name, str value)
{
    if (value.n == 0)
        return;
    f->args[f->n++] = name;
    f->args[f->n++] = value;
}

static void put_number(struct fields *f, struct arena *a, str name, uint64_t value)
{
    char *p = arena_alloc(a, 20);

    put(f, name, (str){p, (size_t)(str_write_u64(p, value) - p)});
}

/* A file that goes back goes on where its job stood. */
static str job_of(const struct entry *e)
{
    for (uint32_t i = 0; i + 1 < e->field_count; i += 2)
        if (str_is(e->fields[i], "job") && e->fields[i + 1].n)
            return e->fields[i + 1];
    return e->id;
}

static str whole_line(struct arena *a, const struct record *r)
{
    if (!r->added)
        return r->line;
    char *p = arena_alloc(a, record_length(r));
    return (str){p, (size_t)(record_write(r, p) - p)};
}

void dead_add(struct arena *a, struct pack *p, const struct record *r, str reason, str detail,
              const struct dead_context *c)
{
    struct fields f = {.args = arena_alloc(a, DEAD_ARGS_MAX * sizeof(str))};
    struct pack_entry *e = arena_zalloc(a, sizeof(*e));
    struct origin o;
    bool has_offset = origin_of(r, &o);
    bool is_job = r->entry->uri.n && !str_is(c->stage, "inbox");
    bool is_row = str_starts(str_trim(r->line), STR("["));
    str data = whole_line(a, r);

    put(&f, STR("stage"), c->stage);
    put(&f, STR("reason"), reason);
    put(&f, STR("detail"), detail);
    put_number(&f, a, STR("attempts"), r->entry->try + 1);
    put_number(&f, a, STR("at"), r->entry->at);
    put_number(&f, a, STR("first"), r->entry->tried ? r->entry->tried : c->now_ms);
    put_number(&f, a, STR("last"), c->now_ms);
    put(&f, STR("uri"), c->uri);
    put(&f, STR("src"), o.src);
    put_number(&f, a, STR("row"), o.row);
    if (has_offset)
        put_number(&f, a, STR("offset"), o.offset);
    put(&f, STR("run"), r->entry->run);
    put(&f, STR("to"), r->entry->to);
    if (is_job)
        put(&f, STR("job"), job_of(r->entry));
    if (is_row)
        put(&f, STR("cols"), r->entry->cols);
    if (r->marks)
        put(&f, STR("marks"), marks_write(a, &r->marks, 1));
    put(&f, STR("data"), data);

    *e = (struct pack_entry){.args = f.args, .arg_count = f.n, .records = 1, .bytes = data.n};
    pack_append(p, e);
}
