#pragma once
/* What every client of AWS needs besides a signature: where a service is, and its clock. */
#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/base/str.h"

struct aws_endpoint {
    bool is_tls;
    str host, path; /* as libcurl sends it, without the scheme's own port; "/..." */
};

str aws_environment(const char *name);
/* The setting, else AWS_REGION, AWS_DEFAULT_REGION, us-east-1. */
str aws_region(struct arena *a, str setting) MUST_CHECK;
/* The setting, else AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL; empty: AWS's own. */
str aws_endpoint_url(str setting, const char *service) MUST_CHECK;
int aws_endpoint_parse(struct arena *a, str url, struct aws_endpoint *e,
                       struct error *err) MUST_CHECK;
/* Take the other side's clock, from the Date of an answer: `*offset` is theirs less ours.
 * False: ours is right, or theirs is not known. */
bool aws_set_clock(int64_t *offset_ms, str date, uint64_t now_ms) MUST_CHECK;
/* Every byte percent-encoded but unreserved ones, and '/' when it is a path. */
str aws_encode(struct arena *a, str text, bool is_path) MUST_CHECK;
/* The text of the first element of that name; escapes stay. In `xml`; empty: none. */
str aws_element(struct arena *a, str xml, const char *name) MUST_CHECK;
