#pragma once
/* A cell cut into what numbers and the words beside them are: "$350+/mo" is a currency, a
 * number, a plus and a period. "3 960 cm3" has one number, "RX300" and "16V" have none. */
#include "common/data/coerce.h"
#include "common/data/quantity_words.h"
#include "common/data/units.h"

struct quantity_wish {
    enum dimension dimension;
    bool is_money;
    const char *none; /* why a cell without it is refused: "is no amount of money" */
};

enum token_kind {
    TOKEN_NUMBER, /* text: its digits as JSON has them, without a sign */
    TOKEN_UNIT,
    TOKEN_CURRENCY,   /* text: its code; empty: of several */
    TOKEN_PERIOD,     /* text: its name */
    TOKEN_MULTIPLIER, /* text: a decimal factor */
    TOKEN_NOTE,       /* text: what the setup says it means; empty: see `note` */
    TOKEN_DASH,       /* between two numbers, or a minus */
    TOKEN_PLUS,
    TOKEN_PER,  /* a slash: what follows says what the number is for each of */
    TOKEN_STOP, /* other punctuation */
    TOKEN_WORD, /* words that mean nothing to us */
};
struct token {
    enum token_kind kind;
    enum quantity_note note;
    bool is_glued; /* to the token before it */
    str text;
    const struct unit *unit;
};
enum { TOKENS_MAX = 32, QUANTITY_TEXT_MAX = 1000 };
struct tokens {
    struct token at[TOKENS_MAX];
    uint32_t n;
    const char *wrong; /* what is wrong with a number, or with all of it; NULL: nothing */
    bool is_ambiguous; /* that it can be read in several ways */
};
/* Words are units of the wanted dimension first; where money is wanted, its words before units.
 */
void tokens_read(const struct coerce_setup *setup, const struct quantity_wish *wish,
                 struct arena *a, str text, struct tokens *tokens);
