#include "tools/firehose_local/operations.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/random.h>

#include "common/data/json.h"

enum { REPLY_MAX = 1 << 20, BYTES_MAX = 32 << 20, LIST_MAX = 10000, LIST_DEFAULT = 10 };

#define ACCOUNT "123456789012"

void operations_init(struct operations *o)
{
    unsigned char random[sizeof(o->record_id) - 1];

    buf_init(&o->body, REPLY_MAX);
    buf_init(&o->bytes, BYTES_MAX);
    faults_init(&o->faults);
    if (getrandom(random, sizeof(random), 0) != sizeof(random))
        die("getrandom: %s", strerror(errno));
    for (size_t i = 0; i < sizeof(random); i++)
        o->record_id[i] =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[random[i] & 63];
}

void operations_free(struct operations *o)
{
    buf_free(&o->body);
    buf_free(&o->bytes);
}

struct reply operations_reply(struct operations *o)
{
    return (struct reply){
        .status = 200, .type = "application/x-amz-json-1.1", .body = buf_str(&o->body)};
}

static bool add_quoted(struct buf *out, str text)
{
    if (!buf_reserve(out, JSON_QUOTED_MAX(text.n)))
        return false;
    char *end = json_quote(out->p + out->n, text);
    out->n = (size_t)(end - out->p);
    return true;
}

struct reply operations_fail(struct operations *o, struct failure f)
{
    buf_reset(&o->body);
    if (!buf_printf(&o->body, "{\"__type\":\"%s\",\"message\":", f.name) ||
        !add_quoted(&o->body, f.message) || !buf_add(&o->body, STR("}")))
        die("an error text of %zu bytes is too large", f.message.n);
    struct reply r = operations_reply(o);
    r.status = f.status;
    r.error = f.name;
    return r;
}

/* The body is good JSON here. False with `r` filled when there is no such stream. */
static bool find_stream(struct operations *o, str body, struct arena *a, struct stream **s,
                        struct reply *r)
{
    str value, name = STR_NONE;

    if (json_find(body, STR("DeliveryStreamName"), &value) && json_unquote(a, value, &name) &&
        !name.p)
        name = STR("");
    if (!stream_name_is_good(name)) {
        *r = operations_fail(o, operations_bad_name(a, name));
        return false;
    }
    *s = store_find(o->store, name);
    if (!*s)
        *r = operations_fail(o, operations_unknown_stream(a, name));
    return *s != NULL;
}

static struct reply finished(struct operations *o, bool fits)
{
    if (!fits)
        return operations_fail(
            o, FAILURE(500, "InternalFailure", STR("The reply is larger than 1 MiB.")));
    return operations_reply(o);
}

static bool add_arn(struct operations *o, str name)
{
    return buf_printf(&o->body,
                      "\"DeliveryStreamARN\":\"arn:aws:firehose:" STR_FMT ":" ACCOUNT
                      ":deliverystream/" STR_FMT "\"",
                      STR_ARG(o->region), STR_ARG(name));
}

static struct reply describe(struct operations *o, str body, struct arena *a)
{
    struct stream *s;
    struct reply r;

    if (!find_stream(o, body, a, &s, &r))
        return r;
    bool fits =
        buf_printf(&o->body, "{\"DeliveryStreamDescription\":{\"DeliveryStreamName\":\"%s\",",
                   s->name) &&
        add_arn(o, str_of(s->name)) &&
        buf_printf(
            &o->body,
            ",\"DeliveryStreamStatus\":\"ACTIVE\",\"DeliveryStreamType\":\"DirectPut\","
            "\"VersionId\":\"1\",\"CreateTimestamp\":%" PRIu64 ".%03u,"
            "\"HasMoreDestinations\":false,\"Destinations\":[{\"DestinationId\":"
            "\"destinationId-000000000001\",\"ExtendedS3DestinationDescription\":{"
            "\"RoleARN\":\"arn:aws:iam::" ACCOUNT ":role/local\","
            "\"BucketARN\":\"arn:aws:s3:::local\",\"BufferingHints\":{\"SizeInMBs\":%" PRIu64
            ",\"IntervalInSeconds\":%" PRIu64 "},\"CompressionFormat\":\"UNCOMPRESSED\","
            "\"EncryptionConfiguration\":{\"NoEncryptionConfig\":\"NoEncryption\"}}}]}}",
            s->created_ms / 1000, (unsigned)(s->created_ms % 1000),
            MAX(o->object_bytes >> 20, 1), o->object_ms / 1000);
    return finished(o, fits);
}

static struct reply list(struct operations *o, str body, struct arena *a)
{
    uint64_t limit = LIST_DEFAULT, n = 0;
    str value, after = STR_NONE;

    if (json_find(body, STR("Limit"), &value) &&
        (!str_to_u64(value, &limit) || limit < 1 || limit > LIST_MAX))
        return operations_fail(o,
                               FAILURE(400, "ValidationException",
                                       STR("1 validation error detected: Value at 'limit' "
                                           "failed to satisfy constraint: Member must be from "
                                           "1 to 10000")));
    if (json_find(body, STR("ExclusiveStartDeliveryStreamName"), &value) &&
        !json_unquote(a, value, &after))
        after = STR_NONE;
    struct stream *s = store_first(o->store);
    while (s && after.n && str_compare(str_of(s->name), after) <= 0)
        s = s->next;
    bool fits = buf_add(&o->body, STR("{\"DeliveryStreamNames\":["));
    for (; s && n < limit; s = s->next, n++)
        fits = fits && buf_printf(&o->body, "%s\"%s\"", n ? "," : "", s->name);
    fits =
        fits && buf_printf(&o->body, "],\"HasMoreDeliveryStreams\":%s}", s ? "true" : "false");
    return finished(o, fits);
}

static struct reply create(struct operations *o, str body, struct arena *a)
{
    struct error err = {0};
    struct stream *s;
    struct reply r;

    if (find_stream(o, body, a, &s, &r))
        return operations_fail(
            o, FAILURE(400, "ResourceInUseException",
                       arena_printf(a, "Firehose %s under accountId " ACCOUNT " already exists",
                                    s->name)));
    if (strcmp(r.error, "ResourceNotFoundException") != 0)
        return r;
    str value, name;
    bool is_named =
        json_find(body, STR("DeliveryStreamName"), &value) && json_unquote(a, value, &name);
    if (!is_named || !store_create(o->store, name, &err))
        return operations_fail(o, FAILURE(500, "InternalFailure", str_of(err.text)));
    buf_reset(&o->body);
    return finished(o, buf_add(&o->body, STR("{")) && add_arn(o, name) &&
                           buf_add(&o->body, STR("}")));
}

static struct reply delete (struct operations *o, str body, struct arena *a)
{
    struct stream *s;
    struct reply r;

    if (!find_stream(o, body, a, &s, &r))
        return r;
    store_delete(o->store, s);
    return finished(o, buf_add(&o->body, STR("{}")));
}

static struct reply put_record(struct operations *o, str body, struct arena *a)
{
    return operations_put(o, false, body, a);
}

static struct reply put_record_batch(struct operations *o, str body, struct arena *a)
{
    return operations_put(o, true, body, a);
}

static const struct {
    const char *name;
    bool is_put; /* checks its JSON itself */
    struct reply (*run)(struct operations *o, str body, struct arena *a);
} table[] = {
    {"PutRecordBatch", true, put_record_batch},  {"PutRecord", true, put_record},
    {"DescribeDeliveryStream", false, describe}, {"ListDeliveryStreams", false, list},
    {"CreateDeliveryStream", false, create},     {"DeleteDeliveryStream", false, delete}};

struct reply operations_run(struct operations *o, str target, str body, struct arena *a)
{
    str version = STR("Firehose_20150804.");
    str name = str_starts(target, version) ? (str){target.p + version.n, target.n - version.n}
                                           : STR_NONE;
    size_t i = 0, at;

    buf_reset(&o->body);
    while (i < ARRAY_LEN(table) && !str_is(name, table[i].name))
        i++;
    if (i == ARRAY_LEN(table))
        return operations_fail(
            o,
            FAILURE(400, "UnknownOperationException",
                    arena_printf(a, "X-Amz-Target '" STR_FMT "' is unknown", STR_ARG(target))));
    const char *wrong = table[i].is_put ? NULL : json_check(body, NULL, &at);
    if (!wrong && !table[i].is_put && json_type(body) != JSON_OBJECT)
        wrong = "an object was expected";
    if (wrong)
        return operations_fail(o, FAILURE(400, "SerializationException", str_of(wrong)));
    return table[i].run(o, body, a);
}
