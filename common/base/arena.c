#include "common/base/arena.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
    #define ARENA_POISON 1
#elif defined(__has_feature)
    #if __has_feature(address_sanitizer)
        #define ARENA_POISON 1
    #endif
#endif
#ifdef ARENA_POISON
    #include <sanitizer/asan_interface.h>
#else
    #define ASAN_POISON_MEMORY_REGION(p, n)   ((void)(p), (void)(n))
    #define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

enum {
    ARENA_BLOCK =
        256 * 1024, /* so that a full stream entry (65,400 bytes) fits into any block */
    ARENA_ALIGN = 16,
};

struct arena_block {
    struct arena_block *next;
    size_t size;
    char data[] __attribute__((aligned(ARENA_ALIGN)));
};

static struct arena_block *block_new(size_t size)
{
    struct arena_block *b = malloc(sizeof(*b) + size);

    if (!b)
        out_of_memory();
    b->next = NULL;
    b->size = size;
    ASAN_POISON_MEMORY_REGION(b->data, size);
    return b;
}

static void block_free(struct arena_block *b)
{
    ASAN_UNPOISON_MEMORY_REGION(b->data, b->size);
    free(b);
}

/* Make the current block one with `size` bytes free: the next one. One that is too small gives
 * way to a larger one, so that an arena never holds more blocks than its fullest round used. */
static void advance(struct arena *a, size_t size)
{
    struct arena_block **link = a->current ? &a->current->next : &a->first, *next = *link;

    if (!next || next->size < size) {
        struct arena_block *b = block_new(MAX(size, (size_t)ARENA_BLOCK));
        b->next = next ? next->next : NULL;
        *link = b;
        if (next)
            block_free(next);
    }
    a->current = *link;
    a->used = 0;
}

char *arena_reserve(struct arena *a, size_t max)
{
    if (!a->current || a->current->size - a->used < max)
        advance(a, max);
    char *p = a->current->data + a->used;
    ASAN_UNPOISON_MEMORY_REGION(p, max);
    return p;
}

void arena_trim(struct arena *a, const char *end)
{
    size_t used = (size_t)(end - a->current->data);

    assert(used >= a->used && used <= a->current->size);
    used = MIN((used + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1), a->current->size);
    a->used = used;
    ASAN_POISON_MEMORY_REGION(a->current->data + used, a->current->size - used);
}

void *arena_alloc(struct arena *a, size_t size)
{
    char *p = arena_reserve(a, size);

    arena_trim(a, p + size);
    return p;
}

void *arena_zalloc(struct arena *a, size_t size)
{
    void *p = arena_alloc(a, size);

    return size ? memset(p, 0, size) : p;
}

str arena_copy(struct arena *a, str s)
{
    char *p = arena_alloc(a, s.n + 1);

    if (s.n)
        memcpy(p, s.p, s.n);
    p[s.n] = '\0';
    return (str){p, s.n};
}

str arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list args, again;

    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    assert(n >= 0);
    char *p = arena_alloc(a, (size_t)n + 1);
    vsnprintf(p, (size_t)n + 1, fmt, again);
    va_end(again);
    return (str){p, (size_t)n};
}

struct arena_mark arena_mark(const struct arena *a)
{
    return (struct arena_mark){a->current, a->used};
}

void arena_rewind(struct arena *a, struct arena_mark mark)
{
    struct arena_block *b = mark.block ? mark.block->next : a->first;

    if (mark.block)
        ASAN_POISON_MEMORY_REGION(mark.block->data + mark.used, mark.block->size - mark.used);
    for (; b; b = b->next)
        ASAN_POISON_MEMORY_REGION(b->data, b->size);
    a->current = mark.block;
    a->used = mark.used;
}

void arena_reset(struct arena *a)
{
    arena_rewind(a, (struct arena_mark){NULL, 0});
}

void arena_free(struct arena *a)
{
    for (struct arena_block *b = a->first, *next; b; b = next) {
        next = b->next;
        block_free(b);
    }
    *a = (struct arena){0};
}

size_t arena_size(const struct arena *a)
{
    size_t size = 0;

    for (const struct arena_block *b = a->first; b; b = b->next)
        size += b->size;
    return size;
}
