#pragma once
/* What a stand-in for a service, a program of its own, tells whoever starts it. */
#include <stdint.h>

#include "common/run/setting.h"

int stand_in_help(const char *about, const struct setting *table); /* exit status */
/* That it listens, on stdout; and its port into `port_file`, which appears whole, unless that
 * is empty. `listen`: host:port, as it was asked for. ERR_SYSTEM: the file cannot be written.
 */
int stand_in_listens(const char *name, str listen, uint16_t port, str port_file,
                     struct error *err) MUST_CHECK;
