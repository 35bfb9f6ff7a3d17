/* A function over plain memory. Its tape holds
       leaves of x | what f records | the recorded gradient, once a Hessian is asked for
   and whatever a call adds above that goes when it returns. */
#include <tapir/objective.h>

#include <math.h>
#include <string.h>

#include "autograd/function.h"
#include "autograd/sweep.h"

enum { LANES = 8 }; /* columns of a Jacobian that one sweep carries */

struct tp_objective {
    tp_allocator memory;
    tp_function f;
    void *user;
    tp_tape *tape;
    int n;
    int64_t size;
    tp_tensor **x;   /* NULL: scalars, */
    double *scalars; /* which are these */
    tp_var *leaves, *grads, y;
    tp_mark end;         /* of what f recorded */
    bool replay, linked; /* linked: grads are recorded nodes */
};

/* ---- life ---- */

static tp_status check_new(tp_function f, int n, tp_tensor *const *x, tp_error *error)
{
    if (!f || n < 0) return tp_fail(error, TP_E_ARGUMENT, "tp_objective_new: the function is NULL or n is %d", n);
    for (int i = 0; x && i < n; i++) {
        if (!x[i]) return tp_fail(error, TP_E_ARGUMENT, "tp_objective_new: x[%d] is NULL", i);
        if (x[i]->pool) return tp_fail(error, TP_E_ARGUMENT, "tp_objective_new: x[%d] belongs to a tape: clone it", i);
        if (!tp_dtype_is_float((tp_dtype)x[i]->dtype))
            return tp_fail(error, TP_E_DTYPE, "tp_objective_new: x[%d] is of %s", i,
                           tp_dtype_name((tp_dtype)x[i]->dtype));
    }
    return TP_OK;
}

/* Never 0 bytes. */
static void *room(const tp_objective *o, size_t size)
{
    return tp_allocate_zeroed(&o->memory, ((size_t)o->n + 1) * size);
}

tp_objective *tp_objective_new(tp_function f, void *user, int n, tp_tensor *const *x,
                               const tp_objective_options *options, tp_error *error)
{
    if (check_new(f, n, x, error) != TP_OK) return NULL;
    const tp_objective_options given = options ? *options : (tp_objective_options){0};
    const tp_allocator *memory = given.memory ? given.memory : &tp_default_allocator;
    tp_objective *o = tp_allocate_zeroed(memory, sizeof *o);
    if (o) {
        *o = (tp_objective){.memory = *memory, .f = f, .user = user, .n = n, .size = n, .replay = given.replay};
        o->tape = tp_tape_new(&(tp_tape_options){.memory = memory, .threads = given.threads, .seed = given.seed});
        o->leaves = room(o, sizeof *o->leaves);
        o->grads = room(o, sizeof *o->grads);
        o->scalars = room(o, sizeof *o->scalars);
        o->x = x ? room(o, sizeof(tp_tensor *)) : NULL;
    }
    if (!o || !o->tape || !o->leaves || !o->grads || !o->scalars || (x && !o->x)) {
        tp_fail(error, TP_E_MEMORY, "tp_objective_new: out of memory");
        tp_objective_free(o);
        return NULL;
    }
    if (x) o->size = 0;
    for (int i = 0; x && i < n; i++) {
        o->x[i] = tp_tensor_retain(x[i]);
        o->size += x[i]->count;
    }
    return o;
}

void tp_objective_free(tp_objective *o)
{
    if (!o) return;
    tp_tape_free(o->tape);
    const size_t n = (size_t)o->n + 1;
    for (int i = 0; o->x && i < o->n; i++) tp_tensor_release(o->x[i]);
    tp_deallocate(&o->memory, o->x, n * sizeof(tp_tensor *));
    tp_deallocate(&o->memory, o->leaves, n * sizeof *o->leaves);
    tp_deallocate(&o->memory, o->grads, n * sizeof *o->grads);
    tp_deallocate(&o->memory, o->scalars, n * sizeof *o->scalars);
    const tp_allocator memory = o->memory;
    tp_deallocate(&memory, o, sizeof *o);
}

/* ---- numbers in and out ---- */

static void dense_strides(const tp_tensor *tensor, int64_t strides[TP_MAX_RANK])
{
    int64_t stride = 1;
    for (int i = tensor->rank - 1; i >= 0; i--) {
        strides[i] = stride;
        stride *= tensor->dims[i];
    }
}

static void write_tensor(tp_tensor *to, const double *from)
{
    int64_t strides[TP_MAX_RANK];
    dense_strides(to, strides);
    tp_copy(to->rank, to->dims, (tp_dtype)to->dtype, tp_tensor_data(to), to->strides, TP_F64, (const char *)from,
            strides);
}

static void read_tensor(double *to, const tp_tensor *from)
{
    int64_t strides[TP_MAX_RANK];
    dense_strides(from, strides);
    tp_copy(from->rank, from->dims, TP_F64, (char *)to, strides, (tp_dtype)from->dtype, from->data, from->strides);
}

static int64_t elements(tp_var x)
{
    const tp_tensor *value = tp_value(x);
    return value ? value->count : 1;
}

/* The value of a handle. Returns how many numbers it has. */
static int64_t read_var(double *to, tp_var x)
{
    const tp_tensor *value = tp_value(x);
    if (value)
        read_tensor(to, value);
    else
        *to = tp_item(x);
    return elements(x);
}

/* A constant like x with the numbers given. */
static tp_var constant_like(tp_var x, const double *numbers)
{
    const tp_tensor *value = tp_value(x);
    if (!value) return tp_const(x.tape, *numbers);
    tp_tensor *tensor = tp_new_tensor(x.tape, (tp_dtype)value->dtype, value->rank, value->dims, "objective");
    if (!tensor) return tp_poison(x.tape);
    write_tensor(tensor, numbers);
    return tp_constant_tensor(x.tape, tensor);
}

/* ---- the point ---- */

static void store(tp_objective *o, const double *x)
{
    for (int i = 0; x && i < o->n; i++) {
        if (!o->x) {
            o->scalars[i] = x[i];
            continue;
        }
        write_tensor(o->x[i], x);
        x += o->x[i]->count;
    }
}

static tp_status record(tp_objective *o)
{
    tp_tape *tape = o->tape;
    o->linked = false;
    o->y = tp_poison(tape);
    tp_tape_reset(tape);
    for (int i = 0; i < o->n; i++) o->leaves[i] = o->x ? tp_leaf(tape, o->x[i]) : tp_scalar(tape, o->scalars[i]);
    if (tape->error.status != TP_OK) return tape->error.status;
    const tp_var y = tp_call_function("objective", o->f, tape, o->leaves, o->n, o->user);
    if (!tp_ok(y)) return tape->error.status;
    if (!tp_dtype_is_float(tp_var_dtype(y)))
        return tp_tape_fail(tape, TP_E_DTYPE, "tp_objective: the function's result is of %s",
                            tp_dtype_name(tp_var_dtype(y)));
    o->y = y;
    o->end = tp_tape_mark(tape);
    return TP_OK;
}

/* What a call recorded above the mark goes. */
static tp_status back(const tp_objective *o, tp_mark mark, tp_status status)
{
    if (status == TP_OK) return tp_tape_rewind(o->tape, mark);
    tp_drop_recording(o->tape, &mark);
    return status;
}

static tp_status replay(tp_objective *o)
{
    const tp_status status = tp_tape_rewind(o->tape, o->end);
    o->linked = false;
    for (int i = 0; !o->x && i < o->n; i++) tp_set_item(o->leaves[i], o->scalars[i]);
    return status == TP_OK ? tp_replay(o->tape, 0) : status;
}

tp_status tp_objective_at(tp_objective *o, const double *x)
{
    if (!o) return TP_E_ARGUMENT;
    if (o->tape->functions)
        return tp_tape_fail(o->tape, TP_E_ARGUMENT, "tp_objective_at: the objective's own function is running");
    if (!x && !o->x) return tp_tape_fail(o->tape, TP_E_ARGUMENT, "tp_objective_at: x is NULL");
    store(o, x);
    if (o->replay && tp_ok(o->y) && o->tape->error.status == TP_OK && replay(o) == TP_OK) return TP_OK;
    return record(o);
}

int64_t tp_objective_size(const tp_objective *o)
{
    return o ? o->size : 0;
}

int64_t tp_objective_count(const tp_objective *o)
{
    return o && tp_ok(o->y) ? elements(o->y) : 0;
}

tp_status tp_objective_point(const tp_objective *o, double *x)
{
    if (!o || (!x && o->size)) return TP_E_ARGUMENT;
    for (int i = 0; i < o->n; i++) {
        if (o->x)
            read_tensor(x, o->x[i]);
        else
            *x = o->scalars[i];
        x += o->x ? o->x[i]->count : 1;
    }
    return TP_OK;
}

double tp_objective_value(const tp_objective *o)
{
    return o && o->tape->error.status == TP_OK ? tp_item(o->y) : (double)NAN;
}

/* ---- derivatives there ---- */

static tp_status check(const tp_objective *o, const char *name, const void *in, const void *out)
{
    if (!o) return TP_E_ARGUMENT;
    tp_tape *tape = o->tape;
    if (tape->error.status != TP_OK) return tape->error.status;
    if (tape->functions) return tp_tape_fail(tape, TP_E_ARGUMENT, "tp_objective_%s: its function is running", name);
    if (!tp_ok(o->y)) return tp_tape_fail(tape, TP_E_ARGUMENT, "tp_objective_%s: there is no point yet", name);
    if ((in && out) || o->size == 0) return TP_OK;
    return tp_tape_fail(tape, TP_E_ARGUMENT, "tp_objective_%s: an array is NULL", name);
}

tp_status tp_objective_values(tp_objective *o, double *y)
{
    const tp_status status = check(o, "values", y, y);
    if (status == TP_OK) read_var(y, o->y);
    return status;
}

tp_status tp_objective_gradient(tp_objective *o, double *g)
{
    tp_status status = check(o, "gradient", g, g);
    if (status != TP_OK) return status;
    const tp_mark mark = tp_tape_mark(o->tape);
    tp_var *grads = tp_chunks_push(&o->tape->stack, (size_t)o->n * sizeof *grads);
    if (!grads) return tp_tape_out_of_memory(o->tape, "tp_objective_gradient");
    status = tp_gradients(o->y, o->leaves, o->n, grads, 0);
    for (int i = 0; i < o->n && status == TP_OK; i++) g += read_var(g, grads[i]);
    return back(o, mark, status);
}

tp_status tp_objective_vjp(tp_objective *o, const double *u, double *uj)
{
    tp_status status = check(o, "vjp", u, uj);
    if (status != TP_OK) return status;
    const tp_mark mark = tp_tape_mark(o->tape);
    tp_var *grads = tp_chunks_push(&o->tape->stack, (size_t)o->n * sizeof *grads);
    if (!grads) return tp_tape_out_of_memory(o->tape, "tp_objective_vjp");
    const tp_var seed = constant_like(o->y, u);
    status = tp_ok(seed) ? tp_vjp(o->y, seed, o->leaves, o->n, grads, 0) : o->tape->error.status;
    for (int i = 0; i < o->n && status == TP_OK; i++) uj += read_var(uj, grads[i]);
    return back(o, mark, status);
}

/* The tangent of y in one lane, every `step`-th place of `to`; and how many numbers it has. */
static int64_t read_tangent(const tp_sweep *s, int lane, tp_var y, double *to)
{
    const tp_tensor *tangent = tp_value(y) ? tp_sweep_tensor(s, lane, y) : NULL;
    const int64_t count = elements(y);
    if (tangent)
        read_tensor(to, tangent);
    else if (tp_value(y))
        memset(to, 0, (size_t)count * sizeof *to);
    else
        *to = tp_sweep_number(s, lane, y);
    return count;
}

/* out = (dy/dx) v for ny results y */
static tp_status push(const tp_objective *o, const char *called, const tp_var *y, int ny, const double *v, double *out)
{
    tp_tape *tape = o->tape;
    const tp_mark mark = tp_tape_mark(tape);
    tp_var *dx = tp_chunks_push(&tape->stack, (size_t)o->n * sizeof *dx);
    if (!dx) return tp_tape_out_of_memory(tape, called);
    for (int i = 0; i < o->n; i++) {
        dx[i] = constant_like(o->leaves[i], v);
        v += elements(o->leaves[i]);
    }
    tp_status status = tape->error.status;
    if (status == TP_OK) {
        tp_sweep s;
        status = tp_sweep_begin(&s, called, tape, y, ny, o->leaves, o->n, 1, false);
        for (int i = 0; i < o->n && status == TP_OK; i++) status = tp_sweep_seed(&s, 0, o->leaves[i], dx[i]);
        if (status == TP_OK) status = tp_sweep_run(&s);
        for (int i = 0; i < ny && status == TP_OK; i++) out += read_tangent(&s, 0, y[i], out);
        tp_sweep_end(&s);
    }
    return back(o, mark, status);
}

tp_status tp_objective_jvp(tp_objective *o, const double *v, double *jv)
{
    const tp_status status = check(o, "jvp", v, jv);
    return status == TP_OK ? push(o, "tp_objective_jvp", &o->y, 1, v, jv) : status;
}

tp_status tp_objective_hvp(tp_objective *o, const double *v, double *hv)
{
    tp_status status = check(o, "hvp", v, hv);
    if (status == TP_OK && !o->linked) {
        status = tp_gradients(o->y, o->leaves, o->n, o->grads, TP_CREATE_GRAPH);
        o->linked = status == TP_OK;
    }
    return status == TP_OK ? push(o, "tp_objective_hvp", o->grads, o->n, v, hv) : status;
}

/* ---- the Jacobian ---- */

static tp_status by_rows(tp_objective *o, double *u, double *j)
{
    const int64_t rows = elements(o->y);
    tp_status status = TP_OK;
    memset(u, 0, (size_t)rows * sizeof *u);
    for (int64_t k = 0; k < rows && status == TP_OK; k++) {
        u[k] = 1;
        status = tp_objective_vjp(o, u, j + k * o->size);
        u[k] = 0;
    }
    return status;
}

/* Columns from `first` on, as many as there are lanes; `leaf` and `element` say which the first one is. */
static tp_status some_columns(tp_objective *o, tp_sweep *s, int64_t first, int *leaf, int64_t *element)
{
    tp_status status = TP_OK;
    for (int lane = 0; lane < LANES && first + lane < o->size && status == TP_OK; lane++) {
        while (*element == elements(o->leaves[*leaf])) ++*leaf, *element = 0;
        status = tp_sweep_seed_number(s, lane, o->leaves[*leaf], (*element)++, 1);
    }
    return status == TP_OK ? tp_sweep_run(s) : status;
}

static tp_status by_columns(tp_objective *o, double *column, double *j)
{
    const int64_t rows = elements(o->y);
    tp_sweep s;
    tp_status status = tp_sweep_begin(&s, "tp_objective_jacobian", o->tape, &o->y, 1, o->leaves, o->n, LANES, false);
    int leaf = 0;
    int64_t element = 0;
    for (int64_t first = 0; first < o->size && status == TP_OK; first += LANES) {
        status = some_columns(o, &s, first, &leaf, &element);
        for (int lane = 0; lane < LANES && first + lane < o->size && status == TP_OK; lane++) {
            read_tangent(&s, lane, o->y, column);
            for (int64_t k = 0; k < rows; k++) j[k * o->size + first + lane] = column[k];
        }
        tp_sweep_clear(&s);
    }
    tp_sweep_end(&s);
    return status;
}

tp_status tp_objective_jacobian(tp_objective *o, double *j)
{
    tp_status status = check(o, "jacobian", j, j);
    if (status != TP_OK) return status;
    const tp_mark mark = tp_tape_mark(o->tape);
    const int64_t rows = elements(o->y);
    double *work = tp_chunks_push(&o->tape->stack, (size_t)(rows ? rows : 1) * sizeof *work);
    if (!work) return tp_tape_out_of_memory(o->tape, "tp_objective_jacobian");
    status = rows <= o->size / 4 ? by_rows(o, work, j) : by_columns(o, work, j);
    return back(o, mark, status);
}

const tp_tape *tp_objective_tape(const tp_objective *o)
{
    return o ? o->tape : NULL;
}

const char *tp_objective_error(const tp_objective *o)
{
    return o ? tp_tape_error(o->tape) : "the objective is NULL";
}
