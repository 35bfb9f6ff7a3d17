/* Making a sparse derivative: handles, the pattern, and the plan. */
#include "autograd/sparse.h"

#include <string.h>

#include "autograd/pattern.h"

static tp_status check_nodes(tp_tape *tape, const char *name, const tp_var *x, int n, int first)
{
    for (int i = 0; i < n; i++) {
        if (!tp_check_operand(tape, name, x[i], first + i)) return tape->error.status;
        if (!tp_dtype_is_float(tp_var_dtype(x[i])))
            return tp_tape_fail(tape, TP_E_DTYPE, "tp_%s: %s[%d] is of %s", name, first ? "x" : "y", i,
                                tp_dtype_name(tp_var_dtype(x[i])));
    }
    return tape->error.status;
}

static tp_status check(tp_tape *tape, const char *name, const tp_var *y, int m, const tp_var *x, int n)
{
    if (tape->walking || tape->calling)
        return tp_tape_fail(tape, TP_E_ARGUMENT, "tp_%s: a backward pass or an op is running", name);
    if (n < 0 || m < 0 || (n > 0 && !x))
        return tp_tape_fail(tape, TP_E_ARGUMENT, "tp_%s: x is NULL, or a count is negative", name);
    const tp_status status = check_nodes(tape, name, y, m, 0);
    return status == TP_OK ? check_nodes(tape, name, x, n, m) : status;
}

void tp_sparse_free(tp_sparse *s)
{
    if (!s) return;
    const tp_allocator memory = s->memory.memory;
    tp_chunks_free(&s->memory);
    tp_deallocate(&memory, s, sizeof *s);
}

static tp_sparse *new_sparse(tp_tape *tape, int m, int n, const tp_allocator *memory)
{
    if (!memory) memory = &tp_default_allocator;
    tp_sparse *s = tp_allocate_zeroed(memory, sizeof *s);
    if (s) {
        tp_chunks_init(&s->memory, memory);
        s->tape = tape;
        s->m = m;
        s->n = n;
        s->y = tp_chunks_push(&s->memory, ((size_t)m + 1) * sizeof *s->y);
        s->x = tp_chunks_push(&s->memory, ((size_t)n + 1) * sizeof *s->x);
        if (s->y && s->x) return s;
    }
    tp_tape_out_of_memory(tape, "tp_sparse");
    tp_sparse_free(s);
    return NULL;
}

static void take_over(tp_var *to, const tp_var *from, int n)
{
    if (n > 0) memcpy(to, from, (size_t)n * sizeof *to);
}

/* Pattern, plan, and room for the values. */
static bool find(tp_sparse *s)
{
    tp_tape *tape = s->tape;
    if (tp_pattern_find(tape, s->y, s->m, s->x, s->n, &s->memory, &s->pattern) != TP_OK) return false;
    if (s->pattern.entries >= UINT32_MAX) {
        tp_tape_fail(tape, TP_E_LIMIT, "tp_sparse: %lld entries: 2^32 or more", (long long)s->pattern.entries);
        return false;
    }
    if (s->pattern_only) return true;
    tp_chunks scratch;
    tp_chunks_init(&scratch, &tape->memory);
    bool good = s->hessian ? tp_sparse_plan_hessian(s, &scratch) : tp_sparse_plan_jacobian(s, &scratch);
    tp_chunks_free(&scratch);
    const int64_t longer = s->pattern.rows > s->pattern.columns ? s->pattern.rows : s->pattern.columns;
    s->yield = tp_chunks_push(&s->memory, ((size_t)longer + 1) * sizeof *s->yield);
    s->value = tp_chunks_push(&s->memory, ((size_t)s->pattern.entries + 1) * sizeof *s->value);
    good = good && s->yield && s->value;
    if (good)
        memset(s->value, 0, ((size_t)s->pattern.entries + 1) * sizeof *s->value);
    else
        tp_tape_out_of_memory(tape, "tp_sparse");
    return good;
}

static tp_tape *tape_of(const tp_var *y, int m)
{
    return y && m > 0 ? y[0].tape : NULL;
}

static tp_sparse *jacobian(bool pattern_only, const tp_var *y, int m, const tp_var *x, int n,
                           const tp_allocator *memory)
{
    const char *name = pattern_only ? "sparse_pattern" : "sparse_jacobian";
    tp_tape *tape = tape_of(y, m);
    if (!tape || check(tape, name, y, m, x, n) != TP_OK) return NULL;
    tp_sparse *s = new_sparse(tape, m, n, memory);
    if (!s) return NULL;
    s->pattern_only = pattern_only;
    take_over(s->y, y, m);
    take_over(s->x, x, n);
    if (find(s)) return s;
    tp_sparse_free(s);
    return NULL;
}

tp_sparse *tp_sparse_jacobian(const tp_var *y, int m, const tp_var *x, int n, const tp_allocator *memory)
{
    return jacobian(false, y, m, x, n, memory);
}

tp_sparse *tp_sparse_pattern(const tp_var *y, int m, const tp_var *x, int n, const tp_allocator *memory)
{
    return jacobian(true, y, m, x, n, memory);
}

/* The gradient, in handles that can be differentiated. */
static tp_status record_gradient(tp_sparse *s, tp_var y, const tp_var *x)
{
    take_over(s->x, x, s->n);
    s->of = y;
    return tp_gradients(y, x, s->n, s->y, TP_CREATE_GRAPH);
}

tp_sparse *tp_sparse_hessian(tp_var y, const tp_var *x, int n, const tp_allocator *memory)
{
    tp_tape *tape = y.tape;
    if (!tape || check(tape, "sparse_hessian", &y, 1, x, n) != TP_OK) return NULL;
    tp_sparse *s = new_sparse(tape, n, n, memory);
    if (!s) return NULL;
    s->hessian = true;
    if (record_gradient(s, y, x) == TP_OK && find(s)) return s;
    tp_sparse_free(s);
    return NULL;
}

tp_status tp_sparse_rebind(tp_sparse *s, const tp_var *y, int m, const tp_var *x, int n)
{
    tp_tape *tape = tape_of(y, m);
    if (!s || !tape) return tape ? tp_tape_fail(tape, TP_E_ARGUMENT, "tp_sparse_rebind: NULL") : TP_E_ARGUMENT;
    const tp_status status = check(tape, "sparse_rebind", y, m, x, n);
    if (status != TP_OK) return status;
    const bool counts = n == s->n && m == (s->hessian ? 1 : s->m);
    if (!counts || tp_elements_in(x, n) != s->pattern.columns ||
        (!s->hessian && tp_elements_in(y, m) != s->pattern.rows))
        return tp_tape_fail(
            tape, TP_E_SHAPE, "tp_sparse_rebind: %d y and %d x with %lld columns, where %d, %d and %lld were", m, n,
            (long long)tp_elements_in(x, n), s->hessian ? 1 : s->m, s->n, (long long)s->pattern.columns);
    s->tape = tape;
    if (s->hessian) return record_gradient(s, y[0], x);
    take_over(s->y, y, m);
    take_over(s->x, x, n);
    return TP_OK;
}

tp_csr tp_sparse_csr(const tp_sparse *s)
{
    if (!s) return (tp_csr){0};
    const tp_rows *r = &s->pattern;
    return (tp_csr){r->rows, r->columns, r->entries, r->start, r->column, s->value};
}

int64_t tp_sparse_forward(const tp_sparse *s)
{
    return s ? s->forwards : 0;
}

int64_t tp_sparse_backward(const tp_sparse *s)
{
    return s ? s->backwards : 0;
}
