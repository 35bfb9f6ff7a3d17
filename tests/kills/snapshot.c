/* Writes snapshots to one file again and again, for tests/kills/kills.sh: it is killed and started again, and goes on
   from what is there.

   snapshot FILE: reads FILE, if it is there, and writes the next one, and the next one, ...; after each, its number is
   appended to FILE.done.

   snapshot FILE check: prints the number of FILE, which is whole, or says what is wrong and fails.

   A snapshot is a safetensors file whose tensors and metadata all follow from its number. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tapir/tapir.h>

enum { TENSORS = 3 };

/* Tensor i of a snapshot: sizes and elements from its number, so that no two are alike. */
static tp_tensor *tensor_of(long number, int i)
{
    const int64_t n = 1000 * (1 + (number * 7 + i * 3) % 40);
    tp_tensor *tensor = tp_tensor_new(TP_F32, TP_DIMS(n));
    float *x = tp_tensor_data(tensor);
    for (int64_t j = 0; x && j < n; j++) x[j] = (float)((number * 31 + i * 7 + j) % 65536);
    return tensor;
}

static const char *const names[TENSORS] = {"weights", "optimiser", "generator"};

static bool save(const char *path, long number)
{
    char text[24];
    snprintf(text, sizeof text, "%ld", number);
    const tp_named_text metadata = {"number", text};
    tp_named_tensor tensors[TENSORS];
    for (int i = 0; i < TENSORS; i++) tensors[i] = (tp_named_tensor){names[i], tensor_of(number, i)};
    tp_error error = {.status = TP_OK};
    tp_safetensors_save(NULL, path, &(tp_safetensors_contents){tensors, TENSORS, &metadata, 1}, &error);
    for (int i = 0; i < TENSORS; i++) tp_tensor_release((tp_tensor *)tensors[i].tensor);
    if (error.status != TP_OK) fprintf(stderr, "%s\n", error.message);
    return error.status == TP_OK;
}

/* The number of the snapshot, all of which is as it should be; -1, after saying why, when it is not. */
static long check(const char *path)
{
    tp_error error = {.status = TP_OK};
    tp_safetensors *file = tp_safetensors_open(path, &error);
    const char *text = tp_safetensors_metadata(file, "number");
    long number = text ? strtol(text, NULL, 10) : -1;
    for (int i = 0; i < TENSORS && number >= 0; i++) {
        tp_tensor *found = tp_safetensors_tensor(file, names[i], &error), *wanted = tensor_of(number, i);
        const int64_t n = tp_tensor_count(wanted);
        if (!found || tp_tensor_count(found) != n ||
            memcmp(tp_tensor_read(found), tp_tensor_read(wanted), (size_t)n * sizeof(float)) != 0)
            number = -1;
        tp_tensor_release(found);
        tp_tensor_release(wanted);
    }
    if (number < 0) fprintf(stderr, "%s is not whole: %s\n", path, error.message);
    tp_safetensors_close(file);
    return number;
}

int main(int count, char **words)
{
    if (count < 2) return 2;
    FILE *there = fopen(words[1], "rb");
    long number = there ? check(words[1]) : 0;
    if (there) fclose(there);
    if (number < 0) return 1;
    if (count > 2) return printf("%ld\n", number) < 0;
    char done[4096];
    snprintf(done, sizeof done, "%s.done", words[1]);
    for (;;) {
        if (!save(words[1], ++number)) return 1;
        FILE *log = fopen(done, "ab");
        if (!log || fprintf(log, "%ld\n", number) < 0 || fclose(log) != 0) return 1;
    }
}
