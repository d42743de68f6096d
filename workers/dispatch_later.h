#pragma once
/* The dispatcher's eye on what is parked: it wakes the stages whose entries are due. Workers
 * look for themselves, too, only more slowly. */
#include "common/run/process.h"

struct later;
struct later *later_open(struct process *p) MUST_CHECK;
void later_close(struct later *l);
bool later_is_idle(const struct later *l);
