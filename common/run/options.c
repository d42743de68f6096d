#include "common/run/options.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_BYTES = 64, TABLE_MAX = 64 };

struct parse {
    const struct setting *table;
    void *state;
    struct arena *arena;
    struct error *err;
    uint64_t given; /* a bit a row */
    bool leave_unknown;
};

const struct setting options_common[] = {
    {"redis", SETTING_STR, "redis://127.0.0.1:6379/0", offsetof(struct options_common, redis),
     "Address of Redis: redis://[user@]host[:port][/db], or unix:///path[?db=n]."},
    {"redis_user", SETTING_STR, "", offsetof(struct options_common, redis_user),
     "User name at Redis; without one, the default user."},
    {"redis_password_file", SETTING_STR, "",
     offsetof(struct options_common, redis_password_file),
     "File whose first line is the password at Redis."},
    {"prefix", SETTING_STR, "sp", offsetof(struct options_common, prefix),
     "First part of all keys in Redis."},
    {"log", SETTING_STR, "logfmt", offsetof(struct options_common, log),
     "Form of the log: logfmt or json."},
    {"log_level", SETTING_STR, "info", offsetof(struct options_common, log_level),
     "Least level to log: debug, info, warn or error."},
    {0},
};

static bool is_option(const struct setting *s)
{
    return s->type != SETTING_NODE && s->type != SETTING_SECRET;
}

static str flag_name(struct arena *a, const struct setting *s)
{
    str flag = arena_printf(a, "--%s", s->name);
    char *p = arena_alloc(a, flag.n + 1);

    for (size_t i = 0; i <= flag.n; i++)
        p[i] = flag.p[i] == '_' ? '-' : flag.p[i];
    return (str){p, flag.n};
}

static void twin_name(const struct setting *s, char name[NAME_MAX_BYTES])
{
    size_t n = (size_t)snprintf(name, NAME_MAX_BYTES, "STANDPIPE_%s", s->name);

    if (n >= NAME_MAX_BYTES)
        die("option '%s' has too long a name", s->name);
    for (char *p = name; *p; p++)
        *p = (char)toupper((unsigned char)*p);
}

static int take_value(struct parse *p, const struct setting *s, str text, const char *where)
{
    const char *problem = setting_parse(s->type, text, (char *)p->state + s->offset);

    p->given |= 1ull << (s - p->table);
    if (!problem)
        return 0;
    str sentence = setting_problem(p->arena, s->type, text, problem);
    return error_set(p->err, ERR_USAGE, "%s: " STR_FMT, where, STR_ARG(sentence));
}

static int take_environment(struct parse *p)
{
    for (const struct setting *s = p->table; s->name; s++) {
        char name[NAME_MAX_BYTES];
        if (!is_option(s))
            continue;
        twin_name(s, name);
        const char *value = getenv(name);
        setting_default(s, p->state);
        if (value && value[0] && take_value(p, s, arena_copy(p->arena, str_of(value)), name))
            return p->err->code;
    }
    return 0;
}

static const struct setting *find(const struct parse *p, str flag)
{
    for (const struct setting *s = p->table; s->name; s++)
        if (is_option(s) && str_equal(flag_name(p->arena, s), flag))
            return s;
    return NULL;
}

static int unknown_option(struct parse *p, str flag)
{
    str valid[TABLE_MAX];
    uint32_t n = 0;

    for (const struct setting *s = p->table; s->name; s++)
        if (is_option(s))
            valid[n++] = flag_name(p->arena, s);
    str hint = findings_hint(p->arena, flag, valid, n);
    if (hint.n == 0)
        return error_set(p->err, ERR_USAGE, "unknown option '" STR_FMT "'", STR_ARG(flag));
    return error_set(p->err, ERR_USAGE, "unknown option '" STR_FMT "' (" STR_FMT ")",
                     STR_ARG(flag), STR_ARG(hint));
}

/* Take the option that stands first in `words`. Returns the number of words it took, or ERR_*.
 */
static int take_option(struct parse *p, char **words, int n)
{
    str value = str_of(words[0]);
    str flag = arena_copy(p->arena, str_cut(&value, '='));
    const struct setting *s = find(p, flag);

    if (!s)
        return p->leave_unknown ? 0 : unknown_option(p, flag);
    if (value.p)
        return take_value(p, s, value, flag.p) ? p->err->code : 1;
    if (s->type == SETTING_BOOL)
        return take_value(p, s, STR("true"), flag.p) ? p->err->code : 1;
    if (n < 2 || str_starts(str_of(words[1]), STR("--")))
        return error_set(p->err, ERR_USAGE, "'%s' wants a value: %s", flag.p, s->help);
    return take_value(p, s, str_of(words[1]), flag.p) ? p->err->code : 2;
}

static int find_missing(struct parse *p)
{
    for (const struct setting *s = p->table; s->name; s++) {
        if (!is_option(s) || s->fallback || p->given & 1ull << (s - p->table))
            continue;
        return error_set(p->err, ERR_USAGE, "'%s' is missing: %s", flag_name(p->arena, s).p,
                         s->help);
    }
    return 0;
}

int options_parse(const struct setting *table, void *state, bool leave_unknown, int *argc,
                  char **argv, struct arena *a, struct error *err)
{
    struct parse p = {
        .table = table, .state = state, .leave_unknown = leave_unknown, .arena = a, .err = err};
    int kept = 0, i = 0;

    for (const struct setting *s = table; s->name; s++)
        assert(s - table < TABLE_MAX);
    if (take_environment(&p))
        return err->code;
    while (i < *argc && strcmp(argv[i], "--") != 0) {
        bool is_word = argv[i][0] != '-' || argv[i][1] == '\0';
        int taken = is_word ? 0 : take_option(&p, argv + i, *argc - i);
        if (taken < 0)
            return taken;
        if (taken == 0)
            argv[kept++] = argv[i];
        i += MAX(taken, 1);
    }
    if (i < *argc && !leave_unknown) /* the last table drops the "--" */
        i++;
    while (i < *argc)
        argv[kept++] = argv[i++];
    *argc = kept;
    return find_missing(&p);
}

static const char *value_word(enum setting_type type)
{
    switch (type) {
    case SETTING_STR:
        return " TEXT";
    case SETTING_COUNT:
        return " COUNT";
    case SETTING_BYTES:
        return " SIZE";
    case SETTING_MSEC:
        return " TIME";
    case SETTING_RATE:
        return " RATE";
    case SETTING_SPAN:
        return " SPAN";
    case SETTING_BOOL:
    case SETTING_SECRET:
    case SETTING_FILE:
    case SETTING_NODE:
        break;
    }
    return "";
}

bool options_help(const struct setting *table, struct buf *out)
{
    struct arena a = {0};
    bool fits = true;

    for (const struct setting *s = table; s->name && fits; s++) {
        char twin[NAME_MAX_BYTES];
        if (!is_option(s))
            continue;
        twin_name(s, twin);
        str left = arena_printf(&a, "%s%s", flag_name(&a, s).p, value_word(s->type));
        fits = buf_printf(out, "  %-28s %s", left.p, s->help);
        if (fits && s->fallback && s->fallback[0])
            fits = buf_printf(out, " [%s]", s->fallback);
        fits = fits && buf_printf(out, " (%s)\n", twin);
    }
    arena_free(&a);
    return fits;
}
