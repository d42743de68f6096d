/* `standpipe init`: a commented starting pipeline from sample files. All files are split, every
 * value is tried with every coercer, and what comes out is run once before it is shown. */
#include <stddef.h>
#include <stdlib.h>

#include "tools/commands.h"
#include "tools/init_read.h"
#include "tools/offline_file.h"

struct init_options {
    uint64_t rows;
};
static const struct setting init_table[] = {
    {"rows", SETTING_COUNT, "20k", offsetof(struct init_options, rows),
     "Stop reading a file behind some so many rows; 0: read all of it."},
    {0},
};

struct trial { /* of the pipeline, with the first record */
    struct command_call *call;
    struct init_pipeline pipeline;
    struct arena scratch;
};

static int write_text(struct trial *t, str *text, struct error *err)
{
    char *bytes = NULL;
    size_t n = 0;
    struct say s;
    FILE *f = open_memstream(&bytes, &n);

    if (!f)
        out_of_memory();
    say_begin(&s, f);
    init_write(&s, &t->pipeline);
    int rc = say_end(&s, err);
    if (fclose(f) != 0 && rc == 0)
        rc = error_set(err, ERR_SYSTEM, "no memory for the text");
    if (rc == 0)
        *text = arena_copy(t->call->arena, (str){bytes, n});
    free(bytes);
    return rc;
}

static void on_document(void *ctx, const struct offline_end *end)
{
    struct trial *t = ctx;
    char *line = arena_alloc(&t->scratch, record_length(end->record) + 1);

    if (end->fate == OFFLINE_OUT)
        t->pipeline.test.out =
            init_members(t->call->arena, str_between(line, record_write(end->record, line)));
}

static int run_first(struct trial *t, const struct pipeline *p, struct error *err)
{
    const struct offline_setup setup = {
        .pipeline = p, .clock = &clock_system, .watch = {.ended = on_document, .ctx = t}};
    struct offline *o = offline_open(&setup, err);
    const struct init_test *first = &t->pipeline.test;

    if (!o)
        return err->code;
    struct offline_records in = {
        .at = STR("tidy"), .entrance = OFFLINE_ALONE, .data = first->row, .cols = first->cols};
    if (first->cols.n)
        in.data = arena_printf(t->call->arena, "[0%s" STR_FMT, first->row.n > 2 ? "," : "",
                               STR_ARG(((str){first->row.p + 1, first->row.n - 1})));
    int rc = offline_records(o, &in, err);
    offline_close(o);
    return rc;
}

static int add_test(struct trial *t, struct error *err)
{
    struct findings f = {.arena = t->call->arena};
    str text;

    if (write_text(t, &text, err))
        return err->code;
    struct pipeline *p = pipeline_load(text, STR_NONE, t->call->kinds, &f);
    if (!p)
        return error_set(err, ERR_DATA, "what was made of these files is no good: " STR_FMT,
                         STR_ARG(f.list[0].text));
    int rc = t->pipeline.test.file.n ? run_first(t, p, err) : 0;
    pipeline_free(p);
    return rc;
}

static int print(const struct init_pipeline *p, struct error *err)
{
    struct say s;

    say_begin(&s, stdout);
    init_write(&s, p);
    return say_end(&s, err);
}

static int init_run(struct command_call *call, struct error *err)
{
    const struct init_options *options = call->options;
    struct trial t = {.call = call};

    if (call->argc < 1)
        return error_set(err, ERR_USAGE, "name one or more sample files");
    quiet_stages(call, "init");
    int rc = init_read(call, options->rows, &t.pipeline, err);
    if (rc == 0)
        rc = add_test(&t, err);
    if (rc == 0)
        rc = print(&t.pipeline, err);
    arena_free(&t.scratch);
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
