#include "common/data/rows.h"

#include <stdlib.h>

#include "common/base/buf.h"
#include "common/data/json.h"
#include "tests/unit/check.h"

static struct arena arena;

static void note(struct buf *out, enum rows_status status, const struct row *row)
{
    bool fits = true;

    if (status == ROWS_ROW)
        fits = buf_add(out, row->line) && buf_add(out, row->recoded ? STR("~\n") : STR("\n"));
    if (status == ROWS_BAD)
        fits = buf_printf(out, STR_FMT " %" PRIu64 "-%" PRIu64 " ", STR_ARG(row->reason),
                          row->offset, row->end) &&
               buf_add(out, row->bytes) && buf_add(out, STR("\n"));
    if (!fits)
        die("the transcript is full");
}

/* Read `text` the way split does, at most `step` more bytes at a time, and write down what
 * came. Every window is memory of its very size: the sanitizer sees a step too far. */
static str transcript(str text, struct rows_dialect dialect, struct rows_limits limits,
                      size_t start, size_t step)
{
    struct rows *r = rows_new(dialect, limits, start);
    struct arena rows_arena = {0};
    struct buf out;
    struct row row;
    size_t known = start, last_end = start;
    enum rows_status status = ROWS_MORE;

    buf_init(&out, 1 << 20);
    while (status != ROWS_END) {
        size_t from = (size_t)rows_offset(r), n = known - from;
        char *window = malloc(n ? n : 1);
        if (n)
            memcpy(window, text.p + from, n);
        status = rows_next(r, (str){window, n}, known == text.n, &rows_arena, &row);
        if (status == ROWS_ROW || status == ROWS_BAD) {
            CHECK(row.offset >= last_end && row.end == rows_offset(r));
            CHECK_INT(rows_boundary(r), row.end);
            last_end = (size_t)row.end;
        }
        if (status == ROWS_ROW)
            CHECK(!json_check(row.line, NULL, NULL));
        note(&out, status, &row);
        free(window);
        if (status == ROWS_MORE)
            known = MIN(text.n, known + MAX(step, (size_t)1));
    }
    CHECK_INT(rows_offset(r), text.n);
    str copy = arena_copy(&arena, buf_str(&out));
    buf_free(&out);
    arena_free(&rows_arena);
    rows_free(r);
    return copy;
}

struct sample {
    str text, want;
    char delimiter, quote; /* 0: comma, double quote */
    bool is_unquoted;
    enum rows_newline newline;
    enum rows_encoding encoding;
    struct rows_limits limits;
};

static void each_sample(void (*check)(const struct sample *))
{
    const struct sample samples[] = {
        {STR(""), STR("")},
        {STR("a,b\n1,2\n"), STR("[0,\"a\",\"b\"]\n[4,\"1\",\"2\"]\n")},
        {STR("a,b"), STR("[0,\"a\",\"b\"]\n")},
        {STR("a,\"b, c\",d\n"), STR("[0,\"a\",\"b, c\",\"d\"]\n")},
        {STR("\n\r\na\r\n\n\r\nb\r"), STR("[3,\"a\"]\n[9,\"b\"]\n")},
        {STR(",\n,,\n\"\"\n"), STR("[0,\"\",\"\"]\n[2,\"\",\"\",\"\"]\n[5,\"\"]\n")},
        {STR(" a , \"b\" ,c \n"), STR("[0,\" a \",\" \\\"b\\\" \",\"c \"]\n")},
        {STR("a\rb,c\r\r\n\r\r\n\"x\r\r\n\",d\r\r\n"),
         STR("[0,\"a\\rb\",\"c\"]\n[11,\"x\\r\\r\\n\",\"d\"]\n")},
        {STR("long enough for blocks,of sixteen bytes each,and,a,rest\n"),
         STR("[0,\"long enough for blocks\",\"of sixteen bytes "
             "each\",\"and\",\"a\",\"rest\"]\n")},
        {STR("\"x\ny\",1\r\n\"x\r\ny\"\"z\",2\r\n"),
         STR("[0,\"x\\ny\",\"1\"]\n[9,\"x\\r\\ny\\\"z\",\"2\"]\n")},
        {STR("17\" wheels,\"5\"\"\",a\"b\"\n"),
         STR("[0,\"17\\\" wheels\",\"5\\\"\",\"a\\\"b\\\"\"]\n")},
        {STR("\xef\xbb\xbf\"ID\",x\n1,2\n"), STR("[3,\"ID\",\"x\"]\n[10,\"1\",\"2\"]\n")},
        {STR("\xef\xbb"), STR("[0,\"\xc3\xaf\xc2\xbb\"]~\n")},
        {STR("a\0b,\x01\n"), STR("[0,\"a\\u0000b\",\"\\u0001\"]\n")},

        /* Wrong quotes: the row is bad, and what follows its first line is read again. */
        {STR("1,\"5\" pipe,3\n2,\"x\",4\n"),
         STR("stray_quote 0-13 1,\"5\" pipe,3\n[13,\"2\",\"x\",\"4\"]\n")},
        {STR("1,\"open\r\n2,b\n"), STR("open_quote 0-9 1,\"open\n[9,\"2\",\"b\"]\n")},
        {STR("\"a\nb\"c\nd\n"), STR("stray_quote 0-3 \"a\n[3,\"b\\\"c\"]\n[7,\"d\"]\n")},
        {STR("\""), STR("open_quote 0-1 \"\n")},

        /* With the width of rows known: on to the next good one, or all of it is one row. */
        {STR("1,\"a\nb\nc,\"d\"\"\"\n2,x\n"),
         STR("stray_quote 0-7 1,\"a\nb\n[7,\"c\",\"d\\\"\"]\n[15,\"2\",\"x\"]\n"),
         .limits = {.cells = 2, .lines = 4}},
        {STR("1,\"a\nb\nc"), STR("truncated 0-8 1,\"a\nb\nc\n"), .limits = {.cells = 2}},
        {STR("1,\"a\nb,\nc\"\n"), STR("[0,\"1\",\"a\\nb,\\nc\"]\n"),
         .limits = {.cells = 2, .lines = 3}},
        {STR("1,\"a\nb\nc\nd\"\n"),
         STR("open_quote 0-5 1,\"a\n[5,\"b\"]\n[7,\"c\"]\n[9,\"d\\\"\"]\n"),
         .limits = {.cells = 2, .lines = 3}},

        /* Encodings. */
        {STR("z\xc5\x82,Stra\xdf"
             "e\n"),
         STR("[0,\"z\xc5\x82\",\"Stra\xc3\x9f"
             "e\"]~\n")},
        {STR("\"caf\xe9\",stra\xdf"
             "e,\xc3\xa9t\xc3\xa9,and,so,on,over,some,blocks\n"
             "\"Z\xc3\xbcrich, Bahnhofstrasse\",Stra\xc3\x9f"
             "e am langen Weg,\xc3,a rest of some length\n"),
         STR("[0,\"caf\xc3\xa9\",\"stra\xc3\x9f"
             "e\",\"\xc3\xa9t\xc3\xa9\",\"and\",\"so\",\"on\",\"over\",\"some\",\"blocks\"]~\n"
             "[47,\"Z\xc3\xbcrich, Bahnhofstrasse\",\"Stra\xc3\x9f"
             "e am langen Weg\",\"\xc3\x83\",\"a rest of some length\"]~\n")},
        {STR("\"\x80\n\"\n"), STR("[0,\"\xe2\x82\xac\\n\"]~\n")},
        {STR("\xc3\xa9\n"), STR("[0,\"\xc3\x83\xc2\xa9\"]\n"), .encoding = ROWS_1252},
        {STR("\xe9,\xc3\xa9\n"), STR("[0,\"\xef\xbf\xbd\",\"\xc3\xa9\"]\n"),
         .encoding = ROWS_UTF8},

        /* Dialects. */
        {STR("a;b,c\n"), STR("[0,\"a\",\"b,c\"]\n"), .delimiter = ';'},
        {STR("a\tb\n"), STR("[0,\"a\",\"b\"]\n"), .delimiter = '\t'},
        {STR("'a,b',\"c\n"), STR("[0,\"a,b\",\"\\\"c\"]\n"), .quote = '\''},
        {STR("\"a,b\"\n"), STR("[0,\"\\\"a\",\"b\\\"\"]\n"), .is_unquoted = true},
        {STR("a,b\r\r1,\"x\ry\n\"\r2"),
         STR("[0,\"a\",\"b\"]\n[5,\"1\",\"x\\ry\\n\"]\n[14,\"2\"]\n"),
         .newline = ROWS_NEWLINE_CR},

        /* Caps: a row of so many bytes is good, one more is not; its line end counts. */
        {STR("123456789\n1234567890\n1\n"),
         STR("[0,\"123456789\"]\nrow_too_long 10-21 1234567890\n[21,\"1\"]\n"),
         .limits = {.row_bytes = 10}},
        {STR("1\n12345678901234567890\r\n2\n"),
         STR("[0,\"1\"]\nrow_too_long 2-24 12345678901234567890\n[24,\"2\"]\n"),
         .limits = {.row_bytes = 8}},
        {STR("123456789"), STR("[0,\"123456789\"]\n"), .limits = {.row_bytes = 10}},
        {STR("1234567890"), STR("row_too_long 0-10 1234567890\n"), .limits = {.row_bytes = 10}},
        {STR("\"ab\r\ncd\nef\",x\nlast\n"),
         STR("row_too_long 0-5 \"ab\n[5,\"cd\"]\n[8,\"ef\\\"\",\"x\"]\n[14,\"last\"]\n"),
         .limits = {.row_bytes = 9}},
        {STR("1,2\n1,2,3\n\"1\",\"2\"\"\",3\n1\n"),
         STR("[0,\"1\",\"2\"]\ntoo_many_columns 4-10 1,2,3\n"
             "too_many_columns 10-22 \"1\",\"2\"\"\",3\n[22,\"1\"]\n"),
         .limits = {.columns = 2}},
        {STR("\"a\nb\",c,d\n"),
         STR("too_many_columns 0-3 \"a\ntoo_many_columns 3-10 b\",c,d\n"),
         .limits = {.columns = 2}},
    };

    for (size_t i = 0; i < ARRAY_LEN(samples); i++)
        check(&samples[i]);
    arena_reset(&arena);
}

static struct rows_dialect dialect_of(const struct sample *s)
{
    return (struct rows_dialect){.delimiter = s->delimiter ? s->delimiter : ',',
                                 .quote = s->is_unquoted ? '\0'
                                          : s->quote     ? s->quote
                                                         : '"',
                                 .newline = s->newline,
                                 .encoding = s->encoding};
}

static void check_whole(const struct sample *s)
{
    CHECK_STR(transcript(s->text, dialect_of(s), s->limits, 0, s->text.n), s->want);
}

static void test_rows_read_what_a_person_would(void)
{
    each_sample(check_whole);
}

static void check_pieces(const struct sample *s)
{
    for (size_t step = 1; step <= s->text.n; step++)
        CHECK_STR(transcript(s->text, dialect_of(s), s->limits, 0, step), s->want);
}

/* Pieces from one byte upward: a cut falls on every byte, quotes and line ends too. */
static void test_rows_do_not_depend_on_pieces(void)
{
    each_sample(check_pieces);
}

/* A crash at any boundary and a new object there: the rest of the rows is the same. */
static void test_rows_go_on_at_a_boundary(void)
{
    str text = STR("id,x\r\n1,\"a\nb\"\r\n\n2,\"c\"\"\"\n3,\"d\n4,e");
    struct rows_dialect dialect = {.delimiter = ',', .quote = '"'};
    struct rows_limits limits = {0};
    str wants = transcript(text, dialect, limits, 0, text.n);
    struct rows *r = rows_new(dialect, limits, 0);
    struct row row;

    CHECK(str_ends(wants, STR("[29,\"4\",\"e\"]\n")));
    for (size_t at = 0; at < text.n; at = (size_t)row.end) {
        CHECK_STR(transcript(text, dialect, limits, at, 1), wants);
        CHECK(rows_next(r, (str){text.p + at, text.n - at}, true, &arena, &row) != ROWS_END);
        str_cut(&wants, '\n');
    }
    CHECK_STR(wants, STR(""));
    rows_free(r);
}

static size_t piece_of(char *piece, size_t size, char c, size_t *left)
{
    size_t n = MIN(size, *left);

    memset(piece, c, n);
    *left -= n;
    return n;
}

/* A line of 64 MB: passed over in pieces, nothing is kept, its first bytes come back. */
static void test_rows_pass_over_a_line_without_end(void)
{
    enum { PIECE = 1 << 20 };
    struct rows *r =
        rows_new((struct rows_dialect){',', '"', 0, 0}, (struct rows_limits){0}, 0);
    size_t left = (size_t)64 << 20, fed = 0;
    char *piece = xalloc(PIECE + 4);
    struct row row;
    enum rows_status status = ROWS_MORE;

    while (left && status == ROWS_MORE) {
        CHECK_INT(rows_offset(r), fed);
        size_t n = piece_of(piece, PIECE, 'x', &left);
        fed += n;
        status = rows_next(r, (str){piece, n}, false, &arena, &row);
        CHECK_INT(rows_boundary(r), 0);
    }
    CHECK_INT(status, ROWS_MORE);
    CHECK_INT(rows_next(r, STR("y\n1,2\n"), true, &arena, &row), ROWS_BAD);
    CHECK_STR(row.reason, STR("row_too_long"));
    CHECK_INT(row.end, fed + 2);
    CHECK_INT(row.bytes.n, 4096);
    CHECK(arena_size(&arena) < (4 << 20));
    CHECK_INT(rows_next(r, STR("1,2\n"), true, &arena, &row), ROWS_ROW);
    CHECK_INT(row.offset, fed + 2);
    arena_reset(&arena);
    rows_free(r);
    free(piece);
}

/* A quote that opens at the first byte and never closes costs one row and the cap. */
static void test_rows_get_over_an_open_quote(void)
{
    enum { N = 3 << 20 };
    char *text = xalloc(N);
    struct row row;
    uint64_t good = 0;

    for (size_t i = 0; i < N; i++)
        text[i] = "12345,x\n"[i % 8];
    text[0] = '"';
    struct rows *r =
        rows_new((struct rows_dialect){',', '"', 0, 0}, (struct rows_limits){0}, 0);
    CHECK_INT(rows_next(r, (str){text, N}, true, &arena, &row), ROWS_BAD);
    CHECK_STR(row.reason, STR("row_too_long"));
    CHECK_STR(row.bytes, STR("\"2345,x"));
    for (; rows_next(r, (str){text + rows_offset(r), N - (size_t)rows_offset(r)}, true, &arena,
                     &row) == ROWS_ROW;
         good++)
        arena_reset(&arena);
    CHECK_INT(good, N / 8 - 1);
    rows_free(r);
    free(text);
}

static void test_rows_sniff_takes_the_steady_delimiter(void)
{
    const struct {
        str head;
        char delimiter;
        enum rows_newline newline;
    } cases[] = {
        {STR(""), ',', ROWS_NEWLINE_LF},
        {STR("one column\nof text\n"), ',', ROWS_NEWLINE_LF},
        {STR("a,b,c\n1,2,3\n"), ',', ROWS_NEWLINE_LF},
        {STR("a;b\r\n1,5;2,5\r\n1;2\r\n"), ';', ROWS_NEWLINE_LF},
        {STR("1,5;2,5;3,5\n1,6;2,6;3,6\n"), ';', ROWS_NEWLINE_LF},
        {STR("name, first\tage\nx\t1\ny, z\t2\n"), '\t', ROWS_NEWLINE_LF},
        {STR("a|b\n1|2"), '|', ROWS_NEWLINE_LF},
        {STR("\"a;b;c\",d\n\"x;\"\"y\",2\n"), ',', ROWS_NEWLINE_LF},
        {STR("\"a\nb\",c\rd,e\rf,g\r"), ',', ROWS_NEWLINE_CR},
        {STR("a;b\r"), ';', ROWS_NEWLINE_LF},
        {STR("a;b\r1;2\r"), ';', ROWS_NEWLINE_CR},
        {STR("a,b\r\n1,\"x\ry\"\r\n"), ',', ROWS_NEWLINE_LF},
        {STR("a,b\n17\" rim;x,2\n5' 4\",3\n"), ',', ROWS_NEWLINE_LF},
        {STR("\xef\xbb\xbf\"a,a,a\";b\n"), ';', ROWS_NEWLINE_LF},
        {STR("\n\na;b\n1;2\n"), ';', ROWS_NEWLINE_LF},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct rows_dialect d = rows_sniff(cases[i].head);
        CHECK_INT(d.delimiter, cases[i].delimiter);
        CHECK_INT(d.newline, cases[i].newline);
        CHECK_INT(d.quote, '"');
    }
}

static void test_rows_header_gives_each_column_one_name(void)
{
    const struct {
        const char *line, *want;
    } cases[] = {
        {"[0,\"ID\",\" Price \",\"Prod. year\"]", "[\"ID\",\"Price\",\"Prod. year\"]"},
        {"[0,\"\xef\xbb\xbfID\",\"\",\" \"]", "[\"ID\",\"column_2\",\"column_3\"]"},
        {"[3,\"price\",\"price\",\"Price\",\"price\"]",
         "[\"price\",\"price_2\",\"Price\",\"price_3\"]"},
        {"[0,\"a\",\"a\",\"a_2\",\"a\"]", "[\"a\",\"a_2\",\"a_2_2\",\"a_3\"]"},
        {"[0,\"a_2\",\"a\",\"a\"]", "[\"a_2\",\"a\",\"a_3\"]"},
        {"[0,\"\",\"column_1\"]", "[\"column_1\",\"column_1_2\"]"},
        {"[0,\"a\\\"b\",\"z\xc5\x82\"]", "[\"a\\\"b\",\"z\xc5\x82\"]"},
        {"[0]", "[]"},
        {"", "[]"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        CHECK_STR(rows_header(&arena, str_of(cases[i].line)), str_of(cases[i].want));
    CHECK_STR(rows_numbered(&arena, 3), STR("[\"column_1\",\"column_2\",\"column_3\"]"));
    CHECK_STR(rows_numbered(&arena, 0), STR("[]"));
}

static void test_rows_object_names_the_cells(void)
{
    static const struct {
        const char *cols, *line, *want;
    } cases[] = {
        {"[\"a\",\"b\"]", "[12,\"x\",\"\"]", "{\"a\":\"x\",\"b\":\"\"}"},
        {"[\"a\",\"b\"]", "[12,\"x\"]", "{\"a\":\"x\"}"},
        {"[\"a\"]", "[12,\"x\",\"y\"]", "{\"a\":\"x\"}"},
        {"[\"a\"]", "[12]", "{}"},
        {"[]", "[12,\"x\"]", "{}"},
        {"", "[12,\"x\"]", "{}"},
    };
    struct arena a = {0};

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        CHECK_STR(rows_object(&a, str_of(cases[i].cols), str_of(cases[i].line)),
                  str_of(cases[i].want));
    arena_free(&a);
}

int main(void)
{
    RUN(test_rows_read_what_a_person_would);
    RUN(test_rows_do_not_depend_on_pieces);
    RUN(test_rows_go_on_at_a_boundary);
    RUN(test_rows_pass_over_a_line_without_end);
    RUN(test_rows_get_over_an_open_quote);
    RUN(test_rows_sniff_takes_the_steady_delimiter);
    RUN(test_rows_header_gives_each_column_one_name);
    RUN(test_rows_object_names_the_cells);
    arena_free(&arena);
    return check_done();
}
