#pragma once
/* What a condition can name: the members of the record at hand, and a few harmless functions.
 * Private to script.c. */
#include "common/base/arena.h"
#include "common/data/batch.h"

struct lua_State;
enum { SCRIPT_READ_MAX = 4, SCRIPT_NAME_MAX = 40, SCRIPT_LIMIT_US = 5000 };

struct script_read { /* a member that the condition looked at */
    char name[SCRIPT_NAME_MAX];
    size_t n;
    str value; /* raw JSON text, in the record */
};
struct script_env { /* pointed at by the extra space of the Lua state */
    const struct record *record;
    uint64_t deadline_us; /* in processor time; 0: too short so far to look at the clock */
    uint32_t read_count;
    struct script_read read[SCRIPT_READ_MAX];
    struct arena scratch; /* decoded strings; reset before each call */
};

/* A lua_CFunction: build the environment and leave it on the stack. */
int script_env_build(struct lua_State *L);
/* Raise when the call has run for longer than SCRIPT_LIMIT_US. */
void script_env_watch(struct lua_State *L);
