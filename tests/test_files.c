/* Files: the suite, put together from the files test_files_*.c, and what these share. */
#define _POSIX_C_SOURCE 200809L

#include "tests/test_files.h"

#include <dirent.h>
#include <unistd.h>

const char *files_stored(char path[FILES_PATH], const char *name)
{
    snprintf(path, FILES_PATH, "tests/files/%s", name);
    return path;
}

unsigned char *files_bytes(const char *path, size_t *n)
{
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s is not there: run the tests in the repository's root", path);
    fseek(file, 0, SEEK_END);
    *n = (size_t)ftell(file);
    rewind(file);
    unsigned char *bytes = malloc(*n + 1);
    ck_assert_uint_eq(fread(bytes, 1, *n, file), *n);
    fclose(file);
    return bytes;
}

void files_expect(const char *path, const void *bytes, size_t n)
{
    size_t there;
    unsigned char *found = files_bytes(path, &there);
    ck_assert_msg(there == n, "%s has %zu bytes, not %zu", path, there, n);
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(found[i] == ((const unsigned char *)bytes)[i], "%s differs at byte %zu", path, i);
    free(found);
}

files_folder files_open(void)
{
    files_folder folder;
    const char *root = getenv("TMPDIR");
    snprintf(folder.path, sizeof folder.path, "%s/tapir-files-XXXXXX", root && strlen(root) < 200 ? root : ".");
    ck_assert_ptr_nonnull(mkdtemp(folder.path));
    return folder;
}

const char *files_in(const files_folder *folder, char path[FILES_PATH + 64], const char *name)
{
    snprintf(path, FILES_PATH + 64, "%s/%.60s", folder->path, name);
    return path;
}

static int each_entry(const files_folder *folder, bool remove_it)
{
    char path[FILES_PATH + 64];
    int n = 0;
    DIR *entries = opendir(folder->path);
    for (struct dirent *entry; entries && (entry = readdir(entries));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        n++;
        if (remove_it) remove(files_in(folder, path, entry->d_name));
    }
    closedir(entries);
    return n;
}

int files_count(const files_folder *folder)
{
    return each_entry(folder, false);
}

void files_close(const files_folder *folder)
{
    each_entry(folder, true);
    rmdir(folder->path);
}

void files_same(const tp_tensor *a, const tp_tensor *b)
{
    ck_assert(a && b);
    ck_assert_int_eq(tp_tensor_dtype(a), tp_tensor_dtype(b));
    ck_assert_int_eq(tp_tensor_rank(a), tp_tensor_rank(b));
    for (int i = 0; i < tp_tensor_rank(a); i++) ck_assert_int_eq(tp_tensor_dim(a, i), tp_tensor_dim(b, i));
    ck_assert(tp_tensor_dense(a) && tp_tensor_dense(b));
    const size_t bytes = (size_t)tp_tensor_count(a) * tp_dtype_size(tp_tensor_dtype(a));
    ck_assert(memcmp(tp_tensor_read(a), tp_tensor_read(b), bytes) == 0);
}

/* ---- hostile copies ---- */

/* Reads a copy that ends where the block does, so that a sanitizer sees a read past the end. */
static tp_status read_copy(files_reader *read, counter *c, const void *bytes, size_t n, tp_error *error)
{
    const tp_allocator memory = counted(c);
    unsigned char *copy = malloc(n ? n : 1);
    if (n) memcpy(copy, bytes, n);
    *error = (tp_error){.status = TP_OK};
    const tp_status status = read(&memory, copy, n, error);
    free(copy);
    ck_assert_uint_eq(c->blocks, 0);
    ck_assert_msg((status != TP_OK) == (error->message[0] != 0), "status %s: %s", tp_status_name(status),
                  error->message);
    return status;
}

void files_survives(files_reader *read, const void *bytes, size_t n)
{
    tp_error error;
    for (size_t length = 0; length < n; length++) {
        counter c = {0};
        const tp_status status = read_copy(read, &c, bytes, length, &error);
        ck_assert_msg(status != TP_OK, "cut off after %zu of %zu bytes, and read", length, n);
    }
    unsigned char *changed = malloc(n);
    for (size_t at = 0; at < n; at++)
        for (int way = 0; way < 12; way++) {
            static const unsigned char values[] = {0, 255, '9', '"'};
            memcpy(changed, bytes, n);
            if (way < 8)
                changed[at] ^= (unsigned char)(1 << way);
            else
                changed[at] = values[way - 8];
            counter c = {.limit = 64 * n + (1 << 20)};
            read_copy(read, &c, changed, n, &error);
            ck_assert_msg(error.status != TP_E_MEMORY, "byte %zu: asks for too much memory: %s", at, error.message);
        }
    free(changed);
}

void files_reports_failures(files_reader *read, const void *bytes, size_t n)
{
    tp_error error;
    counter all = {0};
    ck_assert_msg(read_copy(read, &all, bytes, n, &error) == TP_OK, "%s", error.message);
    ck_assert_uint_gt(all.calls, 0);
    for (size_t at = 1; at <= all.calls; at++) {
        counter c = {.fail_at = at};
        ck_assert_msg(read_copy(read, &c, bytes, n, &error) == TP_E_MEMORY, "allocation %zu of %zu: %s", at, all.calls,
                      tp_status_name(error.status));
    }
}

Suite *files_suite(void)
{
    Suite *suite = suite_create("files");
    suite_add_tcase(suite, files_atomic_case());
    suite_add_tcase(suite, files_safetensors_case());
    suite_add_tcase(suite, files_safetensors_hostile_case());
    suite_add_tcase(suite, files_state_case());
    suite_add_tcase(suite, files_csv_case());
    suite_add_tcase(suite, files_npy_case());
    return suite;
}
