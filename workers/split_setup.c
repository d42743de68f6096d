#include "workers/split_setup.h"

#include "common/data/json.h"
#include "workers/split_words.h"

const struct setting split_settings[] = {
    {"format", SETTING_STR, "auto", offsetof(struct split_config, format),
     "`csv`, `ndjson`, `json`, or `auto`: by the first bytes of each file."},
    {"records", SETTING_STR, "auto", offsetof(struct split_config, records),
     "JSON pointer to the array of records in a JSON file, or `auto`: the file is the array, "
     "or its member `records` is, or the file is one record. A pointer says that files are "
     "JSON."},
    {"delimiter", SETTING_STR, "auto", offsetof(struct split_config, delimiter),
     "One character between cells, `tab`, or `auto`: chosen from the first 64 KiB of each "
     "file."},
    {"quote", SETTING_STR, "\"", offsetof(struct split_config, quote),
     "The character around cells that hold delimiters, or `none`."},
    {"header", SETTING_NODE, "", offsetof(struct split_config, header),
     "`first` (the default): the first row names the columns; `none`: they are column_1, "
     "column_2, ...; or a list of names, for a file without."},
    {"preamble", SETTING_STR, "auto", offsetof(struct split_config, preamble),
     "Lines before the header: a number, `none`, or `auto`: those with far fewer cells than "
     "what follows."},
    {"repeated_header", SETTING_STR, "drop",
     offsetof(struct split_config, policy.repeated_header),
     "The header once more among the rows: `drop` (counted as filtered), `dead` or `keep`."},
    {"empty", SETTING_STR, "drop", offsetof(struct split_config, policy.empty),
     "A row all of whose cells are empty: `drop` (counted as filtered), `dead` or `keep`."},
    {"expect", SETTING_NODE, "", offsetof(struct split_config, expect),
     "List of columns that every file has."},
    {"missing", SETTING_STR, "warn", offsetof(struct split_config, missing),
     "A file without one of them: `warn`, or `dead`: it is not read."},
    {"encoding", SETTING_STR, "auto", offsetof(struct split_config, encoding),
     "`utf-8`, `utf-16`, `utf-16le`, `utf-16be`, `windows-1252`, a name of iconv, or `auto`: "
     "UTF-16 by its mark, and a cell that is not UTF-8 is read as windows-1252."},
    {"columns", SETTING_COUNT, "4096", offsetof(struct split_config, columns),
     "Most columns of a row, 1 to 4096; a wider row is a dead letter."},
    {"row_bytes", SETTING_BYTES, "1024000B", offsetof(struct split_config, row_bytes),
     "Longest row, 1024 to 1024000 bytes; a longer one is a dead letter."},
    {"row_lines", SETTING_COUNT, "1000", offsetof(struct split_config, row_lines),
     "Most lines of a row; a quote that is open for longer was never closed."},
    {0},
};

static void check_word(struct findings *f, const struct node *config, const char *key,
                       str value, const str *valid, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (str_equal(value, valid[i]))
            return;
    findings_unknown(f, node_at(config, key), value, key, valid, n);
}

static void check_sign(struct findings *f, const struct node *config, const char *key,
                       str value, const char *otherwise, const char *problem)
{
    char c;

    if (!str_is(value, otherwise) && !split_is_delimiter(value, &c))
        findings_error(f, node_at(config, key), (uint32_t)value.n, "%s", problem);
}

static void check_names(struct findings *f, const struct node *list, const char *problem)
{
    bool is_good = list->type == NODE_LIST && list->count > 0;

    for (const struct node *n = list->children; is_good && n; n = n->next)
        is_good = n->type == NODE_TEXT && n->text.n > 0;
    if (!is_good)
        findings_error(f, list->at, node_width(list), "%s", problem);
}

static void check_header(struct findings *f, const struct node *config,
                         const struct node *header)
{
    if (header && header->type == NODE_TEXT)
        check_word(f, config, "header", header->text, (str[]){STR("first"), STR("none")}, 2);
    else if (header)
        check_names(f, header, "header must be 'first', 'none' or a list of names");
}

void split_check(void *state, const struct node *config, struct findings *f)
{
    const struct split_config *s = state;
    uint64_t lines;

    check_word(f, config, "format", s->format,
               (str[]){STR("auto"), STR("csv"), STR("ndjson"), STR("json")}, 4);
    check_header(f, config, s->header);
    if (s->expect)
        check_names(f, s->expect, "expect must be a list of column names");
    const str policies[] = {STR("drop"), STR("dead"), STR("keep")};
    check_word(f, config, "repeated_header", s->policy.repeated_header, policies, 3);
    check_word(f, config, "empty", s->policy.empty, policies, 3);
    check_word(f, config, "missing", s->missing, (str[]){STR("warn"), STR("dead")}, 2);
    if (!str_to_u64(s->preamble, &lines))
        check_word(f, config, "preamble", s->preamble, (str[]){STR("auto"), STR("none")}, 2);
    if (!split_is_encoding(s->encoding))
        findings_error(f, node_at(config, "encoding"), (uint32_t)s->encoding.n,
                       "encoding must be 'auto', 'utf-8', 'utf-16', 'utf-16le', 'utf-16be', "
                       "'windows-1252', or a name that iconv knows, without states");
    check_sign(f, config, "delimiter", s->delimiter, "auto",
               "delimiter must be one character, 'tab' or 'auto'");
    check_sign(f, config, "quote", s->quote, "none", "quote must be one character or 'none'");
    if (s->records.n && !str_is(s->records, "auto") && s->records.p[0] != '/')
        findings_error(f, node_at(config, "records"), (uint32_t)s->records.n,
                       "records must be 'auto' or a JSON pointer: /path/to/the/array");
    if (!str_is(s->records, "auto") &&
        (str_is(s->format, "csv") || str_is(s->format, "ndjson")))
        findings_error(f, node_at(config, "records"), (uint32_t)s->records.n,
                       "records is for JSON files, and format is '" STR_FMT
                       "': leave one of them out",
                       STR_ARG(s->format));
    if (s->row_bytes < 1024 || s->row_bytes > 1024000)
        findings_error(f, node_at(config, "row_bytes"), 1,
                       "row_bytes must be from 1024 to 1024000, the largest Firehose record");
    if (s->row_lines < 1 || s->row_lines > 1000000)
        findings_error(f, node_at(config, "row_lines"), 1,
                       "row_lines must be from 1 to 1000000");
    if (s->columns < 1 || s->columns > 4096)
        findings_error(f, node_at(config, "columns"), 1, "columns must be from 1 to 4096");
}

static str names_of(struct arena *a, const struct node *list)
{
    size_t room = 2;

    for (const struct node *n = list ? list->children : NULL; n; n = n->next)
        room += JSON_QUOTED_MAX(n->text.n) + 1;
    if (room == 2)
        return STR_NONE;
    char *start = arena_reserve(a, room), *out = start;
    for (const struct node *n = list->children; n; n = n->next) {
        *out++ = n == list->children ? '[' : ',';
        out = json_quote(out, n->text);
    }
    *out++ = ']';
    arena_trim(a, out);
    return str_between(start, out);
}

struct reader_setup split_reader_setup(struct arena *a, const struct split_config *c)
{
    str header = c->header ? c->header->text : STR("first");

    return (struct reader_setup){
        .format = c->format,
        .records = c->records,
        .delimiter = c->delimiter,
        .quote = c->quote,
        .header = header,
        .names = names_of(a, c->header),
        .expect = names_of(a, c->expect),
        .preamble = c->preamble,
        .missing = c->missing,
        .encoding = c->encoding,
        .limits = {.columns = (uint32_t)c->columns,
                   .row_bytes = (uint32_t)c->row_bytes,
                   .lines = (uint32_t)c->row_lines},
    };
}
