#include "lib_course.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

const char *course_folder(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : "build/gallery";
    char path[COURSE_PATH];
    for (const char *at = strchr(folder + 1, '/'); folder[0]; at = strchr(at + 1, '/')) { /* each part of the path */
        snprintf(path, sizeof path, "%.*s", at ? (int)(at - folder) : (int)strlen(folder), folder);
        if (mkdir(path, 0777) != 0 && errno != EEXIST) {
            fprintf(stderr, "cannot make the folder %s: %s\n", path, strerror(errno));
            break; /* the pictures cannot be written either, and that is reported */
        }
        if (!at) break;
    }
    return folder;
}

const char *course_path(char path[COURSE_PATH], const char *folder, const char *name)
{
    snprintf(path, COURSE_PATH, "%s/%s", folder, name);
    return path;
}

bool course_drawn(tp_status status, const tp_error *error)
{
    if (status != TP_OK) fprintf(stderr, "%s\n", error->message);
    return status == TP_OK;
}

bool course_picture(tp_plot *plot, const char *folder, const char *name)
{
    char path[COURSE_PATH];
    tp_error error = {TP_OK, ""};
    const bool good = course_drawn(tp_plot_save(plot, course_path(path, folder, name), &error), &error);
    tp_plot_free(plot);
    return good;
}

/* What rounds to 0 has no sign. */
static double unsigned_zero(double x)
{
    return fabs(x) < 5e-8 ? 0 : x;
}

void course_numbers(const char *label, int n, const double *numbers)
{
    printf("  %-26s", label);
    for (int i = 0; i < n; i++) printf(" %12.7f", unsigned_zero(numbers[i]));
    putchar('\n');
}

void course_tensor(const char *label, const tp_tensor *numbers)
{
    const int64_t n = tp_tensor_count(numbers);
    printf("  %-26s", label);
    for (int64_t i = 0; i < n; i++) printf(" %12.7f", unsigned_zero(tp_tensor_item(numbers, i)));
    putchar('\n');
}

void course_value(const char *label, tp_var x)
{
    if (tp_value(x))
        course_tensor(label, tp_value(x));
    else
        course_numbers(label, 1, NUMBERS(tp_item(x)));
}

void course_gradient(const char *label, tp_var x)
{
    if (tp_value(x))
        course_tensor(label, tp_grad(x));
    else
        course_numbers(label, 1, NUMBERS(tp_grad_item(x)));
}

static tp_var put(tp_tape *tape, int rank, const int64_t *dims, const double *numbers,
                  tp_var (*node)(tp_tape *, tp_tensor *))
{
    tp_tensor *tensor = tp_tensor_from(TP_F64, rank, dims, numbers);
    const tp_var x = node(tape, tensor);
    tp_tensor_release(tensor); /* the tape has a reference of its own */
    return x;
}

tp_var course_data(tp_tape *tape, int rank, const int64_t *dims, const double *numbers)
{
    return put(tape, rank, dims, numbers, tp_data);
}

tp_var course_leaf(tp_tape *tape, int rank, const int64_t *dims, const double *numbers)
{
    return put(tape, rank, dims, numbers, tp_leaf);
}

tp_var course_normal(tp_tape *tape, int rank, const int64_t *dims, double deviation, tp_rng *rng)
{
    tp_tensor *tensor = tp_tensor_new(TP_F64, rank, dims);
    tp_init_normal(tensor, 0, deviation, rng, NULL);
    const tp_var x = tp_leaf(tape, tensor);
    tp_tensor_release(tensor);
    return x;
}

double course_difference(tp_var x, tp_var y)
{
    return tp_item(tp_max(tp_abs(tp_sub(x, y))));
}

int course_end(tp_tape *tape, bool good)
{
    if (tape && tp_tape_status(tape) != TP_OK) {
        fprintf(stderr, "%s\n", tp_tape_error(tape));
        good = false;
    }
    tp_tape_free(tape);
    if (fflush(stdout) != 0) {
        fprintf(stderr, "cannot write the tables: %s\n", strerror(errno));
        good = false;
    }
    return good ? 0 : 1;
}
