/* Whatever Firehose answers, no record counts as delivered for which a whole, valid answer to
 * this call does not say so. The first line steers: number of records, status, transport, and
 * the header X-Amzn-ErrorType; the rest is the body. */
#include <stdio.h>

#include "common/data/json.h"
#include "tests/fuzz/fuzz.h"
#include "workers/sink_firehose.h"

enum { PARCELS_MAX = 8 };

/* By other means than the judge's: by pointer, an index at a time. */
static bool says_delivered(str body, uint32_t i, uint32_t count)
{
    char pointer[64];
    str code, id, beyond;

    if (json_check(body, NULL, NULL))
        return false;
    snprintf(pointer, sizeof(pointer), "/RequestResponses/%u", count);
    if (json_pointer(body, str_of(pointer), &beyond))
        return false;
    snprintf(pointer, sizeof(pointer), "/RequestResponses/%u/ErrorCode", i);
    if (json_pointer(body, str_of(pointer), &code) && !str_is(code, "null"))
        return false;
    snprintf(pointer, sizeof(pointer), "/RequestResponses/%u/RecordId", i);
    return json_pointer(body, str_of(pointer), &id) && id.n > 2 && id.p[0] == '"';
}

static struct http_answer read_answer(str line, str body)
{
    static const int statuses[] = {200, 200, 200, 204, 302, 400, 403, 413, 429, 500, 503, 0};
    size_t status = line.n > 1 ? (unsigned char)line.p[1] % ARRAY_LEN(statuses) : 0;
    bool is_broken = line.n > 2 && line.p[2] == 'x';

    return (struct http_answer){
        .failure = is_broken ? "broken" : NULL,
        .was_sent = line.n <= 3 || line.p[3] != 'n',
        .status = statuses[status],
        .body = body,
        .error_type = line.n > 4 ? (str){line.p + 4, line.n - 4} : STR_NONE,
        .date = STR("Fri, 02 Jan 2026 03:04:05 GMT"),
    };
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static struct credentials *credentials;
    struct parcel parcels[PARCELS_MAX] = {0}, *pointers[PARCELS_MAX];
    struct judgement j;
    str body = {(const char *)bytes, n}, line = str_cut(&body, '\n');
    struct http_answer answer = read_answer(line, body);
    struct call c = {.parcels = pointers, .count = 1};

    if (!credentials)
        credentials = credentials_new(NULL);
    struct firehose f = {.credentials = credentials};
    if (line.n)
        c.count += (unsigned char)line.p[0] % PARCELS_MAX;
    for (uint32_t i = 0; i < c.count; i++) {
        parcels[i].outcome = OUTCOME_DELIVERED; /* what was there before must not stay */
        pointers[i] = &parcels[i];
    }
    sink_firehose.judge(&f, &c, &answer, 1767323045000, &j);
    for (uint32_t i = 0; i < c.count; i++) {
        if (parcels[i].outcome == OUTCOME_DELIVERED) {
            PROMISE(j.fate == FATE_ANSWERED && answer.status == 200 && !answer.failure);
            PROMISE(says_delivered(body, i, c.count));
        }
        PROMISE((parcels[i].outcome == OUTCOME_REFUSED) == (j.fate == FATE_REFUSED));
    }
    PROMISE(answer.failure == NULL || j.fate == FATE_AGAIN);
    return 0;
}
