/* `standpipe doctor`: does everything stand that the promises rest on, and which promise is in
 * force? Exit status 1 when something is bad. */
#include "tools/doctor.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "common/data/json.h"
#include "common/run/connect.h"
#include "tools/commands.h"
#include "tools/show.h"
#include "tools/snapshot.h"

enum { OUT_MAX = 1 << 20, TEXT_MAX = 400 };

struct doctor_options {
    bool json;
};
static const struct setting doctor_table[] = {
    {"json", SETTING_BOOL, "false", offsetof(struct doctor_options, json),
     "Print one JSON object instead of lines."},
    {0},
};
static const char *const grades[] = {
    [GRADE_OK] = "ok", [GRADE_WARN] = "warn", [GRADE_BAD] = "bad"};

void doctor_note(struct doctor *d, enum grade grade, str subject, const char *remedy,
                 const char *fmt, ...)
{
    char text[TEXT_MAX];
    va_list args;

    d->bad += grade == GRADE_BAD;
    d->warnings += grade == GRADE_WARN;
    if (d->count == DOCTOR_FINDINGS_MAX)
        return;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    d->findings[d->count++] =
        (struct doctor_finding){.grade = grade,
                                .subject = arena_copy(d->arena, subject),
                                .text = arena_copy(d->arena, str_of(text)),
                                .remedy = arena_copy(d->arena, str_of(remedy ? remedy : ""))};
}

const struct reply *doctor_call(struct doctor *d, const str *args, uint32_t n)
{
    const struct reply *reply;

    if (redis_call(d->redis, args, n, d->arena, &reply, &d->last) == 0)
        return reply;
    return NULL;
}

static bool write_lines(const struct doctor *d, struct buf *out)
{
    bool fits = true;

    for (const struct doctor_finding *f = d->findings; f < d->findings + d->count && fits;
         f++) {
        fits = buf_printf(out, "%-5s " STR_FMT " " STR_FMT "\n", grades[f->grade],
                          STR_ARG(f->subject), STR_ARG(f->text));
        if (fits && f->remedy.n)
            fits = buf_printf(out, "      -> " STR_FMT "\n", STR_ARG(f->remedy));
    }
    return fits &&
           buf_printf(out, "%u bad, %u warnings\nlevel of promise: %s: %s\n", d->bad,
                      d->warnings, promise_name(d->promise), promise_sentence(d->promise));
}

static bool write_json(const struct doctor *d, struct buf *out)
{
    bool fits =
        buf_printf(out,
                   "{\"v\":1,\"level\":\"%s\",\"promise\":\"%s\",\"bad\":%u,"
                   "\"warnings\":%u,\"findings\":[",
                   promise_name(d->promise), promise_sentence(d->promise), d->bad, d->warnings);

    for (uint32_t i = 0; i < d->count && fits; i++) {
        const struct doctor_finding *f = &d->findings[i];
        str subject = json_quoted(d->arena, f->subject), text = json_quoted(d->arena, f->text);
        str remedy = json_quoted(d->arena, f->remedy);
        fits = buf_printf(out,
                          "%s{\"grade\":\"%s\",\"subject\":" STR_FMT ",\"text\":" STR_FMT
                          ",\"remedy\":" STR_FMT "}",
                          i ? "," : "", grades[f->grade], STR_ARG(subject), STR_ARG(text),
                          STR_ARG(remedy));
    }
    return fits && buf_add(out, STR("]}\n"));
}

static int show(const struct doctor *d, bool json, struct error *err)
{
    struct buf out;

    buf_init(&out, OUT_MAX);
    bool fits = json ? write_json(d, &out) : write_lines(d, &out);
    int rc = command_print(&out, fits, err);
    return rc == 0 && d->bad ? 1 : rc;
}

static bool is_local(struct command_call *call)
{
    struct redis_address to;
    struct error err = {0};

    if (connect_address(call->arena, call->common, &to, &err) != 0)
        return false;
    return to.path.n || str_is(to.host, "127.0.0.1") || str_is(to.host, "localhost") ||
           str_is(to.host, "::1");
}

/* Without a pipeline the keys cannot be looked at, all the rest can. */
static void load_pipeline(struct doctor *d)
{
    struct error err = {0};

    if (snapshot_pipeline(d->redis, d->keys, d->kinds, d->arena, &d->pipeline, &err) != 0)
        d->pipeline = NULL;
}

static int run_doctor(struct command_call *call, struct error *err)
{
    const struct doctor_options *options = call->options;
    struct keys keys = {.prefix = call->common->prefix, .lane = STR("0")};
    struct doctor *d = arena_zalloc(call->arena, sizeof(*d));
    struct loop *loop;

    *d = (struct doctor){.keys = &keys, .kinds = call->kinds, .arena = call->arena};
    if (call->argc > 0)
        return error_set(err, ERR_USAGE, "doctor takes no word '%s'", call->argv[0]);
    int rc = command_connect(call, &loop, &d->redis, err);
    if (rc != 0)
        return rc;
    d->is_local = is_local(call);
    load_pipeline(d);
    doctor_settings(d);
    doctor_rights(d);
    doctor_keys(d);
    if (!redis_is_ready(d->redis))
        rc = error_set(err, ERR_REDIS, "the connection to redis was lost");
    redis_free(d->redis);
    loop_free(loop);
    if (rc == 0)
        rc = show(d, options->json, err);
    pipeline_free(d->pipeline);
    return rc;
}

const struct command command_doctor = {
    .name = "doctor",
    .summary = "Check what the promises rest on, and say which is in force; exit 0 or 1.",
    .examples = "standpipe doctor\nstandpipe doctor --json\n",
    .options = doctor_table,
    .options_size = sizeof(struct doctor_options),
    .run = run_doctor,
};
