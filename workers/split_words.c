#include "workers/split_words.h"

#include "common/data/recode.h"

static const char *const formats[] = {
    [ROWS_CSV] = "csv", [ROWS_NDJSON] = "ndjson", [ROWS_JSON] = "json"};

const char *split_format_word(enum rows_format format)
{
    return formats[format];
}

enum rows_format split_format_of(str word)
{
    if (str_is(word, "ndjson"))
        return ROWS_NDJSON;
    return str_is(word, "json") ? ROWS_JSON : ROWS_CSV;
}

bool split_is_plain(str encoding)
{
    return !encoding.n || str_is(encoding, "auto") || str_is(encoding, "utf-8") ||
           str_is(encoding, "windows-1252");
}

enum rows_encoding split_encoding_of(str word)
{
    if (str_is(word, "windows-1252"))
        return ROWS_1252;
    return !split_is_plain(word) || str_is(word, "utf-8") ? ROWS_UTF8 : ROWS_UTF8_OR_1252;
}

bool split_is_encoding(str word)
{
    if (split_is_plain(word))
        return true;
    struct recode *r = recode_new(word);
    recode_free(r);
    return r != NULL;
}

bool split_is_delimiter(str word, char *c)
{
    if (str_is(word, "tab"))
        *c = '\t';
    else if (word.n == 1)
        *c = word.p[0];
    else
        return false;
    return *c != '\n' && *c != '\r' && *c != '\0';
}
