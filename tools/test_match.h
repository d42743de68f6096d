#pragma once
/* What a test wants against what came: YAML text against JSON. For `test` and `apply`. */
#include "common/data/node.h"
#include "tools/say.h"

struct difference {
    struct difference *next;
    str path, want, got; /* "address.city"; as JSON; "" for none */
};
struct differences {
    struct arena *arena;
    struct difference *first, **last;
};

/* Members of a map are looked for, others do not matter; lists agree item by item; a bare
 * scalar is the JSON text of the same letters, numbers the same value (1.50 is 1.5), a quoted
 * one a JSON string; an empty one is null or nothing. `got` empty: nothing came. */
void test_match(struct differences *d, const struct node *want, str got, str path);
void test_differ(struct differences *d, str path, str want, str got);

/* A node as JSON: bare numbers, true, false and null as they are, all else as text. */
str test_json(struct arena *a, const struct node *n) MUST_CHECK;
