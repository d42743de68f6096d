#include "common/data/json_cut.h"

#include "tests/unit/data/cutting.h"

static struct arena arena;

struct sample {
    str text, want;
    uint32_t row_bytes;
    enum rows_encoding encoding;
    const char *records; /* NULL: auto */
    bool is_lines;
};

static struct cutter open_cutter(const void *ctx, uint64_t offset)
{
    const struct sample *s = ctx;
    const struct json_cut how = {.row_bytes = s->row_bytes,
                                 .encoding = s->encoding,
                                 .records = str_of(s->records ? s->records : "auto")};

    if (s->is_lines)
        return (struct cutter){&json_lines_kind, json_lines_new(&how, offset)};
    return (struct cutter){&json_items_kind, json_items_new(&how, offset)};
}

static void check_samples(const struct sample *samples, size_t n, bool is_lines)
{
    for (size_t i = 0; i < n; i++) {
        struct sample s = samples[i];
        const struct cut_file file = {s.text, open_cutter, &s};
        s.is_lines = is_lines;
        for (size_t step = 0; step <= s.text.n; step++) {
            CHECK_STR(transcript(&file, step, false, &arena), s.want);
            CHECK_STR(transcript(&file, step, true, &arena), s.want);
        }
    }
}

static void lines_in_pieces_of_any_size(void)
{
    const struct sample lines[] = {
        {STR(""), STR("")},
        {STR("{\"a\":1}\n{\"b\":2}"), STR("0-8 {\"a\":1}\n8-15 {\"b\":2}\n")},
        {STR("\xef\xbb\xbf{}\r\n\r\n \n  { } \r\n"), STR("3-7 {}\n13-19 { }\n")},
        {STR("{\"a\":}\n{\"b\":1}\n"), STR("0-7 bad_json: {\"a\":}\n7-15 {\"b\":1}\n")},
        {STR("1\n[{}]\n\"x\"\n"),
         STR("0-2 no_object: 1\n2-7 no_object: [{}]\n7-11 no_object: \"x\"\n")},
        {STR("{\"a\":\"\xe9\"}\n{\"a\":\"\xc3\xa9\"}\n"),
         STR("0-10 {\"a\":\"\xc3\xa9\"}~\n10-21 {\"a\":\"\xc3\xa9\"}\n")},
        {STR("{\"a\":\"\xe9\"}\n"), STR("0-10 bad_json: {\"a\":\"\xe9\"}\n"),
         .encoding = ROWS_UTF8},
        {STR("{\"abc\":1}\n{}\n"), STR("0-10 row_too_long: {\"abc\":1}\n10-13 {}\n"),
         .row_bytes = 9},
        {STR("{\"abc\":1}\n{}\n"), STR("0-10 {\"abc\":1}\n10-13 {}\n"), .row_bytes = 10},
        {STR("{\"abc\":1}"), STR("0-9 row_too_long: {\"abc\":1}\n"), .row_bytes = 9},
        {STR("{} {}\n"), STR("0-6 bad_json: {} {}\n")},
    };

    check_samples(lines, ARRAY_LEN(lines), true);
}

static void items_in_pieces_of_any_size(void)
{
    const struct sample items[] = {
        {STR(""), STR("")},
        {STR(" [] \n"), STR("")},
        {STR("[{}]"), STR("1-3 {}\n")},
        {STR("\xef\xbb\xbf[{\"a\":\"]\\\"}\"},\n {\"b\":\r\n[{}]}\n]\n"),
         STR("4-16 {\"a\":\"]\\\"}\"}\n19-31 {\"b\":  [{}]}\n")},
        {STR("[1, \"x,]\",null,[{}],{}]"),
         STR("1-2 no_object: 1\n4-9 no_object: \"x,]\"\n10-14 no_object: null\n"
             "15-19 no_object: [{}]\n20-22 {}\n")},
        {STR("[{},,{},]"), STR("1-3 {}\n3-4 bad_json: ,\n5-7 {}\n7-8 bad_json: ,\n")},
        {STR("[,{}]"), STR("1-2 bad_json: ,\n2-4 bad_json: {}\n")},
        {STR("[{} {}]"), STR("1-3 {}\n4-6 bad_json: {}\n")},
        {STR("[{\"a\":1e},{}]"), STR("1-9 bad_json: {\"a\":1e}\n10-12 {}\n")},
        {STR("[{}] x"), STR("1-3 {}\n3-6 bad_json: ] x\n")},
        {STR("[{},{\"a\":[1,"), STR("1-3 {}\n4-12 truncated: {\"a\":[1,\n")},
        {STR("{\"n\":1,\"x\":[0],\"records\":[{},{}],\"m\":{}}"),
         STR("0-26 before_records= {\"n\":1,\"x\":[0],\"records\":[\n26-28 {}\n29-31 {}\n"
             "31-40 behind_records= ],\"m\":{}}\n")},
        {STR("{\"records\":[{}]}"), STR("12-14 {}\n")},
        {STR("{\"n\":1}"), STR("0-7 {\"n\":1}\n")},
        {STR(" {\"records\":7}\n "), STR("1-14 {\"records\":7}\n")},
        {STR("{\"records\":[{}],}"), STR("12-14 {}\n14-17 bad_json: ],}\n")},
        {STR("{\"a\":{\"b\":[{\"records\":[]}]},\"c\":1}"),
         STR("11-25 {\"records\":[]}\n25-34 behind_records= ]},\"c\":1}\n"), .records = "/a/b"},
        {STR("{\"a\":1}"), STR("0-7 bad_json: {\"a\":1}\n"), .records = "/b"},
        {STR("[{\"abc\":[1,2]},{\"b\":1}]"),
         STR("1-14 row_too_long: {\"abc\":[1,2]}\n15-22 {\"b\":1}\n"), .row_bytes = 8},
        {STR("[{\"abc\":[1,2"), STR("1-12 truncated: {\"abc\":[1,2\n"), .row_bytes = 8},
        {STR("hello"), STR("0-5 bad_json: hello\n")},
        {STR("[{}      ,      {}]"), STR("1-3 {}\n9-10 bad_json: ,\n16-18 bad_json: {}\n"),
         .row_bytes = 5},
        {STR("123456789"), STR("0-9 row_too_long: 123456789\n"), .row_bytes = 4},
        {STR("{\"b\":1,\"records\":[{}]}"),
         STR("0-22 row_too_long: {\"b\":1,\"records\":[{}]}\n"), .row_bytes = 16},
    };

    check_samples(items, ARRAY_LEN(items), false);
}

/* A successor has to be told that what was cut is all of the file. */
static void nothing_may_follow_the_one_record(void)
{
    const struct sample s = {.text = STR("{\"a\":1} ]")},
                        later = {.text = s.text, .records = JSON_CUT_ONE};
    const struct cut_file file = {s.text, open_cutter, &s};
    struct cutter c = open_cutter(&later, 7);
    struct row row;

    CHECK_STR(transcript(&file, 1, false, &arena), STR("0-7 {\"a\":1}\n8-9 bad_json: ]\n"));
    CHECK_INT(cutter_next(c, STR(" ]"), true, &arena, &row), ROWS_BAD);
    CHECK(row.is_alone);
    CHECK_INT(row.offset, 8);
    cutter_free(&c);
}

/* That the array is left open is known where its beginning was seen. */
static void an_array_without_an_end_says_so(void)
{
    const struct sample s = {.text = STR("[{},{}")};
    const struct cut_file file = {s.text, open_cutter, &s};

    CHECK_STR(transcript(&file, 1, false, &arena),
              STR("1-3 {}\n4-6 {}\nthe array is not closed\n"));
}

/* The memory of an item over the cap is not needed, nor that of the blanks between two. */
static void bytes_that_are_passed_over_are_let_go(void)
{
    const struct json_cut how = {.row_bytes = 64, .records = STR("auto")};
    struct cutter c = {&json_items_kind, json_items_new(&how, 0)};
    struct arena rows = {0};
    struct row row;
    char piece[256];

    memset(piece, 'x', sizeof(piece));
    CHECK_INT(cutter_next(c, STR("[\""), false, &rows, &row), ROWS_MORE);
    memcpy(piece, "[\"", 2);
    CHECK_INT(cutter_next(c, (str){piece, sizeof(piece)}, false, &rows, &row), ROWS_MORE);
    CHECK_INT(cutter_offset(c), 256);
    CHECK_INT(cutter_boundary(c), 0);
    memset(piece, ' ', sizeof(piece));
    memcpy(piece, "\",", 2);
    CHECK_INT(cutter_next(c, (str){piece, sizeof(piece)}, false, &rows, &row), ROWS_BAD);
    CHECK_INT(row.end, 257);
    CHECK_INT(row.bytes.n, 256);
    arena_free(&rows);
    cutter_free(&c);
}

static void the_first_bytes_say_what_a_file_is(void)
{
    const struct {
        str head;
        bool is_partial;
        enum rows_format format;
    } cases[] = {
        {STR(""), false, ROWS_CSV},
        {STR("a,b\n"), false, ROWS_CSV},
        {STR("{a},b\n"), false, ROWS_CSV},
        {STR("[a],b\n"), false, ROWS_CSV},
        {STR("\"a\",b\n"), false, ROWS_CSV},
        {STR("{\"a\":1}\n{\"a\":2}\n"), false, ROWS_NDJSON},
        {STR("\xef\xbb\xbf\n {\"a\":1}\n"), false, ROWS_NDJSON},
        {STR("{\"a\":1}"), true, ROWS_NDJSON},
        {STR("{\"a\":\n1}"), false, ROWS_JSON},
        {STR("{\"n\":1,\"records\":[{}]}"), false, ROWS_JSON},
        {STR("{\"n\":1,\"records\":[{}"), true, ROWS_JSON},
        {STR("{\"records\":[{}]}\n{\"records\":[]}\n"), false, ROWS_NDJSON},
        {STR("{\"text\":\"long"), true, ROWS_NDJSON},
        {STR("[{\"a\":1}]"), false, ROWS_JSON},
        {STR("[\n"), true, ROWS_JSON},
        {STR("[1,2]"), false, ROWS_JSON},
        {STR("[]"), false, ROWS_JSON},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        CHECK_INT(rows_format_of(cases[i].head, !cases[i].is_partial), cases[i].format);
}

int main(void)
{
    RUN(lines_in_pieces_of_any_size);
    RUN(items_in_pieces_of_any_size);
    RUN(nothing_may_follow_the_one_record);
    RUN(an_array_without_an_end_says_so);
    RUN(bytes_that_are_passed_over_are_let_go);
    RUN(the_first_bytes_say_what_a_file_is);
    arena_free(&arena);
    return check_done();
}
