/* libtre does the matching: a parallel automaton, so no pattern makes it slower than its length
 * times that of the text. What it reads otherwise than people write it is put right first. */
#include "common/data/pattern.h"

#include <assert.h>
#include <ctype.h>
#include <locale.h>
#include <stdlib.h>
#include <tre/tre.h>

#include "common/data/text.h"

enum {
    SOURCE_MAX = 1000, /* bytes of a pattern */
    STATES_MAX = 2000, /* characters of a pattern whose repeats are written out */
    DEPTH_MAX = 32,
    REASON_MAX = 120,
};

struct pattern {
    regex_t regex;
};
struct reader { /* of a source that is put right for libtre */
    const char *p, *end;
    char *out;
    const char *why;          /* static; NULL: no complaint */
    unsigned sums[DEPTH_MAX]; /* states of the groups that are open, repeats written out */
    unsigned depth, last;     /* states of what a repeat would repeat */
};

/* libtre decodes text by the locale of the thread: UTF-8, whatever the environment says. */
static void use_utf8(void)
{
    static locale_t utf8;

    if (!utf8)
        utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (utf8)
        uselocale(utf8);
}

/* One more thing to match, of so many states. libtre writes ((a{99}){99}){99} out before it
 * compiles: a million. */
static void count(struct reader *r, unsigned states)
{
    r->last = states;
    r->sums[r->depth] += states;
    if (r->sums[r->depth] > STATES_MAX)
        r->why = "repeats too much: some 2000 characters, with its repeats written out";
}

static void put(struct reader *r, str s)
{
    r->out = mempcpy(r->out, s.p, s.n);
}

static void put_class_escape(struct reader *r, char letter)
{
    if (letter == 'd')
        put(r, STR("0-9"));
    else if (letter == 'w')
        put(r, STR("[:alnum:]_"));
    else if (letter == 's')
        put(r, STR("[:space:]"));
    else if (strchr(".,/()|*+?${}@#&'\"", letter))
        *r->out++ = letter;
    else
        r->why = "has an escape between [ and ] that is not \\d \\w or \\s: there a ] stands "
                 "first, a - last and a ^ not first";
}

/* [...]: POSIX knows no escapes in there, people do. */
static void put_class(struct reader *r)
{
    count(r, 1);
    *r->out++ = *r->p++; /* [ */
    if (r->p < r->end && *r->p == '^')
        *r->out++ = *r->p++;
    if (r->p < r->end && *r->p == ']')
        *r->out++ = *r->p++;
    while (r->p < r->end && *r->p != ']' && !r->why) {
        if (*r->p == '\\' && r->p + 1 < r->end) {
            put_class_escape(r, r->p[1]);
            r->p += 2;
        } else if (*r->p == '[' && r->p + 1 < r->end && strchr(":.=", r->p[1])) {
            const char *close = memmem(r->p + 2, (size_t)(r->end - r->p - 2), "]", 1);
            close = close ? close + 1 : r->end;
            put(r, str_between(r->p, close));
            r->p = close;
        } else {
            *r->out++ = *r->p++;
        }
    }
    if (r->p == r->end)
        r->why = "has a [ without its ]";
    else if (!r->why)
        *r->out++ = *r->p++; /* ] */
}

static void put_escape(struct reader *r)
{
    count(r, 1);
    if (r->p + 1 == r->end)
        r->why = "ends with a \\";
    else if (r->p[1] >= '1' && r->p[1] <= '9')
        r->why = "refers back to a group, which takes more than linear time";
    else if (!strchr("dDwWsSbBtnr", r->p[1]) && isalnum((unsigned char)r->p[1]))
        r->why = "has an escape that is none of \\d \\w \\s \\b, their opposites, \\t \\n \\r";
    else
        put(r, (str){r->p, 2});
    r->p += 2;
}

/* (?: and (?i) are what libtre knows. */
static void open_group(struct reader *r)
{
    str rest = str_between(r->p, r->end);

    if (str_starts(rest, STR("(?i)"))) {
        put(r, STR("(?i)"));
        r->p += 4;
        return;
    }
    if (str_starts(rest, STR("(?")) && !str_starts(rest, STR("(?:")))
        r->why = "has a (? that is not (?: or (?i): looking ahead and behind is not offered";
    else if (r->depth + 1 == DEPTH_MAX)
        r->why = "has more than 31 groups in each other";
    else
        r->sums[++r->depth] = 0;
    size_t n = str_starts(rest, STR("(?:")) ? 3 : 1;
    put(r, (str){r->p, n});
    r->p += n;
}

static void close_group(struct reader *r)
{
    if (!r->depth) {
        r->why = "has a ) without its (";
        return;
    }
    unsigned states = MAX(r->sums[r->depth], 1u);
    r->depth--;
    count(r, states);
    *r->out++ = *r->p++;
}

/* {3} {2,} {2,5}; anything else would ask libtre to match approximately. */
static void put_repeat(struct reader *r)
{
    unsigned number = 0, times = 1;
    const char *start = r->p++;

    for (; r->p < r->end && (*r->p == ',' || ascii_is_digit(*r->p)); r->p++) {
        number = *r->p == ',' ? 0 : MIN(number * 10 + (unsigned)(*r->p - '0'), STATES_MAX + 1u);
        times = MAX(times, number);
    }
    if (r->p == r->end || *r->p++ != '}' || r->p - start < 3)
        r->why = "has a { that begins no repeat as {2} or {2,5}: write \\{";
    put(r, str_between(start, r->p));
    count(r, r->last * (times - 1));
    r->last *= times;
}

static const char *translate(str source, char *out)
{
    struct reader r = {.p = source.p, .end = source.p + source.n, .out = out};

    while (r.p < r.end && !r.why) {
        switch (*r.p) {
        case '[':
            put_class(&r);
            break;
        case '\\':
            put_escape(&r);
            break;
        case '(':
            open_group(&r);
            break;
        case ')':
            close_group(&r);
            break;
        case '{':
            put_repeat(&r);
            break;
        default:
            count(&r, 1);
            *r.out++ = *r.p++;
        }
    }
    *r.out = '\0';
    return r.why;
}

struct pattern *pattern_new(struct arena *a, str source, str *why)
{
    char *text = arena_alloc(a, SOURCE_MAX * sizeof("[:alnum:]_")), reason[REASON_MAX];
    const char *problem = NULL;

    use_utf8();
    if (!source.n || source.n > SOURCE_MAX)
        problem = "must have 1 to 1000 bytes";
    else if (memchr(source.p, '\0', source.n) || !text_is_utf8(source))
        problem = "is no UTF-8";
    else
        problem = translate(source, text);
    if (problem) {
        *why = str_of(problem);
        return NULL;
    }
    struct pattern *p = xalloc(sizeof(*p));
    int code = tre_regcomp(&p->regex, text, REG_EXTENDED);
    if (!code)
        return p;
    tre_regerror(code, &p->regex, reason, sizeof(reason));
    free(p);
    *why = arena_printf(a, "is no pattern: %s", reason);
    return NULL;
}

void pattern_free(struct pattern *p)
{
    if (!p)
        return;
    tre_regfree(&p->regex);
    free(p);
}

uint32_t pattern_groups(const struct pattern *p)
{
    return (uint32_t)p->regex.re_nsub;
}

/* At most PATTERN_TEXT_MAX bytes, no character cut in two. */
static str look_at(str text)
{
    size_t n = MIN(text.n, (size_t)PATTERN_TEXT_MAX);

    while (n && n < text.n && ((unsigned char)text.p[n] & 0xc0) == 0x80)
        n--;
    return (str){text.p, n};
}

bool pattern_find(const struct pattern *p, str text, str *groups, uint32_t n)
{
    regmatch_t found[PATTERN_GROUPS_MAX + 1];
    str seen = look_at(text);

    assert(n <= PATTERN_GROUPS_MAX);
    if (tre_regnexec(&p->regex, seen.n ? seen.p : "", seen.n, n + 1, found, 0) != 0)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        bool took_part = i < p->regex.re_nsub && found[i + 1].rm_so >= 0;
        groups[i] = took_part
                        ? str_between(seen.p + found[i + 1].rm_so, seen.p + found[i + 1].rm_eo)
                        : STR_NONE;
    }
    return true;
}
