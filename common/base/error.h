#pragma once
/* Errors that stop what a process was doing: 0 or a negative code, and one sentence for the
 * operator. Code in common/ never logs an error that it returns. Trouble with one record is a
 * verdict (data/batch.h), not an error. */
#include "common/base/base.h"
#include "common/base/str.h"

enum {
    ERR_AGAIN = -1,  /* nothing to do now */
    ERR_CONFIG = -2, /* a restart will not help: exit 78 */
    ERR_REDIS = -3,
    ERR_HTTP = -4,
    ERR_SYSTEM = -5,
    ERR_LIMIT = -6, /* a cap, named in the text */
    ERR_DATA = -7,  /* foreign bytes that cannot be understood */
    ERR_USAGE = -8, /* the command line: exit 2 */
};
struct mark { /* in the pipeline file, from 1, columns in code points; 0: no place */
    uint32_t line, column;
};
struct error { /* zeroed: no error */
    int code;  /* 0 or ERR_* */
    struct mark
        at; /* place of an ERR_CONFIG, shown as file:line:column with the line and a caret */
    char text[240]; /* one sentence, no newline, safe to log; cut when longer */
};

int error_set(struct error *e, int code, const char *fmt, ...)
    PRINTF(3, 4); /* returns `code` */
int error_at(struct error *e, struct mark at, const char *fmt, ...)
    PRINTF(3, 4); /* ERR_CONFIG */
int error_wrap(struct error *e, const char *fmt, ...)
    PRINTF(2, 3);                             /* "prefix: " before the text */
int error_exit_status(const struct error *e); /* sysexits: 78, 69, 2 or 1 */
