#pragma once
/* What a reply of Redis means to a worker: one table for every text it can send, matched on the
 * first word. The texts are those of Redis 7.0. */
#include "common/io/redis.h"

enum answer {
    ANSWER_GOOD,
    ANSWER_LOST, /* no answer: repeat the same commit */
    ANSWER_DONE, /* an earlier try went through, or a successor finished it: forget the entry */
    ANSWER_FENCED,    /* another consumer holds it: forget it */
    ANSWER_STALE,     /* the job is elsewhere: go on from there */
    ANSWER_AGAIN,     /* a part of the commit was outdated: build it again */
    ANSWER_SEEN,      /* admitted before */
    ANSWER_FULL,      /* the topic is at its high mark */
    ANSWER_OOM,       /* over maxmemory: the allow-oom path, or refuse at the door */
    ANSWER_WAIT,      /* cannot serve now: keep what we have, back off */
    ANSWER_RECONNECT, /* the wrong node: close, look up again, connect */
    ANSWER_LIBRARY,   /* our functions are not there (yet) */
    ANSWER_GONE,      /* stream or group is gone */
    ANSWER_FOREIGN,   /* foreign data under our keys: halt the stage */
    ANSWER_DENIED,    /* credentials or rights: exit 78 */
    ANSWER_ABORTED,   /* EXEC: an earlier command of the MULTI has the cause */
    ANSWER_BUG,       /* we asked wrongly: halt, log */
};
enum answer answer_of(const struct reply *reply); /* NULL: ANSWER_LOST; no error: ANSWER_GOOD */
const char *answer_name(enum answer a);           /* a word for logs and metrics */
