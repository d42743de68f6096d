#pragma once
/* The configuration tree: what a YAML or JSON text says, with the place of every word. Scalars
 * stay text; `setting` types them. All of it lives in one arena, and every text has a NUL
 * behind it. */
#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/error.h"
#include "common/base/str.h"

enum node_type {
    NODE_EMPTY, /* `key:` alone, or a bare `null`: not given */
    NODE_TEXT,
    NODE_SECRET, /* !secret name */
    NODE_LIST,
    NODE_MAP,
};
struct node {
    enum node_type type;
    str key;                      /* of a map's member; empty in lists */
    str text;                     /* TEXT: the scalar; SECRET: its name */
    bool is_plain;                /* TEXT that was not quoted */
    struct mark key_at, at, end;  /* of its key; of its value; behind it */
    struct node *children, *next; /* first child; next sibling */
    uint32_t count;               /* children */
};

const struct node *node_get(const struct node *map, const char *key); /* NULL: no such member */
struct mark node_at(const struct node *map, const char *key); /* its place, else the map's */
uint32_t node_width(const struct node *n); /* columns of its value in its line, at least 1 */
/* Compact JSON text: scalars as strings, secrets as {"!secret":"name"},
 * EMPTY as null. yaml_load() reads the same tree from it. False: over the cap. */
bool node_to_json(const struct node *n, struct buf *out) MUST_CHECK;
