#include "common/data/sigv4.h"

#include <assert.h>
#include <time.h>

#include "common/data/digest.h"

struct pair { /* a header, or a part of the query */
    str name, value;
};

static char *put(char *out, str s)
{
    if (s.n)
        memcpy(out, s.p, s.n);
    return out + s.n;
}

static bool is_unreserved(char c)
{
    return ascii_is_letter_or_digit(c) || c == '-' || c == '_' || c == '.' || c == '~';
}

/* Percent-encode all but unreserved bytes, and '/' when `slash` says so. */
static str encode(struct arena *a, str s, bool slash)
{
    char *begin = arena_reserve(a, 3 * s.n), *out = begin;

    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (is_unreserved(s.p[i]) || (slash && c == '/')) {
            *out++ = s.p[i];
            continue;
        }
        *out++ = '%';
        *out++ = "0123456789ABCDEF"[c >> 4];
        *out++ = "0123456789ABCDEF"[c & 15];
    }
    arena_trim(a, out);
    return (str){begin, (size_t)(out - begin)};
}

static str decode(struct arena *a, str s)
{
    char *begin = arena_reserve(a, s.n), *out = begin;

    for (size_t i = 0; i < s.n; i++) {
        bool is_code = s.p[i] == '%' && i + 2 < s.n && str_hex_digit(s.p[i + 1]) >= 0 &&
                       str_hex_digit(s.p[i + 2]) >= 0;
        *out++ = is_code ? (char)(str_hex_digit(s.p[i + 1]) << 4 | str_hex_digit(s.p[i + 2]))
                         : s.p[i];
        i += is_code ? 2 : 0;
    }
    arena_trim(a, out);
    return (str){begin, (size_t)(out - begin)};
}

/* Without dot segments and empty segments, as AWS wants it of all services but S3. */
static str normalise_path(struct arena *a, str path)
{
    char *begin = arena_reserve(a, path.n + 2), *out = begin;
    bool is_open = path.n && path.p[path.n - 1] == '/';

    for (str rest = path; rest.n;) {
        str segment = str_cut(&rest, '/');
        if (segment.n == 0 || str_is(segment, "."))
            continue;
        if (str_is(segment, "..")) {
            while (out > begin && *--out != '/')
                ;
            continue;
        }
        *out++ = '/';
        out = put(out, segment);
    }
    if (out == begin || is_open)
        *out++ = '/';
    arena_trim(a, out);
    return (str){begin, (size_t)(out - begin)};
}

static str canonical_path(struct arena *a, const struct sigv4_request *r)
{
    if (!r->is_s3)
        return encode(a, normalise_path(a, r->path), true);
    return r->path.n ? r->path : STR("/");
}

/* By name, then by value: stable, and short lists only. */
static void sort(struct pair *pairs, size_t n, bool by_value)
{
    for (size_t i = 1; i < n; i++) {
        struct pair p = pairs[i];
        size_t j = i;
        for (; j > 0; j--) {
            int order = str_compare(pairs[j - 1].name, p.name);
            if (order == 0 && by_value)
                order = str_compare(pairs[j - 1].value, p.value);
            if (order <= 0)
                break;
            pairs[j] = pairs[j - 1];
        }
        pairs[j] = p;
    }
}

static str canonical_query(struct arena *a, str query)
{
    size_t max = 1, n = 0, length = 0;

    for (size_t i = 0; i < query.n; i++)
        max += query.p[i] == '&';
    struct pair *pairs = arena_alloc(a, max * sizeof(*pairs));
    for (str rest = query; rest.n;) {
        str value = str_cut(&rest, '&');
        if (value.n == 0)
            continue;
        str name = str_cut(&value, '=');
        pairs[n] = (struct pair){encode(a, decode(a, name), false),
                                 encode(a, decode(a, value), false)};
        length += pairs[n].name.n + pairs[n].value.n + 2;
        n++;
    }
    sort(pairs, n, true);
    char *begin = arena_reserve(a, length), *out = begin;
    for (size_t i = 0; i < n; i++) {
        out = put(out, i ? STR("&") : STR_NONE);
        out = put(out, pairs[i].name);
        out = put(out, STR("="));
        out = put(out, pairs[i].value);
    }
    arena_trim(a, out);
    return (str){begin, (size_t)(out - begin)};
}

static str lower(struct arena *a, str s)
{
    char *p = arena_alloc(a, s.n);

    for (size_t i = 0; i < s.n; i++)
        p[i] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] | 0x20 : s.p[i]);
    return (str){p, s.n};
}

/* Without outer blanks, runs of blanks as one space. */
static str squeeze(struct arena *a, str s)
{
    char *begin = arena_reserve(a, s.n), *out = begin;

    s = str_trim(s);
    for (size_t i = 0; i < s.n; i++) {
        bool is_blank = s.p[i] == ' ' || s.p[i] == '\t';
        if (!is_blank)
            *out++ = s.p[i];
        else if (out[-1] != ' ') /* the first byte is no blank */
            *out++ = ' ';
    }
    arena_trim(a, out);
    return (str){begin, (size_t)(out - begin)};
}

struct headers {
    struct pair *pairs; /* lower case, squeezed, sorted; repeated names stand together */
    size_t n, length;   /* of all names and values */
};

static struct headers collect(struct arena *a, const struct sigv4_credentials *c,
                              const struct sigv4_request *r, const char date[17])
{
    struct pair *pairs = arena_alloc(a, (r->header_count + 2) * sizeof(*pairs));
    size_t n = 0, length = 0;

    for (uint32_t i = 0; i < r->header_count; i++)
        pairs[n++] =
            (struct pair){lower(a, r->headers[i].name), squeeze(a, r->headers[i].value)};
    pairs[n++] = (struct pair){STR("x-amz-date"), {date, 16}};
    if (c->token.n)
        pairs[n++] = (struct pair){STR("x-amz-security-token"), squeeze(a, c->token)};
    sort(pairs, n, false);
    for (size_t i = 0; i < n; i++)
        length += pairs[i].name.n + pairs[i].value.n;
    return (struct headers){pairs, n, length};
}

static bool is_again(const struct headers *h, size_t i)
{
    return i > 0 && str_equal(h->pairs[i].name, h->pairs[i - 1].name);
}

static str name_list(struct arena *a, const struct headers *h)
{
    char *begin = arena_reserve(a, h->length + h->n), *out = begin;

    for (size_t i = 0; i < h->n; i++) {
        if (is_again(h, i))
            continue;
        out = put(out, i ? STR(";") : STR_NONE);
        out = put(out, h->pairs[i].name);
    }
    arena_trim(a, out);
    return (str){begin, (size_t)(out - begin)};
}

/* "name:value\n" a header, values of one name joined by commas. */
static char *put_headers(char *out, const struct headers *h)
{
    for (size_t i = 0; i < h->n; i++) {
        if (is_again(h, i)) {
            out[-1] = ','; /* in place of the newline */
        } else {
            out = put(out, h->pairs[i].name);
            *out++ = ':';
        }
        out = put(out, h->pairs[i].value);
        *out++ = '\n';
    }
    return out;
}

str sigv4_canonical(struct arena *a, const struct sigv4_credentials *c,
                    const struct sigv4_request *r, const char date[17], str *signed_headers)
{
    struct headers h = collect(a, c, r, date);
    str names = name_list(a, &h);
    str parts[] = {r->method, canonical_path(a, r), canonical_query(a, r->query)};
    size_t max = h.length + 2 * h.n + names.n + sizeof(r->payload_hash) + 8;

    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        max += parts[i].n;
    char *begin = arena_reserve(a, max), *out = begin;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        out = put(out, parts[i]);
        *out++ = '\n';
    }
    out = put_headers(out, &h);
    *out++ = '\n';
    out = put(out, names);
    *out++ = '\n';
    out = put(out, (str){r->payload_hash, sizeof(r->payload_hash)});
    arena_trim(a, out);
    *signed_headers = names;
    return (str){begin, (size_t)(out - begin)};
}

static void signing_key(struct arena *a, str secret, const str scope[4],
                        unsigned char key[DIGEST_BYTES])
{
    str first = arena_printf(a, "AWS4" STR_FMT, STR_ARG(secret));

    digest_hmac(first, scope[0], key);
    for (int i = 1; i < 4; i++)
        digest_hmac((str){(const char *)key, DIGEST_BYTES}, scope[i], key);
}

str sigv4_sign(struct arena *a, const struct sigv4_credentials *c,
               const struct sigv4_request *r, char date[17])
{
    time_t seconds = (time_t)(r->now_ms / 1000);
    unsigned char raw[DIGEST_BYTES], key[DIGEST_BYTES];
    char hex[2 * DIGEST_BYTES];
    struct tm utc;
    str names;

    gmtime_r(&seconds, &utc);
    size_t n = strftime(date, 17, "%Y%m%dT%H%M%SZ", &utc);
    assert(n == 16); /* the year has four digits */
    str scope[4] = {{date, 8}, r->region, r->service, STR("aws4_request")};
    str where = arena_printf(a, STR_FMT "/" STR_FMT "/" STR_FMT "/aws4_request",
                             STR_ARG(scope[0]), STR_ARG(scope[1]), STR_ARG(scope[2]));
    digest_sha256(sigv4_canonical(a, c, r, date, &names), raw);
    digest_hex(raw, hex);
    str text =
        arena_printf(a, "AWS4-HMAC-SHA256\n%s\n" STR_FMT "\n%.64s", date, STR_ARG(where), hex);
    signing_key(a, c->secret, scope, key);
    digest_hmac((str){(const char *)key, DIGEST_BYTES}, text, raw);
    digest_hex(raw, hex);
    return arena_printf(a,
                        "AWS4-HMAC-SHA256 Credential=" STR_FMT "/" STR_FMT
                        ", SignedHeaders=" STR_FMT ", Signature=%.64s",
                        STR_ARG(c->id), STR_ARG(where), STR_ARG(names), hex);
}
