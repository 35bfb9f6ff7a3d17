/* The clock, the times by op, and their table. */
#define _POSIX_C_SOURCE 200809L
#include "autograd/profile.h"

#include <inttypes.h>
#include <time.h>

#include "autograd/walk.h"

uint64_t tp_profile_clock(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec + 1;
}

/* The least of many: what else runs on the machine does not count. */
static uint64_t clock_cost(void)
{
    uint64_t least = UINT64_MAX, last = tp_profile_clock();
    for (int i = 0; i < 200; i++) {
        const uint64_t now = tp_profile_clock();
        if (now - last < least) least = now - last;
        last = now;
    }
    return least;
}

bool tp_tape_set_profile(tp_tape *tape, bool on)
{
    if (!tape) return false;
    const bool was = tape->profiling;
    if (on == was) return was;
    if (on) {
        tp_profile_free(tape);
        tape->profile = tp_allocate_zeroed(&tape->memory, sizeof *tape->profile);
        if (!tape->profile) return tp_tape_out_of_memory(tape, "tp_tape_set_profile"), false;
        tape->profile->cost = clock_cost();
    }
    tape->profiling = on;
    tape->capacity = on ? tape->count : tape->reserved;
    return was;
}

void tp_profile_free(tp_tape *tape)
{
    if (!tape->profile) return;
    tp_tallies_free(&tape->profile->tallies, &tape->memory);
    tp_deallocate(&tape->memory, tape->profile, sizeof *tape->profile);
    tape->profile = NULL;
}

uint64_t tp_profile_begin(tp_tape *tape)
{
    if (tape->profile->inside) return 0;
    tape->profile->inside = true;
    return tp_profile_clock();
}

/* An op for which there is no memory is not counted. */
static void add(tp_tape *tape, const tp_op *op, tp_timed what, uint64_t took, uint32_t first, uint32_t end)
{
    tp_profile *profile = tape->profile;
    tp_tally *tally = tp_tally_of(&profile->tallies, &tape->memory, op);
    if (!tally) return;
    tp_op_profile *to = &tally->profile;
    const double seconds = took > profile->cost ? 1e-9 * (double)(took - profile->cost) : 0;
    to->op = op->name;
    to->calls[what]++;
    to->seconds[what] += seconds;
    for (uint32_t i = first; i < end; i++) tp_node_size(tape, i, &to->elements, &to->bytes);
}

void tp_profile_end(tp_tape *tape, uint64_t start, const tp_op *op, tp_timed what, uint32_t first, uint32_t end)
{
    const uint64_t now = tp_profile_clock();
    tape->profile->inside = false;
    add(tape, op, what, now - start, first, end);
}

tp_status tp_stretch_timed(tp_tape *tape, uint32_t high, uint32_t low)
{
    tp_status status = TP_OK;
    const uint32_t keep = tape->inner ? tape->walk_low : 0;
    tape->profile->inside = true;
    for (uint32_t i = high; i-- > low && status == TP_OK;) {
        if (tape->slots[i].bits << 1 == 0 || !(tape->nodes[i].a & TP_NEEDS)) continue;
        const tp_op *op = tape->nodes[i].op;
        const uint64_t start = tp_profile_clock();
        const bool scalar = !(tape->nodes[i].a & TP_IS_TENSOR) && op->scalar_gradient;
        if (scalar && keep)
            tp_scalar_gradient(tape, i, keep);
        else if (scalar)
            op->scalar_gradient(tape->nodes, tape->slots, i, tape->slots[i].number);
        else
            status = tp_visit(tape, i);
        const uint64_t took = tp_profile_clock() - start;
        if (op->structure != TP_LEAF && !(op->flags & TP_TUPLE_PART)) add(tape, op, TP_TIMED_BACKWARD, took, 0, 0);
    }
    tape->profile->inside = false;
    return status;
}

/* ---- reading ---- */

static double total_of(const tp_op_profile *profile)
{
    return profile->seconds[0] + profile->seconds[1] + profile->seconds[2];
}

static bool longer(const tp_tally *a, const tp_tally *b)
{
    return total_of(&a->profile) > total_of(&b->profile);
}

int tp_tape_profile(const tp_tape *tape, tp_op_profile *profiles, int room)
{
    if (!tape || !tape->profile) return 0;
    if (room > 0 && !profiles) return -1;
    tp_tallies sorted = {.count = tape->profile->tallies.count, .capacity = tape->profile->tallies.capacity};
    const size_t bytes = sorted.capacity * sizeof *sorted.items;
    if (bytes && room > 0) {
        sorted.items = tp_allocate(&tape->memory, bytes);
        if (!sorted.items) return -1;
        memcpy(sorted.items, tape->profile->tallies.items, bytes);
    }
    for (int i = 0; i < room && tp_tallies_first(&sorted, (uint32_t)i, longer); i++)
        profiles[i] = sorted.items[i].profile;
    if (sorted.items) tp_deallocate(&tape->memory, sorted.items, bytes);
    return (int)sorted.count;
}

/* ---- the table ---- */

/* "1.23 M": at most seven characters and no more digits than mean something. */
static const char *short_number(char text[16], int64_t number)
{
    static const char units[] = " kMGTPE";
    double scaled = (double)number;
    int unit = 0;
    while (scaled >= 999.5) scaled /= 1000, unit++;
    if (unit == 0)
        snprintf(text, 16, "%.0f  ", scaled);
    else
        snprintf(text, 16, "%.*f %c", scaled < 9.995 ? 2 : (scaled < 99.95 ? 1 : 0), scaled, units[unit]);
    return text;
}

static void print_line(FILE *out, int width, const tp_op_profile *p, double whole, bool replays)
{
    char elements[16], bytes[16];
    const int64_t calls = p->calls[TP_TIMED_FORWARD];
    fprintf(out, "%-*s %10" PRId64 " %11.3f %10" PRId64 " %11.3f", width, p->op, calls,
            1e3 * p->seconds[TP_TIMED_FORWARD], p->calls[TP_TIMED_BACKWARD], 1e3 * p->seconds[TP_TIMED_BACKWARD]);
    if (replays) fprintf(out, " %10" PRId64 " %11.3f", p->calls[TP_TIMED_REPLAY], 1e3 * p->seconds[TP_TIMED_REPLAY]);
    fprintf(out, " %6.1f %%  %8s  %8s\n", whole > 0 ? 100 * total_of(p) / whole : 0,
            short_number(elements, p->elements), short_number(bytes, p->bytes));
}

static void print_table(FILE *out, const tp_op_profile *profiles, int n)
{
    tp_op_profile total = {.op = "total"};
    int width = 12;
    for (int i = 0; i < n; i++) {
        const int length = (int)strlen(profiles[i].op);
        if (length > width) width = length < 40 ? length : 40;
        for (int k = 0; k < 3; k++) {
            total.calls[k] += profiles[i].calls[k];
            total.seconds[k] += profiles[i].seconds[k];
        }
        total.elements += profiles[i].elements;
        total.bytes += profiles[i].bytes;
    }
    const bool replays = total.calls[TP_TIMED_REPLAY] > 0;
    fprintf(out, "%-*s %10s %11s %10s %11s", width, "op", "recorded", "forward ms", "walked", "backward ms");
    if (replays) fprintf(out, " %10s %11s", "replayed", "replay ms");
    fprintf(out, " %8s  %8s  %8s\n", "share", "elements", "bytes");
    for (int i = 0; i < n; i++) print_line(out, width, &profiles[i], total_of(&total), replays);
    print_line(out, width, &total, total_of(&total), replays);
}

tp_status tp_tape_print_profile(const tp_tape *tape, FILE *out)
{
    if (!tape || !out) return TP_E_ARGUMENT;
    const int n = tp_tape_profile(tape, NULL, 0);
    const size_t bytes = (size_t)(n + 1) * sizeof(tp_op_profile);
    tp_op_profile *profiles = tp_allocate(&tape->memory, bytes);
    if (!profiles) return TP_E_MEMORY;
    const int written = tp_tape_profile(tape, profiles, n);
    if (written == n) print_table(out, profiles, n);
    tp_deallocate(&tape->memory, profiles, bytes);
    if (written != n) return TP_E_MEMORY;
    return ferror(out) ? TP_E_IO : TP_OK;
}
