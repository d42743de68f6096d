/* CPU seconds of `normalise` for a million rows of eighteen columns, shaped like a table of
 * used cars: three typed fields, the rest to sp_extra. Prints JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/data/yaml.h"
#include "workers/stages.h"

enum { BATCH = 1024, ENTRY_ROWS = 128, ROUNDS = 1000 };

static const char config_text[] = "fields:\n"
                                  "  price:  {from: Price, parse: integer}\n"
                                  "  year:   {from: [prod_year, Prod. year], parse: integer}\n"
                                  "  leather: {from: Leather interior, parse: boolean}\n";
static const char cols[] =
    "[\"ID\",\"Price\",\"Levy\",\"Manufacturer\",\"Model\",\"Prod. year\",\"Category\","
    "\"Leather interior\",\"Fuel type\",\"Engine volume\",\"Mileage\",\"Cylinders\","
    "\"Gear box type\",\"Drive wheels\",\"Doors\",\"Wheel\",\"Color\",\"Airbags\"]";

static str make_row(struct arena *a, unsigned i)
{
    static const char *const makers[] = {"LEXUS", "CHEVROLET", "HONDA", "MERCEDES-BENZ"};
    static const char *const models[] = {"RX 450", "Equinox", "FIT", "E 350 BlueTEC"};

    return arena_printf(a,
                        "[%u,\"%u\",\"%u\",\"%s\",\"%s\",\"%s\",\"%u\",\"Jeep\",\"%s\","
                        "\"Hybrid\",\"3.5\",\"%u km\",\"6\",\"Automatic\",\"4x4\",\"04-May\","
                        "\"Left wheel\",\"Silver\",\"%u\"]",
                        115 * i, 45654403 + i, 13328 + i % 20000, i % 3 ? "1399" : "-",
                        makers[i % 4], models[i / 4 % 4], 1990 + i % 30, i % 2 ? "Yes" : "No",
                        186005 + i * 7, i % 16);
}

static double cpu_seconds(void)
{
    struct timespec t;

    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t))
        die("no clock of CPU time");
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct worker open_stage(struct arena *a)
{
    struct worker w = {.stage = &stage_normalise, .arena = a, .host = &host_nobody};
    struct findings f = {.arena = a};
    struct error err = {0};

    w.config = yaml_load(a, str_of(config_text), &err);
    w.state = arena_zalloc(a, stage_normalise.state_size);
    setting_fill(stage_normalise.settings, w.config, w.state, &f);
    if (!w.config || f.errors || stage_normalise.open(&w, &err))
        die("%s", err.text);
    return w;
}

int main(void)
{
    struct arena a = {0};
    struct worker w = open_stage(&a);
    struct entry entries[BATCH / ENTRY_ROWS];
    struct batch b = {0};
    size_t bytes_in = 0, bytes_out = 0;
    str *lines = arena_alloc(&a, BATCH * sizeof(*lines));

    for (unsigned i = 0; i < BATCH; i++) {
        lines[i] = make_row(&a, i);
        bytes_in += lines[i].n;
    }
    for (size_t i = 0; i < ARRAY_LEN(entries); i++)
        entries[i] = (struct entry){.src = STR("0123456789abcdef"),
                                    .row = 1 + i * ENTRY_ROWS,
                                    .cols = arena_copy(&a, str_of(cols)),
                                    .is_booked = true};
    double spent = 0;
    for (int round = 0; round < ROUNDS; round++) {
        arena_reset(&b.arena);
        b.record_count = b.record_room = 0;
        for (unsigned i = 0; i < BATCH; i++)
            batch_emit(&b, &entries[i / ENTRY_ROWS], lines[i], i % ENTRY_ROWS);
        double start = cpu_seconds();
        if (stage_normalise.process(&w, &b) != WORK_DONE)
            die("the batch was kept");
        spent += cpu_seconds() - start;
    }
    batch_each(r, &b)
        bytes_out += r->verdict == VERDICT_PASS ? r->line.n : 0;
    printf("{\"bench\":\"normalise\",\"records\":%d,\"bytes_in\":%.1f,\"bytes_out\":%.1f,"
           "\"cpu_s_per_million\":%.3f}\n",
           BATCH * ROUNDS, (double)bytes_in / BATCH, (double)bytes_out / BATCH,
           spent / BATCH / ROUNDS * 1e6);
    stage_normalise.close(&w);
    arena_free(&b.arena);
    arena_free(&a);
    return 0;
}
