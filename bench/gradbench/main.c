/* gradbench-tapir: GradBench's evals, by its protocol on stdin and stdout, one by one from a file, or as a table. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <unistd.h>

#include "bench/gradbench/plain.h"
#include "bench/gradbench/table.h"

static const char usage[] =
    "usage: gradbench-tapir [--multithreaded]                  the protocol, on stdin and stdout\n"
    "       gradbench-tapir [--multithreaded] EVAL FILE FUNCTION\n"
    "       gradbench-tapir EVAL FILE plain                   the primal in plain C, without the library's tape\n"
    "       gradbench-tapir --table EVAL NAME FILE            a line for bench/gradbench/run.sh\n";

/* A line of input, whose end is not counted; -1 at the end, -2 when it does not fit into memory. */
static ssize_t read_line(char **line, size_t *room, FILE *in)
{
    errno = 0;
    ssize_t n = getline(line, room, in);
    if (n >= 0) return n > 0 && (*line)[n - 1] == '\n' ? n - 1 : n;
    if (errno != ENOMEM) return -1;
    free(*line);
    *line = NULL, *room = 0;
    for (int c = getc(in); c != EOF && c != '\n';) c = getc(in);
    return -2;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SHADOWED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SHADOWED
#endif
#endif

/* What does not fit into the machine's memory is refused when it is asked for, and answered; else the system would end
   the program later, when it is used. (A sanitizer's shadow memory is larger than any machine's.) */
static void limit_memory(void)
{
#ifndef SHADOWED
    const long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    struct rlimit limit;
    if (pages <= 0 || size <= 0 || getrlimit(RLIMIT_AS, &limit) != 0) return;
    const rlim_t most = (rlim_t)pages / 8 * 7 * (rlim_t)size;
    if (limit.rlim_cur > most) limit.rlim_cur = most;
    setrlimit(RLIMIT_AS, &limit);
#endif
}

static int serve(const gb_options *options)
{
    char *line = NULL;
    size_t room = 0;
    gb_text answer = {0};
    limit_memory();
    for (ssize_t n = read_line(&line, &room, stdin); n != -1; n = read_line(&line, &room, stdin)) {
        if (n >= 0) {
            gb_answer(line, (size_t)n, options, &answer);
        } else {
            answer.used = 0;
            gb_put(&answer, "{\"id\":null,\"success\":false,\"error\":\"no memory for the message\"}\n");
        }
        if (fwrite(answer.bytes, 1, answer.used, stdout) != answer.used || fflush(stdout) != 0) break;
    }
    free(line);
    gb_text_free(&answer);
    return ferror(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}

static void print_timing(const char *name, int64_t nanoseconds)
{
    printf("{\"name\": \"%s\", \"nanoseconds\": %lld}\n", name, (long long)nanoseconds);
}

/* The file form: the output on a line, then a line for each time. */
static int from_file(const char *name, const char *file, const char *function_name, const gb_options *options)
{
    const bool plain = !strcmp(function_name, "plain");
    const gb_eval *eval = plain ? gb_plain_find(name) : gb_eval_find(name);
    const int function = eval ? (plain ? 0 : gb_function_find(eval, function_name)) : -1;
    if (function < 0) {
        fprintf(stderr, "gradbench-tapir: there is no %s \"%s\"\n", eval ? "function" : "eval",
                eval ? function_name : name);
        return EXIT_FAILURE;
    }
    gb_measured measured;
    tp_error error;
    json_t *input = gb_load(file);
    if (!input) return EXIT_FAILURE;
    const tp_status status = gb_measure(eval, function, input, options, &measured, &error);
    json_decref(input);
    if (status == TP_OK) {
        fwrite(measured.output.bytes, 1, measured.output.used, stdout);
        putchar('\n');
        print_timing("prepare", measured.prepare < 0 ? 0 : measured.prepare);
        for (int64_t i = 0; i < measured.count; i++) print_timing("evaluate", measured.runs[i]);
    } else {
        fprintf(stderr, "gradbench-tapir: %s\n", error.message);
    }
    gb_measured_free(&measured);
    return status == TP_OK && fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int count, char **words)
{
    gb_options options = {.threads = 1};
    const char *plain[4];
    int n = 0, table = 0;
    for (int i = 1; i < count; i++) {
        if (!strcmp(words[i], "--multithreaded")) {
            options.threads = 4;
        } else if (!strcmp(words[i], "--head") && count == 2) {
            gb_table_head();
            return EXIT_SUCCESS;
        } else if (!strcmp(words[i], "--table")) {
            table = 1;
            options.processor = true;
        } else if (n < 3 && words[i][0] != '-') {
            plain[n++] = words[i];
        } else {
            n = -1;
            break;
        }
    }
    if (n == 0 && !table) return serve(&options);
    if (n == 3)
        return table ? gb_table(plain[0], plain[1], plain[2], &options)
                     : from_file(plain[0], plain[1], plain[2], &options);
    fputs(usage, stderr);
    return EXIT_FAILURE;
}
