#pragma once
/* Words in cells, however they are spelled: "Sq. Yards", "sq yards" and "SQYARDS" all have the
 * key "sqyards", "м²" and "М2" have "м2". Small letters, no dots; blanks and hyphens between
 * words are left out. */
#include "common/base/arena.h"
#include "common/base/str.h"

enum word_class {
    WORD_BLANK, /* also those that do not break a line, and what has no width */
    WORD_LETTER,
    WORD_DIGIT,
    WORD_SYMBOL, /* of currencies, % and the like: a word of its own */
    WORD_DASH,   /* of any width; also minus */
    WORD_MARK,   /* all other punctuation */
};
/* Step over one code point of valid UTF-8, `*p` before `end`; `point` is a small letter, and a
 * superscript is its digit. */
enum word_class word_step(const char **p, const char *end, uint32_t *point);
const char *word_skip_blanks(const char *p, const char *end);

enum { WORD_KEY_MAX = 48, WORD_ENDS_MAX = 8, WORD_WORDS_MAX = 4 };
struct word_end {
    const char *at;       /* in the text */
    uint32_t n;           /* bytes of the key up to here */
    bool is_before_digit; /* "rs" of Rs500 */
};
struct word_keys {
    char key[WORD_KEY_MAX];
    struct word_end ends[WORD_ENDS_MAX]; /* of the one word, of two words, ... */
    uint32_t count;                      /* 0: it does not begin with a word */
    bool is_cut;                         /* there are more words than were wanted */
};
void word_keys(str text, uint32_t max_words, struct word_keys *k);
bool word_has_key(str word, str key); /* a word as somebody declared it */

struct word {
    const char *key;
    uint16_t value; /* index, or enumerator, of whoever owns the table */
};
/* The first of those with this key in a table sorted by bytes; NULL: none. */
const struct word *word_find(const struct word *table, size_t n, str key);
/* Whether one begins with `front`: if not, no longer key is there either. */
bool word_starts(const struct word *table, size_t n, str front);
bool word_is_sorted(const struct word *table, size_t n);
