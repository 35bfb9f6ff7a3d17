/* L-BFGS: PyTorch's algorithm. Vectors are f64, of all parameters' elements in the order in which they were added. */
#include "optim/optim.h"

#include <string.h>

#include "optim/line_search.h"

enum { VECTORS = 10 };

typedef struct lbfgs {
    int64_t n;
    double *vectors;                     /* the block in which the ten lie */
    double *x, *start, *moved;           /* where the parameters are, were at the step's start, are going */
    double *d, *gradient, *previous;     /* direction; gradient now and where d was made */
    double *before, *trial, *low, *high; /* of the line search */
    double **pairs;                      /* s and then y, 2 n; NULL where there never was one */
    double *inverse, *share;             /* 1 / s y of each pair; of the recursion */
    int history, count, first;           /* pairs: room, how many, the oldest */
    double t, scale, loss;               /* of the latest direction: step, start of H, loss */
    double iterations;                   /* since the history began */
} lbfgs;

static const tp_lbfgs_options *options_of(const tp_optim *optim)
{
    return tp_options_of(optim->groups);
}

static int history_of(const tp_optim *optim)
{
    return options_of(optim)->history != 0 ? options_of(optim)->history : 100;
}

/* ---- memory ---- */

static void lbfgs_free(tp_optim *optim)
{
    lbfgs *l = optim->own;
    if (!l) return;
    const tp_allocator *memory = &optim->memory;
    for (int i = 0; l->pairs && i < l->history; i++)
        if (l->pairs[i]) tp_deallocate(memory, l->pairs[i], 2 * (size_t)l->n * sizeof(double));
    if (l->pairs) tp_deallocate(memory, l->pairs, (size_t)l->history * sizeof *l->pairs);
    if (l->inverse) tp_deallocate(memory, l->inverse, 2 * (size_t)l->history * sizeof *l->inverse);
    if (l->vectors) tp_deallocate(memory, l->vectors, VECTORS * (size_t)l->n * sizeof *l->vectors);
    tp_deallocate(memory, l, sizeof *l);
    optim->own = NULL;
}

static int64_t element_count(const tp_optim *optim)
{
    int64_t n = 0;
    for (const tp_optim_entry *at = optim->entries; at; at = at->hh.next) n += at->tensor->count;
    return n;
}

static bool fill_in(lbfgs *l, const tp_allocator *memory, int history, int64_t n)
{
    size_t bytes;
    l->n = n;
    l->history = history;
    if (n == 0 || !tp_size_mul((size_t)n, VECTORS * sizeof(double), &bytes)) return false;
    l->vectors = tp_allocate_zeroed(memory, bytes);
    l->pairs = tp_allocate_zeroed(memory, (size_t)history * sizeof *l->pairs);
    l->inverse = tp_allocate_zeroed(memory, 2 * (size_t)history * sizeof *l->inverse);
    if (!l->vectors || !l->pairs || !l->inverse) return false;
    double **const names[VECTORS] = {&l->x,        &l->start,  &l->moved, &l->d,   &l->gradient,
                                     &l->previous, &l->before, &l->trial, &l->low, &l->high};
    for (int i = 0; i < VECTORS; i++) *names[i] = l->vectors + i * n;
    l->share = l->inverse + history;
    return true;
}

/* What there is for the present parameters; NULL with `error` set when out of memory. */
static lbfgs *ensure(tp_optim *optim, int64_t n, tp_error *error)
{
    lbfgs *l = optim->own;
    if (l && l->n == n) return l;
    lbfgs_free(optim);
    optim->own = l = tp_allocate_zeroed(&optim->memory, sizeof *l);
    if (l && fill_in(l, &optim->memory, history_of(optim), n)) return l;
    lbfgs_free(optim);
    tp_fail(error, TP_E_MEMORY, "tp_lbfgs: out of memory for vectors of %lld elements", (long long)n);
    return NULL;
}

static void forget(lbfgs *l)
{
    l->count = l->first = 0;
    l->iterations = 0;
}

/* The i-th pair, from the oldest. */
static int place(const lbfgs *l, int i)
{
    return (l->first + i) % l->history;
}

/* Room for one more pair behind the others, in the oldest's place when there is none; NULL when out of memory. */
static double *next_pair(tp_optim *optim, lbfgs *l, int *at)
{
    const bool full = l->count == l->history;
    *at = full ? l->first : place(l, l->count);
    if (!l->pairs[*at]) l->pairs[*at] = tp_allocate_zeroed(&optim->memory, 2 * (size_t)l->n * sizeof(double));
    if (!l->pairs[*at]) return NULL;
    if (full)
        l->first = place(l, 1);
    else
        l->count++;
    return l->pairs[*at];
}

/* ---- between tensors and vectors ---- */

/* A parameter's elements, or its gradient's, to a vector; from a vector to the parameter. */
static void gather(const tp_tensor *tensor, double *to)
{
    tp_tensor flat;
    tp_tensor_set_dense(&flat, tensor->rank, tensor->dims, tensor->count);
    tp_copy(tensor->rank, tensor->dims, TP_F64, to, flat.strides, (tp_dtype)tensor->dtype, tp_tensor_read(tensor),
            tensor->strides);
}

static void gather_parameters(const tp_optim *optim, double *to)
{
    for (const tp_optim_entry *at = optim->entries; at; to += at->tensor->count, at = at->hh.next)
        gather(at->tensor, to);
}

static void gather_gradients(const tp_optim *optim, double *to)
{
    for (const tp_optim_entry *at = optim->entries; at; to += at->tensor->count, at = at->hh.next) {
        const tp_tensor *gradient = tp_tensor_grad(at->tensor);
        if (gradient)
            gather(gradient, to);
        else if (at->tensor->count > 0)
            memset(to, 0, (size_t)at->tensor->count * sizeof *to);
    }
}

static void set_parameters(const tp_optim *optim, const double *from)
{
    tp_tensor flat;
    for (const tp_optim_entry *at = optim->entries; at; from += at->tensor->count, at = at->hh.next) {
        tp_tensor *tensor = at->tensor;
        tp_tensor_set_dense(&flat, tensor->rank, tensor->dims, tensor->count);
        tp_copy(tensor->rank, tensor->dims, (tp_dtype)tensor->dtype, tp_tensor_data(tensor), tensor->strides, TP_F64,
                from, flat.strides);
    }
}

/* ---- one iteration ---- */

typedef struct run {
    tp_optim *optim;
    lbfgs *l;
    const tp_float_loops *loops; /* of f64 */
    tp_closure closure;
    void *user;
    tp_error *error;
    int evaluations;
} run;

static double dot(const run *r, const double *a, const double *b)
{
    return r->loops->dot(r->l->n, a, b);
}

static void add_times(const run *r, double *y, double a, const double *x)
{
    r->loops->add_times(r->l->n, y, a, x);
}

static double largest(const run *r, const double *x)
{
    return r->loops->reduce->row[TP_FOLD_ABS_MAX](r->l->n, x, 1, 0, 0);
}

static void copy(const lbfgs *l, double *to, const double *from)
{
    memcpy(to, from, (size_t)l->n * sizeof *to);
}

static void set_times(const run *r, double *y, double a, const double *x)
{
    copy(r->l, y, x);
    r->loops->scale(r->l->n, y, a);
}

/* The parameters to x + t d. */
static void move(const run *r, double t)
{
    copy(r->l, r->l->moved, r->l->x);
    add_times(r, r->l->moved, t, r->l->d);
    set_parameters(r->optim, r->l->moved);
}

static tp_status evaluate(run *r, double *f, double *gradient)
{
    const tp_status status = tp_optim_evaluate(r->optim, r->closure, r->user, f, r->error);
    r->evaluations++;
    gather_gradients(r->optim, gradient);
    return status;
}

static tp_status evaluate_at(void *user, double t, double *f, double *gradient)
{
    run *r = user;
    move(r, t);
    return evaluate(r, f, gradient);
}

/* Takes in what the latest step tells of the curvature. */
static tp_status learn(run *r)
{
    lbfgs *l = r->l;
    double *s = l->trial, *y = l->before; /* free between line searches */
    int at;
    copy(l, y, l->gradient);
    add_times(r, y, -1, l->previous);
    set_times(r, s, l->t, l->d);
    const double ys = dot(r, y, s);
    if (!(ys > 1e-10)) return TP_OK;
    double *pair = next_pair(r->optim, l, &at);
    if (!pair) return tp_fail(r->error, TP_E_MEMORY, "tp_lbfgs: out of memory for the history");
    copy(l, pair, s);
    copy(l, pair + l->n, y);
    l->inverse[at] = 1 / ys;
    l->scale = ys / dot(r, y, y);
    return TP_OK;
}

/* d = -H gradient */
static tp_status find_direction(run *r)
{
    lbfgs *l = r->l;
    if (l->iterations == 1) {
        l->count = l->first = 0;
        l->scale = 1;
        set_times(r, l->d, -1, l->gradient);
        return TP_OK;
    }
    const tp_status status = learn(r);
    set_times(r, l->d, -1, l->gradient);
    for (int i = l->count - 1; i >= 0; i--) {
        const int at = place(l, i);
        l->share[i] = dot(r, l->pairs[at], l->d) * l->inverse[at];
        add_times(r, l->d, -l->share[i], l->pairs[at] + l->n);
    }
    r->loops->scale(l->n, l->d, l->scale);
    for (int i = 0; i < l->count; i++) {
        const int at = place(l, i);
        add_times(r, l->d, l->share[i] - dot(r, l->pairs[at] + l->n, l->d) * l->inverse[at], l->pairs[at]);
    }
    return status;
}

/* Goes along d; `last`: there is no iteration after it, and the loss at the end is not wanted. */
static tp_status go(run *r, const tp_lbfgs_options *o, double slope, double *f, bool last)
{
    lbfgs *l = r->l;
    tp_status status = TP_OK;
    if (o->strong_wolfe) {
        tp_line line = {.loops = r->loops,
                        .n = l->n,
                        .d = l->d,
                        .gradient = l->gradient,
                        .before = l->before,
                        .trial = l->trial,
                        .bracket = {l->low, l->high},
                        .slope = slope,
                        .tolerance = o->tolerance_change,
                        .evaluate = evaluate_at,
                        .user = r};
        status = tp_strong_wolfe(&line, &l->t, f);
    }
    if (status == TP_OK) move(r, l->t);
    gather_parameters(r->optim, l->x);
    if (status == TP_OK && !o->strong_wolfe && !last) status = evaluate(r, f, l->gradient);
    return status;
}

static tp_status iterate(run *r, double f)
{
    lbfgs *l = r->l;
    const tp_lbfgs_options *o = options_of(r->optim);
    const int most = o->iterations != 0 ? o->iterations : 20;
    const int calls = o->evaluations != 0 ? o->evaluations : (int)((int64_t)most * 5 / 4);
    for (int k = 1; k <= most; k++) {
        l->iterations++;
        tp_status status = find_direction(r);
        if (status != TP_OK) return status;
        copy(l, l->previous, l->gradient);
        l->loss = f;
        l->t = o->rate;
        if (l->iterations == 1) l->t *= fmin(1, 1 / r->loops->reduce->row[TP_FOLD_ABS](l->n, l->gradient, 1, 0, 0));
        const double slope = dot(r, l->gradient, l->d);
        if (!(slope <= -o->tolerance_change)) return TP_OK;
        status = go(r, o, slope, &f, k == most);
        if (status != TP_OK) return status;
        if (r->evaluations >= calls || largest(r, l->gradient) <= o->tolerance_gradient) return TP_OK;
        if (fabs(l->t) * largest(r, l->d) <= o->tolerance_change || fabs(f - l->loss) < o->tolerance_change)
            return TP_OK;
    }
    return TP_OK;
}

static tp_status lbfgs_step(tp_optim *optim, tp_closure closure, void *user, double *loss, tp_error *error)
{
    const int64_t n = element_count(optim);
    if (n == 0) return tp_optim_evaluate(optim, closure, user, loss, error);
    lbfgs *l = ensure(optim, n, error);
    if (!l) return TP_E_MEMORY;
    run r = {
        .optim = optim, .l = l, .loops = optim->kernels->of[TP_F64], .closure = closure, .user = user, .error = error};
    gather_parameters(optim, l->x);
    copy(l, l->start, l->x);
    tp_status status = evaluate(&r, loss, l->gradient);
    if (status == TP_OK && !(largest(&r, l->gradient) <= options_of(optim)->tolerance_gradient))
        status = iterate(&r, *loss);
    if (status == TP_OK) return TP_OK;
    set_parameters(optim, l->start);
    forget(l);
    return status;
}

/* ---- state: n, iterations, count, t, scale; then, unless it begins, d, the previous gradient, and the pairs ---- */

enum { ELEMENTS, ITERATIONS, COUNT, STEP, SCALE, HEAD };

static void put(double *out, size_t room, size_t *at, const double *from, size_t n)
{
    if (out && *at < room) memcpy(out + *at, from, (room - *at < n ? room - *at : n) * sizeof *out);
    *at += n;
}

static size_t lbfgs_numbers(const tp_optim *optim, double *out, size_t n)
{
    const lbfgs *l = optim->own;
    size_t at = 0;
    if (!l || l->iterations == 0) return 0;
    const double head[HEAD] = {
        [ELEMENTS] = (double)l->n, [ITERATIONS] = l->iterations, [COUNT] = l->count, [STEP] = l->t, [SCALE] = l->scale};
    put(out, n, &at, head, HEAD);
    put(out, n, &at, l->d, (size_t)l->n);
    put(out, n, &at, l->previous, (size_t)l->n);
    for (int i = 0; i < l->count; i++) {
        put(out, n, &at, l->pairs[place(l, i)], 2 * (size_t)l->n);
        put(out, n, &at, &l->inverse[place(l, i)], 1);
    }
    return at;
}

static bool state_fits(const double *numbers, size_t n, int64_t elements, int history)
{
    if (elements == 0 || n < HEAD || numbers[ELEMENTS] != (double)elements) return false;
    const double iterations = numbers[ITERATIONS], count = numbers[COUNT];
    if (!(iterations >= 1 && iterations <= 0x1p53 && iterations == floor(iterations))) return false;
    if (!(count >= 0 && count <= history && count == floor(count))) return false;
    return (double)n == HEAD + 2 * (double)elements + count * (2 * (double)elements + 1);
}

static tp_status lbfgs_set_numbers(tp_optim *optim, const double *numbers, size_t n, tp_error *error)
{
    const int64_t elements = element_count(optim);
    if (n == 0) {
        if (optim->own) forget(optim->own);
        return TP_OK;
    }
    if (!state_fits(numbers, n, elements, history_of(optim)))
        return tp_fail(error, TP_E_ARGUMENT,
                       "tp_optim_set_numbers: %zu numbers are no history of tp_lbfgs over %lld elements", n,
                       (long long)elements);
    lbfgs *l = ensure(optim, elements, error);
    if (!l) return TP_E_MEMORY;
    const int count = (int)numbers[COUNT];
    for (int i = 0; i < count; i++) { /* all of them before anything is changed */
        if (!l->pairs[i]) l->pairs[i] = tp_allocate_zeroed(&optim->memory, 2 * (size_t)l->n * sizeof(double));
        if (!l->pairs[i]) return tp_fail(error, TP_E_MEMORY, "tp_optim_set_numbers: out of memory for the history");
    }
    l->iterations = numbers[ITERATIONS];
    l->t = numbers[STEP];
    l->scale = numbers[SCALE];
    l->count = count;
    l->first = 0;
    numbers += HEAD;
    copy(l, l->d, numbers);
    copy(l, l->previous, numbers + l->n);
    numbers += 2 * l->n;
    for (int i = 0; i < count; i++, numbers += 2 * l->n + 1) {
        memcpy(l->pairs[i], numbers, 2 * (size_t)l->n * sizeof *numbers);
        l->inverse[i] = numbers[2 * l->n];
    }
    return TP_OK;
}

static tp_status lbfgs_check(const void *options, tp_error *error)
{
    const tp_lbfgs_options *o = options;
    const struct {
        const char *name;
        int value;
    } counts[] = {{"iterations", o->iterations}, {"evaluations", o->evaluations}, {"history", o->history}};
    for (int i = 0; i < 3; i++)
        if (counts[i].value < 0)
            return tp_fail(error, TP_E_ARGUMENT, "tp_lbfgs: %s is %d, below 1", counts[i].name, counts[i].value);
    return TP_OK;
}

static const tp_optim_search lbfgs_search = {
    .step = lbfgs_step, .free = lbfgs_free, .numbers = lbfgs_numbers, .set_numbers = lbfgs_set_numbers};

static const tp_optim_kind lbfgs_kind = {
    .name = "lbfgs",
    .size = sizeof(tp_lbfgs_options),
    .memory = offsetof(tp_lbfgs_options, memory),
    .options = {TP_OPTION(lbfgs, rate, 1, 0, HUGE_VAL), TP_OPTION(lbfgs, tolerance_gradient, 1e-7, 0, HUGE_VAL),
                TP_OPTION(lbfgs, tolerance_change, 1e-9, 0, HUGE_VAL)},
    .check = lbfgs_check,
    .search = &lbfgs_search,
};

tp_optim *tp_lbfgs(const tp_lbfgs_options *options, tp_error *error)
{
    return tp_optim_new(&lbfgs_kind, options, error);
}
