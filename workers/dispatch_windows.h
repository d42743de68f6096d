#pragma once
/* Windows: every second the panes that nothing may come for any more are closed, and the
 * results of what is closed go to their stage. sp1_close does it, once, whoever asks. */
#include "common/run/process.h"

struct closer;
struct closer *closer_open(struct process *p) MUST_CHECK; /* the pipeline's windows */
void closer_close(struct closer *c); /* only an idle one, or when the connection is gone */
bool closer_is_idle(const struct closer *c);
