#include <inttypes.h>
#include <stdio.h>

#include "common/base/clock.h"
#include "tools/firehose_local/operations.h"
#include "tools/firehose_local/put.h"

/* Amazon Data Firehose pricing: each record counts in steps of 5 KB. */
enum { BILLED_STEP = 5120 };

#define CONSTRAINT "1 validation error detected: "

struct failure operations_unknown_stream(struct arena *a, str name)
{
    return FAILURE(400, "ResourceNotFoundException",
                   arena_printf(a, "Firehose " STR_FMT " under account 123456789012 not found.",
                                STR_ARG(name)));
}

struct failure operations_bad_name(struct arena *a, str name)
{
    const char *must = "satisfy regular expression pattern: [a-zA-Z0-9_.-]+";
    str shown =
        name.p ? arena_printf(a, "'" STR_FMT "'", (int)MIN(name.n, 100), name.p) : STR("null");

    if (!name.p)
        must = "not be null";
    else if (name.n > STREAM_NAME_MAX)
        must = "have length less than or equal to 64";
    return FAILURE(400, "ValidationException",
                   arena_printf(a,
                                CONSTRAINT "Value " STR_FMT
                                           " at 'deliveryStreamName' failed to "
                                           "satisfy constraint: Member must %s",
                                STR_ARG(shown), must));
}

/* What Firehose's own checks of the input would say; status 0: nothing. */
static struct failure validate(const struct put *p, bool is_batch, struct arena *a)
{
    const char *where = is_batch ? "records" : "record";

    if (!p->is_given)
        return FAILURE(400, "ValidationException",
                       arena_printf(a,
                                    CONSTRAINT
                                    "Value null at '%s' failed to satisfy constraint: "
                                    "Member must not be null",
                                    where));
    if (p->n == 0 || p->n > PUT_RECORDS_MAX)
        return FAILURE(
            400, "ValidationException",
            arena_printf(a,
                         CONSTRAINT "Value '[%u records]' at 'records' failed to "
                                    "satisfy constraint: Member must have length %s",
                         p->n,
                         p->n ? "less than or equal to 500" : "greater than or equal to 1"));
    uint32_t at = p->is_missing ? p->missing_at : p->large_at;
    str member =
        is_batch ? arena_printf(a, "records.%u.member.data", at + 1) : STR("record.data");
    if (p->is_missing)
        return FAILURE(400, "ValidationException",
                       arena_printf(a,
                                    CONSTRAINT "Value null at '" STR_FMT "' failed to satisfy "
                                               "constraint: Member must not be null",
                                    STR_ARG(member)));
    if (p->large)
        return FAILURE(400, "ValidationException",
                       arena_printf(a,
                                    CONSTRAINT
                                    "Value 'java.nio.HeapByteBuffer[pos=0 lim=%u "
                                    "cap=%u]' at '" STR_FMT "' failed to satisfy "
                                    "constraint: Member must have length less than or "
                                    "equal to %d",
                                    p->large, p->large, STR_ARG(member), PUT_RECORD_BYTES_MAX));
    return (struct failure){0};
}

/* May `n` more bytes come now? The quota fills up to one second's worth. */
static bool within_quota(struct operations *o, struct stream *s, uint32_t n)
{
    double rate = (double)o->faults.quota_bytes_per_s;
    uint64_t now = clock_mono_us(&clock_system);

    if (rate == 0)
        return true;
    s->quota = MIN(rate, s->quota + rate * (double)(now - s->seen_us) / 1e6);
    s->seen_us = now;
    if (s->quota < MIN((double)n, rate))
        return false;
    s->quota -= n;
    return true;
}

struct sorted { /* a call after the quota and the dice */
    struct iovec pieces[PUT_RECORDS_MAX];
    int piece_count;
    bool is_refused[PUT_RECORDS_MAX];
    struct meter counts;
};

static void sort_out(struct operations *o, struct stream *s, const struct put *p,
                     struct sorted *to)
{
    char *at = p->bytes;

    to->counts = (struct meter){.calls = 1};
    to->piece_count = 0;
    for (uint32_t i = 0; i < p->n; at += p->sizes[i++]) {
        uint32_t n = p->sizes[i];
        to->is_refused[i] =
            faults_strike(&o->faults, o->faults.record_fail) || !within_quota(o, s, n);
        if (to->is_refused[i]) {
            to->counts.failed++;
            continue;
        }
        to->counts.records++;
        to->counts.bytes += n;
        to->counts.billed += (n + BILLED_STEP - 1) / BILLED_STEP * BILLED_STEP;
        struct iovec *last = to->pieces + to->piece_count - 1;
        if (to->piece_count && (char *)last->iov_base + last->iov_len == at)
            last->iov_len += n;
        else
            to->pieces[to->piece_count++] = (struct iovec){at, n};
    }
}

static bool add_record_id(struct operations *o)
{
    char digits[17];

    snprintf(digits, sizeof(digits), "%016" PRIx64, ++o->record_ids);
    memcpy(o->record_id, digits, 16);
    return buf_add(&o->body, (str){o->record_id, sizeof(o->record_id) - 1});
}

static struct reply answer_put(struct operations *o)
{
    bool fits = buf_add(&o->body, STR("{\"RecordId\":\"")) && add_record_id(o) &&
                buf_add(&o->body, STR("\",\"Encrypted\":false}"));

    if (!fits)
        die("a reply is larger than its buffer");
    return operations_reply(o);
}

/* `n` is one too few when a short reply was asked for. */
static struct reply answer_batch(struct operations *o, const struct sorted *s, uint32_t n)
{
    bool fits = buf_printf(
        &o->body, "{\"Encrypted\":false,\"FailedPutCount\":%" PRIu64 ",\"RequestResponses\":[",
        s->counts.failed);

    for (uint32_t i = 0; i < n && fits; i++) {
        fits = buf_add(&o->body, i ? STR(",") : STR_NONE);
        if (s->is_refused[i])
            fits =
                fits && buf_add(&o->body, STR("{\"ErrorCode\":\"ServiceUnavailableException\","
                                              "\"ErrorMessage\":\"Slow down.\"}"));
        else
            fits = fits && buf_add(&o->body, STR("{\"RecordId\":\"")) && add_record_id(o) &&
                   buf_add(&o->body, STR("\"}"));
    }
    if (!fits || !buf_add(&o->body, STR("]}")))
        die("a reply is larger than its buffer");
    return operations_reply(o);
}

static const struct failure slow_down = {
    503, "ServiceUnavailableException", {"Slow down.", sizeof("Slow down.") - 1}};

/* The records are taken: now the ways in which the client does not get to know. */
static struct reply answer_taken(struct operations *o, struct stream *s,
                                 const struct sorted *to, const struct put *p, bool is_batch)
{
    struct faults *f = &o->faults;
    bool is_lost = faults_strike(f, f->drop_after_write);
    bool is_failed = faults_strike(f, f->call_500_after_write);
    bool is_short = is_batch && faults_strike(f, f->short_reply);

    s->meter.ambiguous += is_lost || is_failed || is_short;
    stream_commit(s);
    if (is_lost)
        return (struct reply){.is_dropped = true};
    if (is_failed)
        return operations_fail(o, FAILURE(500, "InternalFailure", STR("Internal failure.")));
    struct reply r = is_batch ? answer_batch(o, to, p->n - is_short) : answer_put(o);
    r.is_sliced = faults_strike(f, f->slice_reply);
    return r;
}

static struct reply refuse(struct operations *o, struct stream *s, struct reply r)
{
    (void)o;
    s->meter.refused++;
    stream_commit(s);
    return r;
}

static struct reply take(struct operations *o, struct stream *s, const struct put *p,
                         bool is_batch)
{
    struct faults *f = &o->faults;
    struct error err = {0};
    struct sorted to = {0};

    if (faults_strike(f, f->drop_before))
        return refuse(o, s, (struct reply){.is_dropped = true});
    if (faults_strike(f, f->call_503))
        return refuse(o, s, operations_fail(o, slow_down));
    sort_out(o, s, p, &to);
    if (!is_batch && to.is_refused[0])
        return refuse(o, s, operations_fail(o, slow_down));
    if (to.counts.bytes && stream_append(s, to.pieces, to.piece_count, to.counts.bytes, &err))
        return refuse(o, s,
                      operations_fail(o, FAILURE(500, "InternalFailure", str_of(err.text))));
    meter_add(&s->meter, &to.counts);
    return answer_taken(o, s, &to, p, is_batch);
}

struct reply operations_put(struct operations *o, bool is_batch, str body, struct arena *a)
{
    struct put p;

    buf_reset(&o->bytes);
    if (!buf_reserve(&o->bytes, PUT_DECODED_MAX(body.n)))
        die("a body of %zu bytes is larger than the server takes", body.n);
    const char *wrong = put_parse(&p, body, is_batch, a, o->bytes.p);
    if (wrong)
        return operations_fail(o, FAILURE(400, "SerializationException", str_of(wrong)));
    if (!stream_name_is_good(p.stream))
        return operations_fail(o, operations_bad_name(a, p.stream));
    struct failure f = validate(&p, is_batch, a);
    if (f.status)
        return operations_fail(o, f);
    struct stream *s = store_find(o->store, p.stream);
    if (!s)
        return operations_fail(o, operations_unknown_stream(a, p.stream));
    if (p.total > PUT_CALL_BYTES_MAX)
        return refuse(o, s,
                      operations_fail(o, FAILURE(400, "InvalidArgumentException",
                                                 STR("Records size exceeds 4 MB limit"))));
    return take(o, s, &p, is_batch);
}
