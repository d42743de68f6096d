#pragma once
/* Small JSON documents of others as trees, by cJSON: answers of APIs. Never a record (its
 * numbers are doubles). Guards: cap, no NUL escapes, nothing behind the end, case-sensitive
 * names. */
#include "common/base/error.h"
#include "common/base/str.h"

struct cJSON;
struct cJSON *doc_parse(str text, size_t max, struct error *err) MUST_CHECK; /* doc_free() it */
void doc_free(struct cJSON *doc);
const struct cJSON *doc_get(const struct cJSON *object, const char *name); /* NULL: none */
bool doc_string(const struct cJSON *object, const char *name,
                str *value); /* false: no string */
bool doc_number(const struct cJSON *object, const char *name, double *value);
