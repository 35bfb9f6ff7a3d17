/* Sparse derivatives: the pattern, the colours and the numbers. */
#include "tests/test_sparse.h"

matrix new_matrix(int64_t rows, int64_t columns)
{
    const size_t count = (size_t)(rows * columns);
    matrix m = {rows, columns, calloc(count ? count : 1, sizeof(double))};
    ck_assert_ptr_nonnull(m.at);
    return m;
}

void free_matrix(matrix *m)
{
    free(m->at);
    m->at = NULL;
}

tp_tensor *unit_like(tp_var y, int64_t e)
{
    const tp_tensor *value = tp_value(y);
    if (!value) return NULL;
    tp_tensor *unit = tp_tensor_new(tp_tensor_dtype(value), tp_tensor_rank(value), tp_tensor_dims(value));
    ck_assert_ptr_nonnull(unit);
    if (tp_tensor_dtype(value) == TP_F64)
        ((double *)tp_tensor_data(unit))[e] = 1;
    else
        ((float *)tp_tensor_data(unit))[e] = 1;
    return unit;
}

const char *csr_difference(const tp_csr *a, const matrix *j, double tolerance)
{
    static char text[160];
    double largest = 1;
    for (int64_t i = 0; i < j->rows * j->columns; i++)
        if (fabs(j->at[i]) > largest) largest = fabs(j->at[i]);
    for (int64_t row = 0; row < a->rows; row++) {
        int64_t e = a->row_start[row];
        for (int64_t c = 0; c < a->columns; c++) {
            const double want = j->at[row * j->columns + c];
            const bool there = e < a->row_start[row + 1] && a->column[e] == c;
            const double got = there ? a->value[e] : 0;
            e += there;
            if (there ? fabs(got - want) <= tolerance * largest || got == want || (isnan(got) && isnan(want))
                      : want == 0)
                continue;
            snprintf(text, sizeof text, "(%ld,%ld) is %s%.12g, not %.12g", (long)row, (long)c,
                     there ? "" : "no entry: ", got, want);
            return text;
        }
        if (e != a->row_start[row + 1]) return "columns do not ascend";
    }
    return "";
}

void mark_nonzeros(matrix *truth, const matrix *j)
{
    if (!truth->at) *truth = new_matrix(j->rows, j->columns);
    for (int64_t i = 0; i < j->rows * j->columns; i++)
        if (fabs(j->at[i]) > 1e-10) truth->at[i] = 1; /* not rounding alone */
}

int64_t count_marks(const matrix *truth)
{
    int64_t n = 0;
    for (int64_t i = 0; i < truth->rows * truth->columns; i++) n += truth->at[i] != 0;
    return n;
}

tp_var random_vector(tp_tape *tape, tp_dtype dtype, int64_t n)
{
    return leaf_of(tape, random_tensor(dtype, TP_DIMS(n), 5, -1, 1));
}

tp_var part(tp_var x, int64_t start, int64_t count)
{
    return tp_slice(x, 0, start, start + count, 1);
}

tp_var first(tp_var x)
{
    return tp_index(x, 1, (int64_t[]){0});
}

double entry(const tp_csr *a, int64_t row, int64_t column)
{
    for (int64_t e = a->row_start[row]; e < a->row_start[row + 1]; e++)
        if (a->column[e] == column) return a->value[e];
    return (double)NAN;
}

tp_csr computed(tp_tape *tape, tp_sparse *s)
{
    ck_assert_msg(s != NULL, "%s", tp_tape_error(tape));
    ck_assert_msg(tp_sparse_compute(s) == TP_OK, "%s", tp_tape_error(tape));
    return tp_sparse_csr(s);
}

Suite *sparse_suite(void)
{
    Suite *suite = suite_create("sparse");
    suite_add_tcase(suite, sparse_colours_case());
    suite_add_tcase(suite, sparse_programs_case());
    suite_add_tcase(suite, sparse_uses_case());
    suite_add_tcase(suite, sparse_ops_case());
    return suite;
}
