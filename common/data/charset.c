#include "common/data/charset.h"

#include "common/data/text.h"

enum { RUN = 3, LETTERS_MIN = 12, INSIDE_MIN = 4 };

struct walk {                /* over a text, by bytes of windows-1252 */
    uint32_t run, low, high; /* letters beyond ASCII that stand side by side, up to here */
    bool is_behind_letter;
    bool has_sign; /* behind a letter stands one that is none in windows-1252 */
};

static bool is_letter(uint32_t point)
{
    return point >= 0xc0 && point <= 0xff && point != 0xd7 && point != 0xf7;
}

/* ą ł ş of windows-1250, ż and ě: signs of windows-1252, or letters that stand at the end of
 * words in the languages that have them. */
static bool is_sign_of_1250(uint32_t point)
{
    return point == 0xb9 || point == 0xb3 || point == 0xba || point == 0xbf || point == 0xec;
}

static void end_run(struct charset *c, struct walk *w)
{
    if (w->run >= RUN) {
        c->in_runs += w->run;
        c->low += w->low;
        c->high += w->high;
    }
    w->run = w->low = w->high = 0;
}

static void take_letter(struct charset *c, struct walk *w, uint32_t point)
{
    c->letters++;
    c->cyrillic += point == 0xe0 || point == 0xe8 || point == 0xee; /* а и о */
    c->greek += point == 0xe1 || point == 0xe9 || point == 0xef;    /* α ι ο */
    w->run++;
    w->low += point < 0xe0;
    w->high += point >= 0xe0;
}

static void take(struct charset *c, struct walk *w, uint32_t point)
{
    bool is_ascii = point < 0x80 && ascii_is_letter((char)point),
         is_sign = is_sign_of_1250(point);

    c->inside += w->has_sign && (is_ascii || (is_letter(point) && !is_sign));
    w->has_sign = w->is_behind_letter && is_sign;
    w->is_behind_letter = is_ascii || is_letter(point) || is_sign;
    if (is_letter(point))
        take_letter(c, w, point);
    else
        end_run(c, w);
}

void charset_add(struct charset *c, str utf8)
{
    const unsigned char *p = (const unsigned char *)utf8.p;
    struct walk w = {0};

    if (text_is_ascii(utf8))
        return;
    for (size_t i = 0; i < utf8.n;) {
        unsigned n = text_utf8_length((str){utf8.p + i, utf8.n - i});
        uint32_t point = n == 2 ? (p[i] & 0x1fu) << 6 | (p[i + 1] & 0x3fu) : n == 1 ? p[i] : 0;
        take(c, &w, point);
        i += n ? n : 1;
    }
    end_run(c, &w);
}

const char *charset_guess(const struct charset *c)
{
    bool is_in_runs = c->letters >= LETTERS_MIN && c->in_runs * 2 > c->letters;

    if (is_in_runs && c->low > c->high) /* small letters come first there */
        return "koi8-r";
    if (is_in_runs)
        return c->greek > c->cyrillic ? "windows-1253" : "windows-1251";
    return c->inside >= INSIDE_MIN ? "windows-1250" : NULL;
}
