#pragma once
/* What the promises rest on, looked at from outside. Nothing is written. */
#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/data/keys.h"
#include "common/io/redis.h"
#include "common/run/pipeline.h"
#include "common/run/promise.h"

enum { DOCTOR_FINDINGS_MAX = 512 };
enum grade { GRADE_OK, GRADE_WARN, GRADE_BAD };
struct doctor_finding {
    enum grade grade;
    str subject, text, remedy; /* a word; a sentence; a command line, or empty */
};
struct doctor {
    struct redis *redis;
    const struct keys *keys;
    const struct stage *const *kinds;
    struct pipeline *pipeline; /* owned; NULL: none is applied */
    struct arena *arena;
    bool is_local; /* Redis is on this machine */
    enum promise promise;
    struct doctor_finding findings[DOCTOR_FINDINGS_MAX];
    uint32_t count, bad, warnings;
    struct error last; /* why the last question had no answer */
};

/* `remedy` may be NULL. */
void doctor_note(struct doctor *d, enum grade grade, str subject, const char *remedy,
                 const char *fmt, ...) PRINTF(5, 6);
/* NULL: no answer, or an error; `last` says which. */
const struct reply *doctor_call(struct doctor *d, const str *args, uint32_t n);
#define doctor_ask(d, ...)                                                                     \
    doctor_call((d), (const str[]){__VA_ARGS__},                                               \
                (uint32_t)(sizeof((const str[]){__VA_ARGS__}) / sizeof(str)))

void doctor_settings(struct doctor *d); /* settings, version, clock, machine; the promise */
void doctor_rights(struct doctor *d);   /* of each shipped user that exists */
void doctor_keys(struct doctor *d);     /* library, keys, groups, workers */
