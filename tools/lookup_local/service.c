#include "tools/lookup_local/service.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/base/hash.h"
#include "common/data/json.h"

enum { BODY_MAX = 64 << 20, STATUS_NONE = 0, STATUS_SILENT = -1 };

struct asked {                  /* a request on its way to its answer */
    struct asked *next, **link; /* of all */
    struct asked *behind;       /* in the line for a slot */
    struct service *service;
    struct server_request *q;
    struct timer *timer;
    int status; /* of the answer; STATUS_NONE: hang up; STATUS_SILENT: never */
    bool is_garbage, is_at_work;
    str body;
    struct arena arena;
};

/* Which key is asked for. */

static str decoded(struct arena *a, str text, bool is_query)
{
    char *start = arena_alloc(a, text.n + 1), *out = start;

    for (size_t i = 0; i < text.n; i++) {
        int high = text.p[i] == '%' && i + 2 < text.n ? str_hex_digit(text.p[i + 1]) : -1;
        int low = high >= 0 ? str_hex_digit(text.p[i + 2]) : -1;
        if (low >= 0)
            i += 2;
        *out++ = low >= 0                       ? (char)(high * 16 + low)
                 : is_query && text.p[i] == '+' ? ' '
                                                : text.p[i];
    }
    return str_between(start, out);
}

static bool find_query(struct arena *a, str query, str name, str *value)
{
    while (query.n) {
        str rest = str_cut(&query, '&'), key = decoded(a, str_cut(&rest, '='), true);
        if (!str_equal(key, name))
            continue;
        *value = decoded(a, rest, true);
        return true;
    }
    return false;
}

/* The last `n` pieces of the path. */
static str last_pieces(str path, uint32_t n)
{
    const char *p = str_end(path);

    while (p > path.p && n > 0)
        n -= *--p == '/';
    return str_between(p + (p < str_end(path) && *p == '/'), str_end(path));
}

/* Each part by its name in the query, else in the body; those that are in neither are the last
 * pieces of the path. */
static str key_of(struct service *s, struct server_request *q)
{
    struct arena *a = &s->arena;
    str parts[DATA_PARTS_MAX] = {0}, body = server_body(q), key = STR_NONE;
    bool has_body = body.n && !json_check(body, NULL, NULL);
    uint32_t n = s->data.part_count, left = 0;

    for (uint32_t i = 0; i < n; i++) {
        str name = s->data.parts[i];
        if (has_body && json_find(body, name, &parts[i]))
            parts[i] = json_text(a, parts[i]);
        else if (!find_query(a, server_query(q), name, &parts[i]))
            left++;
    }
    str path = last_pieces(server_path(q), left);
    for (uint32_t i = 0; i < n; i++) {
        str part = parts[i].p ? parts[i] : decoded(a, str_cut(&path, '/'), false);
        key = i ? arena_printf(a, STR_FMT "|" STR_FMT, STR_ARG(key), STR_ARG(part)) : part;
    }
    return key;
}

/* What is answered. */

static str invented(struct arena *a, str key)
{
    uint64_t h = hash_bytes(key);
    str quoted = json_quoted(a, key);

    return arena_printf(a, "{\"results\":[{\"key\":" STR_FMT ",\"lat\":%.6f,\"lon\":%.6f}]}",
                        STR_ARG(quoted), (double)(h % 180000000) / 1e6 - 90,
                        (double)(h / 180000000 % 360000000) / 1e6 - 180);
}

static str results(struct arena *a, const struct data_key *k)
{
    const str head = STR("{\"results\":[");
    size_t room = head.n + 1;

    for (const struct data_row *r = k->first; r; r = r->next)
        room += r->line.n + 1;
    char *start = arena_alloc(a, room), *out = start + head.n;
    memcpy(start, head.p, head.n);
    for (const struct data_row *r = k->first; r; r = r->next) {
        memcpy(out, r->line.p, r->line.n);
        out += r->line.n;
        *out++ = r->next ? ',' : ']';
    }
    *out++ = '}';
    return str_between(start, out);
}

static void refuse(struct service *s, struct asked *w)
{
    w->status = 429;
    w->body = STR("{\"error\":\"too many requests\"}");
    s->meter.too_many++;
}

static void look_up(struct service *s, struct asked *w, str key, const struct data_key *k)
{
    if (faults_is_missing(&s->faults, key) || (!k->first && !s->invents)) {
        w->status = 404;
        w->body = STR("{\"error\":\"not found\"}");
        s->meter.missing++;
        return;
    }
    w->status = 200;
    w->body = k->first ? results(&w->arena, k) : invented(&w->arena, key);
    s->meter.found++;
}

/* True: the answer leaves at once, without a place at work. */
static bool judge(struct service *s, struct asked *w, str key, const struct data_key *k)
{
    struct faults *f = &s->faults;
    uint64_t now = clock_mono_us(s->clock);

    if (f->too_many_first || faults_strike(f, f->too_many) ||
        (f->limit_per_s && meter_last_second(&s->meter, now) > f->limit_per_s)) {
        f->too_many_first -= f->too_many_first > 0;
        refuse(s, w);
        return true;
    }
    bool is_over = f->refuse_at && s->meter.in_flight > f->refuse_at;
    if (is_over || faults_strike(f, f->failures)) {
        w->status = (int)f->status;
        w->body = STR("{\"error\":\"out of order\"}");
        s->meter.failed++;
        return is_over;
    }
    bool is_dropped = faults_strike(f, f->drops);
    if (is_dropped || faults_strike(f, f->silences)) {
        w->status = is_dropped ? STATUS_NONE : STATUS_SILENT;
        s->meter.dropped++;
        return false;
    }
    look_up(s, w, key, k);
    w->is_garbage = w->status == 200 && faults_strike(f, f->garbage);
    s->meter.garbage += w->is_garbage;
    return false;
}

/* When it is answered. */

static void asked_free(struct asked *w)
{
    *w->link = w->next;
    if (w->next)
        w->next->link = w->link;
    timer_free(w->timer);
    arena_free(&w->arena);
    free(w);
}

static void work_on(struct asked *w)
{
    struct service *s = w->service;

    w->is_at_work = true;
    s->at_work++;
    timer_start(w->timer, faults_latency_us(&s->faults));
}

static void send_answer(struct asked *w)
{
    struct service *s = w->service;
    const char *headers[1];
    uint32_t n = 0;

    if (w->status == STATUS_NONE) {
        server_hang_up(w->q);
        return;
    }
    if (w->status == 429 && s->faults.retry_after_s)
        headers[n++] =
            arena_printf(&w->arena, "Retry-After: %" PRIu64, s->faults.retry_after_s).p;
    server_answer(w->q, w->status, w->is_garbage ? "text/html" : "application/json",
                  w->is_garbage ? STR("<html>we are closed") : w->body, headers, n);
}

/* One leaves, the next in the line comes on. */
static void leave(struct asked *w)
{
    struct service *s = w->service;

    meter_left(&s->meter);
    s->at_work -= w->is_at_work;
    if (w->status != STATUS_SILENT)
        send_answer(w);
    asked_free(w);
    while (s->first && (!s->faults.slots || s->at_work < s->faults.slots)) {
        struct asked *next = s->first;
        s->first = next->behind;
        work_on(next);
    }
}

static void on_due(void *ctx)
{
    leave(ctx);
}

static void stand_in_line(struct service *s, struct asked *w)
{
    if (!s->first)
        s->first = w;
    else
        s->last->behind = w;
    s->last = w;
}

static void take(struct service *s, struct server_request *q)
{
    struct asked *w = xalloc(sizeof(*w));
    str key = key_of(s, q);
    struct data_key *k = data_key(&s->data, key);

    *w = (struct asked){.next = s->all, .link = &s->all, .service = s, .q = q};
    if (s->all)
        s->all->link = &w->next;
    s->all = w;
    w->timer = timer_new(s->loop, on_due, w);
    k->calls++;
    meter_arrived(&s->meter, clock_mono_us(s->clock));
    if (judge(s, w, key, k))
        leave(w);
    else if (s->faults.slots && s->at_work >= s->faults.slots)
        stand_in_line(s, w);
    else
        work_on(w);
}

/* The doors for tests. */

static void answer_local(struct service *s, struct server_request *q, bool fits)
{
    fits = fits && buf_add(&s->body, STR("\n"));
    server_answer(q, fits ? 200 : 500, "application/json", fits ? buf_str(&s->body) : STR(""),
                  NULL, 0);
}

static void answer_faults(struct service *s, struct server_request *q)
{
    struct error err = {0};

    if (str_is(server_method(q), "POST") &&
        faults_read(&s->faults, server_body(q), &err) != 0) {
        str text = arena_printf(&s->arena, "%s\n", err.text);
        server_answer(q, 400, "text/plain", text, NULL, 0);
        return;
    }
    answer_local(s, q, faults_write(&s->faults, &s->body));
}

static void reset(struct service *s)
{
    meter_reset(&s->meter);
    for (uint32_t i = 0; i < s->data.size; i++)
        s->data.table[i].calls = 0;
}

static void answer_door(struct service *s, struct server_request *q, str door)
{
    if (str_is(door, "faults")) {
        answer_faults(s, q);
    } else if (str_is(door, "meter")) {
        if (str_is(server_method(q), "POST"))
            reset(s);
        answer_local(s, q, meter_write(&s->meter, &s->data, &s->body));
    } else if (str_is(door, "keys")) {
        answer_local(s, q, meter_write_keys(&s->data, &s->body));
    } else if (str_is(door, "arrivals")) {
        answer_local(s, q, meter_write_arrivals(&s->meter, &s->body));
    } else {
        server_answer(q, 404, "text/plain", STR("not found\n"), NULL, 0);
    }
}

void service_init(struct service *s, struct loop *l)
{
    s->loop = l;
    s->clock = &clock_system;
    faults_init(&s->faults);
    buf_init(&s->body, BODY_MAX);
}

void service_handle(void *service, struct server_request *q)
{
    struct service *s = service;
    str path = server_path(q), door = path;

    arena_reset(&s->arena);
    buf_reset(&s->body);
    if (str_is(path, "/healthz"))
        server_answer(q, 200, "text/plain", STR("ok\n"), NULL, 0);
    else if (str_starts(path, STR("/_local/")) && server_is_local(q))
        answer_door(s, q, (str_cut(&door, '/'), str_cut(&door, '/'), door));
    else
        take(s, q);
}

void service_free(struct service *s)
{
    for (struct asked *w = s->all, *next; w; w = next) {
        next = w->next;
        asked_free(w);
    }
    data_free(&s->data);
    meter_free(&s->meter);
    arena_free(&s->arena);
    buf_free(&s->body);
}
