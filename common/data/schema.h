#pragma once
/* An Avro record schema (.avsc), read with avro-c and compiled into what the writer of
 * documents asks: names in order, types, defaults, and whether a JSON value conforms. Owner of
 * libavro, which reads schema text and nothing else.
 *
 * How a type stands in the document, which is plain JSON, not Avro's own JSON encoding: a union
 * as the value itself; bytes and fixed as text of code points up to U+00FF; decimal as a number
 * with its digits; date as days, timestamp-millis and -micros as numbers since the epoch,
 * time-millis and -micros as numbers since midnight; uuid as text. docs/normalise.md has the
 * table. */
#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/base/str.h"

enum { SCHEMA_TEXT_MAX = 256 * 1024, SCHEMA_DEPTH_MAX = 32, SCHEMA_FIELDS_MAX = 1000 };

enum schema_kind {
    SCHEMA_NULL, /* a union of null alone */
    SCHEMA_BOOLEAN,
    SCHEMA_INT,
    SCHEMA_LONG,
    SCHEMA_FLOAT,
    SCHEMA_DOUBLE,
    SCHEMA_STRING,
    SCHEMA_BYTES,
    SCHEMA_FIXED,
    SCHEMA_ENUM,
    SCHEMA_ARRAY,
    SCHEMA_MAP,
    SCHEMA_RECORD,
    SCHEMA_UNION, /* of several types besides null */
};
enum schema_logical {
    SCHEMA_PLAIN,
    SCHEMA_DATE,
    SCHEMA_TIME_MILLIS,
    SCHEMA_TIME_MICROS,
    SCHEMA_TIMESTAMP_MILLIS,
    SCHEMA_TIMESTAMP_MICROS,
    SCHEMA_DECIMAL,
    SCHEMA_UUID,
};
struct schema_type {
    enum schema_kind kind;
    enum schema_logical logical;
    bool is_nullable;                /* null is one of a union's types */
    uint32_t precision, scale, size; /* of a decimal; of a fixed */
    const str *symbols;              /* of an enum */
    uint32_t symbol_count;
    const struct schema_type *const
        *branches; /* of a union; of an array or map the one of its items */
    uint32_t branch_count;
    const struct schema *record; /* of a record */
};
struct schema_field {
    str name, doc;
    const struct schema_type *type;
    str fallback; /* its default as JSON; empty: it has none */
};
struct schema {
    str name;
    const struct schema_field *fields; /* in their order */
    uint32_t n;
};

/* Compile `avsc`; all of it in `a`. NULL: ERR_DATA, a sentence that names what is wrong and
 * where (no record, a recursive type, a name or symbol that Avro does not allow, two equal
 * names, nested too deep, an unknown logical type is only a plain one). */
const struct schema *schema_read(struct arena *a, str avsc, struct error *err) MUST_CHECK;
const struct schema_field *schema_find(const struct schema *s, str name); /* NULL: none */

/* Does a JSON value, valid as JSON, conform? `issue` is a word to group by and `why` goes on
 * after the value: `not_in_enum`, `out_of_range`, `wrong_type`, `missing_member`. Allocates
 * nothing but `why`. */
bool schema_fits(const struct schema_type *t, struct arena *a, str value, str *issue,
                 str *why) MUST_CHECK;
const char *schema_type_name(const struct schema_type *t); /* "int", "enum", "record", ... */
