#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/data/json.h"
#include "tests/unit/check.h"
#include "workers/stages.h"

static char folder[] = "/tmp/standpipe-split-XXXXXX";
static struct arena arena;

/* The job's hash as the runner would keep it: what each commit sets is what the next worker
 * finds. */
static struct job {
    str fields[64];
    uint32_t n;
} job;

static str fake_job(struct worker *w, const struct batch *b, const str **fields,
                    uint32_t *count)
{
    (void)w;
    (void)b;
    *fields = job.fields;
    *count = job.n;
    return STR("sp:{0}:job:5-0");
}

static uint32_t given_up;

static void fake_give_up(struct worker *w, struct batch *b, const struct error *err)
{
    (void)w;
    (void)b;
    (void)err;
    given_up++;
}

static const struct host host = {.job = fake_job, .give_up = fake_give_up};

static str job_field(const char *name)
{
    for (uint32_t i = 0; i < job.n; i += 2)
        if (str_is(job.fields[i], name))
            return job.fields[i + 1];
    return STR_NONE;
}

static void set_field(str name, str value)
{
    uint32_t i = 0;

    while (i < job.n && !str_equal(job.fields[i], name))
        i += 2;
    if (i == job.n) {
        job.fields[i] = arena_copy(&arena, name);
        job.n += 2;
    }
    job.fields[i + 1] = arena_copy(&arena, value);
}

struct world {
    struct worker worker;
    struct services services;
    struct batch batch;
    struct entry entry;
    struct arena_mark mark;
    str all; /* lines of all commits so far, with their rows */
    uint32_t steps, dead;
    str reason;
};
static str roots[1];

static void open_world(struct world *w, const char *name)
{
    *w = (struct world){.services = {.clock = &clock_system, .roots = roots, .root_count = 1}};
    w->worker = (struct worker){.stage = &stage_split, .services = &w->services, .host = &host};
    w->worker.state = arena_zalloc(&arena, stage_split.state_size);
    setting_fill(stage_split.settings, NULL, w->worker.state,
                 &(struct findings){.arena = &arena});
    w->entry =
        (struct entry){.id = STR("5-0"), .src = STR("00000000000000ee"), .row = 1, .n = 1};
    if (name)
        w->entry.uri = arena_printf(&arena, "file://%s/%s", folder, name);
    w->batch.entries = &w->entry;
    w->batch.entry_count = 1;
}

static void close_world(struct world *w)
{
    stage_split.close(&w->worker);
    arena_free(&w->batch.arena);
}

/* One step, and its commit: false when the stage is done with the entry. */
static bool step(struct world *w)
{
    struct batch *b = &w->batch;

    arena_rewind(&b->arena, w->mark);
    b->records = NULL;
    b->record_count = b->record_room = 0;
    b->progress = NULL;
    enum work more = stage_split.process(&w->worker, b);
    const struct progress *p = b->progress;
    CHECK(p != NULL);
    CHECK_INT(more == WORK_MORE, !p->is_last);
    uint64_t at = 0;
    CHECK(!job_field("offset").n || str_to_u64(job_field("offset"), &at));
    CHECK_INT(p->from, at); /* what the compare-and-set wants */
    CHECK(p->to >= p->from);
    batch_each(r, b) {
        w->dead += r->verdict == VERDICT_DEAD;
        if (r->verdict == VERDICT_DEAD)
            w->reason = arena_copy(&arena, r->reason);
        CHECK(!json_check(r->line, NULL, NULL));
        w->all = arena_printf(&arena, STR_FMT "%" PRIu64 ":" STR_FMT "\n", STR_ARG(w->all),
                              r->entry->row + r->number, STR_ARG(r->line));
    }
    for (uint32_t i = 0; i + 1 < p->field_count; i += 2)
        set_field(p->fields[i], p->fields[i + 1]);
    set_field(STR("offset"), arena_printf(&arena, "%" PRIu64, p->to));
    set_field(STR("row"), arena_printf(&arena, "%" PRIu64, p->row));
    w->steps++;
    return more == WORK_MORE;
}

static void write_file(const char *name, str text)
{
    str path = arena_printf(&arena, "%s/%s", folder, name);
    int fd = open(path.p, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    if (fd < 0 || write(fd, text.p, text.n) != (ssize_t)text.n)
        die("cannot write '%s'", path.p);
    close(fd);
}

static void forget(void)
{
    job.n = 0;
    arena_reset(&arena);
    roots[0] = arena_printf(&arena, "%s", folder);
}

/* Lines of 64 KiB, so that a step of 1 MiB is some of them and the texts stay few. */
static void write_large(const char *name, int rows)
{
    enum { WIDTH = 60000 };
    char *text = xalloc((size_t)rows * (WIDTH + 16) + 16), *end = text;

    end += sprintf(end, "id,text\n");
    for (int i = 0; i < rows; i++) {
        end += sprintf(end, "%d,", i);
        memset(end, 'a' + i % 26, WIDTH);
        end += WIDTH;
        *end++ = '\n';
    }
    write_file(name, (str){text, (size_t)(end - text)});
    free(text);
}

static void test_split_of_small_files(void)
{
    const struct {
        str text;
        const char *lines, *cols, *state, *reason;
    } rows[] = {
        {STR("a,b\n1,2\n3,4\n"), "1:[4,\"1\",\"2\"]\n2:[8,\"3\",\"4\"]\n", "[\"a\",\"b\"]",
         "done", NULL},
        {STR("a,b\n1,2"), "1:[4,\"1\",\"2\"]\n", "[\"a\",\"b\"]", "done", NULL},
        {STR("\xef\xbb\xbf"
             "a,b\n1,2\n"),
         "1:[7,\"1\",\"2\"]\n", "[\"a\",\"b\"]", "done", NULL},
        {STR("a;b\r\n1;2\r\n"), "1:[5,\"1\",\"2\"]\n", "[\"a\",\"b\"]", "done", NULL},
        {STR("a,b\n"), "", "[\"a\",\"b\"]", "done", NULL},
        {STR(""), "", "[]", "done", NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct world w;

        forget();
        write_file("small.csv", rows[i].text);
        open_world(&w, "small.csv");
        CHECK(!step(&w));
        CHECK_STR(w.all, str_of(rows[i].lines));
        CHECK_STR(job_field("cols"), str_of(rows[i].cols));
        CHECK_STR(job_field("state"), str_of(rows[i].state));
        CHECK_INT(w.dead, 0);
        close_world(&w);
    }
}

/* Wherever a worker dies, its successor goes on from the last commit, and both read what one
 * alone would have read. */
static void test_split_resumes_after_every_step(void)
{
    enum { ROWS = 60 };
    uint64_t whole = 0;
    uint32_t steps = 1;

    for (uint32_t die_after = 0; die_after < steps; die_after++) {
        struct world first, second;
        uint32_t n = 0;

        forget();
        write_large("large.csv", ROWS);
        open_world(&first, "large.csv");
        bool goes_on = true;
        while (goes_on && (die_after == 0 || n++ < die_after))
            goes_on = step(&first);
        if (die_after == 0) {
            steps = first.steps;
            CHECK(steps > 3);
        }
        str read = first.all;
        close_world(&first);
        open_world(&second, "large.csv");
        second.all = read;
        while (goes_on)
            goes_on = step(&second);
        close_world(&second);
        uint64_t rows = 0, hash = 0;
        for (str rest = second.all, line; rest.n; rows++) {
            line = str_cut(&rest, '\n');
            str want = arena_printf(&arena, "%" PRIu64 ":[", rows + 1);
            CHECK(str_starts(line, want));
            hash += line.n;
        }
        CHECK_INT(rows, ROWS);
        CHECK(whole == 0 || whole == hash);
        whole = hash;
        CHECK_STR(job_field("state"), STR("done"));
    }
}

static void test_split_gives_up_what_cannot_be_read(void)
{
    const struct {
        const char *name, *reason;
    } rows[] = {
        {"none.csv", "source_missing"},
        {"../etc", "source_refused"},
        {"", "source_refused"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct world w;

        forget();
        open_world(&w, rows[i].name);
        CHECK(!step(&w));
        CHECK_INT(w.dead, 1);
        CHECK_STR(w.reason, str_of(rows[i].reason));
        CHECK_STR(job_field("state"), STR("failed"));
        CHECK(job_field("error").n > 0);
        close_world(&w);
    }
}

/* In the middle of a file: the rows that are through stay, and the job is one dead letter. */
static void test_split_waits_for_a_descriptor(void)
{
    struct rlimit before, none = {.rlim_cur = 3};
    struct world w;

    forget();
    write_file("wait.csv", STR("a\n1\n"));
    open_world(&w, "wait.csv");
    CHECK_INT(getrlimit(RLIMIT_NOFILE, &before), 0);
    none.rlim_max = before.rlim_max;
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &none), 0);
    CHECK_INT(stage_split.process(&w.worker, &w.batch), WORK_LATER);
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &before), 0);
    CHECK_INT(given_up, 1);
    while (step(&w))
        continue;
    CHECK_INT(w.dead, 0);
    CHECK_STR(job_field("state"), STR("done"));
    close_world(&w);
}

static void test_split_notices_a_change(void)
{
    for (int resumed = 0; resumed < 2; resumed++) {
        struct world w, next;

        forget();
        write_large("changing.csv", 40);
        open_world(&w, "changing.csv");
        CHECK(step(&w));
        CHECK_INT(w.dead, 0);
        write_large("changing.csv", 41);
        open_world(&next, "changing.csv");
        struct world *other = resumed ? &next : &w;
        while (step(other))
            ;
        CHECK_INT(other->dead, 1);
        CHECK_STR(other->reason, STR("source_changed"));
        CHECK_STR(job_field("state"), STR("failed"));
        close_world(&next);
        close_world(&w);
    }
}

/* What is no file at all, put into the topic by hand: the dead letter holds what came. */
static void test_split_of_an_entry_without_a_uri_keeps_its_data(void)
{
    struct world w;
    str fields[] = {STR("data"), STR("{\"a\":1}")};

    forget();
    open_world(&w, NULL);
    w.entry.data = fields[1];
    w.entry.fields = fields;
    w.entry.field_count = ARRAY_LEN(fields);
    CHECK(!step(&w));
    CHECK_INT(w.dead, 1);
    CHECK_STR(w.reason, STR("source_refused"));
    CHECK_STR(w.all, STR("1:{\"data\":\"{\\\"a\\\":1}\"}\n"));
    close_world(&w);
}

static void test_split_of_a_damaged_job(void)
{
    const char *const damaged[] = {"offset", "row", "delimiter"};

    for (size_t i = 0; i < ARRAY_LEN(damaged); i++) {
        struct world w, next;

        forget();
        write_large("large.csv", 40);
        open_world(&w, "large.csv");
        CHECK(step(&w));
        close_world(&w);
        set_field(str_of(damaged[i]), STR("nonsense"));
        open_world(&next, "large.csv");
        struct batch *b = &next.batch;
        CHECK_INT(stage_split.process(&next.worker, b), WORK_DONE);
        CHECK_INT(b->record_count, 1);
        CHECK_STR(b->records[0].reason, STR("bad_job"));
        CHECK(b->progress && b->progress->is_last);
        close_world(&next);
    }
}

int main(void)
{
    if (!mkdtemp(folder))
        die("mkdtemp failed");
    RUN(test_split_of_small_files);
    RUN(test_split_resumes_after_every_step);
    RUN(test_split_gives_up_what_cannot_be_read);
    RUN(test_split_waits_for_a_descriptor);
    RUN(test_split_notices_a_change);
    RUN(test_split_of_an_entry_without_a_uri_keeps_its_data);
    RUN(test_split_of_a_damaged_job);
    str command = arena_printf(&arena, "rm -rf %s", folder);
    int gone = system(command.p);
    arena_free(&arena);
    return check_done() || gone;
}
