/* What the tests of files share: bytes of stored files, new paths, and hostile copies. */
#ifndef TAPIR_TESTS_TEST_FILES_H
#define TAPIR_TESTS_TEST_FILES_H

#include <stdio.h>

#include <tapir/io.h>

#include "tests/helpers.h"

TCase *files_atomic_case(void);
TCase *files_safetensors_case(void);
TCase *files_safetensors_hostile_case(void);
TCase *files_state_case(void);
TCase *files_csv_case(void);
TCase *files_npy_case(void);

/* tests/files/NAME, and its bytes, for the caller to free. */
enum { FILES_PATH = 256 };
const char *files_stored(char path[FILES_PATH], const char *name);
unsigned char *files_bytes(const char *path, size_t *n);
/* The file holds exactly these bytes. */
void files_expect(const char *path, const void *bytes, size_t n);

/* A new folder, and paths in it; files_close removes it with all that is in it. */
typedef struct files_folder {
    char path[FILES_PATH];
} files_folder;
files_folder files_open(void);
const char *files_in(const files_folder *folder, char path[FILES_PATH + 64], const char *name);
/* How many entries there are. */
int files_count(const files_folder *folder);
void files_close(const files_folder *folder);

/* The same bits, dims and dtype. */
void files_same(const tp_tensor *a, const tp_tensor *b);

/* Something that reads n bytes from memory with the allocator and gives everything back. It returns the status. */
typedef tp_status files_reader(const tp_allocator *memory, const void *bytes, size_t n, tp_error *error);
/* Every truncation is an error; every byte changed, in every bit and to a few values, is an error or none; nothing is
   lost, no read goes past the end, and no block is larger than a few times the file. */
void files_survives(files_reader *read, const void *bytes, size_t n);
/* Each allocation fails once: it is TP_E_MEMORY, and nothing is lost. */
void files_reports_failures(files_reader *read, const void *bytes, size_t n);
#define FILES_REFUSED(error, wanted, text)                                                                             \
    ck_assert_msg((error).status == (wanted) && strstr((error).message, text), "%s: %s, not %s with \"%s\"",           \
                  tp_status_name((error).status), (error).message, tp_status_name(wanted), text)

#endif
