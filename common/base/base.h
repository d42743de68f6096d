#pragma once
/* What every file may use: attributes, allocation that cannot fail, and the way out of an
 * impossible world. Not for helpers of one module. */
#include <stddef.h>
#include <stdint.h>

#define MUST_CHECK        __attribute__((warn_unused_result))
#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args), nonnull(fmt)))
#define NORETURN          __attribute__((noreturn))
/* Of a local variable that is filled before it is read, and so large that the zeros which the
 * build writes into all others would be felt. */
#define UNSET             __attribute__((uninitialized))
#define ARRAY_LEN(a)      (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)         ((a) < (b) ? (a) : (b))
#define MAX(a, b)         ((a) > (b) ? (a) : (b))

/* Print one line to stderr and abort: a state that no input can bring about. */
void die(const char *fmt, ...) PRINTF(1, 2) NORETURN;

/* No fault of the program: one line to stderr and exit status 71, without a core. The stream
 * still holds all unfinished entries. */
void out_of_memory(void) NORETURN;

/* Like calloc and realloc, but never NULL. Free with free(). */
void *xalloc(size_t size) MUST_CHECK;
void *xrealloc(void *p, size_t size) MUST_CHECK;
char *xstrdup(const char *s) MUST_CHECK;
