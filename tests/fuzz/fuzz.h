#pragma once
/* A fuzz target is one function that takes any bytes and dies when a promise is broken. It runs
 * under libFuzzer (-Dfuzz=true, tools/fuzz), and on its corpus as an ordinary test (replay.c).
 */
#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"

#define PROMISE(what)                                                                          \
    do {                                                                                       \
        if (!(what))                                                                           \
            die("%s:%d: broken: %s", __FILE__, __LINE__, #what);                               \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
