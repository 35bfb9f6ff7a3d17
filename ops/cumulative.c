/* Running sums, products and log-sum-exps along an axis. The rules of products divide by nothing, so that zeros are
   right to every order: what flows back follows a linear recurrence, and that is an op whose adjoint is another. */
#include "ops/cumulative.h"

#include "kernels/scan.h"

typedef struct attributes {
    int axis;
    bool reverse;
} attributes;

static tp_status scan_shape(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    if (tp_need_float(ctx, 0) != TP_OK) return TP_E_DTYPE;
    return tp_ctx_result(ctx, 0, (tp_dtype)x->dtype, x->rank, x->dims);
}

static tp_status scan(tp_ctx *ctx, tp_scan_how how)
{
    const attributes *a = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0), *b = tp_ctx_input(ctx, 1);
    tp_tensor *out = tp_ctx_output(ctx, 0);
    if (x->count == 0) return TP_OK;
    const tp_scan call = {.how = how,
                          .reverse = a->reverse,
                          .dtype = (tp_dtype)x->dtype,
                          .rank = x->rank,
                          .axis = a->axis,
                          .dims = x->dims,
                          .x_strides = x->strides,
                          .b_strides = b ? b->strides : NULL,
                          .out_strides = out->strides,
                          .x = x->data,
                          .b = b ? b->data : NULL,
                          .out = out->data};
    tp_scan_run(&call);
    return TP_OK;
}

/* y_i on x_0 .. x_i; or, `before`, on what is before x_i. */
static tp_status prefix_pattern(tp_ctx *ctx, bool before)
{
    const attributes *a = tp_ctx_attributes(ctx);
    const int64_t n = tp_ctx_input(ctx, 0)->dims[a->axis];
    const tp_window next = {.outputs = n, .size = 1, .stride = 1, .dilation = 1, .before = a->reverse ? -1 : 1};
    for (int i = 0; i < tp_ctx_count(ctx); i++) {
        if (!tp_pattern_operand(ctx, i)) continue;
        tp_status status = tp_pattern_prefix(ctx, a->axis, a->reverse);
        if (status == TP_OK && before) status = tp_pattern_window(ctx, a->axis, &next);
        if (status == TP_OK) status = tp_pattern_to(ctx, 0, NULL);
        if (status != TP_OK) return status;
    }
    return TP_OK;
}

static tp_status scan_pattern(tp_ctx *ctx)
{
    return prefix_pattern(ctx, false);
}

static tp_status before_pattern(tp_ctx *ctx)
{
    return prefix_pattern(ctx, true);
}

static tp_var along(const tp_op *op, tp_var x, int axis, bool reverse)
{
    if (!x.tape || !tp_check_operand(x.tape, op->name, x, 0)) return tp_poison(x.tape);
    const attributes a = {tp_shape_axis(tp_var_rank(x), axis), reverse};
    char text[TP_SHAPE_TEXT];
    if (a.axis < 0)
        return tp_refuse(x.tape, TP_E_INDEX, "tp_%s: axis %d of %s", op->name, axis,
                         tp_shape_text(text, tp_var_rank(x), tp_var_dims(x)));
    return tp_call1(op, x, &a);
}

#define SHAPES "x: a tensor, and so y"

/* ---- sums ---- */

static tp_status cumsum_forward(tp_ctx *ctx)
{
    return scan(ctx, TP_SCAN_SUM);
}

/* dx_i = the sum of g from i on */
static tp_status cumsum_backward(tp_ctx *ctx, tp_var g)
{
    const attributes *a = tp_ctx_attributes(ctx);
    return tp_give(ctx, 0, along(&tp_op_cumsum, g, a->axis, !a->reverse));
}

const tp_op tp_op_cumsum = {TP_OP_HEAD,
                            .name = "cumsum",
                            .arity = 1,
                            .structure = TP_DENSE,
                            .flags = TP_LINEAR,
                            .attributes = sizeof(attributes),
                            .pattern = scan_pattern,
                            .shape = scan_shape,
                            .forward = cumsum_forward,
                            .backward = cumsum_backward,
                            .text = {.formula = "y_i = x_0 + ... + x_i along the axis, carried in f64",
                                     .derivative = "dx_i = g_i + ... + g_(n-1)",
                                     .shapes = SHAPES}};

tp_var tp_cumsum(tp_var x, int axis)
{
    return along(&tp_op_cumsum, x, axis, false);
}

/* ---- the linear recurrence ---- */

static tp_status linear_before_shape(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0), *b = tp_ctx_input(ctx, 1);
    char one[TP_SHAPE_TEXT], two[TP_SHAPE_TEXT];
    if (!tp_shape_equal(x->rank, x->dims, b->rank, b->dims) || x->dtype != b->dtype)
        return tp_ctx_fail(ctx, TP_E_SHAPE, "%s and %s differ in shape or dtype", tp_tensor_text(one, x),
                           tp_tensor_text(two, b));
    return scan_shape(ctx);
}

static tp_status linear_before_forward(tp_ctx *ctx)
{
    return scan(ctx, TP_SCAN_LINEAR_BEFORE);
}

/* With s the same recurrence over (a, g) from the other end, s_i = g_(i+1) + a_(i+1) s_(i+1):  db = s, da = s y */
static tp_status linear_before_backward(tp_ctx *ctx, tp_var g)
{
    const attributes *at = tp_ctx_attributes(ctx);
    const tp_var s = tp_linear_before(tp_ctx_input_var(ctx, 0), g, at->axis, !at->reverse);
    const tp_status status = tp_give(ctx, 1, s);
    if (status != TP_OK || !tp_ctx_needs(ctx, 0)) return status;
    return tp_give(ctx, 0, tp_mul_masked(s, tp_ctx_output_var(ctx, 0)));
}

const tp_op tp_op_linear_before = {
    TP_OP_HEAD,
    .name = "linear_before",
    .arity = 2,
    .structure = TP_DENSE,
    .attributes = sizeof(attributes),
    .pattern = before_pattern,
    .shape = linear_before_shape,
    .forward = linear_before_forward,
    .backward = linear_before_backward,
    .text = {.formula = "y_0 = 0, y_(i+1) = x_i y_i + b_i along the axis",
             .derivative = "db = s, dx = s y with s_(n-1) = 0, s_i = g_(i+1) + x_(i+1) s_(i+1)",
             .shapes = "x, b: tensors of one shape, and so y"}};

tp_var tp_linear_before(tp_var a, tp_var b, int axis, bool reverse)
{
    return tp_call2(&tp_op_linear_before, a, b, &(attributes){axis, reverse});
}

/* ---- products ---- */

static tp_status product_before_forward(tp_ctx *ctx)
{
    return scan(ctx, TP_SCAN_PRODUCT_BEFORE);
}

/* dx_i = y_i s_i, s as above over (x, g) */
static tp_status product_before_backward(tp_ctx *ctx, tp_var g)
{
    const attributes *a = tp_ctx_attributes(ctx);
    const tp_var s = tp_linear_before(tp_ctx_input_var(ctx, 0), g, a->axis, !a->reverse);
    return tp_give(ctx, 0, tp_mul_masked(s, tp_ctx_output_var(ctx, 0)));
}

const tp_op tp_op_product_before = {TP_OP_HEAD,
                                    .name = "product_before",
                                    .arity = 1,
                                    .structure = TP_DENSE,
                                    .attributes = sizeof(attributes),
                                    .pattern = before_pattern,
                                    .shape = scan_shape,
                                    .forward = product_before_forward,
                                    .backward = product_before_backward,
                                    .text = {.formula = "y_0 = 1, y_i = x_0 ... x_(i-1) along the axis",
                                             .derivative = "dx_i = sum over k > i of g_k y_k without its factor x_i",
                                             .shapes = SHAPES,
                                             .edges = "Right at zeros, to every order."}};

tp_var tp_product_before(tp_var x, int axis, bool reverse)
{
    return along(&tp_op_product_before, x, axis, reverse);
}

static tp_status cumprod_forward(tp_ctx *ctx)
{
    return scan(ctx, TP_SCAN_PRODUCT);
}

/* y_i = x_i p_i with p the products before:  dx_i = p_i (g_i + s_i), s as above over (x, x g) */
static tp_status cumprod_backward(tp_ctx *ctx, tp_var g)
{
    const attributes *a = tp_ctx_attributes(ctx);
    const tp_var x = tp_ctx_input_var(ctx, 0);
    const tp_var s = tp_linear_before(x, tp_mul_masked(g, x), a->axis, !a->reverse);
    return tp_give(ctx, 0, tp_mul_masked(tp_add(g, s), tp_product_before(x, a->axis, a->reverse)));
}

const tp_op tp_op_cumprod = {TP_OP_HEAD,
                             .name = "cumprod",
                             .arity = 1,
                             .structure = TP_DENSE,
                             .attributes = sizeof(attributes),
                             .pattern = scan_pattern,
                             .shape = scan_shape,
                             .forward = cumprod_forward,
                             .backward = cumprod_backward,
                             .text = {.formula = "y_i = x_0 ... x_i along the axis, carried in f64",
                                      .derivative = "dx_i = sum over k >= i of g_k y_k without its factor x_i",
                                      .shapes = SHAPES,
                                      .edges = "Right at zeros, to every order."}};

tp_var tp_cumprod(tp_var x, int axis)
{
    return along(&tp_op_cumprod, x, axis, false);
}

/* ---- log-sum-exps ---- */

static tp_status logcumsumexp_forward(tp_ctx *ctx)
{
    return scan(ctx, TP_SCAN_LOGSUMEXP);
}

/* Of e^(y_i), x_i holds the share w_i = e^(x_i - y_i) and what came before 1 - w_i:  dx = w (g + s), s as above over
   (1 - w, (1 - w) g). The bound keeps -Inf - -Inf away: the share is 0 then. */
static tp_status logcumsumexp_backward(tp_ctx *ctx, tp_var g)
{
    const attributes *a = tp_ctx_attributes(ctx);
    const tp_var x = tp_ctx_input_var(ctx, 0), y = tp_ctx_output_var(ctx, 0);
    const tp_var share = tp_exp(tp_sub(x, tp_maximum(y, tp_const(ctx->tape, -3e38))));
    const tp_var rest = tp_rsubs(1, share);
    const tp_var s = tp_linear_before(rest, tp_mul_masked(g, rest), a->axis, !a->reverse);
    return tp_give(ctx, 0, tp_mul_masked(tp_add(g, s), share));
}

const tp_op tp_op_logcumsumexp = {
    TP_OP_HEAD,
    .name = "logcumsumexp",
    .arity = 1,
    .structure = TP_DENSE,
    .attributes = sizeof(attributes),
    .pattern = scan_pattern,
    .shape = scan_shape,
    .forward = logcumsumexp_forward,
    .backward = logcumsumexp_backward,
    .text = {.formula = "y_i = log(e^(x_0) + ... + e^(x_i)) along the axis",
             .derivative = "dx_i = sum over k >= i of g_k e^(x_i - y_k)",
             .shapes = SHAPES,
             .edges = "Never overflows. -Inf adds nothing, Inf and NaN stay from where they stand."}};

tp_var tp_logcumsumexp(tp_var x, int axis)
{
    return along(&tp_op_logcumsumexp, x, axis, false);
}
