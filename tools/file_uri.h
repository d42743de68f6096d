#pragma once
#include "common/base/arena.h"

/* file:///in/a%20b.csv of an absolute path; a NUL behind it. */
str file_uri(struct arena *a, const char *path) MUST_CHECK;
