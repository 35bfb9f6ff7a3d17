/* The table that `make bench` prints. */
#define _DEFAULT_SOURCE
#include "bench/bench.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int goals, met, unknown;

static const char *const peer_names[BENCH_PEERS] = {"", "PyTorch", "ADOL-C", "Tapir"};

void bench_progress(const char *name)
{
    if (!isatty(STDERR_FILENO)) return;
    if (name)
        fprintf(stderr, "\r\033[K  measuring %s", name);
    else
        fprintf(stderr, "\r\033[K");
    fflush(stderr);
}

void bench_table_head(void)
{
    printf("%-46s %-6s %9s %9s %-7s %7s %7s  %-16s %s\n", "", "unit", "Tapir", "peer", "", "peer/", "allocs", "goal",
           "met");
    printf("%-46s %-6s %9s %9s %-7s %7s %7s\n", "", "", "", "", "", "Tapir", "a step");
}

/* Three digits, in as many characters as a column has. */
static void put_number(double x, int width)
{
    char text[32] = "";
    if (x == x) snprintf(text, sizeof text, "%.*f", fabs(x) < 10 ? 2 : (fabs(x) < 100 ? 1 : 0), x);
    printf("%*s ", width, text);
}

static void put_goal(const bench_line *line, double tapir, double peer, double allocations)
{
    char text[64] = "";
    size_t used = 0;
    if (line->ratio > 0) used = (size_t)snprintf(text, sizeof text, ">= %gx", line->ratio);
    if (line->limit > 0) snprintf(text + used, sizeof text - used, "%s<= %g", used ? ", " : "", line->limit);
    if (!text[0]) {
        printf(" (to know)\n");
        return;
    }
    goals++;
    const bool failed =
        (line->ratio > 0 && peer / tapir < line->ratio) || (line->limit > 0 && tapir > line->limit) || allocations > 0;
    const bool open = !failed && line->ratio > 0 && peer != peer;
    met += !failed && !open;
    unknown += open;
    printf(" %-16s %s\n", text, failed ? "NO" : (open ? "?" : "yes"));
}

void bench_table_line(const bench_line *line, bench_peer which, double tapir, double peer, double allocations)
{
    printf("%-46s %-6s ", line->label, line->unit);
    put_number(tapir, 9);
    put_number(peer, 9);
    printf("%-7s ", peer == peer ? peer_names[which] : "");
    put_number(peer / tapir, 7);
    put_number(allocations < 0 ? (double)NAN : allocations, 7);
    put_goal(line, tapir, peer, allocations);
    fflush(stdout);
}

void bench_table_foot(void)
{
    printf("\n%d of %d goals met", met, goals);
    if (unknown) printf(", %d wait for a peer", unknown);
    printf("; a goal wants 0 allocations a step too, where they are counted\n");
}
