/* bench-rows FILE [PIECE]: what it costs to read a CSV file and write its rows, as JSON on
 * stdout; and what libcsv alone takes for it, with callbacks that only count. */
#include <csv.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "common/data/rows.h"

enum { BUFFER = 4 * 1024 * 1024, ROWS_A_STEP = 500 };

struct reader {
    int fd;
    char *p; /* owned */
    size_t n, piece;
    bool is_last;
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

static double cpu_seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
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

/* CPU seconds of libcsv over the whole file. */
static double run_libcsv(struct reader *f, char delimiter)
{
    struct csv_parser csv;
    uint64_t cells = 0;

    if (csv_init(&csv, 0) != 0 || lseek(f->fd, 0, SEEK_SET) != 0)
        die("libcsv cannot begin");
    csv_set_delim(&csv, (unsigned char)delimiter);
    f->n = 0;
    double started = cpu_seconds();
    for (refill(f, 0); f->n; refill(f, f->n))
        csv_parse(&csv, f->p, f->n, count_cell, count_row, &cells);
    csv_fini(&csv, count_cell, count_row, &cells);
    double seconds = cpu_seconds() - started;
    csv_free(&csv);
    return seconds;
}

int main(int argc, char **argv)
{
    struct reader f = {.fd = argc > 1 ? open(argv[1], O_RDONLY) : -1, .p = xalloc(BUFFER)};
    struct arena arena = {0};
    struct row row;
    uint64_t rows = 0, bad = 0, written = 0;
    size_t used = 0;
    enum rows_status status = ROWS_MORE;

    f.piece = argc > 2 ? strtoul(argv[2], NULL, 10) : 256 * 1024;
    refill(&f, 0);
    struct rows_dialect dialect = rows_sniff((str){f.p, MIN(f.n, 65536)});
    struct rows *r = rows_new(dialect, (struct rows_limits){0}, 0);
    double started = cpu_seconds();
    while (status != ROWS_END) {
        uint64_t before = rows_offset(r);
        status = rows_next(r, (str){f.p + used, f.n - used}, f.is_last, &arena, &row);
        used += rows_offset(r) - before;
        if (status == ROWS_MORE) {
            refill(&f, used);
            used = 0;
        } else if (status != ROWS_END) {
            bad += status == ROWS_BAD;
            written += row.line.n;
            if (++rows % ROWS_A_STEP == 0)
                arena_reset(&arena);
        }
    }
    double seconds = cpu_seconds() - started;
    printf("{\"rows\":%" PRIu64 ",\"bad\":%" PRIu64 ",\"bytes\":%" PRIu64
           ",\"written\":%" PRIu64
           ",\"cpu_s\":%.3f,\"cpu_s_per_million\":%.3f,\"mb_per_s\":%.0f,\"arena\":%zu,"
           "\"libcsv_cpu_s\":%.3f}\n",
           rows, bad, rows_offset(r), written, seconds, seconds / (double)rows * 1e6,
           (double)rows_offset(r) / seconds / 1e6, arena_size(&arena),
           run_libcsv(&f, dialect.delimiter));
    rows_free(r);
    arena_free(&arena);
    free(f.p);
    close(f.fd);
    return 0;
}
