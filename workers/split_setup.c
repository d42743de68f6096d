#include "workers/split_setup.h"

const struct setting split_settings[] = {
    {"format", SETTING_STR, "auto", offsetof(struct split_config, format),
     "`csv`, `ndjson`, `json`, or `auto`: by the first bytes of each file."},
    {"records", SETTING_STR, "auto", offsetof(struct split_config, records),
     "JSON pointer to the array of records in a JSON file, or `auto`: the file is the array, "
     "or its member `records` is, or the file is one record."},
    {"delimiter", SETTING_STR, "auto", offsetof(struct split_config, delimiter),
     "One character between cells, `tab`, or `auto`: chosen from the first 64 KiB of each "
     "file."},
    {"quote", SETTING_STR, "\"", offsetof(struct split_config, quote),
     "The character around cells that hold delimiters, or `none`."},
    {"header", SETTING_STR, "first", offsetof(struct split_config, header),
     "`first`: the first row names the columns; `none`: they are column_1, column_2, ..."},
    {"encoding", SETTING_STR, "auto", offsetof(struct split_config, encoding),
     "`utf-8`, `windows-1252`, or `auto`: a cell that is not UTF-8 is read as windows-1252."},
    {"columns", SETTING_COUNT, "4096", offsetof(struct split_config, columns),
     "Most columns of a row, 1 to 4096; a wider row is a dead letter."},
    {"row_bytes", SETTING_BYTES, "1024000B", offsetof(struct split_config, row_bytes),
     "Longest row, 1024 to 1024000 bytes; a longer one is a dead letter."},
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

    if (!str_is(value, otherwise) && !reader_is_delimiter(value, &c))
        findings_error(f, node_at(config, key), (uint32_t)value.n, "%s", problem);
}

void split_check(void *state, const struct node *config, struct findings *f)
{
    const struct split_config *s = state;

    check_word(f, config, "format", s->format,
               (str[]){STR("auto"), STR("csv"), STR("ndjson"), STR("json")}, 4);
    check_word(f, config, "header", s->header, (str[]){STR("first"), STR("none")}, 2);
    check_word(f, config, "encoding", s->encoding,
               (str[]){STR("auto"), STR("utf-8"), STR("windows-1252")}, 3);
    check_sign(f, config, "delimiter", s->delimiter, "auto",
               "delimiter must be one character, 'tab' or 'auto'");
    check_sign(f, config, "quote", s->quote, "none", "quote must be one character or 'none'");
    if (s->records.n && !str_is(s->records, "auto") && s->records.p[0] != '/')
        findings_error(f, node_at(config, "records"), (uint32_t)s->records.n,
                       "records must be 'auto' or a JSON pointer: /path/to/the/array");
    if (s->row_bytes < 1024 || s->row_bytes > 1024000)
        findings_error(f, node_at(config, "row_bytes"), 1,
                       "row_bytes must be from 1024 to 1024000, the largest Firehose record");
    if (s->columns < 1 || s->columns > 4096)
        findings_error(f, node_at(config, "columns"), 1, "columns must be from 1 to 4096");
}

struct reader_setup split_reader_setup(const struct split_config *c)
{
    return (struct reader_setup){
        .format = c->format,
        .records = c->records,
        .delimiter = c->delimiter,
        .quote = c->quote,
        .header = c->header,
        .encoding = c->encoding,
        .limits = {.columns = (uint32_t)c->columns, .row_bytes = (uint32_t)c->row_bytes},
    };
}
