#pragma once
/* A YAML (or JSON) text to a node tree by libyaml, with guards: 1 MiB, depth 64, no anchors, no
 * aliases, no duplicate keys, no NUL, one document, only the tag !secret. */
#include "common/data/node.h"

/* The tree stands in `a` and borrows nothing from `text`. On failure NULL and an error with its
 * place and, where it is known, the remedy ("quote it"). */
struct node *yaml_load(struct arena *a, str text, struct error *err) MUST_CHECK;
