/* s3://bucket/key, the key as it is, from the buckets of an allow-list. Requests are signed;
 * what an error means is told by its name. */
#include <inttypes.h>

#include "common/data/digest.h"
#include "common/io/aws.h"
#include "common/io/credentials.h"
#include "common/io/source_web.h"

static const char hash_of_nothing[] =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
static const struct {
    const char *name;
    enum act { ACT_AGAIN, ACT_MISSING, ACT_CHANGED, ACT_CLOCK, ACT_KEYS, ACT_REGION } act;
} names[] = {
    {"AuthorizationHeaderMalformed", ACT_REGION},
    {"BadDigest", ACT_AGAIN},
    {"ExpiredToken", ACT_KEYS},
    {"InternalError", ACT_AGAIN},
    {"InvalidToken", ACT_KEYS},
    {"NoSuchBucket", ACT_MISSING},
    {"NoSuchKey", ACT_MISSING},
    {"PermanentRedirect", ACT_REGION},
    {"PreconditionFailed", ACT_CHANGED},
    {"RequestExpired", ACT_CLOCK},
    {"RequestTimeTooSkewed", ACT_CLOCK},
    {"RequestTimeout", ACT_AGAIN},
    {"ServiceUnavailable", ACT_AGAIN},
    {"SlowDown", ACT_AGAIN},
    {"TemporaryRedirect", ACT_REGION},
    {"Throttling", ACT_AGAIN},
    {"TokenRefreshRequired", ACT_KEYS},
};

/* Path style at an endpoint of one's own, and where a dot in the bucket's name breaks the
 * certificate. */
static bool locate(struct web *w, struct aws_endpoint *e, str *path)
{
    struct arena *a = &w->scratch;
    str url = aws_endpoint_url(w->remote->s3_endpoint, "S3"), key = aws_encode(a, w->key, true);
    bool is_path_style = url.n || memchr(w->bucket.p, '.', w->bucket.n);
    const char *domain =
        str_starts(w->region, STR("cn-")) ? "amazonaws.com.cn" : "amazonaws.com";

    if (!url.n && is_path_style)
        url = arena_printf(a, "https://s3." STR_FMT ".%s", STR_ARG(w->region), domain);
    else if (!url.n)
        url = arena_printf(a, "https://" STR_FMT ".s3." STR_FMT ".%s", STR_ARG(w->bucket),
                           STR_ARG(w->region), domain);
    if (aws_endpoint_parse(a, url, e, &w->err) != 0) {
        error_wrap(&w->err, "the S3 endpoint");
        return false;
    }
    str base = e->path;
    while (base.n && base.p[base.n - 1] == '/')
        base.n--;
    *path = is_path_style ? arena_printf(a, STR_FMT "/" STR_FMT "/" STR_FMT, STR_ARG(base),
                                         STR_ARG(w->bucket), STR_ARG(key))
                          : arena_printf(a, "/" STR_FMT, STR_ARG(key));
    return true;
}

static bool s3_ask(struct web *w)
{
    struct remote *remote = w->remote;
    struct aws_endpoint e;
    struct sigv4_header headers[4];
    const char *why = "";
    char date[17];
    str path;

    if (!locate(w, &e, &path))
        return false;
    const struct sigv4_credentials *keys = credentials_get(remote->credentials, &why);
    if (!keys) {
        error_set(&w->err, ERR_HTTP, "no AWS credentials: %s", why);
        return false;
    }
    struct sigv4_request r = {
        .method = STR("GET"),
        .path = path,
        .is_s3 = true,
        .region = w->region,
        .service = STR("s3"),
        .now_ms = clock_wall_ms(remote->clock) + (uint64_t)remote->clock_offset_ms,
        .headers = headers,
    };
    memcpy(r.payload_hash, hash_of_nothing, sizeof(r.payload_hash));
    headers[r.header_count++] = (struct sigv4_header){STR("host"), e.host};
    headers[r.header_count++] = (struct sigv4_header){
        STR("x-amz-content-sha256"), (str){hash_of_nothing, sizeof(hash_of_nothing) - 1}};
    if (w->etag.n) {
        headers[r.header_count++] = (struct sigv4_header){STR("if-match"), w->etag};
        web_add_header(w, "If-Match", w->etag);
    }
    if (w->asked > 0)
        headers[r.header_count++] = (struct sigv4_header){
            STR("range"), arena_printf(&w->scratch, "bytes=%" PRIu64 "-", w->asked)};
    str authorization = sigv4_sign(&w->scratch, keys, &r, date);
    web_add_header(w, "Authorization", authorization);
    web_add_header(w, "X-Amz-Date", (str){date, 16});
    web_add_header(w, "X-Amz-Content-SHA256", headers[1].value);
    web_add_header(w, "User-Agent", STR("standpipe/" STANDPIPE_VERSION));
    if (keys->token.n)
        web_add_header(w, "X-Amz-Security-Token", keys->token);
    w->url = arena_printf(&w->scratch, "%s" STR_FMT STR_FMT, e.is_tls ? "https://" : "http://",
                          STR_ARG(e.host), STR_ARG(path));
    return true;
}

static enum act act_by_name(str name, int status)
{
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_is(name, names[i].name))
            return names[i].act;
    if (status == 404)
        return ACT_MISSING;
    if (status == 412 || status == 416)
        return ACT_CHANGED;
    return status == 301 || status == 307 ? ACT_REGION : ACT_AGAIN;
}

static enum web_verdict refuse(struct web *w, int status, str code, str text)
{
    return web_fail(w, STR("source_refused"), "HTTP status %d " STR_FMT ": " STR_FMT, status,
                    STR_ARG(code), STR_ARG(text));
}

static enum web_verdict move(struct web *w, const struct http_answer *a, str code, str text)
{
    str region = http_header(a->headers, "x-amz-bucket-region");

    if (!region.n)
        region = aws_element(&w->scratch, a->body, "Region");
    if (!region.n || str_equal(region, w->region))
        return refuse(w, a->status, code, text);
    w->region = arena_copy(&w->arena, region);
    return WEB_AT_ONCE;
}

static enum web_verdict s3_judge(struct web *w, const struct http_answer *a)
{
    str code = aws_element(&w->scratch, a->body, "Code");
    str text = aws_element(&w->scratch, a->body, "Message");
    enum act act = act_by_name(code, a->status);

    error_set(&w->err, ERR_HTTP, "HTTP status %d " STR_FMT ": " STR_FMT, a->status,
              STR_ARG(code), STR_ARG(text));
    switch (act) {
    case ACT_MISSING:
        return web_fail(w, STR("source_missing"), STR_FMT ": " STR_FMT, STR_ARG(code),
                        STR_ARG(text));
    case ACT_CHANGED:
        return web_fail(w, STR("source_changed"), "the object was replaced while it was read");
    case ACT_CLOCK:
        return aws_set_clock(&w->remote->clock_offset_ms, a->date,
                             clock_wall_ms(w->remote->clock))
                   ? WEB_AT_ONCE
                   : WEB_AGAIN;
    case ACT_KEYS: /* others may come */
        return credentials_refused(w->remote->credentials) ? WEB_AT_ONCE : WEB_AGAIN;
    case ACT_REGION:
        return move(w, a, code, text);
    case ACT_AGAIN:
        break;
    }
    bool is_known = a->status >= 500 || a->status == 408 || a->status == 429;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        is_known |= str_is(code, names[i].name);
    return is_known ? WEB_AGAIN : refuse(w, a->status, code, text);
}

static const struct web_kind s3_kind = {.ask = s3_ask, .judge = s3_judge};

static bool is_bucket(str name)
{
    static const char signs[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";

    for (size_t i = 0; i < name.n; i++)
        if (!memchr(signs, name.p[i], sizeof(signs) - 1))
            return false;
    return name.n >= 3 && name.n <= 63;
}

int source_s3_open(struct source *s, struct arena *a, str uri, const struct source_setup *setup,
                   str *reason, struct error *err)
{
    str key = {uri.p + strlen("s3://"), uri.n - strlen("s3://")}, bucket = str_cut(&key, '/');
    struct web *w = s->self;

    if (!setup->remote)
        return source_refuse(reason, err, uri, "files alone can be read here");
    if (!is_bucket(bucket) || key.n == 0 || key.n > 1024)
        return source_refuse(reason, err, uri, "write it as s3://bucket/key, the key as it is");
    if (!remote_may_read(setup->remote->s3_allow, bucket, key))
        return source_refuse(reason, err, uri, "--s3-allow does not name it");
    if (!w) {
        w = web_new(&s3_kind, setup, uri);
        w->bucket = arena_copy(&w->arena, bucket);
        w->key = arena_copy(&w->arena, key);
        w->region = aws_region(&w->arena, setup->remote->s3_region);
    }
    return web_open(s, a, w, reason, err);
}
