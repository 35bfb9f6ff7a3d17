/* The benchmark: every claim about speed is a line of one table, measured against a peer in the same run.
   usage: bench [TORCH_SCRIPT|- [ADOLC_PROGRAM|- [FILTER|- [THREADS]]]]     see run.sh */
#include "bench/bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/kernels.h"

#ifdef TP_WITH_LIBMVEC
#define WITH_LIBMVEC " libmvec"
#else
#define WITH_LIBMVEC ""
#endif
#ifdef TP_WITH_ONEDNN
#define WITH_ONEDNN " oneDNN"
#else
#define WITH_ONEDNN ""
#endif
#ifdef TP_WITH_CBLAS
#define WITH_CBLAS " CBLAS"
#else
#define WITH_CBLAS ""
#endif

/* The processor as the system calls it; "?" where it does not say. */
static void processor(char *text, size_t size)
{
    char line[256];
    FILE *file = fopen("/proc/cpuinfo", "r");
    snprintf(text, size, "?");
    while (file && fgets(line, sizeof line, file)) {
        const char *value = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || !value) continue;
        snprintf(text, size, "%s", value + 2);
        text[strcspn(text, "\n")] = 0;
        break;
    }
    if (file) fclose(file);
}

static void peer_fact(bench_peer which, const char *package)
{
    const char *version = bench_peer_version(which);
    if (version)
        printf("peer: %s, threads: %d\n", version, which == BENCH_TORCH ? bench_threads(0) : 1);
    else
        printf("peer missing: its column stays empty; apt-get install %s\n", package);
}

static void facts(void)
{
    char name[128];
    processor(name, sizeof name);
    printf("Tapir %s, threads: %d, level %s, built with:%s%s%s%s\n", tp_version(), bench_threads(0),
           tp_kernels_pick()->level, WITH_LIBMVEC, WITH_ONEDNN, WITH_CBLAS,
           WITH_LIBMVEC WITH_ONEDNN WITH_CBLAS[0] ? "" : " nothing");
    printf("processor: %s\n", name);
    peer_fact(BENCH_TORCH, "python3-torch");
    peer_fact(BENCH_ADOLC, "g++ libadolc-dev");
    printf("medians of slices of the two taking turns, both warm\n\n");
}

/* Whether the name contains one of the filter's parts, between which there are commas. */
static bool chosen(const char *name, const char *filter)
{
    char part[64];
    for (const char *at = filter; at && *at; at += strcspn(at, ","), at += *at == ',') {
        snprintf(part, sizeof part, "%.*s", (int)strcspn(at, ","), at);
        if (strstr(name, part)) return true;
    }
    return !filter;
}

/* Of the chain. */
enum { SIZES = 3 };

/* Measures and prints; returns how many failed. The first results go to `results`, if that is not NULL. */
static int run_tasks(bench_list list, const char *filter, bench_result *results)
{
    int failures = 0;
    for (int i = 0; i < list.n; i++) {
        const bench_task *task = &list.tasks[i];
        bench_result result = {.ok = false};
        if (results && i < SIZES) results[i] = result;
        if (!chosen(task->name, filter)) continue;
        bench_progress(task->lines[0].label);
        result = bench_measure(task);
        bench_progress(NULL);
        if (results && i < SIZES) results[i] = result;
        failures += !result.ok;
        for (int k = 0; result.ok && k < BENCH_PHASES && task->lines[k].label; k++) {
            const double scale = task->lines[k].scale;
            const double peer = result.peer_ok ? result.peer[k] * scale : (double)NAN;
            bench_table_line(&task->lines[k], task->peer, result.tapir[k] * scale, peer, result.allocations);
        }
        if (result.ok && task->between.label)
            bench_table_line(&task->between, BENCH_ALONE, result.tapir[1] / result.tapir[0] * task->between.scale,
                             (double)NAN, result.allocations);
    }
    return failures;
}

/* What an op costs must not depend on how long the tape is: the dearest of the three sizes over the cheapest. */
static void spread(const bench_result *results)
{
    static const bench_line lines[BENCH_PHASES] = {
        {"chain, 10^4 to 10^7: dearest over cheapest, rec.", "", 1, 0, 1.3},
        {"chain, 10^4 to 10^7: dearest over cheapest, rev.", "", 1, 0, 1.3},
    };
    for (int k = 0; k < BENCH_PHASES; k++) {
        double low = HUGE_VAL, high = 0;
        for (int i = 0; i < SIZES; i++) {
            if (!results[i].ok) return;
            const double cost = results[i].tapir[k] / (double)bench_scalar.tasks[i].n;
            low = fmin(low, cost);
            high = fmax(high, cost);
        }
        bench_table_line(&lines[k], BENCH_ALONE, high / low, (double)NAN, -1);
    }
}

static void bytes(void)
{
    static const bench_line node = {"memory of a node", "bytes", 1, 0, 32};
    static const bench_line adjoint = {"memory of an adjoint", "bytes", 1, 0, 8};
    double of_node, of_adjoint;
    bench_bytes(&of_node, &of_adjoint);
    bench_table_line(&node, BENCH_ALONE, of_node, (double)NAN, -1);
    bench_table_line(&adjoint, BENCH_ALONE, of_adjoint, (double)NAN, -1);
}

static const char *argument(int argc, char **argv, int i)
{
    return i < argc && argv[i][0] && strcmp(argv[i], "-") != 0 ? argv[i] : NULL;
}

int main(int argc, char **argv)
{
    static const bench_list *const lists[] = {
#define TASKS(name) &bench_##name,
#include "bench/tasks.def"
    };
    bench_result sizes[SIZES];
    const char *filter = argument(argc, argv, 3), *threads = argument(argc, argv, 4);
    if (threads) bench_threads(atoi(threads));
    bench_peers_start(argument(argc, argv, 1), argument(argc, argv, 2));
    facts();
    bench_table_head();
    int failures = 0;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        failures += run_tasks(*lists[i], filter, i == 0 ? sizes : NULL);
        if (i > 0 || !chosen("chain", filter)) continue;
        spread(sizes);
        bytes();
    }
    failures += run_tasks((bench_list){&bench_fresh_task, 1}, filter, NULL);
    bench_table_foot();
    bench_peers_stop();
    return failures ? 1 : 0;
}
