#include "tools/show.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct show show_digits(uint64_t n)
{
    char plain[24], *end = str_write_u64(plain, n);
    struct show out = {""};
    size_t length = (size_t)(end - plain), to = 0;

    for (size_t i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0)
            out.text[to++] = ',';
        out.text[to++] = plain[i];
    }
    return out;
}

/* Three digits that count, cut and not rounded: 999,999 must not become 1000k. */
static struct show scaled(uint64_t n, uint64_t step, const char *const *units)
{
    struct show out;
    uint64_t unit = 1;

    while (n / unit >= step && units[1]) {
        unit *= step;
        units++;
    }
    double value = (double)n / (double)unit;
    int decimals = unit == 1 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
    double power = decimals == 2 ? 100 : decimals == 1 ? 10 : 1;
    snprintf(out.text, sizeof(out.text), "%.*f%s", decimals,
             (double)(uint64_t)(value * power) / power, *units);
    return out;
}

struct show show_count(uint64_t n)
{
    static const char *const units[] = {"", "k", "M", "G", "T", NULL};

    return scaled(n, 1000, units);
}

struct show show_bytes(uint64_t n)
{
    static const char *const units[] = {" B", " KiB", " MiB", " GiB", " TiB", NULL};

    return scaled(n, 1024, units);
}

struct show show_age(uint64_t ms)
{
    static const struct {
        uint64_t large_s, small_s;
        char large, small;
    } forms[] = {{86400, 3600, 'd', 'h'}, {3600, 60, 'h', 'm'}, {60, 1, 'm', 's'}};
    struct show out;
    uint64_t s = ms / 1000;

    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        if (s < forms[i].large_s)
            continue;
        snprintf(out.text, sizeof(out.text), "%" PRIu64 "%c%02" PRIu64 "%c",
                 s / forms[i].large_s, forms[i].large, s % forms[i].large_s / forms[i].small_s,
                 forms[i].small);
        return out;
    }
    snprintf(out.text, sizeof(out.text), "%" PRIu64 ".%" PRIu64 "s", s, ms % 1000 / 100);
    return out;
}

struct show show_clock(uint64_t s)
{
    struct show out;

    if (s < 3600)
        snprintf(out.text, sizeof(out.text), "%" PRIu64 ":%02" PRIu64, s / 60, s % 60);
    else
        snprintf(out.text, sizeof(out.text), "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, s / 3600,
                 s % 3600 / 60, s % 60);
    return out;
}

bool show_is_terminal(int fd)
{
    const char *term = getenv("TERM");

    return isatty(fd) && (!term || strcmp(term, "dumb") != 0);
}

bool show_has_colour(int fd)
{
    const char *no = getenv("NO_COLOR");

    return show_is_terminal(fd) && !(no && *no);
}

uint32_t show_width(int fd)
{
    struct winsize size;

    return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}
