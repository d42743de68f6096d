#include "tools/firehose_local/put.h"

#include "common/data/digest.h"
#include "common/data/json.h"

struct reader {
    const char *p, *end;
    struct arena *arena;
    struct put *put;
    bool is_batch, has_data;
};
typedef const char *member_fn(struct reader *r, str name);

static bool take(struct reader *r, char c)
{
    r->p = json_skip_blanks(r->p, r->end);
    if (r->p == r->end || *r->p != c)
        return false;
    r->p++;
    return true;
}

/* A string with its quotes. Nothing between them is checked yet. */
static bool take_string(struct reader *r, str *quoted)
{
    r->p = json_skip_blanks(r->p, r->end);
    const char *begin = r->p, *p = begin + 1;

    if (begin == r->end || *begin != '"')
        return false;
    for (;;) {
        const char *quote = p < r->end ? memchr(p, '"', (size_t)(r->end - p)) : NULL,
                   *back = quote;
        if (!quote)
            return false;
        while (back[-1] == '\\') /* stops at the opening quote */
            back--;
        p = quote + 1;
        if ((quote - back) % 2 == 0)
            break;
    }
    r->p = p;
    *quoted = (str){begin, (size_t)(p - begin)};
    return true;
}

/* Any value that does not concern us, checked all the same. */
static const char *take_value(struct reader *r, str *value)
{
    str rest = {r->p, (size_t)(r->end - r->p)};
    size_t at;

    *value = json_skip(&rest);
    r->p = rest.p;
    return json_check(*value, NULL, &at);
}

static const char *take_text(struct reader *r, str *text)
{
    str value;
    const char *wrong = take_value(r, &value);

    if (wrong || json_type(value) == JSON_NULL)
        return wrong;
    return json_unquote(r->arena, value, text) ? NULL : "a string was expected";
}

static const char *take_object(struct reader *r, member_fn *member)
{
    if (!take(r, '{'))
        return "an object was expected";
    if (take(r, '}'))
        return NULL;
    for (;;) {
        str quoted, name;
        size_t at;
        if (!take_string(r, &quoted) || json_check(quoted, NULL, &at) ||
            !json_unquote(r->arena, quoted, &name) || !take(r, ':'))
            return "a name and a colon were expected";
        const char *wrong = member(r, name);
        if (wrong)
            return wrong;
        if (take(r, '}'))
            return NULL;
        if (!take(r, ','))
            return "a comma or the end of an object was expected";
    }
}

/* Escapes are legal JSON and rare: decode, and only when that fails look for them. */
static long decode(struct reader *r, str quoted, char *out)
{
    str text = {quoted.p + 1, quoted.n - 2};
    long n = base64_decode((unsigned char *)out, text);
    size_t at;

    if (n >= 0 || !memchr(text.p, '\\', text.n) || json_check(quoted, NULL, &at) ||
        !json_unquote(r->arena, quoted, &text))
        return n;
    return base64_decode((unsigned char *)out, text);
}

static const char *data_member(struct reader *r, str name)
{
    struct put *p = r->put;
    str quoted;

    if (!str_is(name, "Data"))
        return take_value(r, &quoted);
    r->p = json_skip_blanks(r->p, r->end);
    if (r->p < r->end && *r->p == 'n')
        return take_value(r, &quoted);
    if (r->has_data || !take_string(r, &quoted))
        return r->has_data ? "Data stands twice" : "Data must be a string";
    r->has_data = true;
    long n = decode(r, quoted, p->bytes + p->total);
    if (n < 0)
        return "Data is not valid base64";
    if (n > PUT_RECORD_BYTES_MAX && p->large == 0) {
        p->large = (uint32_t)n;
        p->large_at = p->n;
    }
    if (p->n < PUT_RECORDS_MAX)
        p->sizes[p->n] = (uint32_t)n;
    p->total += (size_t)n;
    return NULL;
}

static const char *take_record(struct reader *r)
{
    struct put *p = r->put;

    r->has_data = false;
    const char *wrong = take_object(r, data_member);
    if (!r->has_data && !p->is_missing) {
        p->is_missing = true;
        p->missing_at = p->n;
    }
    if (!r->has_data && p->n < PUT_RECORDS_MAX)
        p->sizes[p->n] = 0;
    p->n++;
    return wrong;
}

static const char *take_records(struct reader *r)
{
    if (!take(r, '['))
        return "Records must be an array";
    if (take(r, ']'))
        return NULL;
    for (;;) {
        const char *wrong = take_record(r);
        if (wrong)
            return wrong;
        if (take(r, ']'))
            return NULL;
        if (!take(r, ','))
            return "a comma or the end of Records was expected";
    }
}

static const char *top_member(struct reader *r, str name)
{
    bool is_records = str_is(name, r->is_batch ? "Records" : "Record");
    str value;

    if (str_is(name, "DeliveryStreamName"))
        return take_text(r, &r->put->stream);
    r->p = json_skip_blanks(r->p, r->end);
    if (!is_records || (r->p < r->end && *r->p == 'n'))
        return take_value(r, &value);
    if (r->put->is_given)
        return "the records stand twice";
    r->put->is_given = true;
    return r->is_batch ? take_records(r) : take_record(r);
}

const char *put_parse(struct put *p, str body, bool is_batch, struct arena *a, char *bytes)
{
    struct reader r = {
        .p = body.p, .end = body.p + body.n, .arena = a, .put = p, .is_batch = is_batch};

    *p = (struct put){.bytes = bytes};
    const char *wrong = take_object(&r, top_member);
    if (wrong)
        return wrong;
    r.p = json_skip_blanks(r.p, r.end);
    return r.p == r.end ? NULL : "bytes behind the end";
}
