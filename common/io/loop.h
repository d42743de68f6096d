#pragma once
/* The event loop of a process: timers and signals on one libevent base. */
#include <stdbool.h>
#include <stdint.h>

#include "common/base/base.h"

struct event_base;
struct loop;
struct timer;
typedef void loop_fn(void *ctx);

struct loop *loop_new(void) MUST_CHECK;
void loop_free(struct loop *l);
void loop_run(struct loop *l);  /* until loop_stop() */
void loop_once(struct loop *l); /* wait for one round of events and handle them */
void loop_stop(struct loop *l);
struct event_base *loop_base(struct loop *l); /* for io/ alone */

struct timer *timer_new(struct loop *l, loop_fn *fn, void *ctx) MUST_CHECK; /* not running */
void timer_free(struct timer *t);
void timer_start(struct timer *t, uint64_t us); /* once; starting again moves it */
void timer_stop(struct timer *t);
bool timer_is_running(const struct timer *t);
/* Call `fn` on signal `number`; replaces the default action. Lives as long as the loop. */
void loop_signal(struct loop *l, int number, loop_fn *fn, void *ctx);
