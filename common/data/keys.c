#include "common/data/keys.h"

#include "common/data/digest.h"

#include "common/base/hash.h"

static str join(struct arena *a, const str *parts, size_t n)
{
    size_t length = 0;

    for (size_t i = 0; i < n; i++)
        length += parts[i].n;
    char *p = arena_alloc(a, length + 1), *out = p;
    for (size_t i = 0; i < n; i++)
        if (parts[i].n) {
            memcpy(out, parts[i].p, parts[i].n);
            out += parts[i].n;
        }
    *out = '\0';
    return (str){p, length};
}

#define JOIN(a, ...)                                                                           \
    join(a, (const str[]){__VA_ARGS__}, ARRAY_LEN(((const str[]){__VA_ARGS__})))

str keys_topic(const struct keys *k, struct arena *a, str stage)
{
    return JOIN(a, k->prefix, STR(":{"), k->lane, STR("}:"), stage);
}

str keys_lane(const struct keys *k, struct arena *a, const char *what)
{
    return keys_topic(k, a, str_of(what));
}

str keys_job(const struct keys *k, struct arena *a, str id)
{
    return JOIN(a, k->prefix, STR(":{"), k->lane, STR("}:job:"), id);
}

str keys_source(const struct keys *k, struct arena *a, str src)
{
    return JOIN(a, k->prefix, STR(":{"), k->lane, STR("}:source:"), src);
}

str keys_columns(const struct keys *k, struct arena *a, str stage, str uri)
{
    char *series = arena_alloc(a, uri.n + 1), *out = series, hex[16];

    for (size_t i = 0; i < uri.n; i++) {
        if (!ascii_is_digit(uri.p[i]))
            *out++ = uri.p[i];
        else if (out == series || out[-1] != '0')
            *out++ = '0';
    }
    hash_hex(hash_more(hash_bytes(stage), str_between(series, out)), hex);
    return JOIN(a, k->prefix, STR(":{"), k->lane, STR("}:columns:"), (str){hex, sizeof(hex)});
}

str keys_replay(const struct keys *k, struct arena *a, str run)
{
    return JOIN(a, k->prefix, STR(":{"), k->lane, STR("}:replay:"), run);
}

str keys_notes(const struct keys *k, struct arena *a, str stage)
{
    return JOIN(a, k->prefix, STR(":{"), k->lane, STR("}:sent:"), stage);
}

str keys_seen(const struct keys *k, struct arena *a, str id)
{
    return JOIN(a, k->prefix, STR(":{"), k->lane, STR("}:seen:"), id);
}

str keys_count(const struct keys *k, struct arena *a, str name, str window)
{
    return JOIN(a, k->prefix, STR(":{"), k->lane, STR("}:count:"), name, STR(":"), window);
}

str keys_named(const struct keys *k, struct arena *a, const char *kind, str name,
               const char *more)
{
    return JOIN(a, k->prefix, STR(":{"), k->lane, STR("}:"), str_of(kind), STR(":"), name,
                str_of(more));
}

str keys_global(const struct keys *k, struct arena *a, const char *what)
{
    return JOIN(a, k->prefix, STR(":"), str_of(what));
}

str keys_gate(const struct keys *k, struct arena *a, str name)
{
    return JOIN(a, k->prefix, STR(":gate:"), name);
}

str keys_cache(const struct keys *k, struct arena *a, str stage, str fingerprint,
               const char *what)
{
    return JOIN(a, k->prefix, STR(":cache:{"), stage, STR(":"), fingerprint, STR("}:"),
                str_of(what));
}

str keys_cache_field(str key, char out[KEYS_FIELD_MAX])
{
    static const char hashed[] = "sha256:";
    const size_t n = sizeof(hashed) - 1;
    unsigned char digest[DIGEST_BYTES];

    if (key.n <= KEYS_FIELD_MAX && !str_starts(key, str_of(hashed))) {
        if (key.n)
            memcpy(out, key.p, key.n);
        return (str){out, key.n};
    }
    memcpy(out, hashed, n);
    digest_sha256(key, digest);
    digest_hex(digest, out + n);
    return (str){out, n + 2 * DIGEST_BYTES};
}

str keys_worker(const struct keys *k, struct arena *a, str name)
{
    return JOIN(a, k->prefix, STR(":worker:"), name);
}

str keys_window(const struct keys *k, struct arena *a, str name)
{
    return JOIN(a, k->prefix, STR(":{"), k->lane, STR("}:window:"), name);
}

str keys_panes(const struct keys *k, struct arena *a, str name)
{
    return JOIN(a, keys_window(k, a, name), STR(":panes"));
}

str keys_pane(const struct keys *k, struct arena *a, str name, uint64_t start_s)
{
    return arena_printf(a, STR_FMT ":%llu", STR_ARG(keys_window(k, a, name)),
                        (unsigned long long)start_s);
}
