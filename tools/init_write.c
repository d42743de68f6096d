#include "tools/init_write.h"

#include <inttypes.h>

#include "common/data/json.h"
#include "common/data/text.h"
#include "tools/show.h"

enum { CELL_MAX = 120 }; /* bytes of a text that stands in the test */

/* JSON text as YAML takes it: what libyaml calls unprintable is escaped. */
static void say_yaml_json(struct say *s, str json)
{
    const char *from = json.p, *end = str_end(json);

    for (const char *p = json.p; p < end; p++) {
        unsigned char c = (unsigned char)p[0], next = p + 1 < end ? (unsigned char)p[1] : 0;
        bool is_c1 = c == 0xc2 && next >= 0x80 && next < 0xa0;
        bool is_mark = c == 0xef && next == 0xbb && p + 2 < end && (unsigned char)p[2] == 0xbf;
        bool is_none = c == 0xef && next == 0xbf && p + 2 < end && (unsigned char)p[2] >= 0xbe;
        if (c != 0x7f && !is_c1 && !is_mark && !is_none)
            continue;
        say_text(s, str_between(from, p));
        say(s, "\\u%04x", is_mark ? 0xfeffu : is_none ? 0xfffdu : c == 0x7f ? 0x7fu : next);
        p += c == 0x7f ? 0 : is_c1 ? 1 : 2;
        from = p + 1;
    }
    say_text(s, str_between(from, end));
}

static void say_yaml(struct say *s, str text)
{
    struct arena a = {0};

    say_yaml_json(s, json_quoted(&a, text));
    arena_free(&a);
}

static void say_encoding(struct say *s, const struct init_pipeline *p)
{
    if (p->encoding)
        say(s,
            "  # It is not UTF-8, and its letters look like %s. If they are not, declare\n"
            "  # another one; without any, such rows are read as windows-1252.\n",
            p->encoding);
    else if (p->looks_like)
        say(s,
            "  # Some files are not UTF-8, and look like %s: declare `encoding`, in a "
            "splitter\n"
            "  # of their own when others differ.\n",
            p->looks_like);
}

static void say_head(struct say *s, const struct init_pipeline *p)
{
    say(s, "# A first pipeline, made by `standpipe init` of:\n");
    for (int i = 0; i < p->file_count; i++) {
        say(s, "#     ");
        say_seen(s, str_of(p->files[i]));
        say(s, "\n");
    }
    say(s, "# Read it, change it, then:\n"
           "#     standpipe check THIS            mistakes, each with its place\n"
           "#     standpipe try FILE --pipeline THIS\n"
           "#     standpipe test THIS             the tests at its end\n"
           "#     standpipe apply THIS            put it into force\n\n"
           "stages:\n"
           "  # What split chose for the first file: ");
    say_seen(s, p->chosen);
    say(s, "\n");
    say_encoding(s, p);
    say(s, "  rows:\n    split: {");
    if (p->encoding)
        say(s, "encoding: %s%s", p->encoding, p->delimiter.n ? ", " : "");
    if (p->delimiter.n) {
        say(s, "delimiter: ");
        if (str_is(p->delimiter, "\t"))
            say(s, "tab");
        else
            say_yaml(s, p->delimiter);
    }
    say(s, "}\n");
}

static void say_nothings(struct say *s, const struct init_pipeline *p)
{
    str words[64];
    uint32_t n = 0;

    for (const struct init_column *c = p->columns; c; c = c->next)
        for (uint32_t i = 0; i < c->guess.word_count; i++) {
            uint32_t k = 0;
            while (k < n && !str_equal(words[k], c->guess.words[i]))
                k++;
            if (k == n && n < ARRAY_LEN(words))
                words[n++] = c->guess.words[i];
        }
    if (!n)
        return;
    say(s, "      # Words that mean: no value. Each was seen.\n      defaults: {nothing: [");
    for (uint32_t i = 0; i < n; i++) {
        say(s, i ? ", " : "");
        say_yaml(s, words[i]);
    }
    say(s, "]}\n");
}

static void say_remarks(struct say *s, const struct init_column *c, const struct guessed *g)
{
    if (c->guess.empty || !c->guess.values)
        say(s, "        # %s values, %s empty\n", show_digits(c->guess.values).text,
            show_digits(c->guess.empty).text);
    if (c->sample.n) {
        say(s, "        # like ");
        say_yaml(s, c->sample);
        say(s, "\n");
    }
    if (g->misfits) {
        say(s, "        # %s values cannot be read so, as ", show_digits(g->misfits).text);
        say_yaml(s, g->odd);
        say(s, "\n");
    }
    if (g->remark)
        say(s, "        # %s\n", g->remark);
    if (!g->other_count)
        return;
    say(s, "        # All values can be read in %u ways; choose one:\n", g->other_count);
    for (uint32_t i = 0; i < g->other_count; i++) {
        say(s, "        # ");
        say_text(s, c->field);
        say(s, ": {from: ");
        say_yaml(s, c->name);
        say(s, ", %s}\n", g->others[i]);
    }
}

static void say_field(struct say *s, const struct init_column *c)
{
    struct guessed g = guess_best(&c->guess, c->folded);

    if (!c->field.n) {
        say(s, "        # not taken, so it stays under sp_extra: ");
        say_yaml(s, c->name);
        say(s, "\n");
        return;
    }
    say_remarks(s, c, &g);
    say(s, "        ");
    say_text(s, c->field);
    say(s, ": {from: ");
    say_yaml(s, c->name);
    say(s, "%s%s}\n", g.rule[0] ? ", " : "", g.rule);
}

static void say_test(struct say *s, const struct init_test *t)
{
    struct arena a = {0};

    if (!t->out.n)
        return;
    say(s, "\ntests:\n  - name: ");
    say_yaml(s, arena_printf(&a, "the first record of " STR_FMT, STR_ARG(t->file)));
    arena_free(&a);
    say(s, "\n    stage: tidy\n    file: ");
    say_yaml(s, t->file);
    say(s, t->cols.n ? "\n    cols: " : "");
    say_yaml_json(s, t->cols);
    say(s, t->cols.n ? "\n    row: " : "\n    in: ");
    say_yaml_json(s, t->row);
    say(s, "\n    out: ");
    say_yaml_json(s, t->out);
    say(s, "\n");
}

void init_write(struct say *s, const struct init_pipeline *p)
{
    say_head(s, p);
    say(s, "\n  # A column without a field stays as it is, under sp_extra: nothing is lost.\n"
           "  tidy:\n    normalise:\n");
    say_nothings(s, p);
    say(s, "      fields:\n");
    for (const struct init_column *c = p->columns; c; c = c->next)
        say_field(s, c);
    say(s, "\n  # Where documents go: the name of your stream, and its region.\n"
           "  ship:\n    deliver:\n      firehose: {stream: change-me, region: eu-west-1}\n\n"
           "routes:                             # the first row that matches wins\n"
           "  - {from: inbox, to: rows}\n"
           "  - {from: rows, to: tidy}\n"
           "  - {from: tidy, to: ship}\n");
    say_test(s, &p->test);
}
