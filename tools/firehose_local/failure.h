#pragma once
/* How a call fails: what Firehose puts into the status, `__type` and `message`. */
#include "common/base/str.h"

struct failure {
    int status;
    const char *name;
    str message;
};
#define FAILURE(status, name, text) ((struct failure){(status), (name), (text)})
