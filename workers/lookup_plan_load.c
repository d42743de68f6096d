/* The checks of `http:`: each mistake with its place and what to write instead. */
#include <inttypes.h>
#include <strings.h>

#include "workers/lookup_plan_parts.h"

#define AT(member) offsetof(struct lookup_plan, member)
const struct setting lookup_settings[] = {
    {"url", SETTING_STR, NULL, AT(url_text),
     "What is called: https://host/path/{member}?q={member}. Host and port stand as they are; "
     "a value fills a segment of the path or the value of a parameter."},
    {"method", SETTING_STR, "GET", AT(method), "GET or POST."},
    {"headers", SETTING_NODE, "", AT(headers_node),
     "Headers of the call, each a text with {member} in it, or !secret name."},
    {"body", SETTING_STR, "", AT(body_text),
     "JSON that is posted; {member} becomes a value, within quotes a part of the text."},
    {"timeout", SETTING_MSEC, "5s", AT(config.timeout_ms),
     "How long one call may take, 10ms to 10m."},
    {"max_answer", SETTING_BYTES, "256KiB", AT(config.max_answer),
     "Bytes of an answer; a larger one is a failure. At most 64MiB."},
    {"in_flight", SETTING_COUNT, "0", AT(config.in_flight),
     "Calls at the same time, at most 1000; 0: as many as the service bears, up to 200."},
    {"tries", SETTING_COUNT, "3", AT(config.tries),
     "Calls for one look-up that fails, 1 to 10, before on_failure says what becomes of the "
     "record."},
    {"patience", SETTING_MSEC, "30s", AT(config.patience_ms),
     "How long a look-up is tried again, and waits for a service that is left alone because it "
     "failed; at most 1h."},
    {"allow_cidr", SETTING_NODE, "", AT(allow_node),
     "List of addresses that may be called though they are not global: 10.1.0.0/16."},
    {"missing", SETTING_NODE, "", AT(missing_node),
     "List of statuses that mean that there is none; default 404 and 410."},
    {0},
};

struct loading {
    struct lookup_plan *plan;
    const struct node *http;
    struct arena *arena;
    struct findings *f;
};

/* The byte `at` of a text of the file, where it stands there as it is: nothing expanded, no
 * escapes. */
static struct mark place_in(const struct node *n, size_t at)
{
    uint32_t quotes = n->is_plain ? 0 : 2;
    struct mark place = n->at;

    if (str_code_points(n->text) + quotes == node_width(n))
        place.column += quotes / 2 + (uint32_t)str_code_points((str){n->text.p, at});
    return place;
}

static struct url_template *compile(struct loading *l, enum url_template_kind kind,
                                    const struct node *n, const char *what)
{
    struct error err = {0};
    size_t at;
    struct url_template *t = url_template_compile(kind, n->text, l->arena, &at, &err);

    if (!t)
        findings_error(l->f, place_in(n, at), 1, "%s: %s", what, err.text);
    return t;
}

static void load_body(struct loading *l)
{
    struct lookup_plan *p = l->plan;
    bool is_post = str_is(p->method, "POST");

    if (!is_post && !str_is(p->method, "GET"))
        findings_error(l->f, node_at(l->http, "method"), 1, "method must be GET or POST");
    else if (is_post && !p->body_text.n)
        findings_error(l->f, node_at(l->http, "method"), 1, "method POST needs a body");
    else if (!is_post && p->body_text.n)
        findings_error(l->f, node_at(l->http, "body"), 1, "a body goes with method: POST");
    else if (is_post)
        p->body = compile(l, URL_TEMPLATE_JSON, node_get(l->http, "body"), "body");
}

static bool is_token(str name)
{
    static const char signs[] = "!#$%&'*+-.^_`|~"; /* RFC 9110, token */

    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if (!(ascii_is_letter_or_digit(c) || (c && strchr(signs, c))))
            return false;
    }
    return name.n > 0 && name.n <= 64;
}

static bool is_one_of(str name, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strlen(names[i]) == name.n && strncasecmp(names[i], name.p, name.n) == 0)
            return true;
    return false;
}

/* The client writes these: a second one would be read by some and not by others. */
static bool is_ours(str name)
{
    static const char *const names[] = {"host",   "content-length", "transfer-encoding",
                                        "expect", "connection",     "keep-alive",
                                        "te",     "upgrade",        "trailer"};

    return is_one_of(name, names, ARRAY_LEN(names));
}

static void load_header(struct loading *l, const struct node *n)
{
    struct lookup_plan *p = l->plan;
    struct plan_header *h = &p->headers[p->header_count];

    *h = (struct plan_header){.name = arena_copy(l->arena, n->key)};
    if (!is_token(n->key) || is_ours(n->key)) {
        findings_error(l->f, n->key_at, (uint32_t)str_code_points(n->key), "%s",
                       is_ours(n->key) ? "this header is set by the client itself"
                                       : "a header's name is made of letters, digits and '-'");
    } else if (n->type == NODE_SECRET) {
        const char *problem = setting_parse(SETTING_SECRET, n->text, &h->secret);
        if (problem)
            findings_error(l->f, n->at, node_width(n), "this %s", problem);
        h->secret = arena_copy(l->arena, n->text);
        p->header_count++;
    } else if (n->type != NODE_TEXT) {
        findings_error(l->f, n->at, node_width(n), "a text or !secret name is wanted here");
    } else {
        h->value = compile(l, URL_TEMPLATE_HEADER, n, "header");
        p->header_count += h->value != NULL;
    }
}

/* What no value is put into is written once. */
static void write_literal(struct loading *l, struct plan_header *h)
{
    const struct record nothing = {0};
    struct url_expanded e;

    if (h->value && url_template_is_literal(h->value) &&
        url_template_expand(h->value, &nothing, l->arena, &e) == URL_EXPANDED)
        h->line =
            arena_printf(l->arena, STR_FMT ": " STR_FMT, STR_ARG(h->name), STR_ARG(e.text));
}

static void load_headers(struct loading *l)
{
    static const char *const content_type[] = {"content-type"};
    struct lookup_plan *p = l->plan;
    const struct node *map = p->headers_node;
    bool has_type = false;

    if (map && map->type != NODE_MAP)
        findings_error(l->f, map->at, node_width(map), "headers are a map of names and texts");
    if (map && map->count >= PLAN_HEADERS)
        findings_error(l->f, map->at, 1, "at most %d headers", PLAN_HEADERS - 1);
    if (map && map->type == NODE_MAP && map->count < PLAN_HEADERS)
        for (const struct node *n = map->children; n; n = n->next)
            load_header(l, n);
    for (uint32_t i = 0; i < p->header_count; i++) {
        write_literal(l, &p->headers[i]);
        has_type |= is_one_of(p->headers[i].name, content_type, 1);
    }
    if (p->body && !has_type)
        p->headers[p->header_count++] = (struct plan_header){
            .name = STR("Content-Type"), .line = STR("Content-Type: application/json")};
}

/* The texts of a list, or one text alone; each is given to `take`, which says what is wrong. */
static void load_list(struct loading *l, const struct node *list, uint32_t max,
                      const char *(*take)(struct lookup_plan *p, str text))
{
    const struct node *n = list;

    if (!n)
        return;
    if (n->type == NODE_LIST)
        n = n->children;
    for (uint32_t i = 0; n; n = list->type == NODE_LIST ? n->next : NULL, i++) {
        const char *problem = i == max               ? "too many of them"
                              : n->type == NODE_TEXT ? take(l->plan, n->text)
                                                     : "a text is wanted here";
        if (problem)
            findings_error(l->f, n->at, node_width(n), "%s", problem);
        if (i == max)
            return;
    }
}

static const char *take_range(struct lookup_plan *p, str text)
{
    if (!address_range_parse(text, &p->allow[p->config.allow_count]))
        return "no range of addresses: write 10.1.0.0/16 or fd00::/8, with no bits behind the "
               "length";
    p->config.allow_count++;
    return NULL;
}

static const char *take_status(struct lookup_plan *p, str text)
{
    uint64_t status;

    if (!str_to_u64(text, &status) || status < 200 || status > 599)
        return "no status of an answer: 200 to 599";
    p->missing[p->config.missing_count++] = (uint16_t)status;
    return NULL;
}

static void load_numbers(struct loading *l)
{
    const struct lookup_config *c = &l->plan->config;
    const struct {
        const char *name;
        uint64_t value, least, most;
        const char *text;
    } rows[] = {
        {"timeout", c->timeout_ms, 10, 600000, "10ms to 10m"},
        {"max_answer", c->max_answer, 1, 64 << 20, "1 byte to 64MiB"},
        {"in_flight", c->in_flight, 0, 1000, "0 to 1000"},
        {"tries", c->tries, 1, 10, "1 to 10"},
        {"patience", c->patience_ms, 0, 3600000, "at most 1h"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].value < rows[i].least || rows[i].value > rows[i].most)
            findings_error(l->f, node_at(l->http, rows[i].name), 1, "%s must be %s",
                           rows[i].name, rows[i].text);
}

struct lookup_plan *lookup_plan_load(const struct node *http, str name, struct arena *a,
                                     struct findings *f)
{
    struct lookup_plan *p = arena_zalloc(a, sizeof(*p));
    struct loading l = {p, http, a, f};
    uint32_t errors = f->errors;

    if (!setting_fill(lookup_settings, http, p, f))
        return NULL;
    p->arena = a;
    p->config.name = name;
    p->config.allow = p->allow;
    p->config.missing = p->missing;
    p->url = compile(&l, URL_TEMPLATE_URL, node_get(http, "url"), "url");
    load_body(&l);
    load_headers(&l);
    load_numbers(&l);
    load_list(&l, p->allow_node, PLAN_RANGES, take_range);
    load_list(&l, p->missing_node, PLAN_STATUSES, take_status);
    if (!p->missing_node) {
        p->missing[p->config.missing_count++] = 404;
        p->missing[p->config.missing_count++] = 410;
    }
    return f->errors == errors ? p : NULL;
}
