#include "tools/check_file.h"

#include "tests/unit/check.h"

static struct arena arena;

static void begin(struct check_file *file, const char *text)
{
    arena_reset(&arena);
    *file = (struct check_file){.name = STR("p.yaml"), .text = str_of(text)};
    file->findings.arena = &arena;
}

static void check_report(const struct check_file *file, const char *want)
{
    struct buf out;

    buf_init(&out, 10000);
    CHECK(check_file_report(file, &out));
    CHECK_STR(buf_str(&out), str_of(want));
    buf_free(&out);
}

static void test_report_points_at_the_word(void)
{
    const str units[] = {STR("m2"), STR("ft2")};
    struct check_file file;

    begin(&file, "a: 1\n\té: {unit: m3}\r\n");
    findings_unknown(&file.findings, (struct mark){2, 12}, STR("m3"), "unit", units, 2);
    findings_warn(&file.findings, (struct mark){1, 4}, 1, "is one");
    findings_error(&file.findings, (struct mark){0}, 1, "has no place");
    check_report(&file, "p.yaml:2:12: error: unknown unit 'm3'\n"
                        "    2 | \té: {unit: m3}\n"
                        "      | \t          ^~ did you mean 'm2'? one of: m2, ft2\n"
                        "p.yaml:1:4: warning: is one\n"
                        "    1 | a: 1\n"
                        "      |    ^\n"
                        "p.yaml: error: has no place\n");
}

static void test_report_cuts_long_lines_around_the_caret(void)
{
    static char text[400];
    struct check_file file;
    struct buf out;

    memset(text, 'x', sizeof(text) - 1);
    memcpy(text + 200, "HERE", 4);
    begin(&file, text);
    findings_error(&file.findings, (struct mark){1, 201}, 300, "long");
    buf_init(&out, 10000);
    CHECK(check_file_report(&file, &out));
    str rest = buf_str(&out);
    (void)str_cut(&rest, '\n');
    str line = str_cut(&rest, '\n'), carets = str_cut(&rest, '\n');
    CHECK_INT(line.n, 8 + 3 + 110 + 3);
    const char *here = memmem(line.p, line.n, "HERE", 4),
               *caret = memchr(carets.p, '^', carets.n);
    CHECK(here && caret && here - line.p == caret - carets.p);
    CHECK(carets.n <= line.n);
    buf_free(&out);
}

static void test_report_cannot_steer_a_terminal(void)
{
    struct check_file file;

    begin(&file, "a\x1b[2J\xc2\x9b: b");
    findings_error(&file.findings, (struct mark){1, 9}, 1, "x");
    check_report(&file, "p.yaml:1:9: error: x\n    1 | a.[2J.: b\n      |         ^\n");
}

static void test_report_survives_places_outside_the_text(void)
{
    struct check_file file;

    begin(&file, "a\n");
    findings_error(&file.findings, (struct mark){9, 30}, 5, "x");
    check_report(&file, "p.yaml:9:30: error: x\n    9 | \n      | ^\n");
}

static void test_json_is_one_object(void)
{
    struct check_file file;
    struct buf out;

    begin(&file, "a\n");
    findings_error(&file.findings, (struct mark){1, 1}, 1, "say \"x\"");
    findings_warn(&file.findings, (struct mark){1, 2}, 3, "y");
    buf_init(&out, 1000);
    CHECK(check_file_json(&file, &out));
    CHECK_STR(
        buf_str(&out),
        STR("{\"file\":\"p.yaml\",\"errors\":1,\"warnings\":1,\"left_out\":0,\"findings\":["
            "{\"line\":1,\"column\":1,\"length\":1,\"severity\":\"error\",\"text\":"
            "\"say \\\"x\\\"\",\"hint\":\"\"},"
            "{\"line\":1,\"column\":2,\"length\":3,\"severity\":\"warning\",\"text\":\"y\","
            "\"hint\":\"\"}]}\n"));
    buf_reset(&out);
    CHECK(check_file_summary(&file, &out));
    CHECK_STR(buf_str(&out), STR("1 error, 1 warning. Nothing was changed.\n"));
    buf_free(&out);
}

int main(void)
{
    RUN(test_report_points_at_the_word);
    RUN(test_report_cuts_long_lines_around_the_caret);
    RUN(test_report_cannot_steer_a_terminal);
    RUN(test_report_survives_places_outside_the_text);
    RUN(test_json_is_one_object);
    arena_free(&arena);
    return check_done();
}
