/* Unions of sets of inputs. */
#include "autograd/sets.h"

#include <string.h>

/* A set of more elements takes a much smaller one in by naming it: below that, copying is cheap. */
enum { LONG = 64, MUCH = 8 };

static tp_set *of(const tp_sets *s, uint32_t set)
{
    return &s->set[set - s->inputs - 1];
}

static bool single(const tp_sets *s, uint32_t set)
{
    return set <= s->inputs;
}

static uint32_t count_of(const tp_sets *s, uint32_t set)
{
    return single(s, set) ? 1 : of(s, set)->count;
}

static bool long_with_more(const tp_sets *s, uint32_t set)
{
    return !single(s, set) && of(s, set)->base != 0;
}

bool tp_sets_init(tp_sets *s, const tp_allocator *memory, uint32_t inputs)
{
    *s = (tp_sets){.memory = memory, .inputs = inputs, .round = 1};
    s->memo = tp_allocate_zeroed(memory, TP_SET_MEMO * sizeof *s->memo);
    s->seen = tp_allocate_zeroed(memory, ((size_t)inputs + 1) * sizeof *s->seen);
    return s->memo && s->seen;
}

void tp_sets_free(tp_sets *s)
{
    if (!s->memory) return;
    tp_deallocate(s->memory, s->memo, TP_SET_MEMO * sizeof *s->memo);
    tp_deallocate(s->memory, s->seen, ((size_t)s->inputs + 1) * sizeof *s->seen);
    tp_deallocate(s->memory, s->set, s->capacity * sizeof *s->set);
    tp_deallocate(s->memory, s->pool, s->room * sizeof *s->pool);
    tp_deallocate(s->memory, s->list, s->list_room * sizeof *s->list);
    tp_deallocate(s->memory, s->waiting, s->wait_room * sizeof *s->waiting);
    tp_deallocate(s->memory, s->live, ((size_t)s->capacity / 32 + 1) * sizeof *s->live);
    *s = (tp_sets){0};
}

/* ---- room ---- */

static bool fail(tp_sets *s)
{
    s->failed = true;
    return false;
}

static bool pool_room(tp_sets *s, uint64_t more)
{
    if (s->used + more <= s->room) return true;
    uint64_t wanted = s->room ? s->room + s->room / 2 : 1024;
    if (wanted < s->used + more) wanted = s->used + more;
    uint32_t *grown = wanted > SIZE_MAX / 8 ? NULL : tp_allocate(s->memory, wanted * sizeof *grown);
    if (!grown) return fail(s);
    if (s->used) memcpy(grown, s->pool, s->used * sizeof *grown);
    tp_deallocate(s->memory, s->pool, s->room * sizeof *grown);
    s->pool = grown;
    s->room = wanted;
    return true;
}

static bool push(tp_sets *s, uint32_t **items, uint32_t *count, uint32_t *room, uint32_t item)
{
    void *memory = *items;
    if (*count == *room) {
        if (!tp_grow(s->memory, &memory, room, *count + 1, sizeof **items)) return fail(s);
        *items = memory;
    }
    (*items)[(*count)++] = item;
    return true;
}

/* A set of that number of elements from `start` of the pool on; 0 after failing. */
static uint32_t new_set(tp_sets *s, tp_set set)
{
    uint32_t at;
    if (s->free) {
        at = s->free - 1;
        s->free = s->set[at].more;
    } else {
        void *items = s->set;
        if (s->count >= TP_SETS_LIMIT - s->inputs ||
            !tp_grow(s->memory, &items, &s->capacity, s->count + 1, sizeof *s->set)) {
            fail(s);
            return 0;
        }
        s->set = items;
        at = s->count++;
    }
    s->set[at] = set;
    return s->inputs + 1 + at;
}

/* ---- collecting: the elements of many sets, each once, in `list` ---- */

static void start_list(tp_sets *s)
{
    s->listed = 0;
    if (++s->round == 0) {
        memset(s->seen, 0, ((size_t)s->inputs + 1) * sizeof *s->seen);
        s->round = 1;
    }
}

static void collect_elements(tp_sets *s, const uint32_t *elements, uint32_t count)
{
    void *list = s->list;
    if (!tp_grow(s->memory, &list, &s->list_room, s->listed + count, sizeof *s->list)) {
        fail(s);
        return;
    }
    s->list = list;
    for (uint32_t i = 0; i < count; i++) {
        if (s->seen[elements[i]] == s->round) continue;
        s->seen[elements[i]] = s->round;
        s->list[s->listed++] = elements[i];
    }
}

static void collect(tp_sets *s, uint32_t set)
{
    if (set == 0) return;
    s->wait_count = 0;
    do {
        while (long_with_more(s, set)) {
            if (!push(s, &s->waiting, &s->wait_count, &s->wait_room, of(s, set)->more)) return;
            set = of(s, set)->base;
        }
        const uint32_t element = set - 1;
        if (single(s, set))
            collect_elements(s, &element, 1);
        else
            collect_elements(s, s->pool + of(s, set)->start, of(s, set)->count);
        if (s->wait_count == 0) return;
        set = s->waiting[--s->wait_count];
    } while (!s->failed);
}

static void sift(uint32_t *x, uint32_t at, uint32_t n)
{
    for (uint32_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && x[child + 1] > x[child]) child++;
        if (x[at] >= x[child]) return;
        const uint32_t swap = x[at];
        x[at] = x[child];
        x[child] = swap;
    }
}

static void sort(uint32_t *x, uint32_t n)
{
    uint32_t i = 1;
    while (i < n && x[i - 1] < x[i]) i++;
    if (i >= n) return;
    for (i = n / 2; i-- > 0;) sift(x, i, n);
    for (i = n; i-- > 1;) {
        const uint32_t swap = x[0];
        x[0] = x[i];
        x[i] = swap;
        sift(x, 0, i);
    }
}

/* A list of a good part of all inputs is read off the marks. */
static void sort_list(tp_sets *s)
{
    if (s->listed < s->inputs / 16) {
        sort(s->list, s->listed);
        return;
    }
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->inputs; i++)
        if (s->seen[i] == s->round) s->list[n++] = i;
}

static uint32_t store_list(tp_sets *s)
{
    if (s->failed || s->listed == 0) return 0;
    if (s->listed == 1) return s->list[0] + 1;
    if (!pool_room(s, s->listed)) return 0;
    sort_list(s);
    memcpy(s->pool + s->used, s->list, s->listed * sizeof *s->list);
    s->used += s->listed;
    return new_set(s, (tp_set){.start = s->used - s->listed, .count = s->listed});
}

/* Gives a long one with more elements of its own. */
static void flatten(tp_sets *s, uint32_t set)
{
    if (!long_with_more(s, set)) return;
    start_list(s);
    collect(s, set);
    if (s->failed || !pool_room(s, s->listed)) return;
    sort_list(s);
    memcpy(s->pool + s->used, s->list, s->listed * sizeof *s->list);
    *of(s, set) = (tp_set){.start = s->used, .count = s->listed};
    s->used += s->listed;
}

const uint32_t *tp_sets_elements(tp_sets *s, uint32_t set, uint32_t *count)
{
    start_list(s);
    if (!single(s, set) && !long_with_more(s, set)) {
        *count = of(s, set)->count;
        return s->pool + of(s, set)->start;
    }
    collect(s, set);
    sort_list(s);
    *count = s->failed ? 0 : s->listed;
    return s->list;
}

/* ---- unions ---- */

static const uint32_t *elements_of(const tp_sets *s, uint32_t set, uint32_t *single_one)
{
    *single_one = set - 1;
    return single(s, set) ? single_one : s->pool + of(s, set)->start;
}

/* Whether the elements of b are among those of a; both are flat. */
static bool holds(const tp_sets *s, uint32_t a, uint32_t b)
{
    uint32_t one, other;
    const uint32_t *x = elements_of(s, a, &one), *y = elements_of(s, b, &other);
    uint32_t low = 0;
    for (uint32_t i = 0, n = count_of(s, b); i < n; i++) {
        uint32_t high = count_of(s, a);
        while (low < high) {
            const uint32_t middle = low + (high - low) / 2;
            if (x[middle] < y[i])
                low = middle + 1;
            else
                high = middle;
        }
        if (low == count_of(s, a) || x[low] != y[i]) return false;
    }
    return true;
}

static uint32_t merge(tp_sets *s, uint32_t a, uint32_t b)
{
    const uint32_t na = count_of(s, a), nb = count_of(s, b);
    if (!pool_room(s, (uint64_t)na + nb)) return 0;
    uint32_t one, other, i = 0, k = 0, n = 0;
    const uint32_t *x = elements_of(s, a, &one), *y = elements_of(s, b, &other);
    uint32_t *out = s->pool + s->used;
    while (i < na && k < nb) {
        const uint32_t left = x[i], right = y[k];
        out[n++] = left < right ? left : right;
        i += left <= right;
        k += right <= left;
    }
    while (i < na) out[n++] = x[i++];
    while (k < nb) out[n++] = y[k++];
    if (n == na) return a;
    if (n == nb) return b;
    s->used += n;
    return new_set(s, (tp_set){.start = s->used - n, .count = n});
}

/* a is long, b is short. */
static uint32_t extend(tp_sets *s, uint32_t a, uint32_t b)
{
    const bool flat = !long_with_more(s, a);
    if (flat && !long_with_more(s, b) && holds(s, a, b)) return a;
    const uint64_t beginning = flat ? count_of(s, a) : of(s, a)->start;
    const uint64_t count = (uint64_t)count_of(s, a) + count_of(s, b);
    const tp_set set = {.start = beginning, .count = (uint32_t)count, .base = a, .more = b};
    if (count > UINT32_MAX) fail(s);
    const uint32_t both = s->failed ? 0 : new_set(s, set);
    if (!s->failed && count >= 2 * beginning) flatten(s, both);
    return both;
}

uint32_t tp_sets_join(tp_sets *s, uint32_t a, uint32_t b)
{
    if (s->failed) return 0;
    if (a > b) {
        const uint32_t swap = a;
        a = b;
        b = swap;
    }
    tp_set_pair *known = &s->memo[(a * 2654435761u ^ b * 2246822519u) >> 18 & (TP_SET_MEMO - 1)];
    if (known->a == a && known->b == b) return known->both;
    const uint32_t big = count_of(s, a) > count_of(s, b) ? a : b, small = big == a ? b : a;
    uint32_t both;
    if (count_of(s, big) > LONG && count_of(s, small) < count_of(s, big) / MUCH) {
        both = extend(s, big, small);
    } else {
        flatten(s, a);
        flatten(s, b);
        both = s->failed ? 0 : merge(s, a, b);
    }
    if (!s->failed) *known = (tp_set_pair){a, b, both};
    return both;
}

uint32_t tp_sets_union_all(tp_sets *s, int64_t n, const double *numbers)
{
    uint32_t all = 0, last = 0;
    if (n <= 4) {
        for (int64_t i = 0; i < n; i++) all = tp_sets_union(s, all, (uint32_t)numbers[i]);
        return all;
    }
    start_list(s);
    for (int64_t i = 0; i < n && !s->failed; i++) {
        const uint32_t set = (uint32_t)numbers[i];
        if (set == last) continue;
        collect(s, last = set);
        if (count_of(s, set) > count_of(s, all) || all == 0) all = set;
    }
    if (!s->failed && all && !long_with_more(s, all) && count_of(s, all) == s->listed) return all;
    return store_list(s);
}

/* ---- sweeping ---- */

bool tp_sets_full(const tp_sets *s)
{
    return s->used > 2 * s->kept + (1u << 22);
}

bool tp_sets_sweep_begin(tp_sets *s)
{
    s->live = tp_allocate_zeroed(s->memory, ((size_t)s->capacity / 32 + 1) * sizeof *s->live);
    return s->live != NULL;
}

void tp_sets_mark(tp_sets *s, uint32_t set)
{
    s->wait_count = 0;
    for (;;) {
        const uint32_t at = set - s->inputs - 1;
        const bool fresh = !single(s, set) && !(s->live[at / 32] >> at % 32 & 1);
        if (fresh) s->live[at / 32] |= 1u << at % 32;
        if (fresh && s->set[at].base) {
            if (!push(s, &s->waiting, &s->wait_count, &s->wait_room, s->set[at].more)) return;
            set = s->set[at].base;
        } else if (s->wait_count) {
            set = s->waiting[--s->wait_count];
        } else {
            return;
        }
    }
}

void tp_sets_sweep_end(tp_sets *s)
{
    uint64_t kept = 0;
    for (uint32_t i = 0; i < s->count; i++)
        if (s->live[i / 32] >> i % 32 & 1 && !s->set[i].base) kept += s->set[i].count;
    uint32_t *pool = tp_allocate(s->memory, (kept + 1) * sizeof *pool);
    if (!pool) fail(s);
    s->free = 0;
    kept = 0;
    for (uint32_t i = s->count; i-- > 0 && pool;) {
        tp_set *set = &s->set[i];
        if (!(s->live[i / 32] >> i % 32 & 1)) {
            *set = (tp_set){.more = s->free};
            s->free = i + 1;
        } else if (!set->base) {
            memcpy(pool + kept, s->pool + set->start, set->count * sizeof *pool);
            set->start = kept;
            kept += set->count;
        }
    }
    if (pool) {
        tp_deallocate(s->memory, s->pool, s->room * sizeof *pool);
        s->pool = pool;
        s->room = kept + 1;
        s->used = s->kept = kept;
    }
    tp_deallocate(s->memory, s->live, ((size_t)s->capacity / 32 + 1) * sizeof *s->live);
    s->live = NULL;
    memset(s->memo, 0, TP_SET_MEMO * sizeof *s->memo);
}
