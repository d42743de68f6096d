/* Columns on the first line, records on the others: each becomes a dead letter or one line of
 * JSON that begins with its id. */
#include "common/data/json.h"
#include "common/data/yaml.h"
#include "tests/fuzz/fuzz.h"
#include "workers/stages.h"

static const char config[] =
    "schema: '{\"type\":\"record\",\"name\":\"R\",\"fields\":["
    "{\"name\":\"a\",\"type\":[\"null\",\"int\"]},"
    "{\"name\":\"c\",\"type\":[\"null\",\"double\"]},"
    "{\"name\":\"d\",\"type\":[\"null\",{\"type\":\"int\",\"logicalType\":\"date\"}]},"
    "{\"name\":\"e\",\"type\":[\"null\",{\"type\":\"enum\",\"name\":\"E\",\"symbols\":"
    "[\"x\",\"y\"]}],\"default\":null},"
    "{\"name\":\"at\",\"type\":{\"type\":\"record\",\"name\":\"P\",\"fields\":["
    "{\"name\":\"f\",\"type\":\"string\"},{\"name\":\"g\",\"type\":[\"null\",\"boolean\"]}]}},"
    "{\"name\":\"t\",\"type\":[\"null\",\"string\"]},"
    "{\"name\":\"raw\",\"type\":{\"type\":\"map\",\"values\":\"string\"}},"
    "{\"name\":\"wrong\",\"type\":{\"type\":\"array\",\"items\":\"string\"}}]}'\n"
    "defaults: {nothing: ['-', '/^n.a$/'], clean: [html, blanks, invisible]}\n"
    "fields:\n"
    "  a: {from: [a, '/^b+$/'], parse: integer, between: {least: 0, most: 9}}\n"
    "  c: {parse: number, decimal: ',', group: [' ', '.']}\n"
    "  d: {parse: date, formats: ['%d/%m/%Y', '%Y-%m-%d'], default: 2001-02-03}\n"
    "  e: {from: c, map: {one: x, '/tw/': y}, match: ['/([0-9]+) bed/', '/^(.)/'], case: "
    "lower}\n"
    "  at.f: {parse: text, default: x, pad: {width: 5, with: '0'}}\n"
    "  at.g: {from: {pointer: /g/0}, parse: boolean}\n"
    "  t: {template: '{a}-{c}'}\n"
    "  raw: {from: '@raw'}\n"
    "  wrong: {from: '@issues'}\n";

static struct worker worker;
static struct arena arena;

static void open_once(void)
{
    struct findings f = {.arena = &arena};
    struct error err = {0};

    if (worker.state)
        return;
    worker = (struct worker){.stage = &stage_normalise, .arena = &arena, .host = &host_nobody};
    worker.config = yaml_load(&arena, str_of(config), &err);
    worker.state = arena_zalloc(&arena, stage_normalise.state_size);
    setting_fill(stage_normalise.settings, worker.config, worker.state, &f);
    PROMISE(!f.errors && !stage_normalise.open(&worker, &err));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static struct batch batch;
    str data = {(const char *)bytes, n}, cols = str_cut(&data, '\n');
    struct entry e = {.src = STR("0123456789abcdef"), .cols = cols, .data = data, .row = 1};
    size_t at;

    open_once();
    batch.entries = &e;
    batch.entry_count = 1;
    batch_cut(&batch);
    PROMISE(stage_normalise.process(&worker, &batch) == WORK_DONE);
    batch_each(r, &batch) {
        PROMISE(r->verdict == VERDICT_PASS || (r->verdict == VERDICT_DEAD && r->detail.n));
        if (r->verdict == VERDICT_DEAD)
            continue;
        PROMISE(!json_check(r->line, NULL, &at));
        PROMISE(str_starts(r->line, STR("{\"sp_id\":\"")) &&
                !memchr(r->line.p, '\n', r->line.n));
    }
    arena_reset(&batch.arena);
    batch = (struct batch){.arena = batch.arena};
    return 0;
}
