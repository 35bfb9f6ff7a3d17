/* The names of an expression, found by a hash. */
#include <string.h>

#include "cli/expression.h"

static uint32_t hash_of(const char *at, size_t length)
{
    uint32_t h = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < length; i++) h = (h ^ (unsigned char)at[i]) * 16777619u;
    return h;
}

/* The bucket that holds the name, or is free for it. */
static size_t bucket_of(const cli_expression *e, const char *at, size_t length)
{
    size_t i = hash_of(at, length) & (e->bucket_room - 1);
    for (; e->buckets[i]; i = (i + 1) & (e->bucket_room - 1)) {
        const cli_name *const name = &e->names[e->buckets[i] - 1];
        if (name->length == length && memcmp(name->at, at, length) == 0) break;
    }
    return i;
}

int cli_find_name(const cli_expression *e, const char *at, size_t length)
{
    return e->bucket_room ? e->buckets[bucket_of(e, at, length)] - 1 : -1;
}

static bool more_buckets(cli_expression *e)
{
    const size_t room = e->bucket_room ? 2 * e->bucket_room : 64;
    int *const fresh = e->memory->allocate(e->memory->user, room * sizeof *fresh, _Alignof(int));
    if (!fresh) return false;
    cli_release(e->memory, e->buckets, e->bucket_room, sizeof *e->buckets);
    memset(fresh, 0, room * sizeof *fresh);
    e->buckets = fresh, e->bucket_room = room;
    for (int i = 0; i < e->name_count; i++) e->buckets[bucket_of(e, e->names[i].at, e->names[i].length)] = i + 1;
    return true;
}

int cli_add_name(cli_expression *e, const char *at, size_t length)
{
    if (2 * (size_t)e->name_count >= e->bucket_room && !more_buckets(e)) return -1;
    if (!cli_reserve(e->memory, &e->names, &e->name_room, (size_t)e->name_count + 1, sizeof *e->names)) return -1;
    e->names[e->name_count] = (cli_name){.at = at, .length = length, .node = -1};
    e->buckets[bucket_of(e, at, length)] = e->name_count + 1;
    return e->name_count++;
}
