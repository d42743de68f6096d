#pragma once
/* What a process tells over HTTP: /metrics, /healthz (the loop turns), /readyz (Redis is there
 * and a pipeline is in force). */
#include "common/run/process.h"

int status_open(struct process *p, struct error *err) MUST_CHECK;
void status_close(struct process *p);
str status_address(const struct process *p); /* "127.0.0.1:9600"; empty when it is off */
