#pragma once
/* What a template is compiled to. Private to url_template*.c. */
#include "common/data/url_template.h"

struct url_piece {
    str text; /* as it is, or the name of a member */
    bool is_member;
    bool is_in_string; /* of JSON */
};
struct url_template {
    enum url_template_kind kind;
    str origin;
    struct url_piece *pieces;
    uint32_t piece_count, member_count;
};

/* Is some segment of the path, which begins at `from`, one that steps up or stays? */
bool url_has_dots(str url, size_t from) MUST_CHECK;
/* Scheme and authority at the front of `url`: their length. 0: `err` says what is wrong, at
 * `*at`. */
size_t url_read_origin(str url, size_t *at, struct error *err) MUST_CHECK;
