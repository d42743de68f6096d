#include "common/data/doc.h"

#include <cjson/cJSON.h>
#include <math.h>

#include "common/data/json.h"

/* cJSON ends its strings at a NUL: "a\u0000b" would come out as "a". In checked text each
 * backslash begins an escape. */
static bool has_nul(str text)
{
    const char *p = text.p, *end = str_end(text);

    while (p < end) {
        p = memchr(p, '\\', (size_t)(end - p));
        if (!p)
            return false;
        if (str_starts(str_between(p, end), STR("\\u0000")))
            return true;
        p += 2;
    }
    return false;
}

/* cJSON takes what is no JSON (01, text behind the end, bytes that are not UTF-8): our own
 * check comes first. */
struct cJSON *doc_parse(str text, size_t max, struct error *err)
{
    size_t at = 0;

    if (text.n > max) {
        error_set(err, ERR_LIMIT, "JSON of %zu bytes, at most %zu are taken", text.n, max);
        return NULL;
    }
    const char *wrong = json_check(text, NULL, &at);
    if (wrong) {
        error_set(err, ERR_DATA, "JSON, byte %zu: %s", at, wrong);
        return NULL;
    }
    if (has_nul(text)) {
        error_set(err, ERR_DATA, "JSON with a NUL character (\\u0000) in a string");
        return NULL;
    }
    struct cJSON *doc = cJSON_ParseWithLength(text.p, text.n);
    if (!doc)
        error_set(err, ERR_DATA, "JSON of %zu bytes could not be parsed", text.n);
    return doc;
}

void doc_free(struct cJSON *doc)
{
    cJSON_Delete(doc);
}

const struct cJSON *doc_get(const struct cJSON *object, const char *name)
{
    const struct cJSON *found = NULL;

    if (!cJSON_IsObject(object))
        return NULL;
    for (const struct cJSON *c = object->child; c; c = c->next)
        if (strcmp(c->string, name) == 0)
            found = c;
    return found;
}

bool doc_string(const struct cJSON *object, const char *name, str *value)
{
    const struct cJSON *found = doc_get(object, name);

    if (!cJSON_IsString(found))
        return false;
    *value = str_of(found->valuestring);
    return true;
}

bool doc_number(const struct cJSON *object, const char *name, double *value)
{
    const struct cJSON *found = doc_get(object, name);

    if (!cJSON_IsNumber(found) || !isfinite(found->valuedouble))
        return false;
    *value = found->valuedouble;
    return true;
}
