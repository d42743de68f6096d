/* What an answer to a look-up means, and whether another try may help. */
#include <stdio.h>

#include "common/data/json.h"
#include "workers/lookup_parts.h"

static bool is_missing(const struct lookup_config *c, int status)
{
    for (uint32_t i = 0; i < c->missing_count; i++)
        if (c->missing[i] == status)
            return true;
    return false;
}

static struct lookup_verdict failed(str reason, bool may_retry, enum concurrency_end end,
                                    bool is_good)
{
    return (struct lookup_verdict){
        .answer = {.result = LOOKUP_FAILED, .reason = reason, .may_retry = may_retry},
        .end = end,
        .is_good = is_good};
}

static struct lookup_verdict judge_failure(const struct http_answer *a,
                                           bool was_address_refused, char detail[200])
{
    if (was_address_refused) {
        snprintf(detail, 200,
                 "its address is not global: name it in allow_cidr if it is meant");
        return failed(STR("address_refused"), false, CONCURRENCY_OTHER, false);
    }
    if (a->is_too_large) {
        snprintf(detail, 200, "the answer is larger than max_answer");
        return failed(STR("too_large"), false, CONCURRENCY_OTHER, true);
    }
    snprintf(detail, 200, "no answer: %s", a->failure);
    return failed(STR("no_answer"), true, CONCURRENCY_REFUSED, false);
}

static struct lookup_verdict judge_body(const struct http_answer *a, char detail[200])
{
    const char *problem = json_check(a->body, NULL, NULL);

    if (!problem)
        return (struct lookup_verdict){.answer = {.result = LOOKUP_FOUND, .body = a->body},
                                       .end = CONCURRENCY_GOOD,
                                       .is_good = true};
    snprintf(detail, 200, "answered %d without JSON: %s", a->status, problem);
    return failed(STR("not_json"), false, CONCURRENCY_GOOD, true);
}

static struct lookup_verdict judge_trouble(const struct http_answer *a, uint64_t now_ms)
{
    bool is_overload = a->status == 408 || a->status == 429 || a->status == 503;
    struct lookup_verdict v = failed(is_overload ? STR("overload") : STR("server_error"), true,
                                     CONCURRENCY_REFUSED, false);

    v.answer.retry_after_ms = http_retry_after_ms(a, now_ms);
    return v;
}

struct lookup_verdict lookup_judge(const struct lookup_config *c, const struct http_answer *a,
                                   bool was_address_refused, uint64_t now_ms, char detail[200])
{
    struct lookup_verdict v;

    detail[0] = '\0';
    if (a->failure) {
        v = judge_failure(a, was_address_refused, detail);
    } else if (is_missing(c, a->status)) {
        v = (struct lookup_verdict){
            .answer = {.result = LOOKUP_MISSING}, .end = CONCURRENCY_GOOD, .is_good = true};
    } else if (a->status >= 200 && a->status <= 299) {
        v = judge_body(a, detail);
    } else {
        snprintf(detail, 200, "the service answered %d", a->status);
        if (a->status == 408 || a->status == 429 || a->status >= 500)
            v = judge_trouble(a, now_ms);
        else
            v = failed(STR("refused"), false, CONCURRENCY_GOOD, true);
    }
    v.answer.detail = str_of(detail);
    return v;
}
