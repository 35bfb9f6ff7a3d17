/* Weights to the disk and back, as safetensors, against the same bytes through fwrite, fsync and fread: what the
   format, its checks and the renaming cost. By the clock, since the disk's time counts. */
#define _POSIX_C_SOURCE 200809L
#include "bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <tapir/io.h>

enum { TENSORS = 24, PATH = 256 };

typedef struct files {
    const tp_allocator *memory;
    int64_t elements; /* of each tensor */
    char path[PATH];
    tp_named_tensor named[TENSORS];
    char names[TENSORS][16];
} files;

static double clock_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void files_close(void *of)
{
    files *state = of;
    for (int i = 0; i < TENSORS; i++) tp_tensor_release((tp_tensor *)state->named[i].tensor);
    unlink(state->path);
    free(state);
}

static void *files_open(const bench_task *task, const tp_allocator *memory)
{
    files *state = calloc(1, sizeof *state);
    if (!state) return NULL;
    const char *folder = getenv("TMPDIR");
    snprintf(state->path, PATH, "%.200s/tapir-bench-XXXXXX", folder ? folder : "/tmp");
    const int file = mkstemp(state->path);
    if (file >= 0) close(file);
    state->memory = memory;
    state->elements = task->n / TENSORS;
    for (int i = 0; i < TENSORS; i++) {
        tp_tensor *x = tp_tensor_make(memory, TP_F32, TP_DIMS(state->elements), NULL, NULL);
        if (!x || file < 0) {
            files_close(state);
            return NULL;
        }
        tp_tensor_fill(x, 1.5 + i);
        snprintf(state->names[i], sizeof state->names[i], "%d.weight", i);
        state->named[i] = (tp_named_tensor){state->names[i], x};
    }
    return state;
}

static bool failed(const tp_error *error)
{
    printf("%s\n", error->message);
    return false;
}

static bool safetensors_step(void *of, double seconds[BENCH_PHASES])
{
    files *state = of;
    tp_error error = {.status = TP_OK};
    const tp_safetensors_contents contents = {state->named, TENSORS, NULL, 0};
    const double start = clock_now();
    if (tp_safetensors_save(state->memory, state->path, &contents, &error) != TP_OK) return failed(&error);
    const double saved = clock_now();
    tp_safetensors *file = tp_safetensors_open_into(state->memory, state->path, NULL, 0, &error);
    tp_tensor *read[TENSORS];
    for (size_t i = 0; i < TENSORS; i++) read[i] = tp_safetensors_tensor_at(file, i, &error);
    for (int i = 0; i < TENSORS; i++) tp_tensor_release(read[i]);
    tp_safetensors_close(file);
    seconds[0] += saved - start;
    seconds[1] += clock_now() - saved;
    return error.status == TP_OK || failed(&error);
}

/* Over the old file, or, with `beside`, to another that then takes its place. */
static bool written(files *state, bool beside, double seconds[BENCH_PHASES])
{
    const size_t bytes = (size_t)state->elements * sizeof(float);
    const double start = clock_now();
    char other[PATH + 8];
    snprintf(other, sizeof other, "%s.plain", state->path);
    FILE *file = fopen(beside ? other : state->path, "wb");
    if (!file) return false;
    bool fine = true;
    for (int i = 0; i < TENSORS; i++)
        fine = fwrite(tp_tensor_read(state->named[i].tensor), 1, bytes, file) == bytes && fine;
    fine = fflush(file) == 0 && fsync(fileno(file)) == 0 && fine;
    fine = fclose(file) == 0 && fine;
    if (beside) fine = rename(other, state->path) == 0 && fine;
    const double saved = clock_now();
    char *read[TENSORS];
    file = fopen(state->path, "rb");
    for (int i = 0; i < TENSORS; i++) {
        read[i] = malloc(bytes);
        fine = file && read[i] && fread(read[i], 1, bytes, file) == bytes && fine;
    }
    if (file) fclose(file);
    for (int i = 0; i < TENSORS; i++) free(read[i]);
    seconds[0] += saved - start;
    seconds[1] += clock_now() - saved;
    return fine;
}

static bool plain_step(void *of, double seconds[BENCH_PHASES])
{
    return written(of, false, seconds);
}

static bool renamed_step(void *of, double seconds[BENCH_PHASES])
{
    return written(of, true, seconds);
}

/* To memory: a copy, and the copies of a load. */
static bool packed_step(void *of, double seconds[BENCH_PHASES])
{
    files *state = of;
    tp_error error = {.status = TP_OK};
    const tp_safetensors_contents contents = {state->named, TENSORS, NULL, 0};
    size_t n;
    const double start = clock_now();
    void *bytes = tp_safetensors_pack(state->memory, &contents, &n, &error);
    const double packed = clock_now();
    tp_safetensors *file = tp_safetensors_open_into(state->memory, NULL, bytes, n, &error);
    tp_tensor *read[TENSORS];
    for (size_t i = 0; i < TENSORS; i++) read[i] = tp_safetensors_tensor_at(file, i, &error);
    for (int i = 0; i < TENSORS; i++) tp_tensor_release(read[i]);
    tp_safetensors_close(file);
    seconds[1] += clock_now() - packed;
    seconds[0] += packed - start;
    tp_free_file(state->memory, bytes, n);
    return error.status == TP_OK || failed(&error);
}

static bool copied_step(void *of, double seconds[BENCH_PHASES])
{
    files *state = of;
    const size_t bytes = (size_t)state->elements * sizeof(float);
    const double start = clock_now();
    char *all = malloc(bytes * TENSORS), *read[TENSORS] = {NULL};
    if (!all) return false;
    for (int i = 0; i < TENSORS; i++) memcpy(all + bytes * (size_t)i, tp_tensor_read(state->named[i].tensor), bytes);
    const double packed = clock_now();
    bool fine = true;
    for (int i = 0; i < TENSORS; i++) {
        read[i] = malloc(bytes);
        fine = read[i] && fine;
        if (read[i]) memcpy(read[i], all + bytes * (size_t)i, bytes);
    }
    for (int i = 0; i < TENSORS; i++) free(read[i]);
    seconds[1] += clock_now() - packed;
    seconds[0] += packed - start;
    free(all);
    return fine;
}

static const bench_program safetensors = {files_open, safetensors_step, files_close};
static const bench_program plain = {files_open, plain_step, files_close};
static const bench_program renamed = {files_open, renamed_step, files_close};
static const bench_program packed = {files_open, packed_step, files_close};
static const bench_program copied = {files_open, copied_step, files_close};

#define FLOATS_64MB (16 * 1000 * 1000)
#define PER_GB (1e3 / (FLOATS_64MB * 4e-9)) /* from seconds a step to milliseconds a gigabyte */

static const bench_task tasks[] = {
    {.name = "files_safetensors",
     .peer = BENCH_TAPIR,
     .fresh = true,
     .n = FLOATS_64MB,
     .program = &safetensors,
     .rival = &renamed,
     .lines = {{"safetensors 64 MB: save (fwrite, fsync, rename)", "ms/GB", PER_GB, 0.9, 0},
               {"safetensors 64 MB: load (fread)", "ms/GB", PER_GB, 0.9, 0}}},
    {.name = "files_overwritten",
     .peer = BENCH_TAPIR,
     .fresh = true,
     .n = FLOATS_64MB,
     .program = &safetensors,
     .rival = &plain,
     .lines = {{"safetensors 64 MB: save (fwrite, fsync)", "ms/GB", PER_GB, 0.6, 0},
               {"safetensors 64 MB: load (fread)", "ms/GB", PER_GB, 0.9, 0}}},
    {.name = "files_packed",
     .peer = BENCH_TAPIR,
     .fresh = true,
     .n = FLOATS_64MB,
     .program = &packed,
     .rival = &copied,
     .lines = {{"safetensors 64 MB: to memory (memcpy)", "ms/GB", PER_GB, 0.8, 0},
               {"safetensors 64 MB: from memory (memcpy)", "ms/GB", PER_GB, 0.8, 0}}},
};

const bench_list bench_files = {tasks, sizeof tasks / sizeof *tasks};
