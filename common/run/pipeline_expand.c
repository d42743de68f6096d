#include <stdlib.h>

#include "common/data/text.h"
#include "common/run/pipeline_load.h"

static bool is_variable(str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
        if (!is_letter && (i == 0 || c < '0' || c > '9'))
            return false;
    }
    return s.n > 0 && s.n < 128;
}

/* Value of what stands between ${ and }; false after a finding. */
static bool look_up(struct loader *l, const struct node *n, str inside, str *value)
{
    str rest = inside;
    str name = str_cut(&rest, ':');
    bool has_default = str_starts(rest, STR("-"));

    if (!is_variable(name) || (rest.p && !has_default)) {
        findings_error(l->f, n->at, node_width(n),
                       "'${" STR_FMT "}' is no variable: write ${NAME} or ${NAME:-default}, "
                       "and $${ for the signs themselves",
                       STR_ARG(inside));
        return false;
    }
    const char *set = getenv(arena_copy(&l->p->arena, name).p);
    if (set && text_is_utf8(str_of(set))) {
        *value = str_of(set);
        return true;
    }
    if (set)
        findings_error(l->f, n->at, node_width(n),
                       "environment variable " STR_FMT " is not UTF-8", STR_ARG(name));
    else if (!has_default)
        findings_error(l->f, n->at, node_width(n),
                       "environment variable " STR_FMT " is not set, and there is no default "
                       "(${" STR_FMT ":-default})",
                       STR_ARG(name), STR_ARG(name));
    else
        *value = (str){rest.p + 1, rest.n - 1};
    return !set && has_default;
}

static str join(struct loader *l, str a, str b)
{
    return arena_printf(&l->p->arena, STR_FMT STR_FMT, STR_ARG(a), STR_ARG(b));
}

static void expand(struct loader *l, struct node *n)
{
    str rest = n->text, done = STR("");

    while (rest.n) {
        const char *dollar = memchr(rest.p, '$', rest.n);
        size_t before = dollar ? (size_t)(dollar - rest.p) : rest.n;
        str sign, value;

        done = join(l, done, (str){rest.p, before});
        rest = (str){rest.p + before, rest.n - before};
        if (rest.n == 0)
            break;
        if (!str_starts(rest, STR("${"))) { /* $$, or a dollar that means itself */
            size_t taken = str_starts(rest, STR("$$")) ? 2 : 1;
            done = join(l, done, STR("$"));
            rest = (str){rest.p + taken, rest.n - taken};
            continue;
        }
        rest = (str){rest.p + 2, rest.n - 2};
        sign = str_cut(&rest, '}');
        if (!rest.p) {
            findings_error(l->f, n->at, node_width(n), "'${' without its '}'");
            return;
        }
        if (!look_up(l, n, sign, &value))
            return;
        done = join(l, done, value);
    }
    n->text = done;
}

static bool has_password(str s)
{
    const char *behind = memmem(s.p, s.n, "://", 3);

    if (!behind)
        return false;
    str rest = {behind + 3, s.n - (size_t)(behind + 3 - s.p)};
    str host = str_cut(&rest, '/'), user = host;
    str before_at = str_cut(&user, '@');
    return user.p && memchr(before_at.p, ':', before_at.n);
}

static void warn_of_secret(struct loader *l, const struct node *n)
{
    bool is_secret = (str_starts(n->text, STR("AKIA")) && n->text.n >= 16) ||
                     str_starts(n->text, STR("-----BEGIN")) || has_password(n->text);

    if (is_secret)
        findings_warn(l->f, n->at, node_width(n),
                      "this looks like a secret, and it would stand readable in Redis: write "
                      "!secret and a name");
}

void pipeline_expand(struct loader *l, struct node *n)
{
    if (n->type == NODE_TEXT) {
        warn_of_secret(l, n);
        if (memchr(n->text.p, '$', n->text.n))
            expand(l, n);
    }
    for (struct node *child = n->children; child; child = child->next)
        pipeline_expand(l, child);
}
