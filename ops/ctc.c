/* Connectionist temporal classification (Graves et al. 2006): minus the log of the sum over all alignments of a target
   with the frames of log-probabilities x;  dx = -g times the share of the alignments that go through a class at a
   frame. The numeric rule works that out from the sums that forward saved; the recorded one is in ctc_recorded.c. */
#include "ops/ctc.h"

#include <math.h>
#include <string.h>

#include "kernels/ctc.h"

typedef struct saved {
    tp_tensor *alpha;   /* (N, T, states) f64 */
    tp_tensor *labels;  /* the targets as i64, in their own layout */
    tp_tensor *log_sum; /* (N) f64; -Inf where there is no alignment */
    int64_t states;     /* at most */
} saved;

int64_t tp_ctc_length(const tp_tensor *lengths, int64_t i, int64_t least, int64_t most)
{
    const double length = tp_tensor_item(lengths, i);
    return length >= (double)least && length <= (double)most ? (int64_t)length : -1;
}

int64_t tp_ctc_states(const tp_tensor *targets, const tp_tensor *lengths)
{
    if (targets->rank == 2) return 2 * targets->dims[1] + 1;
    int64_t most = 0;
    for (int64_t i = 0; i < lengths->count; i++) {
        const int64_t length = tp_ctc_length(lengths, i, 0, targets->count);
        if (length > most) most = length;
    }
    return 2 * most + 1;
}

static tp_status check_shapes(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0), *targets = tp_ctx_input(ctx, 1);
    const tp_tensor *frames = tp_ctx_input(ctx, 2), *lengths = tp_ctx_input(ctx, 3);
    const tp_ctc_attributes *a = tp_ctx_attributes(ctx);
    char first[TP_SHAPE_TEXT], second[TP_SHAPE_TEXT], third[TP_SHAPE_TEXT];
    if (x->rank != 3 || x->dims[0] < 1 || x->dims[2] < 1)
        return tp_ctx_fail(ctx, TP_E_SHAPE, "log-probabilities must be (frames, batch, classes), not %s",
                           tp_tensor_text(first, x));
    const int64_t batch = x->dims[1];
    const bool fits = targets->rank == 1 || (targets->rank == 2 && targets->dims[0] == batch);
    if (!fits || frames->rank != 1 || frames->dims[0] != batch || lengths->rank != 1 || lengths->dims[0] != batch)
        return tp_ctx_fail(ctx, TP_E_SHAPE,
                           "targets %s, input lengths %s, target lengths %s do not fit a batch of %lld",
                           tp_tensor_text(first, targets), tp_tensor_text(second, frames),
                           tp_tensor_text(third, lengths), (long long)batch);
    static const char *const names[] = {"log-probabilities", "targets", "input lengths", "target lengths"};
    for (int i = 1; i < 4; i++)
        if (tp_need_integers(ctx, i, names[i]) != TP_OK) return TP_E_DTYPE;
    if (a->blank < 0 || a->blank >= x->dims[2])
        return tp_ctx_fail(ctx, TP_E_INDEX, "blank %lld is not in 0..%lld", (long long)a->blank,
                           (long long)x->dims[2] - 1);
    return TP_OK;
}

static tp_status ctc_shape(tp_ctx *ctx)
{
    const tp_ctc_attributes *a = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0), *targets = tp_ctx_input(ctx, 1);
    if (tp_need_float(ctx, 0) != TP_OK) return TP_E_DTYPE;
    const tp_status status = check_shapes(ctx);
    if (status != TP_OK) return status;
    const int64_t batch = x->dims[1];
    saved *s = tp_ctx_save(ctx, sizeof *s);
    if (!s) return TP_E_MEMORY;
    s->states = tp_ctc_states(targets, tp_ctx_input(ctx, 3));
    s->alpha = tp_ctx_save_tensor(ctx, TP_F64, 3, (int64_t[]){batch, x->dims[0], s->states});
    s->labels = s->alpha ? tp_ctx_save_tensor(ctx, TP_I64, targets->rank, targets->dims) : NULL;
    s->log_sum = s->labels ? tp_ctx_save_tensor(ctx, TP_F64, 1, &batch) : NULL;
    if (!s->log_sum) return TP_E_MEMORY;
    return a->how == TP_NONE ? tp_ctx_result(ctx, 0, (tp_dtype)x->dtype, 1, &batch)
                             : tp_ctx_result(ctx, 0, TP_F64, 0, NULL);
}

/* Checks example n's lengths and labels, and says where it lies; `start` is where its labels start. */
static tp_status check_example(tp_ctx *ctx, const tp_tensor *x, int64_t n, int64_t *start, tp_ctc_example *e)
{
    const tp_ctc_attributes *a = tp_ctx_attributes(ctx);
    const saved *s = tp_ctx_saved(ctx);
    const tp_tensor *targets = tp_ctx_input(ctx, 1), *frames = tp_ctx_input(ctx, 2), *lengths = tp_ctx_input(ctx, 3);
    const int64_t room = targets->rank == 2 ? targets->dims[1] : targets->count - *start;
    const int64_t most = room < s->states / 2 ? room : s->states / 2;
    const int64_t count = tp_ctc_length(frames, n, 1, x->dims[0]), length = tp_ctc_length(lengths, n, 0, most);
    if (targets->rank == 2) *start = n * targets->dims[1];
    if (count < 0)
        return tp_ctx_fail(ctx, TP_E_INDEX, "input length %g (number %lld) is not in 1..%lld",
                           tp_tensor_item(frames, n), (long long)n, (long long)x->dims[0]);
    if (length < 0)
        return tp_ctx_fail(ctx, TP_E_INDEX, "target length %g (number %lld) is not in 0..%lld",
                           tp_tensor_item(lengths, n), (long long)n, (long long)most);
    int64_t *labels = (int64_t *)(void *)s->labels->data + *start;
    for (int64_t i = 0; i < length; i++) {
        const double label = tp_tensor_item(targets, *start + i);
        if (!(label >= 0 && label < (double)x->dims[2]) || label == (double)a->blank)
            return tp_ctx_fail(ctx, TP_E_INDEX, "label %g (number %lld of target %lld) is not in 0..%lld, or the blank",
                               label, (long long)i, (long long)n, (long long)x->dims[2] - 1);
        labels[i] = (int64_t)label;
    }
    *e = (tp_ctc_example){.dtype = (tp_dtype)x->dtype,
                          .log_p = x->data + n * x->dims[2] * (int64_t)tp_dtype_size((tp_dtype)x->dtype),
                          .step = x->dims[1] * x->dims[2],
                          .frames = count,
                          .blank = a->blank,
                          .states = 2 * length + 1,
                          .labels = labels,
                          .alpha = (double *)(void *)s->alpha->data + n * s->alpha->dims[1] * s->states,
                          .width = s->states};
    *start += targets->rank == 2 ? 0 : length;
    return TP_OK;
}

/* What the examples of a batch share when threads take them. */
typedef struct batch {
    tp_ctc_example *examples;
    double *log_sum, *scale, *beta;
    char *grad;
    int64_t size; /* bytes of an example's row of classes */
} batch;

static tp_status check_examples(tp_ctx *ctx, const tp_tensor *x, tp_ctc_example *examples)
{
    int64_t start = 0;
    tp_status status = TP_OK;
    for (int64_t n = 0; n < x->dims[1] && status == TP_OK; n++) status = check_example(ctx, x, n, &start, &examples[n]);
    return status;
}

static void forward_one(void *user, int64_t n)
{
    const batch *b = user;
    b->log_sum[n] = tp_ctc_forward(&b->examples[n]);
}

static void backward_one(void *user, int64_t n)
{
    const batch *b = user;
    const tp_ctc_example *e = &b->examples[n];
    if (b->scale[n] != 0)
        tp_ctc_backward(e, b->log_sum[n], b->scale[n], b->beta + 2 * n * e->width, b->grad + n * b->size);
}

/* What a mean divides the loss of an example by. */
static double divisor(const tp_ctc_attributes *a, const tp_ctc_example *e, int64_t count)
{
    return a->how == TP_MEAN ? (double)count * fmax(1, (double)(e->states / 2)) : 1;
}

static tp_ctc_example *examples_room(tp_ctx *ctx, int64_t count)
{
    return tp_chunks_push(&ctx->tape->stack, (size_t)(count ? count : 1) * sizeof(tp_ctc_example));
}

static tp_status ctc_forward(tp_ctx *ctx)
{
    const tp_ctc_attributes *a = tp_ctx_attributes(ctx);
    const saved *s = tp_ctx_saved(ctx);
    const tp_tensor *x = tp_ctx_dense(ctx, 0);
    tp_tensor *out = tp_ctx_output(ctx, 0);
    if (!x) return TP_E_MEMORY;
    const int64_t count = x->dims[1], size = (int64_t)tp_dtype_size((tp_dtype)out->dtype);
    batch b = {.examples = examples_room(ctx, count), .log_sum = (double *)(void *)s->log_sum->data};
    if (!b.examples) return TP_E_MEMORY;
    const tp_status status = check_examples(ctx, x, b.examples);
    if (status != TP_OK) return status;
    tp_parallel(ctx->tape->threads, count, forward_one, &b);
    double sum = 0;
    for (int64_t n = 0; n < count; n++) {
        const double loss = a->zero_infinity && b.log_sum[n] == -HUGE_VAL ? 0 : -b.log_sum[n];
        if (a->how == TP_NONE) tp_put((tp_dtype)out->dtype, out->data + n * size, loss);
        sum += loss / divisor(a, &b.examples[n], count);
    }
    if (a->how != TP_NONE) tp_put(TP_F64, out->data, a->how == TP_MEAN && count == 0 ? (double)NAN : sum);
    return TP_OK;
}

static tp_status ctc_gradient(tp_ctx *ctx, const tp_tensor *g)
{
    const tp_ctc_attributes *a = tp_ctx_attributes(ctx);
    const saved *s = tp_ctx_saved(ctx);
    tp_tensor *grad = tp_ctx_grad(ctx, 0, NULL);
    const tp_tensor *x = grad ? tp_ctx_dense(ctx, 0) : NULL;
    if (!x) return TP_E_MEMORY;
    const int64_t count = x->dims[1];
    const int64_t scratch = count * (2 * s->states + 1);
    tp_tensor *work = tp_new_tensor(ctx->tape, TP_F64, 1, &scratch, "ctc");
    batch b = {.examples = work ? examples_room(ctx, count) : NULL,
               .log_sum = (double *)(void *)s->log_sum->data,
               .grad = grad->data,
               .size = x->dims[2] * (int64_t)tp_dtype_size((tp_dtype)x->dtype)};
    tp_status status = b.examples ? check_examples(ctx, x, b.examples) : TP_E_MEMORY;
    if (status == TP_OK) {
        b.scale = (double *)(void *)work->data;
        b.beta = b.scale + count;
        for (int64_t n = 0; n < count; n++) {
            const double up = tp_tensor_item(g, a->how == TP_NONE ? n : 0) / divisor(a, &b.examples[n], count);
            b.scale[n] = b.log_sum[n] == -HUGE_VAL ? 0 : -up;
        }
        tp_fill(grad->count, (tp_dtype)grad->dtype, grad->data, 0);
        tp_parallel(ctx->tape->threads, count, backward_one, &b);
    }
    if (work) tp_done(ctx->tape, work);
    return status;
}

/* Each loss on its example: axis 1 of x. */
static tp_status ctc_pattern(tp_ctx *ctx)
{
    return tp_pattern_along(ctx, 0, tp_ctx_output(ctx, 0)->rank ? 1u << 0 | 1u << 2 : ~0u);
}

const tp_op tp_op_ctc = {
    TP_OP_HEAD,
    .name = "ctc",
    .arity = TP_VARIADIC,
    .structure = TP_DENSE,
    .selectors = 1u << 1 | 1u << 2 | 1u << 3,
    .attributes = sizeof(tp_ctc_attributes),
    .pattern = ctc_pattern,
    .shape = ctc_shape,
    .forward = ctc_forward,
    .backward = tp_ctc_backward_recorded,
    .gradient = ctc_gradient,
    .text = {
        .formula =
            "-log of the sum, over all alignments of a target with its frames, of the product of their probabilities",
        .derivative = "dx = -g times the share of the alignments that go through the class at the frame",
        .shapes = "x: (T, N, C), targets: (N, S) or one after the other, lengths: (N), (N) -> (N), or a scalar",
        .dtypes = "x: f32, f64; targets and lengths: i32, i64, u8",
        .edges = "No alignment at all: Inf, or 0 with zero_infinity, and a gradient of 0 either way."}};

tp_var tp_ctc_with(tp_var log_p, tp_var targets, tp_var input_lengths, tp_var target_lengths,
                   const tp_ctc_options *options)
{
    const tp_ctc_options o = options ? *options : (tp_ctc_options){0};
    if (!log_p.tape || !tp_reduction_good(log_p.tape, "ctc", o.reduction)) return tp_poison(log_p.tape);
    return tp_apply(&tp_op_ctc, (tp_var[]){log_p, targets, input_lengths, target_lengths}, 4,
                    &(tp_ctc_attributes){o.reduction, o.zero_infinity, o.blank});
}

tp_var tp_ctc(tp_var log_p, tp_var targets, tp_var input_lengths, tp_var target_lengths, tp_reduction reduction)
{
    return tp_ctc_with(log_p, targets, input_lengths, target_lengths, &(tp_ctc_options){.reduction = reduction});
}
