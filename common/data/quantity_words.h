#pragma once
/* The words beside numbers: currencies, periods, multipliers and notes. All take keys
 * (words.h). */
#include "common/base/str.h"

enum quantity_note { /* what a word beside a number, or in place of one, says */
                     QUANTITY_NO_NOTE,
                     QUANTITY_FILLER, /* nothing: "approx", "price" */
                     QUANTITY_TO,     /* between two numbers; before one: up to */
                     QUANTITY_FROM,
                     QUANTITY_MORE_THAN,
                     QUANTITY_LESS_THAN,
                     QUANTITY_UP_TO,
                     QUANTITY_ON_REQUEST,
                     QUANTITY_NEGOTIABLE,
                     QUANTITY_OFFERS_INVITED,
                     QUANTITY_TENDER,
                     QUANTITY_COMING_SOON,
};
const char *quantity_note_name(enum quantity_note note); /* "more_than"; NULL: none to write */
/* In one of `languages` (en de fr nl es it pt pl ru), without any in English. */
enum quantity_note quantity_note_of(str key, const str *languages, uint32_t n);

/* ISO 4217, static; of a sign of several ("$", "kr") all of them, parted by blanks; empty: it
 * is no currency. */
str quantity_currency_of(str key);
bool quantity_currency_is_several(str currency);
str quantity_currency_both(str x, str y); /* what two signs can be at once; empty: nothing */
/* "month" of pcm, /mo, per month, /maand; static, empty: no period. */
str quantity_period_of(str key);
/* "100000" of lakh; static, empty: none. Of money, also "l", "m" and "cr". */
str quantity_multiplier_of(str key, bool is_money);
/* The same of a word of a pipeline file; a decimal factor is its own. Empty: none. */
str quantity_multiplier_named(str word);

/* Whether some word begins with `front`, in any language; and of one table each. */
bool quantity_word_starts(str front);
bool quantity_currency_starts(str front), quantity_note_starts(str front);

/* For the test: of all tables, and of one each. */
bool quantity_words_are_sorted(void);
bool quantity_currencies_are_sorted(void), quantity_notes_are_sorted(void);
