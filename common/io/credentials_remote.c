/* Keys that others hand out: STS for a web identity, the agent of a container, the metadata of
 * an instance. */
#include <time.h>

#include "common/data/doc.h"
#include "common/io/aws.h"
#include "common/io/credentials_chain.h"

enum {
    ANSWER_MAX = 64 * 1024,
    STS_MS = 10000,
    CONTAINER_MS = 2000,
    METADATA_MS = 1000,
    ALIVE_MS = 15 * 60 * 1000, /* keys of an instance that are about to end are still good */
    ALIVE_MORE_MS = 10 * 60 * 1000,
};
static const char metadata_path[] = "/latest/meta-data/iam/security-credentials/";

static enum link send(struct credentials *c, enum credentials_step step, const char *method,
                      str url, str header, str body, uint64_t timeout_ms)
{
    const struct http_request q = {
        .method = str_of(method),
        .url = url,
        .headers = &header,
        .header_count = header.n > 0,
        .body = body,
        .timeout_ms = timeout_ms,
        .max_answer = ANSWER_MAX,
    };

    c->step = step;
    c->call = http_send(c->remote->http, &q, credentials_on_answer, c);
    return LINK_ASKED;
}

static bool read_time(str s, uint64_t *ms)
{
    char text[32] = "";
    struct tm t = {0};

    if (s.n == 0 || s.n >= sizeof(text))
        return false;
    memcpy(text, s.p, s.n);
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &t);
    time_t at = timegm(&t);
    if (!end || at < 0 || (*end != 'Z' && *end != '.' && *end != '+'))
        return false;
    *ms = (uint64_t)at * 1000;
    return true;
}

/* Web identity: an unsigned form. The token's file is read each time, others renew it. */

enum link credentials_from_web_identity(struct credentials *c)
{
    struct arena *a = &c->scratch;
    str file = aws_environment("AWS_WEB_IDENTITY_TOKEN_FILE");
    str role = aws_environment("AWS_ROLE_ARN"), name = aws_environment("AWS_ROLE_SESSION_NAME");
    str url = aws_endpoint_url(STR_NONE, "STS"), token;

    if (file.n == 0)
        return LINK_NONE;
    if (role.n == 0)
        return credentials_broken(c, "AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is "
                                     "not");
    if (!credentials_read(a, arena_copy(a, file).p, &token))
        return credentials_broken(c, "the file of AWS_WEB_IDENTITY_TOKEN_FILE cannot be read");
    if (url.n == 0) {
        str region = aws_region(a, STR_NONE);
        url = arena_printf(a, "https://sts." STR_FMT ".amazonaws.com/", STR_ARG(region));
    }
    str body =
        arena_printf(a,
                     "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=" STR_FMT
                     "&RoleSessionName=" STR_FMT "&WebIdentityToken=" STR_FMT,
                     STR_ARG(aws_encode(a, role, false)),
                     STR_ARG(aws_encode(a, name.n ? name : STR("standpipe"), false)),
                     STR_ARG(aws_encode(a, str_trim(token), false)));
    return send(c, STEP_STS, "POST", arena_copy(a, url),
                STR("Content-Type: application/x-www-form-urlencoded"), body, STS_MS);
}

static enum link read_sts(struct credentials *c, const struct http_answer *a, struct found *f)
{
    struct arena *to = &c->scratch;

    if (a->status != 200)
        return credentials_broken(c, "STS: HTTP status %d " STR_FMT, a->status,
                                  STR_ARG(aws_element(to, a->body, "Code")));
    f->keys = (struct sigv4_credentials){
        .id = aws_element(to, a->body, "AccessKeyId"),
        .secret = aws_element(to, a->body, "SecretAccessKey"),
        .token = aws_element(to, a->body, "SessionToken"),
    };
    if (f->keys.id.n && f->keys.secret.n &&
        read_time(aws_element(to, a->body, "Expiration"), &f->expires_ms))
        return LINK_FOUND;
    return credentials_broken(c, "STS: an answer without keys");
}

/* Container. */

static bool is_local_url(str url)
{
    static const char *const prefixes[] = {
        "https://",
        "http://127.",
        "http://localhost/",
        "http://localhost:",
        "http://[::1]",
        "http://169.254.170.2/",
        "http://169.254.170.23/",
        "http://[fd00:ec2::23]/",
    };

    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
        if (str_starts(url, str_of(prefixes[i])))
            return !memchr(url.p, '@', url.n);
    return false;
}

static bool has_line_end(str s)
{
    return s.n && (memchr(s.p, '\n', s.n) || memchr(s.p, '\r', s.n));
}

enum link credentials_from_container(struct credentials *c)
{
    struct arena *a = &c->scratch;
    str relative = aws_environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    str url = aws_environment("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    str file = aws_environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    str token = aws_environment("AWS_CONTAINER_AUTHORIZATION_TOKEN");

    if (relative.n == 0 && url.n == 0)
        return LINK_NONE;
    url = relative.n ? arena_printf(a, "http://169.254.170.2" STR_FMT, STR_ARG(relative))
                     : arena_copy(a, url);
    if (!is_local_url(url))
        return credentials_broken(c, "AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, or of "
                                     "this machine");
    if (file.n && !credentials_read(a, arena_copy(a, file).p, &token))
        return credentials_broken(c,
                                  "the file of AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE cannot "
                                  "be read");
    token = str_trim(token);
    if (has_line_end(token))
        return credentials_broken(c, "the container's token has a line end in it");
    str header =
        token.n ? arena_printf(a, "Authorization: " STR_FMT, STR_ARG(token)) : STR_NONE;
    return send(c, STEP_CONTAINER, "GET", url, header, STR_NONE, CONTAINER_MS);
}

static enum link read_json(struct credentials *c, const struct http_answer *a, const char *who,
                           struct found *f)
{
    struct arena *to = &c->scratch;
    struct error err = {0};
    str id, secret, token = STR_NONE, ends = STR_NONE, code;

    if (a->status != 200)
        return credentials_broken(c, "%s: HTTP status %d", who, a->status);
    struct cJSON *doc = doc_parse(a->body, ANSWER_MAX, &err);
    bool is_good = doc && doc_string(doc, "AccessKeyId", &id) &&
                   doc_string(doc, "SecretAccessKey", &secret);
    if (doc && doc_string(doc, "Code", &code) && !str_is(code, "Success"))
        is_good = false;
    if (is_good) {
        (void)(doc_string(doc, "Token", &token) && doc_string(doc, "Expiration", &ends));
        f->keys = (struct sigv4_credentials){.id = arena_copy(to, id),
                                             .secret = arena_copy(to, secret),
                                             .token = arena_copy(to, token)};
        if (ends.n && !read_time(ends, &f->expires_ms))
            is_good = false;
    }
    doc_free(doc);
    return is_good ? LINK_FOUND : credentials_broken(c, "%s: an answer without keys", who);
}

/* Instance metadata. */

static str metadata_url(struct credentials *c, const char *path, str more)
{
    str base = aws_environment("AWS_EC2_METADATA_SERVICE_ENDPOINT");

    if (base.n == 0)
        base = STR("http://169.254.169.254");
    while (base.n && base.p[base.n - 1] == '/')
        base.n--;
    return arena_printf(&c->scratch, STR_FMT "%s" STR_FMT, STR_ARG(base), path, STR_ARG(more));
}

static bool is_true(const char *name)
{
    str said = aws_environment(name);

    return str_is(said, "true") || str_is(said, "TRUE") || str_is(said, "True");
}

enum link credentials_from_metadata(struct credentials *c)
{
    if (is_true("AWS_EC2_METADATA_DISABLED"))
        return LINK_NONE;
    c->token = STR_NONE;
    c->role = STR("");
    return send(c, STEP_IMDS_TOKEN, "PUT", metadata_url(c, "/latest/api/token", STR("")),
                STR("X-aws-ec2-metadata-token-ttl-seconds: 21600"), STR_NONE, METADATA_MS);
}

static enum link ask_metadata(struct credentials *c, enum credentials_step step)
{
    str header = c->token.n ? arena_printf(&c->scratch, "X-aws-ec2-metadata-token: " STR_FMT,
                                           STR_ARG(c->token))
                            : STR_NONE;

    return send(c, step, "GET", metadata_url(c, metadata_path, c->role), header, STR_NONE,
                METADATA_MS);
}

static enum link take_token(struct credentials *c, const struct http_answer *a)
{
    bool has_none = a->failure || a->status == 403 || a->status == 404 || a->status == 405;

    if (!a->failure && a->status == 200 && !has_line_end(str_trim(a->body)))
        c->token = arena_copy(&c->scratch, str_trim(a->body));
    else if (!has_none || is_true("AWS_EC2_METADATA_V1_DISABLED"))
        return credentials_broken(c, "instance metadata: no token, %s",
                                  a->failure ? a->failure : "by its answer");
    return ask_metadata(c, STEP_IMDS_ROLE);
}

static enum link take_role(struct credentials *c, const struct http_answer *a)
{
    str lines = a->body, role = str_trim(str_cut(&lines, '\n'));

    if (a->status != 200 || role.n == 0)
        return credentials_broken(c, "instance metadata: the instance has no role");
    c->role = aws_encode(&c->scratch, role, false);
    return ask_metadata(c, STEP_IMDS_KEYS);
}

static enum link take_keys(struct credentials *c, const struct http_answer *a, struct found *f)
{
    uint64_t now = clock_wall_ms(c->remote->clock);
    enum link link = read_json(c, a, "instance metadata", f);

    if (link == LINK_FOUND && f->expires_ms && f->expires_ms < now + ALIVE_MS)
        f->expires_ms =
            now + ALIVE_MS + 2 * 60 * 1000 +
            c->remote->random(c->remote->random_ctx) % (ALIVE_MORE_MS - 2 * 60 * 1000);
    return link;
}

enum link credentials_answered(struct credentials *c, const struct http_answer *a,
                               struct found *f)
{
    static const char *const who[] = {[STEP_STS] = "STS",
                                      [STEP_CONTAINER] = "the container's agent",
                                      [STEP_IMDS_ROLE] = "instance metadata",
                                      [STEP_IMDS_KEYS] = "instance metadata"};

    if (c->step == STEP_IMDS_TOKEN)
        return take_token(c, a);
    if (a->failure)
        return credentials_broken(c, "%s: %s", who[c->step], a->failure);
    switch (c->step) {
    case STEP_STS:
        return read_sts(c, a, f);
    case STEP_CONTAINER:
        return read_json(c, a, who[c->step], f);
    case STEP_IMDS_ROLE:
        return take_role(c, a);
    case STEP_IMDS_KEYS:
        return take_keys(c, a, f);
    case STEP_IDLE:
    case STEP_IMDS_TOKEN:
        break;
    }
    return LINK_BROKEN;
}
