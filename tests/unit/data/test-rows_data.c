/* test-rows_data FOLDER: the rows of real files are the same however the bytes come: in two
 * pieces cut at sampled offsets, and with a new object at every row. Skipped where the files
 * are not at hand. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/hash.h"
#include "common/data/rows.h"
#include "tests/unit/check.h"

enum { FILE_MAX = 16 << 20, CUTS = 12 };

static char *bytes;
static str text;
static struct rows_dialect dialect;

/* A hash over all rows. `cut`: the bytes up to there come first. */
static uint64_t read_rows(size_t cut, bool resumes, uint64_t *count)
{
    struct rows *r = rows_new(dialect, (struct rows_limits){0}, 0);
    struct arena arena = {0};
    struct row row;
    size_t known = cut;
    uint64_t hash = 0;
    enum rows_status status = ROWS_MORE;

    for (*count = 0; status != ROWS_END; arena_reset(&arena)) {
        size_t at = (size_t)rows_offset(r);
        status = rows_next(r, (str){text.p + at, known - at}, known == text.n, &arena, &row);
        if (status == ROWS_MORE)
            known = text.n;
        if (status != ROWS_ROW && status != ROWS_BAD)
            continue;
        ++*count;
        hash = hash_more(hash, status == ROWS_ROW ? row.line : row.bytes);
        if (resumes) {
            rows_free(r);
            r = rows_new(dialect, (struct rows_limits){0}, row.end);
        }
    }
    rows_free(r);
    arena_free(&arena);
    return hash;
}

static void check_file(const char *name)
{
    uint64_t rows, other, whole;
    FILE *f = fopen(name, "rb");

    text = (str){bytes, f ? fread(bytes, 1, FILE_MAX, f) : 0};
    if (f)
        (void)fclose(f);
    CHECK(text.n > 0);
    dialect = rows_sniff(text);
    whole = read_rows(text.n, false, &rows);
    CHECK(rows > 1);
    for (size_t i = 1; i <= CUTS; i++) {
        size_t cut = (size_t)((i * 2654435761u) % text.n);
        CHECK(read_rows(cut, false, &other) == whole);
        CHECK_INT(other, rows);
    }
    CHECK(read_rows(text.n, true, &other) == whole);
}

static glob_t found;

static void rows_do_not_depend_on_the_pieces(void)
{
    for (size_t i = 0; i < found.gl_pathc; i++)
        check_file(found.gl_pathv[i]);
}

int main(int argc, char **argv)
{
    char pattern[4096];

    (void)snprintf(pattern, sizeof(pattern), "%s/*/*.csv", argc > 1 ? argv[1] : "");
    if (glob(pattern, 0, NULL, &found) != 0) {
        SKIP(rows_do_not_depend_on_the_pieces, "the real files are not at hand");
        return check_done();
    }
    bytes = xalloc(FILE_MAX);
    RUN(rows_do_not_depend_on_the_pieces);
    globfree(&found);
    free(bytes);
    return check_done();
}
