#include "tools/firehose_local/stream.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/data/json.h"

enum { METER_BYTES = 512, TIME_LENGTH = 19 };

/* The meter. */

static const struct {
    const char *name;
    size_t offset;
} counts[] = {
    {"calls", offsetof(struct meter, calls)},
    {"refused", offsetof(struct meter, refused)},
    {"ambiguous", offsetof(struct meter, ambiguous)},
    {"records", offsetof(struct meter, records)},
    {"failed", offsetof(struct meter, failed)},
    {"bytes", offsetof(struct meter, bytes)},
    {"billed", offsetof(struct meter, billed)},
    {"objects", offsetof(struct meter, objects)},
};

static uint64_t *count_at(struct meter *m, size_t i)
{
    return (uint64_t *)(void *)((char *)m + counts[i].offset);
}

void meter_add(struct meter *to, const struct meter *m)
{
    struct meter copy = *m;

    for (size_t i = 0; i < ARRAY_LEN(counts); i++)
        *count_at(to, i) += *count_at(&copy, i);
}

bool meter_write(const struct meter *m, struct buf *out)
{
    struct meter copy = *m;
    bool fits = true;

    for (size_t i = 0; i < ARRAY_LEN(counts); i++)
        fits = fits && buf_printf(out, "%s\"%s\":%" PRIu64, i ? "," : "{", counts[i].name,
                                  *count_at(&copy, i));
    return fits && buf_add(out, STR("}"));
}

/* One write of less than a page: it happens whole or not at all, whatever kills us. */
static void account(struct stream *s)
{
    char text[METER_BYTES + 1];
    struct buf line;

    buf_init(&line, sizeof(text));
    bool fits = meter_write(&s->meter, &line);
    int n = snprintf(text, sizeof(text),
                     "{\"created\":%" PRIu64 ",\"open\":\"%s\",\"open_bytes\":%" PRIu64
                     ",\"meter\":" STR_FMT "}",
                     s->created_ms, s->open_name, s->open_bytes, STR_ARG(buf_str(&line)));
    buf_free(&line);
    if (!fits || n < 0 || n >= METER_BYTES)
        die("the meter of stream '%s' is larger than %d bytes", s->name, METER_BYTES);
    memset(text + n, ' ', (size_t)(METER_BYTES - n));
    text[METER_BYTES - 1] = '\n';
    if (pwrite(s->meter_fd, text, METER_BYTES, 0) != METER_BYTES)
        die("cannot write the meter of stream '%s': %s", s->name, strerror(errno));
}

static uint64_t read_count(str object, const char *name)
{
    uint64_t value = 0;
    str text;

    return json_find(object, str_of(name), &text) && str_to_u64(text, &value) ? value : 0;
}

static void read_meter(struct stream *s)
{
    char text[METER_BYTES];
    str meter, open;
    size_t at;
    ssize_t n = pread(s->meter_fd, text, sizeof(text), 0);
    str json = {text, (size_t)MAX(n, 0)};

    if (json_check(json, NULL, &at) || !json_find(json, STR("meter"), &meter) ||
        !json_find(json, STR("open"), &open) || open.n >= sizeof(s->open_name))
        return;
    s->created_ms = read_count(json, "created");
    s->open_bytes = read_count(json, "open_bytes");
    memcpy(s->open_name, open.p + 1, open.n - 2); /* our own text: no escapes */
    for (size_t i = 0; i < ARRAY_LEN(counts); i++)
        *count_at(&s->meter, i) = read_count(meter, counts[i].name);
}

/* Objects. */

static void write_uuid(char out[37])
{
    unsigned char b[16];

    if (getrandom(b, sizeof(b), 0) != sizeof(b))
        die("getrandom: %s", strerror(errno));
    b[6] = (b[6] & 0x0f) | 0x40;
    b[8] = (b[8] & 0x3f) | 0x80;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *out++ = '-';
        *out++ = "0123456789abcdef"[b[i] >> 4];
        *out++ = "0123456789abcdef"[b[i] & 15];
    }
    *out = '\0';
}

/* The object is begun: its name holds when, so that nothing else need be known to finish it. */
static int begin_object(struct stream *s, struct error *err)
{
    time_t now = (time_t)(clock_wall_ms(&clock_system) / 1000);
    char when[TIME_LENGTH + 1], uuid[37];
    struct tm utc;

    gmtime_r(&now, &utc);
    strftime(when, sizeof(when), "%Y-%m-%d-%H-%M-%S", &utc);
    write_uuid(uuid);
    snprintf(s->open_name, sizeof(s->open_name), ".open-%s-%s", when, uuid);
    s->open_fd = openat(s->folder, s->open_name,
                        O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
    if (s->open_fd < 0)
        return error_set(err, ERR_SYSTEM, "cannot begin an object of stream '%s': %s", s->name,
                         strerror(errno));
    s->open_bytes = 0;
    timer_start(s->roll, s->limits->object_ms * 1000);
    return 0;
}

/* Where the object goes, YYYY/MM/dd/HH/<stream>-1-<when>-<uuid>; its folders are made. */
static void final_name(const struct stream *s, char *out, size_t size)
{
    const char *when = s->open_name + strlen(".open-");
    char hour[14];

    memcpy(hour, when, 13);
    hour[13] = '\0';
    for (int i = 4; i <= 13; i += 3) {
        char kept = hour[i];
        hour[i] = '\0';
        if (mkdirat(s->folder, hour, 0755) != 0 && errno != EEXIST)
            die("mkdir '%s' of stream '%s': %s", hour, s->name, strerror(errno));
        hour[i] = kept == '-' ? '/' : kept;
    }
    snprintf(out, size, "%s/%s-1-%s", hour, s->name, when);
}

void stream_finish(struct stream *s)
{
    char name[256];

    if (s->open_fd < 0)
        return;
    timer_stop(s->roll);
    final_name(s, name, sizeof(name));
    if (renameat(s->folder, s->open_name, s->folder, name) != 0)
        die("rename to '%s' in stream '%s': %s", name, s->name, strerror(errno));
    close(s->open_fd);
    s->open_fd = -1;
    s->open_name[0] = '\0';
    s->open_bytes = 0;
    s->meter.objects++;
    account(s);
}

static void on_roll(void *ctx)
{
    stream_finish(ctx);
}

/* What a killed process left behind: cut off the call that was not accounted for, so that no
 * object ends in half a record. */
static void finish_leftover(struct stream *s)
{
    struct stat found;

    if (!s->open_name[0])
        return;
    s->open_fd = openat(s->folder, s->open_name, O_WRONLY | O_CLOEXEC);
    if (s->open_fd < 0) { /* renamed, and then killed */
        s->meter.objects++;
        s->open_name[0] = '\0';
        s->open_bytes = 0;
        account(s);
        return;
    }
    if (fstat(s->open_fd, &found) != 0 || (uint64_t)found.st_size < s->open_bytes ||
        ftruncate(s->open_fd, (off_t)s->open_bytes) != 0)
        die("the open object '%s' of stream '%s' lost bytes", s->open_name, s->name);
    stream_finish(s);
}

/* Objects that were begun, but no call of which was ever accounted for. */
static void remove_strays(struct stream *s)
{
    int fd = openat(s->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *all = fd < 0 ? NULL : fdopendir(fd);

    if (!all)
        die("cannot read the folder of stream '%s': %s", s->name, strerror(errno));
    for (;;) {
        struct dirent *one = readdir(all);
        if (!one)
            break;
        if (str_starts(str_of(one->d_name), STR(".open-")))
            unlinkat(s->folder, one->d_name, 0);
    }
    closedir(all);
}

int stream_append(struct stream *s, const struct iovec *pieces, int n, size_t bytes,
                  struct error *err)
{
    if (s->open_fd < 0 && begin_object(s, err))
        return err->code;
    ssize_t written = writev(s->open_fd, pieces, n);
    if (written != (ssize_t)bytes) {
        int cause = written < 0 ? errno : ENOSPC;
        if (ftruncate(s->open_fd, (off_t)s->open_bytes) != 0)
            die("cannot take back half a call in stream '%s': %s", s->name, strerror(errno));
        return error_set(err, ERR_SYSTEM, "write to stream '%s': %s", s->name, strerror(cause));
    }
    s->open_bytes += bytes;
    return 0;
}

void stream_commit(struct stream *s)
{
    account(s);
    if (s->open_bytes >= s->limits->object_bytes)
        stream_finish(s);
}

/* From the first to the last. */

bool stream_name_is_good(str name)
{
    if (name.n == 0 || name.n > STREAM_NAME_MAX || name.p[0] == '.')
        return false;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if (!(ascii_is_letter_or_digit(c) || c == '_' || c == '.' || c == '-'))
            return false;
    }
    return true;
}

struct stream *stream_open(struct loop *l, const struct stream_limits *limits, int folder,
                           const char *name, bool is_new, struct error *err)
{
    struct stream *s = xalloc(sizeof(*s));

    *s =
        (struct stream){.limits = limits, .name = xstrdup(name), .open_fd = -1, .meter_fd = -1};
    if (is_new && mkdirat(folder, name, 0755) != 0 && errno != EEXIST)
        error_set(err, ERR_SYSTEM, "mkdir '%s': %s", name, strerror(errno));
    s->folder = openat(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->folder >= 0)
        s->meter_fd =
            openat(s->folder, ".meter", O_RDWR | O_CLOEXEC | (is_new ? O_CREAT : 0), 0644);
    if (s->meter_fd < 0) {
        if (is_new)
            error_set(err, ERR_SYSTEM, "open the meter of stream '%s': %s", name,
                      strerror(errno));
        stream_free(s);
        return NULL;
    }
    s->roll = timer_new(l, on_roll, s);
    s->created_ms = clock_wall_ms(&clock_system);
    read_meter(s);
    finish_leftover(s);
    remove_strays(s);
    account(s);
    return s;
}

void stream_free(struct stream *s)
{
    if (s->meter_fd >= 0)
        close(s->meter_fd);
    if (s->folder >= 0)
        close(s->folder);
    timer_free(s->roll);
    free(s->name);
    free(s);
}
