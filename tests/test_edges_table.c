/* Runs the rows of edges.def. */
#include "tests/test_edges.h"

typedef struct edge {
    const char *name, *where, *what;
    void (*check)(tp_tape *);
} edge;

static const edge edges[] = {
#define SECTION(title)
#define EDGE(name, where, what) {#name, where, what, edge_##name},
#include "tests/edges.def"
#undef SECTION
#undef EDGE
};

tp_var indices_on(tp_tape *tape, int64_t n, const double *numbers)
{
    return vector(tape, TP_I64, n, numbers, true);
}

tp_var leaf_tensor_on(tp_tape *tape, int rank, const int64_t *dims, const double *numbers)
{
    tp_tensor *tensor = numbers ? tp_tensor_from(TP_F64, rank, dims, numbers) : tp_tensor_new(TP_F64, rank, dims);
    const tp_var x = tp_leaf(tape, tensor);
    tp_tensor_release(tensor);
    return x;
}

/* ---- rows ---- */

static const tp_op *row_named(const char *name)
{
    for (int i = 0; i < tp_op_count(); i++)
        if (tp_op_at(i)->row && strcmp(tp_op_at(i)->name, name) == 0) return tp_op_at(i);
    ck_abort_msg("no row is called %s", name);
    return NULL;
}

static void number_is(const char *op, const char *what, double x, double b, double got, double want, double tolerance)
{
    const bool same = isnan(want) ? isnan(got) : got == want || fabs(got - want) <= tolerance * fabs(want);
    ck_assert_msg(same || want == ANY, "%s at %g, %g: %s is %.17g, not %.17g", op, x, b, what, got, want);
}

static void slopes_are(const tp_op *op, tp_var y, const tp_var *v, double x, double b, const double *want)
{
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        tp_var g[2];
        ck_assert_int_eq(tp_gradients(tp_sum(y), v, op->arity, g, flags), TP_OK);
        for (int i = 0; i < op->arity; i++)
            for (int64_t k = 0; k < numbers_in(g[i]); k++)
                number_is(op->name, i ? "dy/db" : "dy/dx", x, b, number_at(g[i], k), want[i], 1e-6);
    }
}

void row_is(const char *name, double x, double b, double y, double dx, double db)
{
    const tp_op *op = row_named(name);
    tp_tape *tape = tp_tape_new(NULL);
    const double xs[] = {x, x, x}, bs[] = {b, b, b}, slopes[] = {dx, db};
    for (int kind = 0; kind < 3; kind++) {
        const tp_dtype dtype = kind == 1 ? TP_F32 : TP_F64;
        const tp_var v[] = {kind ? vector(tape, dtype, 3, xs, false) : tp_scalar(tape, x),
                            kind ? vector(tape, dtype, 3, bs, false) : tp_scalar(tape, b)};
        const tp_var result = row_call(name, v, &b);
        for (int64_t k = 0; k < numbers_in(result); k++)
            number_is(name, "the value", x, b, number_at(result, k), y, 1e-6);
        slopes_are(op, result, v, x, b, slopes);
    }
    tp_tape_free(tape);
}

/* ---- */

START_TEST(edge_is_as_documented)
{
    const edge *e = &edges[_i];
    ck_assert_msg(*e->where && *e->what && !strchr(e->where, '|') && !strchr(e->what, '|'), "the row %s", e->name);
    tp_tape *tape = tp_tape_new(NULL);
    e->check(tape);
    ck_assert_msg(tp_tape_status(tape) == TP_OK, "%s: %s", e->name, tp_tape_error(tape));
    tp_tape_free(tape);
}
END_TEST

TCase *edge_table_case(void)
{
    TCase *table = tcase_create("edge table");
    tcase_add_loop_test(table, edge_is_as_documented, 0, COUNT(edges));
    return table;
}
