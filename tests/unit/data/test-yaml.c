#include "common/data/yaml.h"

#include <stdlib.h>

#include "tests/unit/check.h"

static struct arena arena;
static struct error error;

static struct node *load(const char *text)
{
    arena_reset(&arena);
    error = (struct error){0};
    return yaml_load(&arena, str_of(text), &error);
}

static void test_yaml_keeps_text_and_places(void)
{
    const struct node *root = load("stages:\n  é: {kind: NO, n: 01234}\n  b: [1.10, '~']\n"
                                   "empty:\nnone: null\nkey: !secret aws\n");

    CHECK(root != NULL && root->type == NODE_MAP);
    CHECK_INT(root->count, 4);
    const struct node *stages = node_get(root, "stages");
    const struct node *e = node_get(stages, "é");
    CHECK_STR(node_get(e, "kind")->text, STR("NO"));
    CHECK_INT(node_get(e, "kind")->at.line, 2);
    CHECK_INT(node_get(e, "kind")->at.column, 13);
    CHECK_INT(node_get(e, "kind")->key_at.column, 7);
    CHECK_INT(node_width(node_get(e, "n")), 5);
    CHECK_STR(node_get(e, "n")->text, STR("01234"));
    const struct node *list = node_get(stages, "b");
    CHECK_INT(list->type, NODE_LIST);
    CHECK(list->children->is_plain && !list->children->next->is_plain);
    CHECK_INT(node_get(root, "empty")->type, NODE_EMPTY);
    CHECK_INT(node_get(root, "none")->type, NODE_EMPTY);
    CHECK_INT(node_get(root, "key")->type, NODE_SECRET);
    CHECK_STR(node_get(root, "key")->text, STR("aws"));
    CHECK(node_get(root, "nothing") == NULL);
    CHECK_INT(node_at(stages, "nothing").line, 2);
}

static void test_yaml_reads_an_empty_text(void)
{
    CHECK_INT(load("")->type, NODE_EMPTY);
    CHECK_INT(load("# only a comment\n")->type, NODE_EMPTY);
    CHECK_STR(load("\xef\xbb\xbf"
                   "a")
                  ->text,
              STR("a"));
}

static const struct refusal {
    const char *text;
    uint32_t line, column;
    const char *says;
} refusals[] = {
    {"a: 1\nb: 2\na: 3\n", 3, 1, "'a' stands twice, first in line 1"},
    {"{\"a\": 1, \"a\": 2}", 1, 10, "stands twice"},
    {"a: &x 1\n", 1, 4, "anchors"},
    {"a: &x {b: 1}\n", 1, 4, "anchors"},
    {"a: &x [1]\n", 1, 4, "anchors"},
    {"a: *x\n", 1, 4, "aliases"},
    {"match: *.csv\n", 1, 9, "quote a leading '*'"},
    {"<<: {a: 1}\n", 1, 1, "merge keys"},
    {"a: !!int 5\n", 1, 4, "only !secret"},
    {"a: !secret {b: 1}\n", 1, 4, "unknown tag"},
    {"a: !secret\n", 1, 4, "needs a name"},
    {"? [a, b]\n: 1\n", 1, 3, "a key must be a word"},
    {"{\"\": 1}", 1, 2, "a key is missing"},
    {"a: 1\n---\nb: 2\n", 2, 1, "a second document"},
    {"a: \"x\\0y\"\n", 1, 4, "NUL"},
    {"{when: \"GB\" == country, to: b}", 1, 13, "quote"},
    {"{when: tags[1] == \"x\", to: b}", 1, 12, "quote"},
    {"when: a: b\n", 1, 8, "quote a value that holds ': '"},
    {"when: %x\n", 1, 7, "quote"},
    {"when: - x\n", 1, 7, "quote a value that begins with '- '"},
    {"k: @x\n", 1, 4, "quote"},
    {"{k: é, b: @x}", 1, 11, "quote"},
    {"{url: ${X}}", 1, 8, "quote"},
    {"a: \"(\\d+)\"\n", 1, 6, "single quotes"},
    {"a: \"x\n", 2, 1, "not closed"},
    {"a:\n\t b: 1\n", 2, 1, "not tabs"},
    {"a: 1\nb: \xff\xfe\n", 2, 4, "UTF-8"},
    {"a: 1\n b: 2\n", 2, 3, "quote a value that holds ': '"},
};

static void test_yaml_refuses_with_place_and_remedy(void)
{
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        const struct refusal *r = &refusals[i];
        CHECK(load(r->text) == NULL);
        CHECK_INT(error.code, ERR_CONFIG);
        bool is_right = error.at.line == r->line && error.at.column == r->column &&
                        strstr(error.text, r->says);
        if (!is_right)
            printf("# %s -> %u:%u %s\n", r->text, error.at.line, error.at.column, error.text);
        CHECK(is_right);
    }
}

static void test_yaml_refuses_what_is_too_much(void)
{
    static char text[1024 * 1024 + 2];

    memset(text, '[', 65);
    CHECK(load(text) == NULL && strstr(error.text, "deeper than 64"));
    memset(text, ' ', sizeof(text) - 1);
    CHECK(load(text) == NULL && strstr(error.text, "longer than"));

    size_t n = 0;
    for (int i = 0; i < 4097; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "k%d: 1\n", i);
    CHECK(load(text) == NULL && strstr(error.text, "more than 4096"));
    memset(text, 'k', 300);
    memcpy(text + 300, ": 1\n", 5);
    CHECK(load(text) == NULL && strstr(error.text, "longer than 160"));
}

static bool is_same(const struct node *a, const struct node *b)
{
    if (a->type != b->type || a->count != b->count || !str_equal(a->text, b->text) ||
        !str_equal(a->key, b->key))
        return false;
    for (a = a->children, b = b->children; a && b; a = a->next, b = b->next)
        if (!is_same(a, b))
            return false;
    return !a && !b;
}

static void test_node_json_of_the_longest_key_reads_back(void)
{
    static char text[400] = "\"";
    struct buf json;

    for (int i = 0; i < 160; i++)
        memcpy(text + 1 + 2 * i, "\\t", 2);
    memcpy(text + 321, "\": 1", 5);
    const struct node *tree = load(text);
    buf_init(&json, 4096);
    CHECK(tree && node_to_json(tree, &json));
    CHECK(yaml_load(&arena, buf_str(&json), &error) != NULL);
    buf_free(&json);
}

static void test_node_json_reads_back_the_same(void)
{
    const struct node *tree =
        load("a: {t: 01234, q: 'say \"x\" \\ é', s: !secret aws, e: , l: [1, [], {}]}\n"
             "b: \"\\x01 \\t \\n \\x7f \\x85 \\L \\P \\U0001F600 \\ufeff null\"\nc: 'null'\n");
    struct arena second = {0};
    struct buf json;

    CHECK(tree != NULL);
    buf_init(&json, 4096);
    CHECK(node_to_json(tree, &json));
    const struct node *again = yaml_load(&second, buf_str(&json), &error);
    CHECK(again && is_same(tree, again));
    CHECK(json.n > 40 &&
          memcmp(json.p, "{\"a\":{\"t\":\"01234\",\"q\":\"say \\u0022x\\u0022 ", 36) == 0);
    buf_free(&json);
    buf_init(&json, 20);
    CHECK(!node_to_json(tree, &json));
    buf_free(&json);
    arena_free(&second);
}

int main(void)
{
    RUN(test_yaml_keeps_text_and_places);
    RUN(test_yaml_reads_an_empty_text);
    RUN(test_yaml_refuses_with_place_and_remedy);
    RUN(test_yaml_refuses_what_is_too_much);
    RUN(test_node_json_of_the_longest_key_reads_back);
    RUN(test_node_json_reads_back_the_same);
    arena_free(&arena);
    return check_done();
}
