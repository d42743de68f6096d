#include "tools/init_read.h"

#include <inttypes.h>

#include "common/data/json.h"
#include "common/data/shape.h"
#include "common/data/text.h"
#include "tools/offline_file.h"

enum { COLUMNS_MAX = 900, CELL_MAX = 120, SAMPLE_MAX = 60, ROW_MAX = 64 * 1024 };

struct making {
    struct command_call *call;
    struct arena *arena, scratch;
    uint64_t rows;
    struct init_column *columns, **last, **of_file; /* of_file: by the place in its row */
    uint32_t count, of_file_count;
    str file;                /* at hand */
    uint32_t files, strange; /* strange: whose letters look like those of an encoding */
    bool has_many_delimiters, has_many_encodings;
    struct charset letters; /* of the file at hand */
    struct init_pipeline out;
};

static bool is_taken(const struct making *m, str field)
{
    for (const struct init_column *c = m->columns; c; c = c->next)
        if (str_equal(c->field, field))
            return true;
    return false;
}

/* No name for what would be read as something else behind `from`. */
static str field_for(const struct making *m, str header)
{
    struct arena *a = m->arena;
    str name = init_field_name(a, header), field = name;

    if (!str_trim(header).n || header.p[0] == '@' || header.p[0] == '/')
        return STR_NONE;
    if (!name.n)
        field = name = arena_printf(a, "column_%" PRIu32, m->count + 1);
    for (uint32_t i = 2; is_taken(m, field); i++)
        field = arena_printf(a, STR_FMT "_%" PRIu32, STR_ARG(name), i);
    return field;
}

static struct init_column *column(struct making *m, str name)
{
    str folded = text_fold(&m->scratch, name);

    for (struct init_column *c = m->columns; c; c = c->next)
        if (str_equal(c->folded, folded))
            return c;
    if (m->count == COLUMNS_MAX)
        return NULL;
    struct init_column *c = arena_zalloc(m->arena, sizeof(*c));
    c->name = arena_copy(m->arena, name);
    c->folded = arena_copy(m->arena, folded);
    c->field = field_for(m, c->name);
    m->count++;
    *m->last = c;
    m->last = &c->next;
    return c;
}

static void add_value(struct making *m, struct init_column *c, str cell)
{
    str text = str_trim(json_text(&m->scratch, cell));

    if (!c)
        return;
    if (!c->sample.n && text.n)
        c->sample = arena_copy(m->arena, shape_cut(text, SAMPLE_MAX));
    guess_add(&c->guess, m->arena, str_is(cell, "null") ? STR_NONE : text, &m->scratch);
}

static void take_choice(struct making *m, const struct offline_file *f)
{
    struct init_pipeline *p = &m->out;
    str delimiter = STR_NONE, words = STR("");
    bool has_cells = true;
    static const char *const shown[] = {"format",   "delimiter", "quote",      "newline",
                                        "encoding", "preamble",  "compression"};

    for (uint32_t i = 0; i + 1 < f->field_count; i += 2) {
        if (str_is(f->fields[i], "delimiter"))
            delimiter = f->fields[i + 1];
        if (str_is(f->fields[i], "format"))
            has_cells = str_is(f->fields[i + 1], "csv");
        for (size_t k = 0; k < ARRAY_LEN(shown); k++)
            if (str_is(f->fields[i], shown[k]) && f->fields[i + 1].n)
                words = arena_printf(
                    m->arena, STR_FMT "%s%s " STR_FMT, STR_ARG(words), words.n ? ", " : "",
                    shown[k],
                    STR_ARG(str_is(f->fields[i + 1], "\t") ? STR("tab") : f->fields[i + 1]));
    }
    if (!m->files++) {
        p->delimiter = delimiter.n == 1 && has_cells && !str_starts(f->cols, STR("[]"))
                           ? arena_copy(m->arena, delimiter)
                           : STR_NONE;
        p->chosen = words;
    } else if (!str_equal(p->delimiter, delimiter)) {
        m->has_many_delimiters = true;
    }
}

static void on_begun(void *ctx, const struct offline_file *f)
{
    struct making *m = ctx;
    str rest, item;

    take_choice(m, f);
    if (!m->out.test.file.n)
        m->out.test.cols = arena_copy(m->arena, f->cols);
    m->of_file = arena_alloc(m->arena, (COLUMNS_MAX + 1) * sizeof(struct init_column *));
    m->of_file_count = 0;
    if (!json_open(f->cols, &rest))
        return;
    while (json_next_item(&rest, &item) && m->of_file_count < COLUMNS_MAX)
        m->of_file[m->of_file_count++] = column(m, json_text(&m->scratch, item));
}

/* A cell of the test: a long text is cut. */
static char *put_cell(char *out, str cell, struct arena *scratch)
{
    str text;

    if (cell.n <= CELL_MAX || json_type(cell) != JSON_STRING)
        return mempcpy(out, cell.p, cell.n);
    text = shape_cut(json_text(scratch, cell), CELL_MAX / 2);
    return json_quote(out, text);
}

static str test_row(struct making *m, str line)
{
    str rest, item;
    char *start = arena_reserve(m->arena, 2 * line.n + 2), *out = start;

    *out++ = '[';
    json_open(line, &rest);
    (void)json_next_item(&rest, &item);
    for (bool is_first = true; json_next_item(&rest, &item); is_first = false) {
        if (!is_first)
            *out++ = ',';
        out = put_cell(out, item, &m->scratch);
    }
    *out++ = ']';
    arena_trim(m->arena, out);
    return str_between(start, out);
}

str init_members(struct arena *a, str document)
{
    str rest, name, value;
    char *start = arena_reserve(a, document.n + 2), *out = start;

    *out++ = '{';
    for (json_open(document, &rest); json_next_member(&rest, &name, &value);) {
        if (str_starts(name, STR("sp_")) || str_is(value, "null"))
            continue;
        if (out[-1] != '{')
            *out++ = ',';
        *out++ = '"';
        out = mempcpy(out, name.p, name.n);
        out = mempcpy(out, "\":", 2);
        out = mempcpy(out, value.p, value.n);
    }
    *out++ = '}';
    arena_trim(a, out);
    return str_between(start, out);
}

static void keep_for_test(struct making *m, const struct record *r)
{
    struct init_test *t = &m->out.test;

    if (t->file.n || r->line.n > ROW_MAX)
        return;
    t->file = m->file;
    if (str_starts(r->line, STR("["))) {
        t->row = test_row(m, r->line);
        return;
    }
    t->row = init_members(m->arena, r->line);
    t->cols = STR_NONE;
}

static void on_ended(void *ctx, const struct offline_end *end)
{
    struct making *m = ctx;
    const struct record *r = end->record;
    str rest, name, cell;

    if (!reader_is_record(end) || !json_open(r->line, &rest))
        return;
    keep_for_test(m, r);
    charset_add(&m->letters, r->line);
    if (str_starts(r->line, STR("["))) {
        (void)json_next_item(&rest, &cell);
        for (uint32_t i = 0; i < m->of_file_count && json_next_item(&rest, &cell); i++)
            add_value(m, m->of_file[i], cell);
    } else {
        while (json_next_member(&rest, &name, &cell))
            if (!str_starts(name, STR("sp_")))
                add_value(m,
                          column(m, json_text(&m->scratch,
                                              str_between(name.p - 1, str_end(name) + 1))),
                          cell);
    }
    arena_reset(&m->scratch);
}

static void take_encoding(struct making *m, const struct offline *o)
{
    const char *encoding = reader_encoding(o, &m->letters);

    m->letters = (struct charset){0};
    if (!encoding)
        return;
    m->strange++;
    m->has_many_encodings |= m->out.looks_like && strcmp(m->out.looks_like, encoding) != 0;
    m->out.looks_like = encoding;
}

/* `encoding`: of all files; NULL: as split finds it. */
static int read_files(struct making *m, const char *encoding, struct error *err)
{
    struct pipeline *p = reader_pipeline(m->call, encoding);
    const struct offline_setup setup = {
        .pipeline = p,
        .clock = &clock_system,
        .rows = m->rows,
        .watch = {.begun = on_begun, .ended = on_ended, .ctx = m},
    };
    struct offline *o = offline_open(&setup, err);
    int rc = o ? 0 : err->code;

    for (int i = 0; i < m->call->argc && rc == 0; i++) {
        struct named_file f;
        rc = named_file_find(m->arena, m->call->argv[i], &f, err);
        const char *slash = strrchr(m->call->argv[i], '/');
        m->file = str_of(slash ? slash + 1 : m->call->argv[i]);
        if (rc == 0)
            rc = offline_file(o, f.uri, f.folder, err);
        take_encoding(m, o);
    }
    offline_close(o);
    pipeline_free(p);
    return rc;
}

static void begin(struct making *m)
{
    arena_free(&m->scratch);
    *m = (struct making){.call = m->call, .arena = m->arena, .rows = m->rows};
    m->last = &m->columns;
}

/* A second time, when the letters of all files look like one encoding that nobody declared:
 * their headers are to be read, too. */
static int read_all(struct making *m, struct error *err)
{
    begin(m);
    if (read_files(m, NULL, err))
        return err->code;
    const char *encoding = m->out.looks_like;
    if (!encoding || m->has_many_encodings || m->strange < (uint32_t)m->call->argc)
        return 0;
    begin(m);
    m->out.encoding = encoding;
    return read_files(m, encoding, err);
}

int init_read(struct command_call *call, uint64_t rows, struct init_pipeline *out,
              struct error *err)
{
    struct making m = {.call = call, .arena = call->arena, .rows = rows};
    int rc = read_all(&m, err);

    arena_free(&m.scratch);
    if (rc)
        return rc;
    if (!m.columns)
        return error_set(err, ERR_DATA, "no column was found: see 'standpipe try %s'",
                         call->argv[0]);
    m.out.columns = m.columns;
    m.out.files = (const char *const *)call->argv;
    m.out.file_count = call->argc;
    if (m.has_many_delimiters)
        m.out.delimiter = STR_NONE;
    *out = m.out;
    return 0;
}
