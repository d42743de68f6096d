#pragma once
/* Classes of ASCII characters, whatever the locale. All beyond ASCII is in none of them. */
#include <stdbool.h>

static inline bool ascii_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool ascii_is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool ascii_is_letter_or_digit(char c)
{
    return ascii_is_letter(c) || ascii_is_digit(c);
}

/* A blank, a tab, or one of those that end lines and pages. */
static inline bool ascii_is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline const char *ascii_skip_digits(const char *p, const char *end)
{
    while (p < end && ascii_is_digit(*p))
        p++;
    return p;
}

static inline const char *ascii_skip_blanks(const char *p, const char *end)
{
    while (p < end && ascii_is_blank(*p))
        p++;
    return p;
}
