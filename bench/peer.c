/* The peers: servers on a pipe. On starting a server writes a line, its name and version; then for each line
   "task n steps" it answers with the seconds a step of one or two phases, or with "unknown". */
#define _DEFAULT_SOURCE
#include "bench/bench.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PYTHON "/usr/bin/python3"

typedef struct server {
    pid_t process;
    FILE *to, *from;
    char version[80];
} server;

static server servers[BENCH_PEERS];

/* A pipe that the other servers do not inherit: they would keep it open. */
static bool private_pipe(int ends[2])
{
    if (pipe(ends) != 0) return false;
    return fcntl(ends[0], F_SETFD, FD_CLOEXEC) == 0 && fcntl(ends[1], F_SETFD, FD_CLOEXEC) == 0;
}

static void become(const int to[2], const int from[2], char *const argv[])
{
    dup2(to[0], STDIN_FILENO);
    dup2(from[1], STDOUT_FILENO);
    char threads[16];
    snprintf(threads, sizeof threads, "%d", bench_threads(0));
    setenv("OMP_NUM_THREADS", threads, 1);
    execv(argv[0], argv);
    _exit(127);
}

static void stop(server *s)
{
    if (s->to) fclose(s->to);
    if (s->from) fclose(s->from);
    if (s->process > 0) waitpid(s->process, NULL, 0);
    *s = (server){0};
}

static void start(server *s, char *const argv[])
{
    int to[2], from[2];
    if (!private_pipe(to)) return;
    if (!private_pipe(from)) {
        close(to[0]), close(to[1]);
        return;
    }
    fflush(NULL);
    s->process = fork();
    if (s->process == 0) become(to, from, argv);
    close(to[0]), close(from[1]);
    s->to = fdopen(to[1], "w");
    s->from = fdopen(from[0], "r");
    if (s->process < 0 || !s->to || !s->from || !fgets(s->version, sizeof s->version, s->from)) {
        stop(s);
        return;
    }
    s->version[strcspn(s->version, "\n")] = 0;
}

void bench_peers_start(const char *torch, const char *adolc)
{
    signal(SIGPIPE, SIG_IGN);
    if (torch) start(&servers[BENCH_TORCH], (char *[]){PYTHON, (char *)torch, NULL});
    if (adolc) start(&servers[BENCH_ADOLC], (char *[]){(char *)adolc, NULL});
}

void bench_peers_stop(void)
{
    for (int i = 0; i < BENCH_PEERS; i++) stop(&servers[i]);
}

const char *bench_peer_version(bench_peer peer)
{
    return servers[peer].to ? servers[peer].version : NULL;
}

bool bench_peer_run(const bench_task *task, int64_t steps, double seconds[BENCH_PHASES])
{
    server *s = &servers[task->peer];
    char answer[128];
    if (!s->to) return false;
    for (int i = 0; i < BENCH_PHASES; i++) seconds[i] = 0;
    if (fprintf(s->to, "%s %lld %lld\n", task->name, (long long)task->n, (long long)steps) < 0 || fflush(s->to) != 0 ||
        !fgets(answer, sizeof answer, s->from)) {
        stop(s);
        return false;
    }
    return sscanf(answer, "%lf %lf", &seconds[0], &seconds[1]) >= 1;
}
