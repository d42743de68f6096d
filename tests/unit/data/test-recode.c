#include "common/data/recode.h"

#include "common/data/json_cut.h"
#include "tests/unit/data/cutting.h"

static struct arena arena;

struct sample {
    const char *encoding;
    str text, want; /* rows with their offsets and ends in the file */
    bool is_json;
};

static struct cutter open_cutter(const void *ctx, uint64_t offset)
{
    const struct sample *s = ctx;
    const struct rows_dialect dialect = {',', '"', ROWS_NEWLINE_LF, ROWS_UTF8};
    const struct json_cut how = {.encoding = ROWS_UTF8, .records = STR("auto")};
    struct recode *r = recode_new(str_of(s->encoding));

    if (!r)
        die("%s is not known", s->encoding);
    struct cutter inner =
        s->is_json
            ? (struct cutter){&json_items_kind, json_items_new(&how, offset)}
            : (struct cutter){&rows_kind, rows_new(dialect, (struct rows_limits){0}, offset)};
    return recode_cutter(r, inner, offset);
}

static void offsets_are_those_of_the_file(void)
{
    const struct sample samples[] = {
        {"utf-16le",
         STR("\xff\xfe"
             "a\0,\0\x42\x01\n\0\r\0\n\0\"\0\x3d\xd8\x00\xde\n\0\"\0,\0\x01\xdc"),
         STR("2-10 [2,\"a\",\"\xc5\x82\"]\n"
             "14-28 [14,\"\xf0\x9f\x98\x80\\n\",\"\xef\xbf\xbd\"]\n")},
        {"utf-16be", STR("\0a\0,\0b\0\n\0c"), STR("0-8 [0,\"a\",\"b\"]\n8-10 [8,\"c\"]\n")},
        {"utf-16le", STR("a\0\n\0b"), STR("0-4 [0,\"a\"]\n4-5 [4,\"\xef\xbf\xbd\"]\n")},
        {"utf-16le", STR("[\0{\0}\0,\0\n\0{\0\"\0\xe9\0\"\0:\0\x31\0}\0]\0"),
         STR("2-6 {}\n10-24 {\"\xc3\xa9\":1}\n"), true},
        {"iso-8859-2", STR("\xb3,b\nc\n"), STR("0-4 [0,\"\xc5\x82\",\"b\"]\n4-6 [4,\"c\"]\n")},
        {"SHIFT_JIS", STR("\x83\x5c,b\n\x95\x5c,\x83|\n\x80\n"), /* with \ and | inside */
         STR("0-5 [0,\"\xe3\x82\xbd\",\"b\"]\n5-11 [5,\"\xe8\xa1\xa8\",\"\xe3\x83\x9d\"]\n"
             "11-13 [11,\"\xef\xbf\xbd\"]\n")},
        {"GB18030", STR("\x81\x30\x81\x30,\xd6\xd0\n1\n"),
         STR("0-8 [0,\"\xc2\x80\",\"\xe4\xb8\xad\"]\n8-10 [8,\"1\"]\n")},
    };

    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        const struct cut_file file = {samples[i].text, open_cutter, &samples[i]};
        for (size_t step = 0; step <= file.text.n; step++) {
            CHECK_STR(transcript(&file, step, false, &arena), samples[i].want);
            CHECK_STR(transcript(&file, step, true, &arena), samples[i].want);
        }
    }
}

static void what_cannot_be_begun_in_the_middle_is_refused(void)
{
    const char *const refused[] = {"ISO-2022-JP", "UTF-7", "no-such-encoding", "",
                                   "ISO-8859-1//TRANSLIT"};
    const char *const good[] = {"iso-8859-15", "koi8-r", "utf-16", "EUC-JP", "big5"};

    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        CHECK(!recode_new(str_of(refused[i])));
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct recode *r = recode_new(str_of(good[i]));
        CHECK(r != NULL);
        recode_free(r);
    }
}

int main(void)
{
    RUN(offsets_are_those_of_the_file);
    RUN(what_cannot_be_begun_in_the_middle_is_refused);
    arena_free(&arena);
    return check_done();
}
