/* Atomic writing: the target is the old file or the new one, whatever happens in between. */
#define _DEFAULT_SOURCE
#define _POSIX_C_SOURCE 200809L

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/test_files.h"

START_TEST(a_file_is_written_and_replaced)
{
    const files_folder folder = files_open();
    char path[FILES_PATH + 64];
    tp_error error = {0};
    files_in(&folder, path, "target");
    ck_assert_msg(tp_write_file_atomically(path, "first", 5, &error) == TP_OK, "%s", error.message);
    files_expect(path, "first", 5);
    chmod(path, 0640);
    ck_assert_int_eq(tp_write_file_atomically(path, "", 0, NULL), TP_OK);
    files_expect(path, "", 0);
    struct stat about;
    stat(path, &about);
    ck_assert_int_eq(about.st_mode & 07777, 0640);
    ck_assert_int_eq(files_count(&folder), 1);
    files_close(&folder);
}
END_TEST

/* Small and large pieces, over the edges of what is held back. */
START_TEST(pieces_come_in_order)
{
    enum { SIZE = 400000 };
    const files_folder folder = files_open();
    char path[FILES_PATH + 64];
    unsigned char *bytes = malloc(SIZE);
    for (int i = 0; i < SIZE; i++) bytes[i] = (unsigned char)(i * 7 + i / 1000);
    counter c = {0};
    const tp_allocator memory = counted(&c);
    tp_writer *writer = tp_writer_open(&memory, files_in(&folder, path, "target"), NULL);
    static const int pieces[] = {1, 65535, 1, 65536, 0, 65537, 3, 131072, 30};
    int at = 0;
    for (int i = 0; i < 9; i++) {
        ck_assert_int_eq(tp_writer_write(writer, bytes + at, (size_t)pieces[i], NULL), TP_OK);
        at += pieces[i];
    }
    ck_assert_int_eq(tp_writer_commit(writer, NULL), TP_OK);
    files_expect(path, bytes, (size_t)at);
    ck_assert_uint_eq(c.blocks, 0);
    free(bytes);
    files_close(&folder);
}
END_TEST

START_TEST(abandoning_leaves_the_target)
{
    const files_folder folder = files_open();
    char path[FILES_PATH + 64];
    tp_write_file_atomically(files_in(&folder, path, "target"), "old", 3, NULL);
    tp_writer *writer = tp_writer_open(NULL, path, NULL);
    tp_writer_write(writer, "new and longer", 14, NULL);
    files_expect(path, "old", 3);
    tp_writer_abandon(writer);
    tp_writer_abandon(NULL);
    files_expect(path, "old", 3);
    ck_assert_int_eq(files_count(&folder), 1);
    files_close(&folder);
}
END_TEST

START_TEST(two_writers_do_not_meet)
{
    const files_folder folder = files_open();
    char path[FILES_PATH + 64];
    files_in(&folder, path, "target");
    tp_writer *a = tp_writer_open(NULL, path, NULL), *b = tp_writer_open(NULL, path, NULL);
    ck_assert(a && b);
    tp_writer_write(a, "aaaa", 4, NULL);
    tp_writer_write(b, "bb", 2, NULL);
    ck_assert_int_eq(tp_writer_commit(a, NULL), TP_OK);
    files_expect(path, "aaaa", 4);
    ck_assert_int_eq(tp_writer_commit(b, NULL), TP_OK);
    files_expect(path, "bb", 2);
    ck_assert_int_eq(files_count(&folder), 1);
    files_close(&folder);
}
END_TEST

/* What a killed program left is taken over; what somebody else put there is not followed. */
START_TEST(what_lies_beside_is_taken_over_or_left)
{
    const files_folder folder = files_open();
    char path[FILES_PATH + 64], left[FILES_PATH + 64], trap[FILES_PATH + 64], precious[FILES_PATH + 64];
    files_in(&folder, path, "target");
    tp_write_file_atomically(files_in(&folder, left, "target.tmp"), "a longer rest of a file", 23, NULL);
    ck_assert_int_eq(tp_write_file_atomically(path, "new", 3, NULL), TP_OK);
    files_expect(path, "new", 3);
    ck_assert_int_eq(files_count(&folder), 1);
    tp_write_file_atomically(files_in(&folder, precious, "precious"), "mine", 4, NULL);
    files_in(&folder, trap, "target.tmp");
    ck_assert_int_eq(symlink("precious", trap), 0);
    ck_assert_int_eq(link(precious, files_in(&folder, left, "target.tmp1")), 0);
    ck_assert_int_eq(mkfifo(files_in(&folder, left, "target.tmp2"), 0600), 0);
    ck_assert_int_eq(tp_write_file_atomically(path, "newer", 5, NULL), TP_OK);
    files_expect(path, "newer", 5);
    files_expect(precious, "mine", 4);
    files_close(&folder);
}
END_TEST

START_TEST(what_cannot_be_written_is_an_error)
{
    const files_folder folder = files_open();
    char path[FILES_PATH + 64];
    tp_error error = {0};
    ck_assert_int_eq(tp_write_file_atomically(NULL, "", 0, &error), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_write_file_atomically("", "", 0, &error), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_write_file_atomically("x", NULL, 1, &error), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_writer_write(NULL, "", 0, &error), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_writer_commit(NULL, &error), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_write_file_atomically(files_in(&folder, path, "none/target"), "x", 1, &error), TP_E_IO);
    FILES_REFUSED(error, TP_E_IO, "No such file or directory");
    ck_assert_int_eq(tp_write_file_atomically(folder.path, "x", 1, &error), TP_E_IO);
    FILES_REFUSED(error, TP_E_IO, "no regular file");
    ck_assert_int_eq(tp_write_file_atomically("/dev/null", "x", 1, &error), TP_E_IO);
    FILES_REFUSED(error, TP_E_IO, "no regular file: /dev/null");
    if (geteuid() != 0) { /* root may write everywhere */
        chmod(folder.path, 0500);
        ck_assert_int_eq(tp_write_file_atomically(files_in(&folder, path, "target"), "x", 1, &error), TP_E_IO);
        FILES_REFUSED(error, TP_E_IO, "Permission denied");
        chmod(folder.path, 0700);
    }
    counter c = {.fail_at = 1};
    const tp_allocator memory = counted(&c);
    ck_assert_ptr_null(tp_writer_open(&memory, path, &error));
    ck_assert_int_eq(error.status, TP_E_MEMORY);
    files_close(&folder);
}
END_TEST

/* A disk that is full, as the limit of a process' files makes it. */
START_TEST(a_full_disk_leaves_the_target)
{
    enum { SIZE = 300000 };
    const files_folder folder = files_open();
    char path[FILES_PATH + 64];
    tp_write_file_atomically(files_in(&folder, path, "target"), "old", 3, NULL);
    unsigned char *bytes = calloc(SIZE, 1);
    struct rlimit before, little = {100000, 100000};
    getrlimit(RLIMIT_FSIZE, &before);
    little.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &little), 0);
    tp_error error = {0};
    const tp_status status = tp_write_file_atomically(path, bytes, SIZE, &error);
    setrlimit(RLIMIT_FSIZE, &before);
    ck_assert_int_eq(status, TP_E_IO);
    FILES_REFUSED(error, TP_E_IO, "cannot write");
    files_expect(path, "old", 3);
    ck_assert_int_eq(files_count(&folder), 1);
    free(bytes);
    files_close(&folder);
}
END_TEST

START_TEST(whole_files_are_read_up_to_a_limit)
{
    const files_folder folder = files_open();
    char path[FILES_PATH + 64];
    tp_error error = {0};
    size_t n = 9;
    counter c = {0};
    const tp_allocator memory = counted(&c);
    tp_write_file_atomically(files_in(&folder, path, "target"), "12345", 5, NULL);
    char *bytes = tp_read_file(&memory, path, 5, &n, &error);
    ck_assert_msg(bytes != NULL, "%s", error.message);
    ck_assert_uint_eq(n, 5);
    ck_assert_str_eq(bytes, "12345");
    tp_free_file(&memory, bytes, n);
    ck_assert_ptr_null(tp_read_file(&memory, path, 4, &n, &error));
    FILES_REFUSED(error, TP_E_LIMIT, "5 bytes, more than 4");
    tp_write_file_atomically(path, "", 0, NULL);
    bytes = tp_read_file(&memory, path, 0, &n, &error);
    ck_assert(bytes && n == 0 && *bytes == 0);
    tp_free_file(&memory, bytes, n);
    ck_assert_ptr_null(tp_read_file(&memory, NULL, 4, &n, &error));
    ck_assert_ptr_null(tp_read_file(&memory, path, 4, NULL, &error));
    ck_assert_ptr_null(tp_read_file(&memory, "/dev/zero", 100000, &n, &error));
    FILES_REFUSED(error, TP_E_LIMIT, "more than 100000 bytes");
    for (size_t at = 1; at <= 2; at++) {
        c.calls = 0, c.fail_at = at;
        tp_write_file_atomically(path, "12", 2, NULL);
        bytes = tp_read_file(&memory, path, 9, &n, &error);
        ck_assert_int_eq(bytes == NULL, c.failed == at);
        if (bytes) tp_free_file(&memory, bytes, n);
    }
    ck_assert_uint_eq(c.blocks, 0);
    files_close(&folder);
}
END_TEST

/* ---- kills ---- */

enum { KILLS = 40, LARGEST = 200000 };

/* File number i: its length and its bytes follow from i. */
static size_t contents(unsigned i, unsigned char *bytes)
{
    const size_t n = 1000 + i * 7919u % (LARGEST - 1000);
    for (size_t at = 0; at < n; at++) bytes[at] = (unsigned char)(at * 31 + i);
    memcpy(bytes, &i, sizeof i);
    return n;
}

/* Writes numbers i, i+1, ... until it is killed, and tells which are done. */
static void write_on(const char *path, unsigned i, int told)
{
    static unsigned char bytes[LARGEST];
    for (;; i++) {
        const size_t n = contents(i, bytes);
        if (tp_write_file_atomically(path, bytes, n, NULL) != TP_OK) _exit(1);
        if (write(told, &i, sizeof i) != sizeof i) _exit(1);
    }
}

START_TEST(a_killed_writer_leaves_a_whole_file)
{
    const files_folder folder = files_open();
    char path[FILES_PATH + 64];
    static unsigned char wanted[LARGEST];
    unsigned done = 0;
    files_in(&folder, path, "target");
    tp_write_file_atomically(path, wanted, contents(0, wanted), NULL);
    for (unsigned kill_number = 0; kill_number < KILLS; kill_number++) {
        int ends[2];
        ck_assert_int_eq(pipe(ends), 0);
        const pid_t child = fork();
        if (child == 0) write_on(path, done + 1, ends[1]);
        close(ends[1]);
        nanosleep(&(struct timespec){.tv_nsec = 1000000 + 7919 * 1000 * (kill_number * 37 % 1000) / 400}, NULL);
        int status = 0;
        ck_assert_int_eq(kill(child, SIGKILL), 0);
        waitpid(child, &status, 0);
        ck_assert_msg(WIFSIGNALED(status), "the writer ended by itself");
        while (read(ends[0], &done, sizeof done) == sizeof done) {
        }
        close(ends[0]);
        size_t n;
        unsigned number;
        unsigned char *found = files_bytes(path, &n);
        ck_assert_uint_ge(n, 1000);
        memcpy(&number, found, sizeof number);
        ck_assert_msg(number == done || number == done + 1, "number %u, and %u is done", number, done);
        ck_assert_uint_eq(n, contents(number, wanted));
        ck_assert(memcmp(found, wanted, n) == 0);
        free(found);
        done = number;
    }
    ck_assert_uint_gt(done, 10);
    ck_assert_int_le(files_count(&folder), 2); /* the target, and what the last one left */
    files_close(&folder);
}
END_TEST

TCase *files_atomic_case(void)
{
    TCase *tcase = tcase_create("atomic");
    tcase_set_timeout(tcase, 30);
    tcase_add_test(tcase, a_file_is_written_and_replaced);
    tcase_add_test(tcase, pieces_come_in_order);
    tcase_add_test(tcase, abandoning_leaves_the_target);
    tcase_add_test(tcase, two_writers_do_not_meet);
    tcase_add_test(tcase, what_lies_beside_is_taken_over_or_left);
    tcase_add_test(tcase, what_cannot_be_written_is_an_error);
    tcase_add_test(tcase, a_full_disk_leaves_the_target);
    tcase_add_test(tcase, whole_files_are_read_up_to_a_limit);
    tcase_add_test(tcase, a_killed_writer_leaves_a_whole_file);
    return tcase;
}
