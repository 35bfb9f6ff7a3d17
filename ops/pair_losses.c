/* Losses of pairs and triples of vectors, and focal loss of classes: made of other ops. */
#include <math.h>

#include "ops/labels.h"

static tp_var reduced(tp_var x, tp_reduction how)
{
    return how == TP_NONE ? x : (how == TP_SUM ? tp_sum(x) : tp_mean(x));
}

/* False after setting the error, unless a and b are tensors of one shape. */
static bool same_vectors(const char *op, tp_var a, tp_var b)
{
    char first[TP_SHAPE_TEXT], second[TP_SHAPE_TEXT];
    if (!tp_check_operand(a.tape, op, a, 0) || !tp_check_operand(a.tape, op, b, 1)) return false;
    const int rank = tp_var_rank(a);
    if (rank > 0 && tp_shape_equal(rank, tp_var_dims(a), tp_var_rank(b), tp_var_dims(b))) return true;
    tp_refuse(a.tape, TP_E_SHAPE, "tp_%s: needs vectors along the last axis, of one shape: %s and %s", op,
              tp_shape_text(first, rank, tp_var_dims(a)), tp_shape_text(second, tp_var_rank(b), tp_var_dims(b)));
    return false;
}

static tp_var summed(tp_var x)
{
    return tp_sum_axes(x, TP_AXES(-1), false);
}

tp_var tp_cosine_embedding(tp_var a, tp_var b, tp_var label, double margin, tp_reduction reduction)
{
    if (!a.tape || !tp_reduction_good(a.tape, "cosine_embedding", reduction)) return tp_poison(a.tape);
    if (!same_vectors("cosine_embedding", a, b)) return tp_poison(a.tape);
    const tp_var aa = tp_adds(summed(tp_square(a)), 1e-12), bb = tp_adds(summed(tp_square(b)), 1e-12);
    const tp_var cosine = tp_div(summed(tp_mul(a, b)), tp_mul(tp_sqrt(aa), tp_sqrt(bb)));
    return tp_loss(&tp_op_cosine_margin, cosine, label, tp_none(), reduction, margin, 0);
}

/* ||a - b + eps||_p along the last axis */
static tp_var distance(tp_var a, tp_var b, double p, double eps)
{
    const tp_var d = tp_adds(tp_sub(a, b), eps);
    if (p == 2) return tp_sqrt(summed(tp_square(d)));
    if (p == 1) return summed(tp_abs(d));
    return isinf(p) ? tp_max_axes(tp_abs(d), TP_AXES(-1), false) : tp_pows(summed(tp_pows(tp_abs(d), p)), 1 / p);
}

tp_var tp_triplet_with(tp_var anchor, tp_var positive, tp_var negative, double margin,
                       const tp_triplet_options *options)
{
    const tp_triplet_options o = options ? *options : (tp_triplet_options){0};
    tp_tape *tape = anchor.tape;
    const double p = o.p == 0 ? 2 : o.p, eps = o.eps == 0 ? 1e-6 : o.eps;
    if (!tape || !tp_reduction_good(tape, "triplet", o.reduction)) return tp_poison(tape);
    if (!(p > 0)) return tp_refuse(tape, TP_E_ARGUMENT, "tp_triplet: p %g is not above 0", p);
    if (!same_vectors("triplet", anchor, positive) || !same_vectors("triplet", anchor, negative))
        return tp_poison(tape);
    const tp_var near = distance(anchor, positive, p, eps);
    tp_var far = distance(anchor, negative, p, eps);
    if (o.swap) far = tp_minimum(far, distance(positive, negative, p, eps));
    return reduced(tp_relu(tp_adds(tp_sub(near, far), margin)), o.reduction);
}

tp_var tp_triplet(tp_var anchor, tp_var positive, tp_var negative, double margin, tp_reduction reduction)
{
    return tp_triplet_with(anchor, positive, negative, margin, &(tp_triplet_options){.reduction = reduction});
}

tp_var tp_focal_classes(tp_var logits, tp_var labels, double gamma, tp_var weight, tp_reduction reduction)
{
    tp_tape *tape = logits.tape;
    if (!tape || !tp_reduction_good(tape, "focal_classes", reduction)) return tp_poison(tape);
    if (!(gamma >= 0)) return tp_refuse(tape, TP_E_ARGUMENT, "tp_focal_classes: gamma %g is negative", gamma);
    const tp_var loss = tp_cross_entropy(logits, labels, TP_NONE);
    const tp_var weighed =
        weight.tape ? tp_cross_entropy_with(logits, labels, &(tp_cross_entropy_options){.weight = weight}) : loss;
    const tp_var miss = tp_rsubs(1, tp_exp(tp_neg(loss)));
    return reduced(tp_mul_masked(tp_pows(miss, gamma), weighed), reduction);
}
