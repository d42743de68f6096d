/* What Firehose's answers mean. The rule: a record counts as delivered only where a whole
 * answer says so by its index; all that cannot be told is ambiguous. Names decide, and the
 * status only where there is no name. */
#include <stdlib.h>
#include <strings.h>

#include "common/data/json.h"
#include "common/io/aws.h"
#include "workers/sink_firehose.h"

enum kind {
    KIND_UNKNOWN,
    KIND_THROTTLED, /* not written: back off */
    KIND_AMBIGUOUS, /* may be written: back off */
    KIND_REFUSED,   /* something in it can never be taken */
    KIND_HELD,      /* configuration */
    KIND_SIGNATURE, /* permission, or our clock */
    KIND_CLOCK,
    KIND_KEYS, /* others may be had */
};
static const struct {
    const char *name;
    enum kind kind;
} names[] = {
    {"AccessDenied", KIND_HELD},
    {"AccessDeniedException", KIND_HELD},
    {"AuthFailure", KIND_SIGNATURE},
    {"BandwidthLimitExceeded", KIND_THROTTLED},
    {"ConcurrentModificationException", KIND_THROTTLED},
    {"EC2ThrottledException", KIND_THROTTLED},
    {"ExpiredToken", KIND_KEYS},
    {"ExpiredTokenException", KIND_KEYS},
    {"IncompleteSignature", KIND_HELD},
    {"InternalFailure", KIND_AMBIGUOUS},
    {"InvalidAccessKeyId", KIND_KEYS},
    {"InvalidArgumentException", KIND_REFUSED},
    {"InvalidClientTokenId", KIND_KEYS},
    {"InvalidKMSResourceException", KIND_HELD},
    {"InvalidSignatureException", KIND_SIGNATURE},
    {"InvalidSourceException", KIND_HELD},
    {"LimitExceededException", KIND_THROTTLED},
    {"MissingAuthenticationToken", KIND_HELD},
    {"PriorRequestNotComplete", KIND_THROTTLED},
    {"ProvisionedThroughputExceededException", KIND_THROTTLED},
    {"RequestExpired", KIND_CLOCK},
    {"RequestInTheFuture", KIND_CLOCK},
    {"RequestLimitExceeded", KIND_THROTTLED},
    {"RequestThrottled", KIND_THROTTLED},
    {"RequestThrottledException", KIND_THROTTLED},
    {"RequestTimeTooSkewed", KIND_CLOCK},
    {"RequestTimeout", KIND_THROTTLED},
    {"RequestTimeoutException", KIND_THROTTLED},
    {"ResourceInUseException", KIND_THROTTLED},
    {"ResourceNotFoundException", KIND_HELD},
    {"SerializationException", KIND_REFUSED},
    {"ServiceUnavailableException", KIND_THROTTLED},
    {"SignatureDoesNotMatch", KIND_SIGNATURE},
    {"SlowDown", KIND_THROTTLED},
    {"ThrottledException", KIND_THROTTLED},
    {"Throttling", KIND_THROTTLED},
    {"ThrottlingException", KIND_THROTTLED},
    {"TooManyRequestsException", KIND_THROTTLED},
    {"TransactionInProgressException", KIND_THROTTLED},
    {"UnrecognizedClientException", KIND_KEYS},
    {"ValidationException", KIND_REFUSED},
};

static enum kind kind_by_name(str name)
{
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_is(name, names[i].name))
            return names[i].kind;
    return KIND_UNKNOWN;
}

static enum kind kind_by_status(int status)
{
    if (status == 413)
        return KIND_REFUSED;
    if (status == 429)
        return KIND_THROTTLED;
    if (status >= 500 || (status >= 100 && status < 300))
        return KIND_AMBIGUOUS;
    return KIND_HELD; /* whatever it is, a record is not to blame */
}

/* "com.amazonaws.firehose#Name:http://..." -> Name */
static str bare_name(str s)
{
    str name = str_cut(&s, ':');

    while (name.n) {
        str behind = name;
        str_cut(&behind, '#');
        if (!behind.p)
            break;
        name = behind;
    }
    return str_trim(name);
}

/* The text between the quotes; escapes stay as they are: it is for people. */
static str member_text(str object, str name)
{
    str value;

    if (!json_find(object, name, &value) || value.n < 2 || value.p[0] != '"')
        return STR_NONE;
    return (str){value.p + 1, value.n - 2};
}

static void settle_all(struct call *c, enum outcome outcome)
{
    for (uint32_t i = 0; i < c->count; i++)
        c->parcels[i]->outcome = outcome;
}

static void settle_record(struct parcel *p, str item, bool *is_failed)
{
    str code;
    bool has_code = json_find(item, STR("ErrorCode"), &code) && !str_is(code, "null");

    *is_failed = has_code;
    p->outcome = OUTCOME_AMBIGUOUS;
    if (!has_code) {
        if (member_text(item, STR("RecordId")).n)
            p->outcome = OUTCOME_DELIVERED;
        return;
    }
    p->code = member_text(item, STR("ErrorCode"));
    p->is_attempt = kind_by_name(p->code) != KIND_THROTTLED;
    if (p->code.n && kind_by_name(p->code) != KIND_AMBIGUOUS)
        p->outcome = OUTCOME_AGAIN;
}

/* False: not an answer to this call. */
static bool settle_each(struct call *c, str body)
{
    str list, rest, item, said;
    uint32_t n = 0, failed = 0;
    uint64_t claimed;
    size_t at;

    if (json_check(body, NULL, &at) != NULL ||
        !json_find(body, STR("RequestResponses"), &list) || json_type(list) != JSON_ARRAY ||
        !json_open(list, &rest))
        return false;
    for (; json_next_item(&rest, &item); n++) {
        bool is_failed;
        if (n == c->count || json_type(item) != JSON_OBJECT)
            return false;
        settle_record(c->parcels[n], item, &is_failed);
        failed += is_failed;
    }
    return n == c->count && json_find(body, STR("FailedPutCount"), &said) &&
           str_to_u64(said, &claimed) && claimed == failed;
}

static uint32_t find_culprit(str text)
{
    static const char sign[] = "records.";
    uint64_t i;

    for (size_t at = 0; at + sizeof(sign) <= text.n; at++) {
        if (strncasecmp(text.p + at, sign, sizeof(sign) - 1) != 0)
            continue;
        str number = {text.p + at + sizeof(sign) - 1, text.n - at - sizeof(sign) + 1};
        if (str_to_u64(str_cut(&number, '.'), &i) && i <= FIREHOSE_RECORDS_MAX)
            return (uint32_t)i;
    }
    return UINT32_MAX;
}

static bool is_about_stream(str text)
{
    return text.n && memmem(text.p, text.n, "eliveryStreamName", 17) != NULL;
}

static void judge_refusal(struct firehose *f, struct call *c, const struct http_answer *answer,
                          uint64_t now_ms, struct judgement *j)
{
    enum kind kind = kind_by_name(j->name);

    if (kind == KIND_UNKNOWN)
        kind = kind_by_status(answer->status);
    if ((kind == KIND_CLOCK || kind == KIND_SIGNATURE) &&
        aws_set_clock(&f->clock_offset_ms, answer->date, now_ms)) {
        settle_all(c, OUTCOME_AGAIN);
        j->fate = FATE_AT_ONCE;
        return;
    }
    if (kind == KIND_KEYS && credentials_refused(f->credentials)) {
        settle_all(c, OUTCOME_AGAIN);
        j->fate = FATE_AT_ONCE;
        return;
    }
    if (kind == KIND_AMBIGUOUS || kind == KIND_THROTTLED) {
        settle_all(c, kind == KIND_AMBIGUOUS ? OUTCOME_AMBIGUOUS : OUTCOME_AGAIN);
        return;
    }
    if (kind == KIND_REFUSED && !is_about_stream(j->text)) {
        settle_all(c, OUTCOME_REFUSED);
        j->fate = FATE_REFUSED;
        j->culprit = find_culprit(j->text);
        return;
    }
    settle_all(c, OUTCOME_AGAIN);
    j->fate = FATE_HELD;
}

void firehose_judge(void *state, struct call *c, const struct http_answer *answer,
                    uint64_t now_ms, struct judgement *j)
{
    size_t at;

    *j = (struct judgement){.fate = FATE_AGAIN, .culprit = UINT32_MAX};
    for (uint32_t i = 0; i < c->count; i++) {
        c->parcels[i]->is_attempt = false;
        c->parcels[i]->code = STR_NONE;
    }
    if (answer->failure) { /* whatever the status: an answer that broke off says nothing */
        settle_all(c, answer->was_sent ? OUTCOME_AMBIGUOUS : OUTCOME_AGAIN);
        j->name = STR("no_answer");
        j->text = str_of(answer->failure);
        return;
    }
    if (answer->status == 200) {
        j->fate = FATE_ANSWERED;
        if (settle_each(c, answer->body))
            return;
        settle_all(c, OUTCOME_AMBIGUOUS);
        *j = (struct judgement){.fate = FATE_AGAIN,
                                .culprit = UINT32_MAX,
                                .name = STR("bad_answer"),
                                .text = STR("not an answer to this call")};
        return;
    }
    j->name = bare_name(answer->error_type);
    if (json_check(answer->body, NULL, &at) == NULL) {
        if (j->name.n == 0)
            j->name = bare_name(member_text(answer->body, STR("__type")));
        j->text = member_text(answer->body, STR("message"));
        if (j->text.n == 0)
            j->text = member_text(answer->body, STR("Message"));
    }
    judge_refusal(state, c, answer, now_ms, j);
}
