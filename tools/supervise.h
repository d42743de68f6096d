#pragma once
/* Child processes that are started again when they die, for `standpipe run`. A child dies with
 * its parent, whatever kills that, and is in a process group of its own, so that Ctrl-C reaches
 * the parent alone and the order of stopping holds. */
#include <sys/types.h>

#include "common/base/error.h"
#include "common/io/loop.h"

enum {
    SUPERVISE_GROUPS = 8,       /* children stop by group */
    SUPERVISE_HOPELESS = 78,    /* exit status after which no restart helps (EX_CONFIG) */
    SUPERVISE_NO_PROGRAM = 127, /* the same: the program could not be started */
};
struct child;
struct supervisor;

/* `changed` runs from the loop whenever a child has ended; may be NULL. */
struct supervisor *supervisor_new(struct loop *l, loop_fn *changed, void *ctx) MUST_CHECK;
void supervisor_free(struct supervisor *s); /* kills what still lives, and waits for it. The
                                             * loop must not run afterwards */

/* Start `argv` (copied, ends with NULL; argv[0] is looked up in PATH). Its stdout goes to our
 * stderr, its stdin is empty. `name` is for the log; copied. */
struct child *supervisor_start(struct supervisor *s, uint32_t group, const char *name,
                               const char *const *argv) MUST_CHECK;
/* SIGTERM to the group now and SIGKILL after `grace_ms`; nothing of it starts again. */
void supervisor_stop(struct supervisor *s, uint32_t group, uint64_t grace_ms);
/* Nothing of the group runs or will be started again. */
bool supervisor_is_down(const struct supervisor *s, uint32_t group);

uint32_t child_ends(const struct child *c); /* how often it has ended */
pid_t child_pid(const struct child *c);     /* 0: not running now */
/* It ended and will not be started again: then `status` is its exit status, or 128 + signal. */
bool child_is_over(const struct child *c, int *status);
