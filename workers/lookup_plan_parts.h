#pragma once
/* What `http:` is compiled to. Private to lookup_plan*.c. */
#include "common/data/node.h"
#include "workers/lookup_plan.h"

enum { PLAN_HEADERS = 32, PLAN_STATUSES = 16, PLAN_RANGES = 32 };

struct plan_header {
    str name;
    str line;                   /* "Name: value" when no member is in it; else empty */
    str secret;                 /* its name; empty: none */
    struct url_template *value; /* with members */
};
struct lookup_plan {
    struct lookup_config config;
    struct arena *arena;
    str method;
    struct url_template *url, *body; /* body NULL: none */
    struct plan_header headers[PLAN_HEADERS];
    uint32_t header_count;
    uint16_t missing[PLAN_STATUSES];
    struct address_range allow[PLAN_RANGES];
    /* as they stand in the file */
    str url_text, body_text;
    const struct node *headers_node, *allow_node, *missing_node;
};
