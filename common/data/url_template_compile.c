/* From the text of a template to its pieces. What is literal is checked here once; what values
 * become when they are put in cannot break it. */
#include <inttypes.h>

#include "common/data/json.h"
#include "common/data/url_template_parts.h"

enum { PIECES_MAX = URL_TEMPLATE_MEMBERS * 2 + 1, NAME_MAX_BYTES = 128 };

struct compiler {
    struct url_template *to;
    struct arena *arena;
    struct error *err;
    str text;
    size_t at;
    char *literal; /* the piece that grows */
    size_t literal_n;
    bool is_in_string;             /* JSON */
    bool is_in_query, is_in_value; /* URL */
};

static bool fail(struct compiler *c, const char *what)
{
    error_set(c->err, ERR_CONFIG, "%s", what);
    return false;
}

static void end_literal(struct compiler *c)
{
    struct url_template *t = c->to;

    if (c->literal_n)
        t->pieces[t->piece_count++] = (struct url_piece){.text = {c->literal, c->literal_n}};
    c->literal += c->literal_n;
    c->literal_n = 0;
}

static bool is_name_char(char c)
{
    return (unsigned char)c >= 0x20 && c != 0x7f && c != '"' && c != '\\' && c != '{';
}

/* The name behind a brace, up to the other one; empty: there is none. */
static str read_name(const struct compiler *c)
{
    str rest = {c->text.p + c->at + 1, c->text.n - c->at - 1};
    const char *end = rest.n ? memchr(rest.p, '}', rest.n) : NULL;

    if (!end)
        return STR_NONE;
    str name = str_between(rest.p, end);
    for (size_t i = 0; i < name.n; i++)
        if (!is_name_char(name.p[i]))
            return STR_NONE;
    return name.n <= NAME_MAX_BYTES && str_equal(str_trim(name), name) ? name : STR_NONE;
}

static bool take_member(struct compiler *c, str name)
{
    struct url_template *t = c->to;

    if (t->kind == URL_TEMPLATE_URL && c->is_in_query && !c->is_in_value)
        return fail(c, "a member fills the value of a query parameter: write name={member}");
    if (t->member_count == URL_TEMPLATE_MEMBERS)
        return fail(c, "at most 32 members fit in one template");
    end_literal(c);
    t->pieces[t->piece_count++] = (struct url_piece){
        .text = arena_copy(c->arena, name), .is_member = true, .is_in_string = c->is_in_string};
    t->member_count++;
    c->at += name.n + 2;
    return true;
}

static void keep(struct compiler *c)
{
    c->literal[c->literal_n++] = c->text.p[c->at++];
}

static bool take_brace(struct compiler *c)
{
    char brace = c->text.p[c->at];
    str name = brace == '{' ? read_name(c) : STR_NONE;
    bool is_json = c->to->kind == URL_TEMPLATE_JSON && !c->is_in_string;

    if (name.n)
        return take_member(c, name);
    if (is_json) {
        keep(c);
        return true;
    }
    if (c->at + 1 == c->text.n || c->text.p[c->at + 1] != brace)
        return fail(c, brace == '{' ? "'{' opens the name of a member, {member}; write {{ for "
                                      "a brace"
                                    : "'}' closes nothing; write }} for a brace");
    if (c->to->kind == URL_TEMPLATE_URL)
        return fail(c, "write %7B and %7D for braces in a URL");
    c->at++;
    keep(c);
    return true;
}

static bool check_url_char(struct compiler *c)
{
    static const char good[] = "-._~!$&'()*+,;=:@/?%";
    char x = c->text.p[c->at];

    if (x == '#')
        return fail(c, "what stands behind '#' is never sent: leave it out, or write %23");
    if (!ascii_is_letter_or_digit(x) && (!x || !strchr(good, x)))
        return fail(c, "write this character percent-encoded, as %20 for a blank");
    if (x == '%' && (c->text.n - c->at < 3 || str_hex_digit(c->text.p[c->at + 1]) < 0 ||
                     str_hex_digit(c->text.p[c->at + 2]) < 0))
        return fail(c, "'%' begins two hexadecimal digits; write %25 for a percent sign");
    if (x == '?')
        c->is_in_query = true;
    c->is_in_value = c->is_in_query && x != '?' && x != '&' && (c->is_in_value || x == '=');
    return true;
}

static bool take_json_char(struct compiler *c)
{
    char x = c->text.p[c->at];

    if (c->is_in_string && x == '\\' && c->at + 1 < c->text.n)
        keep(c);
    else if (x == '"')
        c->is_in_string = !c->is_in_string;
    keep(c);
    return true;
}

static bool take_char(struct compiler *c)
{
    char x = c->text.p[c->at];

    if (x == '{' || x == '}')
        return take_brace(c);
    if (c->to->kind == URL_TEMPLATE_JSON)
        return take_json_char(c);
    if (c->to->kind == URL_TEMPLATE_URL && !check_url_char(c))
        return false;
    if (c->to->kind == URL_TEMPLATE_HEADER && ((unsigned char)x < 0x20 || x == 0x7f))
        return fail(c, "no control characters in a header");
    keep(c);
    return true;
}

static const char *check_sample(struct compiler *c, str value)
{
    char *sample = arena_alloc(c->arena, c->text.n + c->to->member_count * value.n + 1);
    char *out = sample;

    for (uint32_t i = 0; i < c->to->piece_count; i++) {
        const struct url_piece *p = &c->to->pieces[i];
        str text = !p->is_member ? p->text : p->is_in_string ? STR("x") : value;
        memcpy(out, text.p, text.n);
        out += text.n;
    }
    return json_check(str_between(sample, out), NULL, &c->at);
}

/* A number alone would do behind another digit, and a text for a name. */
static bool check_filled_json(struct compiler *c)
{
    const char *problem = check_sample(c, STR("0"));

    if (!problem)
        problem = check_sample(c, STR("\"x\""));
    c->at = problem ? MIN(c->at, c->text.n) : 0;
    if (problem)
        error_set(c->err, ERR_CONFIG,
                  "a body must be JSON once its members are filled in, each as a value or in a "
                  "text: %s",
                  problem);
    return !problem;
}

static bool check_whole(struct compiler *c)
{
    c->at = 0;
    if (c->to->kind == URL_TEMPLATE_JSON)
        return check_filled_json(c);
    if (c->to->kind == URL_TEMPLATE_HEADER && !str_trim(c->text).n)
        return fail(c, "a header has a value");
    if (c->to->kind == URL_TEMPLATE_URL && url_has_dots(c->text, c->to->origin.n))
        return fail(c, "no path segments '.' and '..': write the path that is meant");
    return true;
}

static bool compile(struct compiler *c)
{
    if (c->text.n > URL_TEMPLATE_MAX)
        return fail(c, "longer than 8 KiB");
    if (c->to->kind == URL_TEMPLATE_URL) {
        size_t origin = url_read_origin(c->text, &c->at, c->err);
        if (!origin)
            return false;
        c->to->origin = (str){c->literal, origin};
        while (c->at < origin)
            keep(c);
    }
    while (c->at < c->text.n)
        if (!take_char(c))
            return false;
    end_literal(c);
    return check_whole(c);
}

struct url_template *url_template_compile(enum url_template_kind kind, str text,
                                          struct arena *a, size_t *at, struct error *err)
{
    struct url_template *t = arena_zalloc(a, sizeof(*t));
    struct compiler c = {.to = t, .arena = a, .err = err, .text = text};

    t->kind = kind;
    t->pieces = arena_alloc(a, PIECES_MAX * sizeof(*t->pieces));
    c.literal = arena_alloc(a, text.n + 1);
    if (compile(&c))
        return t;
    *at = c.at;
    return NULL;
}
