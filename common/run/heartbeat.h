#pragma once
/* The name of a worker and its heartbeat, sp:worker:<name>: how others see that it lives and
 * what it does. */
#include "common/run/process.h"

/* Choose `name` and `consumer`: the name of the options, or <host>-<kind>-<slot> with the first
 * slot that no process of this host holds; a restarted worker gets its old name, and the nonce
 * tells it from its own ghost. */
void heartbeat_name(struct process *p);
void heartbeat_send(struct process *p);
/* Take the name out of Redis, then stop the loop. */
void heartbeat_end(struct process *p);
