/* A pipeline file of any bytes: it is refused with a place inside it, or what apply would write
 * is read back as the same pipeline. The report of check copes with all of it. */
#include "common/data/yaml.h"
#include "common/run/pipeline.h"
#include "tests/fuzz/fuzz.h"
#include "tools/check_file.h"
#include "workers/stages.h"

enum { JSON_MAX = 8 << 20 };

static const struct stage *const kinds[] = {&stage_split, &stage_normalise, &stage_deliver,
                                            NULL};
static struct arena arena, second;

static void promise_same(const struct node *a, const struct node *b)
{
    PROMISE(a->type == b->type && a->count == b->count);
    PROMISE(str_equal(a->key, b->key) && str_equal(a->text, b->text));
    for (a = a->children, b = b->children; a && b; a = a->next, b = b->next)
        promise_same(a, b);
    PROMISE(!a && !b);
}

/* What the tree says survives its JSON, which is one level deeper where a secret stands. */
static void walk_tree(str text)
{
    struct error error = {0};
    struct buf json;

    const struct node *tree = yaml_load(&arena, text, &error);
    PROMISE(tree || (error.code == ERR_CONFIG && error.at.line && error.text[0]));
    if (!tree)
        return;
    buf_init(&json, JSON_MAX);
    PROMISE(node_to_json(tree, &json));
    const struct node *again = yaml_load(&second, buf_str(&json), &error);
    PROMISE(again || strstr(error.text, "deeper") || strstr(error.text, "longer"));
    if (again)
        promise_same(tree, again);
    buf_free(&json);
}

static void promise_report(const struct check_file *file)
{
    const struct findings *f = &file->findings;
    struct buf out;

    buf_init(&out, JSON_MAX);
    PROMISE(check_file_report(file, &out) && check_file_summary(file, &out));
    PROMISE(!memchr(out.p, '\x1b', out.n));
    buf_reset(&out);
    PROMISE(check_file_json(file, &out));
    buf_free(&out);
    for (uint32_t i = 1; i < f->n; i++)
        PROMISE(f->list[i - 1].at.line <= f->list[i].at.line);
}

static void promise_reload(const struct pipeline *p)
{
    struct error error = {0};
    struct buf json[2];

    buf_init(&json[0], JSON_MAX);
    buf_init(&json[1], JSON_MAX);
    PROMISE(pipeline_to_json(p, 7, 1, &json[0]));
    struct pipeline *again = pipeline_from_json(buf_str(&json[0]), kinds, &error);
    PROMISE(again || strstr(error.text, "deeper") || strstr(error.text, "longer"));
    if (again) {
        PROMISE(again->version == 7 && again->routes.n == p->routes.n);
        PROMISE(pipeline_to_json(again, 7, 1, &json[1]));
        PROMISE(str_equal(buf_str(&json[0]), buf_str(&json[1])));
    }
    pipeline_free(again);
    buf_free(&json[0]);
    buf_free(&json[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct check_file file = {.name = STR("p.yaml"), .text = {(const char *)bytes, n}};

    arena_reset(&arena);
    arena_reset(&second);
    walk_tree(file.text);
    file.findings.arena = &arena;
    file.pipeline = pipeline_load(file.text, STR_NONE, kinds, &file.findings);
    PROMISE((file.pipeline == NULL) == (file.findings.errors > 0));
    promise_report(&file);
    if (file.pipeline)
        promise_reload(file.pipeline);
    pipeline_free(file.pipeline);
    return 0;
}
