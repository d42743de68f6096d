#pragma once
/* 64-bit hash that is the same for ever, on every machine: it stands in source ids. Not keyed:
 * do not build tables of foreign keys on it without a cap. */
#include "common/base/base.h"
#include "common/base/str.h"

/* FNV-1a (Fowler, Noll, Vo; the IETF draft's 64-bit constants), finished by MurmurHash3's
 * fmix64 so that low bits can index a table. */
uint64_t hash_bytes(str s);
uint64_t hash_more(uint64_t h, str s);   /* hash of a sequence: start with hash_bytes */
void hash_hex(uint64_t h, char out[16]); /* 16 lower-case hex digits, no NUL */
