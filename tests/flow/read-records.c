/* read-records FORMAT FILE [PIECE]: what a cutter makes of a file, a line each; for
 * tests/flow/test_suites.py. `check` answers with nothing when the file is one JSON text. */
#include <stdio.h>
#include <stdlib.h>

#include "common/data/json.h"
#include "common/data/json_cut.h"

enum { FILE_MAX = 1 << 20 };

static str read_file(const char *name)
{
    FILE *f = fopen(name, "rb");
    char *p = xalloc(FILE_MAX);

    if (!f)
        die("'%s' cannot be opened", name);
    size_t n = fread(p, 1, FILE_MAX, f);
    (void)fclose(f);
    if (n == FILE_MAX)
        die("'%s' is too large for this test", name);
    return (str){p, n};
}

static struct cutter open_cutter(str format)
{
    const struct json_cut how = {.encoding = ROWS_UTF8, .records = STR("auto")};

    if (str_is(format, "ndjson"))
        return (struct cutter){&json_lines_kind, json_lines_new(&how, 0)};
    if (str_is(format, "json"))
        return (struct cutter){&json_items_kind, json_items_new(&how, 0)};
    const struct rows_dialect dialect = {',', '"', ROWS_NEWLINE_LF, ROWS_UTF8};
    return (struct cutter){&rows_kind, rows_new(dialect, (struct rows_limits){0}, 0)};
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    str format = str_of(argv[1]), text = read_file(argv[2]);
    size_t step = argc > 3 ? strtoul(argv[3], NULL, 10) : text.n, known = 0;
    struct arena arena = {0};
    struct row row;

    if (str_is(format, "check")) {
        const char *problem = json_check(text, NULL, NULL);
        if (problem)
            puts(problem);
        free((char *)(uintptr_t)text.p);
        return 0;
    }
    struct cutter c = open_cutter(format);
    for (enum rows_status status = ROWS_MORE; status != ROWS_END; arena_reset(&arena)) {
        str piece = {text.p + cutter_offset(c), known - (size_t)cutter_offset(c)};
        status = cutter_next(c, piece, known == text.n, &arena, &row);
        if (status == ROWS_MORE)
            known = MIN(text.n, known + MAX(step, (size_t)1));
        else if (status == ROWS_ROW)
            printf(STR_FMT "\n", STR_ARG(row.line));
        else
            printf("! " STR_FMT STR_FMT "\n", STR_ARG(row.reason), STR_ARG(row.why));
    }
    cutter_free(&c);
    arena_free(&arena);
    free((char *)(uintptr_t)text.p);
    return 0;
}
