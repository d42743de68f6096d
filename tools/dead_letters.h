#pragma once
/* Dead letters page by page, in the order of their ids or backwards, with constant memory
 * however many there are. */
#include "common/data/keys.h"
#include "common/io/redis.h"
#include "tools/dead_where.h"

struct letter { /* borrows the reply it stands in */
    str id, stage, reason, detail, src, uri, data;
    uint64_t at_ms;             /* when it died, by its id */
    const struct reply *fields; /* all of them: name, value, ... */
};
struct letter_filter { /* empty: any */
    str stage, reason;
    str source;               /* a source id, or the URI of the file */
    struct dead_where *where; /* NULL: any; letter_matches() does not look at it */
};
struct letter_cursor { /* set the first five; zeroed else; letters_close() at the end */
    struct redis *redis;
    str key;
    struct letter_filter filter;
    bool is_backwards;
    str until; /* id of the last one to read; empty: to the end */
    struct arena arena;
    struct letter
        *letters; /* the page: those that the filter lets through; until the next call */
    uint32_t count;
    uint32_t page; /* letters to ask for */
    char last[48];
};

/* The next page; `*more` false: there was none. A page may be empty. */
int letters_next(struct letter_cursor *c, bool *more, struct error *err) MUST_CHECK;
void letters_close(struct letter_cursor *c);

str letter_field(const struct letter *l, const char *name);
void letter_read(struct letter *l, str id, const struct reply *fields);
bool letter_matches(const struct letter *l, const struct letter_filter *f);
/* The newest one: what is added later is behind it. Empty: there is none. */
int letters_last(struct redis *r, str key, struct arena *a, str *id,
                 struct error *err) MUST_CHECK;

/* Foreign bytes for a terminal: control bytes and what is no UTF-8 as \xNN. */
str letter_printable(struct arena *a, str s) MUST_CHECK;
