/* Rights: ACL DRYRUN of every command that a role sends or that a function runs for it, for
 * each user of deploy/users.acl that exists. A right that is missing is found here, and not by
 * the first commit. */
#include <stdio.h>

#include "tools/doctor.h"
#include "tools/doctor_roles.h"

enum { WORDS_MAX = 16, SHOWN_MAX = 3 };

struct rights { /* of one user */
    struct doctor *d;
    str user;
    uint32_t asked, missing;
    char shown[160]; /* the first that are missing */
};

static str topic_of(struct doctor *d, uint32_t stage)
{
    return keys_topic(d->keys, d->arena, d->pipeline->stages[stage].name);
}

/* The key of what a stage is sending, by its topic. */
static str notes_of(struct doctor *d, str topic)
{
    str none = keys_topic(d->keys, d->arena, STR_NONE);

    return topic.n < none.n
               ? STR_NONE
               : keys_notes(d->keys, d->arena, (str){topic.p + none.n, topic.n - none.n});
}

static str place(struct doctor *d, str word, str in, str out)
{
    const struct keys *k = d->keys;
    struct arena *a = d->arena;
    const struct {
        const char *name;
        str value;
    } places[] = {
        {"@in", in},
        {"@out", out},
        {"@inbox", keys_global(k, a, "inbox")},
        {"@pipeline", keys_global(k, a, "pipeline")},
        {"@applied", keys_global(k, a, "pipeline")},
        {"@mark", keys_global(k, a, "mark")},
        {"@wake", keys_global(k, a, "wake:*")},
        {"@woken", keys_global(k, a, "wake:x")},
        {"@worker", keys_worker(k, a, STR("x"))},
        {"@books", keys_lane(k, a, "books")},
        {"@dead", keys_lane(k, a, "dead")},
        {"@later", keys_lane(k, a, "later")},
        {"@sent", notes_of(d, in)},
        {"@source", keys_source(k, a, STR("x"))},
        {"@job", keys_job(k, a, STR("x"))},
        {"@columns", keys_columns(k, a, STR("x"), STR("x"))},
        {"@seen", keys_seen(k, a, STR("x"))},
        {"@table", keys_named(k, a, "table", STR("x"), "")},
        {"@tables", keys_lane(k, a, "tables")},
        {"@gate", keys_gate(k, a, STR("x"))},
        {"@cache", keys_cache(k, a, STR("x"), STR("x"), "new")},
        {"@lease", keys_cache(k, a, STR("x"), STR("x"), "lease:x")},
        {"@count", keys_count(k, a, STR("x"), STR("total"))},
        {"@window", keys_window(k, a, STR("x"))},
        {"@panes", keys_panes(k, a, STR("x"))},
    };

    for (size_t i = 0; i < ARRAY_LEN(places); i++)
        if (str_is(word, places[i].name))
            return places[i].value;
    return word;
}

static void add_missing(struct rights *r, const str *words, uint32_t n)
{
    size_t used = strlen(r->shown);

    if (r->missing++ >= SHOWN_MAX)
        return;
    used += (size_t)snprintf(r->shown + used, sizeof(r->shown) - used, "%s" STR_FMT,
                             r->missing > 1 ? ", " : "", STR_ARG(words[0]));
    for (uint32_t i = 1; i < n && used < sizeof(r->shown); i++)
        if (memchr(words[i].p, ':', words[i].n)) { /* its first key says where */
            (void)snprintf(r->shown + used, sizeof(r->shown) - used, " " STR_FMT,
                           STR_ARG(words[i]));
            break;
        }
}

static void try_one(struct rights *r, const char *line, str in, str out)
{
    str words[WORDS_MAX] = {STR("ACL"), STR("DRYRUN"), r->user}, rest = str_of(line);
    uint32_t n = 3;

    while (rest.n && n < WORDS_MAX)
        words[n++] = place(r->d, str_cut(&rest, ' '), in, out);
    const struct reply *answer = doctor_call(r->d, words, n);
    r->asked++;
    if (!answer || !str_is(answer->text, "OK"))
        add_missing(r, words + 3, n - 3);
}

static void try_all(struct rights *r, const char *const *lines, str in, str out)
{
    for (; *lines; lines++)
        try_one(r, *lines, in, out);
}

static bool is_output(const struct pipeline *p, uint32_t from, uint32_t to)
{
    for (uint32_t i = 0; i < p->routes.n; i++) {
        const struct route *row = &p->routes.rows[i];
        if (row->act != ROUTE_TO || !str_equal(row->from, p->stages[from].name))
            continue;
        for (uint32_t j = 0; j < row->to_count; j++)
            if (row->to[j] == to)
                return true;
    }
    return false;
}

/* What its commits move beside books and counts. */
static void try_parts(struct rights *r, uint32_t stage, str in)
{
    struct doctor *d = r->d;
    const struct pipeline *p = d->pipeline;

    if (p->stages[stage].once.member_count)
        try_all(r, role_once, in,
                keys_named(d->keys, d->arena, "once", p->stages[stage].name, ":x"));
    for (uint32_t i = 0; i < p->table_count; i++) {
        if (p->tables[i].on != stage)
            continue;
        try_all(r, role_table, in,
                keys_named(d->keys, d->arena, "table", p->tables[i].name, ""));
        try_all(r, role_table, in,
                keys_named(d->keys, d->arena, "table", p->tables[i].name, ":at"));
    }
}

static void try_stages(struct rights *r, const struct stage *kind)
{
    struct doctor *d = r->d;
    const struct pipeline *p = d->pipeline;

    try_all(r, role_any_worker, STR_NONE, STR_NONE);
    for (uint32_t i = 0; i < p->stage_count; i++) {
        if (p->stages[i].kind != kind)
            continue;
        str in = topic_of(d, i);
        try_all(r, role_stage_worker, in, STR_NONE);
        try_all(r, role_output, in, keys_lane(d->keys, d->arena, "dead"));
        try_all(r, kind->wants_jobs ? role_job : role_parker, in, STR_NONE);
        if (kind->is_end)
            try_all(r, role_sender, in, STR_NONE);
        try_parts(r, i, in);
        for (uint32_t to = 0; to < p->stage_count; to++)
            if (is_output(p, i, to))
                try_all(r, role_output, in, topic_of(d, to));
    }
}

static void try_dispatcher(struct rights *r)
{
    struct doctor *d = r->d;

    try_all(r, role_any_worker, STR_NONE, STR_NONE);
    try_all(r, role_dispatcher, STR_NONE, STR_NONE);
    for (uint32_t i = 0; i < d->pipeline->stage_count; i++) {
        try_all(r, role_door_out, STR_NONE, topic_of(d, i));
        if (pipeline_keeps(&d->pipeline->stages[i]))
            try_all(r, role_keeper, STR_NONE, topic_of(d, i));
    }
}

static void try_user(struct rights *r)
{
    static const struct {
        const char *user;
        const char *const *lines;
    } others[] = {{"apply", role_applier},    {"door", role_producer},
                  {"console", role_reader},   {"operator", role_reader},
                  {"operator", role_mover},   {"operator", role_loader},
                  {"operator", role_dropper}, {"operator", role_recounter},
                  {"enrich", role_lookup},    {"health", role_prober}};

    if (str_is(r->user, "dispatch"))
        try_dispatcher(r);
    for (const struct stage *const *k = r->d->kinds; *k; k++)
        if (str_is(r->user, (*k)->name))
            try_stages(r, *k);
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        if (str_is(r->user, others[i].user))
            try_all(r, others[i].lines, STR_NONE, STR_NONE);
}

static void check_user(struct doctor *d, str user)
{
    struct rights r = {.d = d, .user = user};
    str subject = arena_printf(d->arena, "user " STR_FMT, STR_ARG(user));

    try_user(&r);
    if (r.asked && r.missing)
        doctor_note(d, GRADE_BAD, subject,
                    "compare it with deploy/users.acl: redis-cli ACL GETUSER NAME",
                    "may not %s%s: %u of %u rights that its role needs are missing", r.shown,
                    r.missing > SHOWN_MAX ? ", ..." : "", r.missing, r.asked);
    else if (r.asked)
        doctor_note(d, GRADE_OK, subject, NULL, "may do all that its role needs");
}

static void check_ourselves(struct doctor *d)
{
    const struct reply *who = doctor_ask(d, STR("ACL"), STR("WHOAMI"));

    if (!who)
        doctor_note(d, GRADE_WARN, STR("user"), NULL, "is not known: %s", d->last.text);
    else if (str_is(who->text, "default"))
        doctor_note(d, GRADE_WARN, STR("user"), "redis-server ... --aclfile users.acl",
                    "is 'default', who may do everything: deploy/users.acl has a user a role");
    else
        doctor_note(d, GRADE_OK, STR("user"), NULL, "'" STR_FMT "'", STR_ARG(who->text));
}

void doctor_rights(struct doctor *d)
{
    check_ourselves(d);
    const struct reply *users = doctor_ask(d, STR("ACL"), STR("USERS"));

    if (!users) {
        doctor_note(d, GRADE_WARN, STR("users"), NULL, "are not known: %s", d->last.text);
        return;
    }
    for (uint32_t i = 0; d->pipeline && i < users->n; i++)
        check_user(d, users->items[i].text);
}
