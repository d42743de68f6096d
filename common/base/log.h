#pragma once
/* One line an event, to stderr: logfmt or JSON. log_warn("batch retried", LOG_STR("stream",
 * name), LOG_U64("attempt", n)). Foreign bytes are escaped here and cut at 256; at most ten
 * lines a second from one call site, then one line that counts what was left out. */
#include "common/base/base.h"
#include "common/base/error.h"
#include "common/base/str.h"

enum log_level { LEVEL_DEBUG, LEVEL_INFO, LEVEL_WARN, LEVEL_ERROR };
enum log_format { LOG_LOGFMT, LOG_JSON };
struct log_field {
    const char *name;
    str text; /* p == NULL: `number` counts */
    int64_t number;
};
struct log_site { /* per call site; zeroed */
    uint64_t window_us;
    uint32_t said, dropped;
};

static inline struct log_field log_field_str(const char *name, str value)
{
    return (struct log_field){name, value.p ? value : STR(""), 0};
}

#define LOG_STR(name, value)  log_field_str((name), (value))
#define LOG_CSTR(name, value) log_field_str((name), str_of(value))
#define LOG_U64(name, value)  ((struct log_field){(name), STR_NONE, (int64_t)(value)})
#define LOG_ERROR_TEXT(e)     LOG_CSTR("error", (e)->text)

/* Once, at the start of a process. `role` stands on every line and must outlive the process. */
void log_open(const char *role, enum log_format format, enum log_level least);
void log_to(int fd); /* for tests; default 2 */

void log_write(struct log_site *site, enum log_level level, const char *event,
               const struct log_field *fields, size_t n);

/* The sentinel lets an event stand without fields. */
#define LOG_AT(level, ...) LOG_FIELDS_AT(level, __VA_ARGS__, {0})
#define LOG_FIELDS_AT(level, event, ...)                                                       \
    do {                                                                                       \
        static struct log_site site_;                                                          \
        const struct log_field fields_[] = {__VA_ARGS__};                                      \
        log_write(&site_, (level), (event), fields_, ARRAY_LEN(fields_) - 1);                  \
    } while (0)
#define log_debug(...) LOG_AT(LEVEL_DEBUG, __VA_ARGS__)
#define log_info(...)  LOG_AT(LEVEL_INFO, __VA_ARGS__)
#define log_warn(...)  LOG_AT(LEVEL_WARN, __VA_ARGS__)
#define log_error(...) LOG_AT(LEVEL_ERROR, __VA_ARGS__)
