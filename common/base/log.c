#include "common/base/log.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "common/base/clock.h"

enum { LINE_MAX_BYTES = 4096, VALUE_MAX = 256, SITE_MAX = 10, SITE_WINDOW_US = 1000000 };

static struct {
    const char *role;
    enum log_format format;
    enum log_level least;
    int fd;
} logger = {.role = "standpipe", .least = LEVEL_INFO, .fd = 2};

struct line {
    char p[LINE_MAX_BYTES];
    size_t n;
    bool is_full; /* a piece did not fit and was left out */
};

void log_open(const char *role, enum log_format format, enum log_level least)
{
    logger.role = role;
    logger.format = format;
    logger.least = least;
}

void log_to(int fd)
{
    logger.fd = fd;
}

static void put(struct line *l, str s)
{
    if (s.n > sizeof(l->p) - 2 - l->n) { /* the closing brace and the newline always fit */
        l->is_full = true;
        return;
    }
    if (s.n)
        memcpy(l->p + l->n, s.p, s.n);
    l->n += s.n;
}

static bool is_bare(str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c >= 0x7f)
            return false;
    }
    return s.n > 0;
}

/* A JSON string whatever the bytes are: everything but printable ASCII is escaped, so a
 * terminal or a log reader cannot be fooled. Bytes from 0x80 are written as the code point of
 * that value. */
static void put_quoted(struct line *l, str s)
{
    put(l, STR("\""));
    for (size_t i = 0; i < MIN(s.n, (size_t)VALUE_MAX); i++) {
        unsigned char c = (unsigned char)s.p[i];
        char escaped[7];
        if (c == '"' || c == '\\') {
            escaped[0] = '\\';
            escaped[1] = (char)c;
            put(l, (str){escaped, 2});
        } else if (c < ' ' || c >= 0x7f) {
            snprintf(escaped, sizeof(escaped), "\\u%04x", c);
            put(l, (str){escaped, 6});
        } else {
            put(l, (str){s.p + i, 1});
        }
    }
    put(l, s.n > VALUE_MAX ? STR("...\"") : STR("\""));
}

static void put_value(struct line *l, struct log_field f, bool may_be_bare)
{
    if (!f.text.p) {
        char digits[24];
        int n = snprintf(digits, sizeof(digits), "%lld", (long long)f.number);
        put(l, (str){digits, (size_t)n});
    } else if (may_be_bare && is_bare(f.text) && f.text.n <= VALUE_MAX) {
        put(l, f.text);
    } else {
        put_quoted(l, f.text);
    }
}

/* All of a field or nothing: half of one would break a line of JSON. */
static void put_field(struct line *l, struct log_field f)
{
    bool is_json = logger.format == LOG_JSON;
    size_t before = l->n;

    if (l->n > (is_json ? 1 : 0))
        put(l, is_json ? STR(",") : STR(" "));
    if (is_json)
        put(l, STR("\""));
    put(l, str_of(f.name));
    put(l, is_json ? STR("\":") : STR("="));
    put_value(l, f, !is_json);
    if (l->is_full)
        l->n = before;
    l->is_full = false;
}

static void put_time(struct line *l)
{
    uint64_t ms = clock_wall_ms(&clock_system);
    time_t seconds = (time_t)(ms / 1000);
    struct tm utc;
    char text[40];

    gmtime_r(&seconds, &utc);
    size_t n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
    n += (size_t)snprintf(text + n, sizeof(text) - n, ".%03dZ", (int)(ms % 1000));
    put_field(l, LOG_STR("at", ((str){text, n})));
}

static bool may_speak(struct log_site *site, uint32_t *dropped)
{
    uint64_t now = clock_mono_us(&clock_system);

    *dropped = 0;
    if (now - site->window_us >= SITE_WINDOW_US) {
        *dropped = site->dropped;
        *site = (struct log_site){.window_us = now};
    }
    if (site->said >= SITE_MAX) {
        site->dropped++;
        return false;
    }
    site->said++;
    return true;
}

void log_write(struct log_site *site, enum log_level level, const char *event,
               const struct log_field *fields, size_t n)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    struct line l = {.n = 0};
    uint32_t dropped;

    if (level < logger.least || !may_speak(site, &dropped))
        return;
    if (logger.format == LOG_JSON)
        put(&l, STR("{"));
    put_time(&l);
    put_field(&l, LOG_CSTR("level", names[level]));
    put_field(&l, LOG_CSTR("role", logger.role));
    put_field(&l, LOG_CSTR("event", event));
    if (dropped)
        put_field(&l, LOG_U64("left_out", dropped));
    for (size_t i = 0; i < n; i++)
        put_field(&l, fields[i]);
    if (logger.format == LOG_JSON)
        l.p[l.n++] = '}';
    l.p[l.n++] = '\n';
    if (write(logger.fd, l.p, l.n) < 0)
        return; /* nobody is left to tell */
}
