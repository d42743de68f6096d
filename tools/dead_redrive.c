/* `standpipe dead redrive` and `dead drop`: first what would go, then the question, then the
 * move. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "tools/dead_groups.h"
#include "tools/dead_move.h"
#include "tools/show.h"
#include "tools/snapshot.h"

enum { OUT_MAX = 1 << 20 };

struct preview {
    struct dead_groups groups;
    uint64_t go, stay;
};

static int look(struct dead_move *m, struct preview *v, struct error *err)
{
    const struct dead_settings *o = m->call->options;
    struct letter_cursor c = {
        .redis = m->call->redis, .key = m->call->key, .filter = o->filter, .until = m->until};
    bool more = true;
    int rc = 0;

    while ((!o->limit || v->go < o->limit) && (rc = letters_next(&c, &more, err)) == 0 && more)
        for (uint32_t i = 0; i < c.count && (!o->limit || v->go < o->limit); i++) {
            struct dead_plan plan = {0};
            if (m->pipeline)
                plan = dead_plan(&c.letters[i], m->pipeline, o->to);
            v->go += plan.stays == NULL;
            v->stay += plan.stays != NULL;
            groups_add(&v->groups, &c.letters[i], plan.to, plan.stays);
        }
    letters_close(&c);
    return rc;
}

static int show_preview(const struct dead_move *m, const struct preview *v, struct error *err)
{
    struct buf out;

    buf_init(&out, OUT_MAX);
    bool fits = m->call->options->json ? groups_json(&v->groups, &out)
                                       : groups_table(&v->groups, m->pipeline != NULL,
                                                      clock_wall_ms(&clock_system), &out);
    return command_print(&out, fits, err);
}

/* 0: go on. */
static int ask(const struct dead_move *m, const struct preview *v, struct error *err)
{
    const char *what = m->pipeline ? "send back" : "throw away";
    char answer[8];

    if (m->call->options->yes)
        return 0;
    if (!isatty(0))
        return error_set(err, ERR_USAGE, "to %s %s letters say --yes", what,
                         show_digits(v->go).text);
    fprintf(stderr, "%s %s letters? [y/N] ", what, show_digits(v->go).text);
    bool is_yes = fgets(answer, sizeof(answer), stdin) && (answer[0] | 0x20) == 'y';
    return is_yes ? 0 : error_set(err, ERR_DATA, "nothing was changed");
}

static int conclude(const struct dead_move *m, struct error *err)
{
    const char *word = m->pipeline ? "redriven" : "dropped";
    bool is_out;

    if (m->call->options->json)
        is_out =
            printf("{\"v\":1,\"%s\":%" PRIu64 ",\"stayed\":%" PRIu64 ",\"gone\":%" PRIu64 "}\n",
                   word, m->moved, m->stayed, m->gone) > 0;
    else
        is_out = printf("%s %" PRIu64 "; %" PRIu64 " stay; %" PRIu64 " were gone already\n",
                        word, m->moved, m->stayed, m->gone) > 0;
    return is_out && fflush(stdout) == 0 ? 0 : error_set(err, ERR_SYSTEM, "stdout is closed");
}

static int move(struct dead_move *m, struct preview *v, struct error *err)
{
    const struct dead_settings *o = m->call->options;

    v->groups.arena = m->call->call->arena;
    if (letters_last(m->call->redis, m->call->key, m->call->call->arena, &m->until, err) != 0)
        return err->code;
    if (m->until.n && look(m, v, err) != 0)
        return err->code;
    if (show_preview(m, v, err) != 0)
        return err->code;
    m->planned = v->go;
    m->stayed = v->stay;
    if (o->dry_run)
        return 0;
    if (v->go == 0)
        return conclude(m, err);
    if (ask(m, v, err) != 0)
        return err->code;
    m->stayed = 0;
    return move_all(m, err) != 0 ? err->code : conclude(m, err);
}

static int check_to(const struct pipeline *p, str to, struct error *err)
{
    uint32_t number;

    if (!to.n || str_is(to, "inbox") || pipeline_find(p, to, &number))
        return 0;
    return error_set(err, ERR_USAGE, "--to: the pipeline has no stage '" STR_FMT "'",
                     STR_ARG(to));
}

int dead_redrive(struct dead_call *d, struct error *err)
{
    struct arena *a = d->call->arena;
    struct preview *v = arena_zalloc(a, sizeof(*v));
    struct pipeline *p;

    if (snapshot_pipeline(d->redis, &d->keys, d->call->kinds, a, &p, err) != 0)
        return err->code;
    struct dead_move m = {.call = d, .pipeline = p};
    int rc = check_to(p, d->options->to, err);
    if (rc == 0)
        rc = move(&m, v, err);
    pipeline_free(p);
    return rc;
}

int dead_drop(struct dead_call *d, struct error *err)
{
    struct preview *v = arena_zalloc(d->call->arena, sizeof(*v));
    struct dead_move m = {.call = d};

    return move(&m, v, err);
}
