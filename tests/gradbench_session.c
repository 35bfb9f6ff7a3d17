/* A session with the program for GradBench. */
#define _GNU_SOURCE
#include <sys/wait.h>
#include <unistd.h>

#include "tests/gradbench.h"

enum { PATH = 2048 };

void gb_open(gb_session *session)
{
    *session = (gb_session){.ask = tmpfile()};
    ck_assert_ptr_nonnull(session->ask);
}

void gb_ask(gb_session *session, const char *eval, const char *function)
{
    fprintf(session->ask, "{\"id\":0,\"kind\":\"evaluate\",\"module\":\"%s\",\"function\":\"%s\",\"input\":", eval,
            function);
}

void gb_end(gb_session *session)
{
    fputs("}\n", session->ask);
}

/* In the folder of the test program. */
static void become(FILE *in, FILE *out)
{
    static const char name[] = "gradbench-tapir";
    char path[PATH + sizeof name];
    const ssize_t n = readlink("/proc/self/exe", path, PATH);
    path[n > 0 ? n : 0] = 0;
    char *slash = strrchr(path, '/');
    if (!slash || dup2(fileno(in), 0) < 0 || dup2(fileno(out), 1) < 0) _exit(126);
    memcpy(slash + 1, name, sizeof name);
    execl(path, path, (char *)NULL);
    _exit(127);
}

static char *whole(FILE *file)
{
    const long size = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    ck_assert_int_ge(size, 0);
    rewind(file);
    char *text = calloc((size_t)size + 1, 1);
    ck_assert_ptr_nonnull(text);
    ck_assert_uint_eq(fread(text, 1, (size_t)size, file), (size_t)size);
    return text;
}

void gb_run(gb_session *session, int messages)
{
    int status;
    FILE *out = tmpfile();
    ck_assert_ptr_nonnull(out);
    ck_assert(fflush(session->ask) == 0 && lseek(fileno(session->ask), 0, SEEK_SET) == 0);
    const pid_t child = fork();
    if (child == 0) become(session->ask, out);
    ck_assert(child > 0 && waitpid(child, &status, 0) == child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) < 126,
                  "gradbench-tapir cannot be run: build it with 'make gradbench'");
    ck_assert_int_eq(WEXITSTATUS(status), 0);
    session->answers = whole(out);
    fclose(out);
    session->line = calloc((size_t)messages, sizeof *session->line);
    ck_assert_ptr_nonnull(session->line);
    for (char *at = session->answers; *at; session->count++) {
        ck_assert_int_lt(session->count, messages);
        session->line[session->count] = at;
        at = strchr(at, '\n');
        ck_assert_ptr_nonnull(at);
        *at++ = 0;
    }
    ck_assert_int_eq(session->count, messages);
}

void gb_close(gb_session *session)
{
    fclose(session->ask);
    free(session->answers);
    free(session->line);
}

int gb_numbers(const char *answer, double *numbers, int room)
{
    const char *at = strstr(answer, "\"output\":"), *end = at ? strstr(at, "\"timings\":") : NULL;
    ck_assert_msg(strstr(answer, "\"success\":true") && end, "%.300s", answer);
    int n = 0;
    for (at += strlen("\"output\":"); at < end;) {
        if (*at == '"') { /* a key */
            at = strchr(at + 1, '"') + 1;
        } else if (*at == '-' || (*at >= '0' && *at <= '9')) {
            char *behind;
            const double number = strtod(at, &behind);
            if (n < room) numbers[n] = number;
            n++;
            at = behind;
        } else {
            at++;
        }
    }
    return n;
}
