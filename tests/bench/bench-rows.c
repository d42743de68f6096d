/* bench-rows FILE [PASSES [PIECE]]: what it costs to read a CSV file and write its rows, as
 * JSON on stdout; and what libcsv alone takes for it, with callbacks that only count. The two
 * take turns over the file; of PASSES (9) the cheapest counts, and `won` is how many turns were
 * ours. */
#include <csv.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "common/data/rows.h"

enum { BUFFER = 4 * 1024 * 1024, HEAD = 65536, ROWS_A_STEP = 500 };

struct reader {
    int fd;
    char *p; /* owned */
    size_t n, piece;
    bool is_last;
};

struct result {
    uint64_t rows, bad, bytes, written;
    double cpu_s;
};

/* Drop what is used up and read one more piece. */
static void refill(struct reader *f, size_t used)
{
    memmove(f->p, f->p + used, f->n - used);
    f->n -= used;
    ssize_t n = read(f->fd, f->p + f->n, MIN(f->piece, BUFFER - f->n));
    if (n < 0)
        die("read failed");
    f->n += (size_t)n;
    f->is_last = n == 0;
}

static void rewind_file(struct reader *f)
{
    if (lseek(f->fd, 0, SEEK_SET) != 0)
        die("the file cannot be read twice");
    f->n = 0;
    refill(f, 0);
}

static double cpu_seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static struct result run_rows(struct reader *f, struct rows_dialect dialect, struct arena *a)
{
    struct result all = {0};
    struct row row;
    size_t used = 0;
    enum rows_status status = ROWS_MORE;
    double started = cpu_seconds();

    rewind_file(f);
    struct rows *r = rows_new(dialect, (struct rows_limits){0}, 0);
    while (status != ROWS_END) {
        uint64_t before = rows_offset(r);
        status = rows_next(r, (str){f->p + used, f->n - used}, f->is_last, a, &row);
        used += rows_offset(r) - before;
        if (status == ROWS_MORE) {
            refill(f, used);
            used = 0;
        } else if (status != ROWS_END) {
            all.bad += status == ROWS_BAD;
            all.written += row.line.n;
            if (++all.rows % ROWS_A_STEP == 0)
                arena_reset(a);
        }
    }
    all.bytes = rows_offset(r);
    rows_free(r);
    all.cpu_s = cpu_seconds() - started;
    return all;
}

static void count_cell(void *cell, size_t n, void *count)
{
    (void)cell;
    (void)n;
    ++*(uint64_t *)count;
}

static void count_row(int last, void *count)
{
    (void)last;
    (void)count;
}

static double run_libcsv(struct reader *f, char delimiter)
{
    struct csv_parser csv;
    uint64_t cells = 0;
    double started = cpu_seconds();

    rewind_file(f);
    if (csv_init(&csv, 0) != 0)
        die("libcsv cannot begin");
    csv_set_delim(&csv, (unsigned char)delimiter);
    for (; f->n; refill(f, f->n))
        csv_parse(&csv, f->p, f->n, count_cell, count_row, &cells);
    csv_fini(&csv, count_cell, count_row, &cells);
    csv_free(&csv);
    return cpu_seconds() - started;
}

int main(int argc, char **argv)
{
    struct reader f = {.fd = argc > 1 ? open(argv[1], O_RDONLY) : -1, .p = xalloc(BUFFER)};
    struct arena arena = {0};
    struct result best = {0};
    unsigned long passes = argc > 2 ? strtoul(argv[2], NULL, 10) : 9, won = 0;
    double libcsv = 0;

    f.piece = argc > 3 ? strtoul(argv[3], NULL, 10) : 256 * 1024;
    rewind_file(&f);
    struct rows_dialect dialect = rows_sniff((str){f.p, MIN(f.n, (size_t)HEAD)});
    for (unsigned long i = 0; i < passes; i++) {
        struct result ours = run_rows(&f, dialect, &arena);
        double theirs = run_libcsv(&f, dialect.delimiter);
        won += ours.cpu_s <= theirs;
        if (i == 0 || ours.cpu_s < best.cpu_s)
            best = ours;
        libcsv = i == 0 ? theirs : MIN(libcsv, theirs);
    }
    printf(
        "{\"rows\":%" PRIu64 ",\"bad\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"written\":%" PRIu64
        ",\"cpu_s\":%.6f,\"cpu_s_per_million\":%.3f,"
        "\"mb_per_s\":%.0f,\"arena\":%zu,\"libcsv_cpu_s\":%.6f,\"passes\":%lu,\"won\":%lu}\n",
        best.rows, best.bad, best.bytes, best.written, best.cpu_s,
        best.cpu_s / (double)best.rows * 1e6, (double)best.bytes / best.cpu_s / 1e6,
        arena_size(&arena), libcsv, passes, won);
    arena_free(&arena);
    free(f.p);
    close(f.fd);
    return 0;
}
