#pragma once
/* Small JSON documents of others as trees, by cJSON: answers of APIs. Never a record (its
 * numbers are doubles). Guards: cap, no NUL escapes, nothing behind the end, case-sensitive
 * names. */
#include "common/base/error.h"
#include "common/base/str.h"

struct cJSON;
/* NULL: `err` says why, ERR_LIMIT or ERR_DATA. doc_free() it. */
struct cJSON *doc_parse(str text, size_t max, struct error *err) MUST_CHECK;
void doc_free(struct cJSON *doc);
/* The last of that name, as json_find() does; NULL: none, or no object. */
const struct cJSON *doc_get(const struct cJSON *object, const char *name);
bool doc_string(const struct cJSON *object, const char *name,
                str *value); /* false: no string; it lives as long as the document */
bool doc_number(const struct cJSON *object, const char *name,
                double *value); /* false: no number, or beyond a double */
