/* Settings of Redis, its version, its clock and its machine. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "tools/doctor.h"

enum {
    SKEW_WARN_MS = 1000,
    SKEW_BAD_MS = 60 * 1000,
    LINE_MAX_BYTES = 512,
    LEAST_MAJOR = 7,
    DEBIAN_LEAST = 10, /* 5:7.0.15-1~deb12u10 mends the holes of Lua and of TLS */
};
static const uint64_t gib = 1ULL << 30, mib = 1ULL << 20;

struct rule {
    const char *name, *good; /* `good`: what to set */
    bool (*is_good)(str value);
    enum grade grade;
    const char *why; /* what happens otherwise */
};

static bool is_yes(str v)
{
    return str_is(v, "yes");
}

static bool is_no(str v)
{
    return str_is(v, "no");
}

static bool is_always(str v)
{
    return str_is(v, "always");
}

static bool is_noeviction(str v)
{
    return str_is(v, "noeviction");
}

static bool is_empty(str v)
{
    return v.n == 0;
}

static bool is_positive(str v)
{
    uint64_t n;

    return str_to_u64(v, &n) && n > 0;
}

static bool is_large(str v)
{
    uint64_t n;

    return str_to_u64(v, &n) && n >= gib;
}

static bool is_small(str v)
{
    uint64_t n;

    return str_to_u64(v, &n) && n <= 16 * mib;
}

static bool is_quick(str v)
{
    uint64_t n;

    return str_to_u64(v, &n) && n > 0 && n <= 1000;
}

static const struct rule rules[] = {
    {"appendonly", "yes", is_yes, GRADE_BAD, "a restart of Redis loses everything"},
    {"appendfsync", "always", is_always, GRADE_WARN,
     "a kill or a power failure loses the last seconds of what was accepted"},
    {"no-appendfsync-on-rewrite", "no", is_no, GRADE_BAD,
     "while the file is rewritten up to 30 s of what was accepted may be lost"},
    {"aof-load-truncated", "no", is_no, GRADE_WARN,
     "of a torn file Redis leaves half a transaction, and carries it out at a later start: "
     "records twice; start it by tools/redis-start, which cuts that off"},
    {"save", "''", is_empty, GRADE_WARN, "snapshots cost memory and add nothing to the file"},
    {"auto-aof-rewrite-min-size", "4gb", is_large, GRADE_WARN,
     "topics empty themselves, and the file is rewritten again and again"},
    {"maxmemory", "1gb", is_positive, GRADE_WARN,
     "a full Redis does not refuse work at the door, the kernel kills it"},
    {"maxmemory-policy", "noeviction", is_noeviction, GRADE_BAD,
     "a full Redis throws topics away, whole"},
    {"proto-max-bulk-len", "16mb", is_small, GRADE_WARN,
     "one command of a producer may take hundreds of megabytes"},
    {"busy-reply-threshold", "1000", is_quick, GRADE_WARN,
     "a function that hangs is noticed late or never"},
    {"lazyfree-lazy-expire", "yes", is_yes, GRADE_WARN,
     "everything waits while a large hash that expired, as of `dedupe`, is freed"},
};

static void check_rule(struct doctor *d, const struct rule *r)
{
    str name = str_of(r->name), value;
    const struct reply *config = doctor_ask(d, STR("CONFIG"), STR("GET"), name);

    if (!config) {
        doctor_note(d, GRADE_WARN, name, NULL, "is not known: %s", d->last.text);
        return;
    }
    value = promise_setting(config, r->name);
    if (r->is_good(value)) {
        doctor_note(d, GRADE_OK, name, NULL, "'" STR_FMT "'", STR_ARG(value));
        return;
    }
    bool is_worse = str_is(name, "appendfsync") && !str_is(value, "everysec");
    str remedy =
        arena_printf(d->arena, "redis-cli CONFIG SET " STR_FMT " %s", STR_ARG(name), r->good);
    doctor_note(d, is_worse ? GRADE_BAD : r->grade, name, remedy.p, "is '" STR_FMT "': %s",
                STR_ARG(value), r->why);
}

static void check_replicas(struct doctor *d)
{
    const struct reply *config = doctor_ask(d, STR("CONFIG"), STR("GET"), PROMISE_SETTINGS);
    const struct reply *role = doctor_ask(d, STR("ROLE"));

    d->promise = promise_of(config, role);
    if (!config || !role || role->type != REPLY_ARRAY || role->n == 0) {
        doctor_note(d, GRADE_WARN, STR("role"), NULL, "is not known: %s", d->last.text);
        return;
    }
    uint64_t replicas = promise_replicas(role);
    bool has_least = !str_is(promise_setting(config, "min-replicas-to-write"), "0");
    if (!str_is(role->items[0].text, "master"))
        doctor_note(d, GRADE_BAD, STR("role"), "redis-cli ROLE",
                    "is '" STR_FMT "': a replica takes no work, connect to its master",
                    STR_ARG(role->items[0].text));
    else if (replicas > 0 && !has_least)
        doctor_note(d, GRADE_WARN, STR("min-replicas-to-write"),
                    "redis-cli CONFIG SET min-replicas-to-write 1 min-replicas-max-lag 2",
                    "is '0' with %" PRIu64 " replicas: a failover may lose what was accepted",
                    replicas);
    else
        doctor_note(d, GRADE_OK, STR("role"), NULL, "master with %" PRIu64 " replicas",
                    replicas);
}

/* INFO is lines of `name:value`. */
static str info_value(const struct reply *info, const char *name)
{
    str rest = info->text;

    while (rest.n) {
        str value = str_trim(str_cut(&rest, '\n'));
        if (str_is(str_cut(&value, ':'), name))
            return value;
    }
    return STR_NONE;
}

static bool read_line(const char *path, char *line)
{
    FILE *f = fopen(path, "re");
    bool is_read = f && fgets(line, LINE_MAX_BYTES, f);

    if (f)
        (void)fclose(f);
    return is_read;
}

/* Version of Debian's package, when it is its program that runs here. */
static bool debian_version(struct doctor *d, const struct reply *info, char *version)
{
    str pid = info_value(info, "process_id");
    str comm = arena_printf(d->arena, "/proc/" STR_FMT "/comm", STR_ARG(pid));
    char line[LINE_MAX_BYTES];
    bool is_package = false, is_found = false;

    if (!d->is_local || !str_is(info_value(info, "executable"), "/usr/bin/redis-server") ||
        !read_line(comm.p, line) || !str_starts(str_of(line), STR("redis-server")))
        return false;
    FILE *f = fopen("/var/lib/dpkg/status", "re");
    while (f && !is_found && fgets(line, sizeof(line), f)) {
        if (str_starts(str_of(line), STR("Package: ")))
            is_package = str_is(str_of(line), "Package: redis-server\n");
        is_found = is_package && str_starts(str_of(line), STR("Version: "));
    }
    if (f)
        (void)fclose(f);
    if (is_found)
        memcpy(version, line + strlen("Version: "), sizeof(line) - strlen("Version: "));
    return is_found;
}

static void check_package(struct doctor *d, const struct reply *info)
{
    char line[LINE_MAX_BYTES];

    if (!debian_version(d, info, line))
        return;
    str version = str_trim(str_of(line));
    const char *mark = strstr(line, "7.0.15-1~deb12u");
    uint64_t level;
    if (!mark)
        return;
    str digits = str_of(mark + strlen("7.0.15-1~deb12u"));
    if (!str_to_u64(str_trim(digits), &level))
        return;
    if (level < DEBIAN_LEAST)
        doctor_note(d, GRADE_WARN, STR("package"), "apt-get install redis-server",
                    "is " STR_FMT ": known holes of Lua and TLS are mended in deb12u%d",
                    STR_ARG(version), DEBIAN_LEAST);
    else
        doctor_note(d, GRADE_OK, STR("package"), NULL, STR_FMT, STR_ARG(version));
}

static void check_version(struct doctor *d)
{
    const struct reply *info = doctor_ask(d, STR("INFO"), STR("server"));
    uint64_t major = 0;

    if (!info) {
        doctor_note(d, GRADE_WARN, STR("version"), NULL, "is not known: %s", d->last.text);
        return;
    }
    str version = info_value(info, "redis_version"), rest = version;
    bool is_good = str_to_u64(str_cut(&rest, '.'), &major) && major >= LEAST_MAJOR;
    if (is_good)
        doctor_note(d, GRADE_OK, STR("version"), NULL, "redis " STR_FMT, STR_ARG(version));
    else
        doctor_note(d, GRADE_BAD, STR("version"), "apt-get install redis-server",
                    "is " STR_FMT ": functions came with 7.0", STR_ARG(version));
    check_package(d, info);
}

static void check_clock(struct doctor *d)
{
    uint64_t before = clock_wall_ms(&clock_system);
    const struct reply *now = doctor_ask(d, STR("TIME"));
    uint64_t after = clock_wall_ms(&clock_system), s = 0, us = 0;

    if (!now || now->type != REPLY_ARRAY || now->n != 2 ||
        !str_to_u64(now->items[0].text, &s) || !str_to_u64(now->items[1].text, &us)) {
        doctor_note(d, GRADE_WARN, STR("clock"), NULL, "of Redis is not known: %s",
                    d->last.text);
        return;
    }
    uint64_t ms = s * 1000 + us / 1000;
    uint64_t skew = ms < before ? before - ms : ms > after ? ms - after : 0;
    if (skew < SKEW_WARN_MS)
        doctor_note(d, GRADE_OK, STR("clock"), NULL, "within a second of ours");
    else
        doctor_note(d, skew < SKEW_BAD_MS ? GRADE_WARN : GRADE_BAD, STR("clock"),
                    "timedatectl set-ntp true",
                    "of Redis is %" PRIu64 ".%" PRIu64
                    " s %s ours: ages, windows and expiry are wrong by as much",
                    skew / 1000, skew % 1000 / 100, ms < before ? "behind" : "ahead of");
}

static void check_machine(struct doctor *d)
{
    char line[LINE_MAX_BYTES];

    if (!d->is_local || !read_line("/proc/sys/vm/overcommit_memory", line))
        return;
    if (line[0] == '1')
        doctor_note(d, GRADE_OK, STR("vm.overcommit_memory"), NULL, "'1'");
    else
        doctor_note(d, GRADE_WARN, STR("vm.overcommit_memory"), "sysctl vm.overcommit_memory=1",
                    "is '%c': a rewrite of the file may fail when memory is scarce", line[0]);
}

void doctor_settings(struct doctor *d)
{
    for (size_t i = 0; i < ARRAY_LEN(rules); i++)
        check_rule(d, &rules[i]);
    check_replicas(d);
    check_version(d);
    check_clock(d);
    check_machine(d);
}
