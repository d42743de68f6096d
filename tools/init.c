/* `standpipe init`: a commented starting pipeline from sample files. All files are split, every
 * value is tried with every coercer, and what comes out is run once before it is shown. */
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>

#include "common/data/json.h"
#include "common/data/shape.h"
#include "common/data/text.h"
#include "tools/commands.h"
#include "tools/init_write.h"
#include "tools/offline_file.h"

enum { COLUMNS_MAX = 900, CELL_MAX = 120, SAMPLE_MAX = 60, ROW_MAX = 64 * 1024 };

struct init_options {
    uint64_t rows;
};
static const struct setting init_table[] = {
    {"rows", SETTING_COUNT, "20k", offsetof(struct init_options, rows),
     "Stop reading a file behind some so many rows; 0: read all of it."},
    {0},
};

struct making {
    struct command_call *call;
    struct arena *arena, scratch;
    struct init_column *columns, **last, **of_file; /* of_file: by the place in its row */
    uint32_t count, of_file_count;
    str file;                /* at hand */
    uint32_t files, strange; /* strange: whose letters look like those of an encoding */
    bool has_many_delimiters, has_many_encodings;
    struct charset letters; /* of the file at hand */
    struct init_pipeline out;
    str document; /* that the first record became */
};

/* Columns. */

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

/* What split chose. */

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

/* Records. */

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

/* Members of a document but our own and those that say nothing. */
static str members(struct arena *a, str document)
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
    t->row = members(m->arena, r->line);
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
    const struct init_options *options = m->call->options;
    struct pipeline *p = reader_pipeline(m->call, encoding);
    const struct offline_setup setup = {
        .pipeline = p,
        .clock = &clock_system,
        .rows = options->rows,
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

static void begin(struct making *m, struct command_call *call)
{
    arena_free(&m->scratch);
    *m = (struct making){.call = call, .arena = call->arena};
    m->last = &m->columns;
}

/* A second time, when the letters of all files look like one encoding that nobody declared:
 * their headers are to be read, too. */
static int read_all(struct making *m, struct command_call *call, struct error *err)
{
    begin(m, call);
    if (read_files(m, NULL, err))
        return err->code;
    const char *encoding = m->out.looks_like;
    if (!encoding || m->has_many_encodings || m->strange < (uint32_t)call->argc)
        return 0;
    begin(m, call);
    m->out.encoding = encoding;
    return read_files(m, encoding, err);
}

/* The test: what the pipeline makes of the first record. */

static int write_text(struct making *m, str *text, struct error *err)
{
    char *bytes = NULL;
    size_t n = 0;
    struct say s;
    FILE *f = open_memstream(&bytes, &n);

    if (!f)
        out_of_memory();
    say_begin(&s, f);
    init_write(&s, &m->out);
    int rc = say_end(&s, err);
    if (fclose(f) != 0 && rc == 0)
        rc = error_set(err, ERR_SYSTEM, "no memory for the text");
    if (rc == 0)
        *text = arena_copy(m->arena, (str){bytes, n});
    free(bytes);
    return rc;
}

static void on_document(void *ctx, const struct offline_end *end)
{
    struct making *m = ctx;
    char *line = arena_alloc(&m->scratch, record_length(end->record) + 1);

    if (end->fate == OFFLINE_OUT)
        m->out.test.out = members(m->arena, str_between(line, record_write(end->record, line)));
}

static int run_first(struct making *m, const struct pipeline *p, struct error *err)
{
    const struct offline_setup setup = {
        .pipeline = p, .clock = &clock_system, .watch = {.ended = on_document, .ctx = m}};
    struct offline *o = offline_open(&setup, err);
    const struct init_test *t = &m->out.test;

    if (!o)
        return err->code;
    struct offline_records in = {
        .at = STR("tidy"), .entrance = OFFLINE_ALONE, .data = t->row, .cols = t->cols};
    if (t->cols.n)
        in.data = arena_printf(m->arena, "[0%s" STR_FMT, t->row.n > 2 ? "," : "",
                               STR_ARG(((str){t->row.p + 1, t->row.n - 1})));
    int rc = offline_records(o, &in, err);
    offline_close(o);
    return rc;
}

static int add_test(struct making *m, struct error *err)
{
    struct findings f = {.arena = m->arena};
    str text;

    if (write_text(m, &text, err))
        return err->code;
    struct pipeline *p = pipeline_load(text, STR_NONE, m->call->kinds, &f);
    if (!p)
        return error_set(err, ERR_DATA, "what was made of these files is no good: " STR_FMT,
                         STR_ARG(f.list[0].text));
    int rc = m->out.test.file.n ? run_first(m, p, err) : 0;
    pipeline_free(p);
    return rc;
}

static int print(struct making *m, struct error *err)
{
    struct say s;

    say_begin(&s, stdout);
    init_write(&s, &m->out);
    return say_end(&s, err);
}

static int init_run(struct command_call *call, struct error *err)
{
    struct making m = {0};

    if (call->argc < 1)
        return error_set(err, ERR_USAGE, "name one or more sample files");
    quiet_stages(call, "init");
    int rc = read_all(&m, call, err);
    m.out.columns = m.columns;
    m.out.files = (const char *const *)call->argv;
    m.out.file_count = call->argc;
    if (m.has_many_delimiters)
        m.out.delimiter = STR_NONE;
    if (rc == 0 && !m.columns)
        rc = error_set(err, ERR_DATA, "no column was found: see 'standpipe try %s'",
                       call->argv[0]);
    if (rc == 0)
        rc = add_test(&m, err);
    if (rc == 0)
        rc = print(&m, err);
    arena_free(&m.scratch);
    return rc;
}

const struct command command_init = {
    .name = "init",
    .summary = "Write a commented starting pipeline from sample files, to stdout.",
    .usage = "FILE...",
    .examples = "standpipe init samples/*.csv > listings.yaml\n",
    .options = init_table,
    .options_size = sizeof(struct init_options),
    .run = init_run,
};
