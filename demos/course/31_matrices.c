/* The chain rule for matrices: Z = X W + b, with X of a row for each example.

   With dZ = dL/dZ, which has Z's shape, each gradient has the shape of what it belongs to, and shapes alone nearly say
   what it must be:

     dX = dZ W^T        (2,3) (3,2) -> (2,2)
     dW = X^T dZ        (2,2) (2,3) -> (2,3)
     db = sum over the rows of dZ           b is used once for each row: broadcasting copies, and copies add
     d(XW) = dZ                             a sum hands its gradient on

   Below: the three by the tape, by loops over single numbers, and by the two products as matrices. */
#include <tapir/draw.h>

#include "lib_course.h"

enum { ROWS = 2, IN = 2, OUT = 3 };
static const double x0[ROWS * IN] = {1, 2, 3, 4}, w0[IN * OUT] = {1, 0, -1, 2, 1, 0}, b0[OUT] = {0, 0, 0};

/* A line for each row of a matrix, under its name. */
static void print_rows(const char *name, const tp_tensor *m)
{
    const int64_t columns = tp_tensor_dim(m, -1);
    for (int64_t r = 0; r < tp_tensor_count(m) / columns; r++) {
        char label[64];
        double row[8] = {0};
        for (int64_t c = 0; c < columns; c++) row[c] = tp_tensor_item(m, r * columns + c);
        snprintf(label, sizeof label, "%s, row %d", name, (int)r + 1);
        course_numbers(label, (int)columns, row);
    }
}

/* From z[n][k] = sum_i x[n][i] w[i][k] + b[k], one number after the other. */
static void by_loops(const double *dz, double dx[ROWS * IN], double dw[IN * OUT], double db[OUT])
{
    for (int i = 0; i < ROWS * IN; i++) dx[i] = 0;
    for (int i = 0; i < IN * OUT; i++) dw[i] = 0;
    for (int i = 0; i < OUT; i++) db[i] = 0;
    for (int n = 0; n < ROWS; n++)
        for (int k = 0; k < OUT; k++) {
            db[k] += dz[n * OUT + k];
            for (int i = 0; i < IN; i++) {
                dx[n * IN + i] += dz[n * OUT + k] * w0[i * OUT + k];
                dw[i * OUT + k] += dz[n * OUT + k] * x0[n * IN + i];
            }
        }
}

static double off(const tp_tensor *a, const double *b)
{
    double most = 0;
    for (int64_t i = 0; i < tp_tensor_count(a); i++) most = fmax(most, fabs(tp_tensor_item(a, i) - b[i]));
    return most;
}

static bool show(tp_tape *tape, const char *title, const double *dz, const char *folder)
{
    const tp_var x = tp_name(course_leaf(tape, TP_DIMS(ROWS, IN), x0), "X");
    const tp_var w = tp_name(course_leaf(tape, TP_DIMS(IN, OUT), w0), "W");
    const tp_var b = tp_name(course_leaf(tape, TP_DIMS(OUT), b0), "b");
    const tp_var xw = tp_retain_grad(tp_matmul(x, w)), z = tp_retain_grad(tp_name(tp_add(xw, b), "Z"));
    const tp_var upstream = course_data(tape, TP_DIMS(ROWS, OUT), dz);
    double dx[ROWS * IN], dw[IN * OUT], db[OUT];
    if (tp_backward_from(z, upstream, 0) != TP_OK) return false;
    printf("%s\n", title);
    print_rows("Z", tp_value(z));
    print_rows("dZ", tp_value(upstream));
    print_rows("d(XW)", tp_grad(xw));
    print_rows("dX", tp_grad(x));
    print_rows("dW", tp_grad(w));
    print_rows("db", tp_grad(b));
    by_loops(dz, dx, dw, db);
    printf("  loops differ by %.1e\n", off(tp_grad(x), dx) + off(tp_grad(w), dw) + off(tp_grad(b), db));
    const tp_var products[] = {tp_matmul(upstream, tp_transpose(w, 0, 1)), tp_matmul(tp_transpose(x, 0, 1), upstream),
                               tp_sum_axes(upstream, TP_AXES(0), false)};
    const tp_var leaves[] = {x, w, b};
    double most = 0;
    for (int i = 0; i < 3; i++) most = fmax(most, off(tp_grad(leaves[i]), tp_tensor_read(tp_value(products[i]))));
    printf("  products of matrices differ by %.1e\n\n", most);
    if (!folder) return true;
    char path[COURSE_PATH];
    tp_error error = {TP_OK, ""};
    return course_drawn(tp_draw_circuit(z, &(tp_draw_options){.title = "Z = X W + b, with dZ = 1 arriving"},
                                        course_path(path, folder, "31_matrices.svg"), &error),
                        &error);
}

int main(int argc, char **argv)
{
    const char *folder = course_folder(argc, argv);
    tp_tape *tape = tp_tape_new(NULL);
    const double ones[] = {1, 1, 1, 1, 1, 1}, other[] = {1, -2, .5, 3, 0, -1};
    const bool good = show(tape, "dZ all ones", ones, folder) && show(tape, "Another dZ", other, NULL);
    return course_end(tape, good);
}
