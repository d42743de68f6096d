#include "tools/lookup_local/meter.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/data/json.h"

static const uint64_t SECOND_US = 1000000;

void meter_arrived(struct meter *m, uint64_t now_us)
{
    m->calls++;
    m->in_flight++;
    m->most_in_flight = MAX(m->most_in_flight, m->in_flight);
    if (m->arrival_count == METER_ARRIVALS_MAX)
        return;
    if (m->arrival_count == m->arrival_room) {
        m->arrival_room = m->arrival_room ? m->arrival_room * 2 : 1024;
        m->arrivals = xrealloc(m->arrivals, m->arrival_room * sizeof(*m->arrivals));
    }
    m->arrivals[m->arrival_count++] = now_us;
}

void meter_left(struct meter *m)
{
    m->in_flight--;
}

uint64_t meter_last_second(const struct meter *m, uint64_t now_us)
{
    uint32_t i = m->arrival_count;

    while (i > 0 && now_us - m->arrivals[i - 1] < SECOND_US)
        i--;
    return m->arrival_count - i;
}

void meter_reset(struct meter *m)
{
    *m = (struct meter){.in_flight = m->in_flight,
                        .most_in_flight = m->in_flight,
                        .arrivals = m->arrivals,
                        .arrival_room = m->arrival_room};
}

void meter_free(struct meter *m)
{
    free(m->arrivals);
}

bool meter_write(const struct meter *m, const struct data *d, struct buf *out)
{
    uint64_t keys = 0, most = 0;

    for (uint32_t i = 0; i < d->size; i++) {
        keys += d->table[i].calls > 0;
        most = MAX(most, d->table[i].calls);
    }
    return buf_printf(out,
                      "{\"calls\":%" PRIu64 ",\"keys\":%" PRIu64 ",\"most_of_a_key\":%" PRIu64
                      ",\"in_flight\":%" PRIu64 ",\"most_in_flight\":%" PRIu64
                      ",\"found\":%" PRIu64 ",\"missing\":%" PRIu64 ",\"too_many\":%" PRIu64
                      ",\"failed\":%" PRIu64 ",\"dropped\":%" PRIu64 ",\"garbage\":%" PRIu64
                      "}",
                      m->calls, keys, most, m->in_flight, m->most_in_flight, m->found,
                      m->missing, m->too_many, m->failed, m->dropped, m->garbage);
}

bool meter_write_keys(const struct data *d, struct buf *out)
{
    bool fits = buf_add(out, STR("{")), is_first = true;

    for (uint32_t i = 0; i < d->size && fits; i++) {
        const struct data_key *k = &d->table[i];
        if (k->calls == 0)
            continue;
        fits = (is_first || buf_add(out, STR(","))) &&
               buf_reserve(out, JSON_QUOTED_MAX(k->text.n));
        if (!fits)
            break;
        out->n = (size_t)(json_quote(out->p + out->n, k->text) - out->p);
        fits = buf_printf(out, ":%" PRIu64, k->calls);
        is_first = false;
    }
    return fits && buf_add(out, STR("}"));
}

bool meter_write_arrivals(const struct meter *m, struct buf *out)
{
    bool fits = buf_add(out, STR("["));

    for (uint32_t i = 0; i < m->arrival_count && fits; i++)
        fits = buf_printf(out, "%s%" PRIu64, i ? "," : "", m->arrivals[i]);
    return fits && buf_add(out, STR("]"));
}
