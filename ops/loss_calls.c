/* The constructors of elementwise losses: their options, and which row they are. */
#include "ops/loss.h"

/* log(2 pi) / 2 */
#define HALF_LOG_TWO_PI 0.91893853320467274178

tp_var tp_mse(tp_var x, tp_var target, tp_reduction reduction)
{
    return tp_loss(&tp_op_mse, x, target, tp_none(), reduction, 0, 0);
}

tp_var tp_l1(tp_var x, tp_var target, tp_reduction reduction)
{
    return tp_loss(&tp_op_l1, x, target, tp_none(), reduction, 0, 0);
}

tp_var tp_huber(tp_var x, tp_var target, double delta, tp_reduction reduction)
{
    if (!(delta > 0)) return tp_refuse(x.tape, TP_E_ARGUMENT, "tp_huber: delta %g is not above 0", delta);
    return tp_loss(&tp_op_huber, x, target, tp_none(), reduction, delta, 0);
}

tp_var tp_smooth_l1(tp_var x, tp_var target, double beta, tp_reduction reduction)
{
    if (!(beta >= 0)) return tp_refuse(x.tape, TP_E_ARGUMENT, "tp_smooth_l1: beta %g is negative", beta);
    return beta > 0 ? tp_loss(&tp_op_smooth_l1, x, target, tp_none(), reduction, beta, 0) : tp_l1(x, target, reduction);
}

tp_var tp_hinge(tp_var x, tp_var label, tp_reduction reduction)
{
    return tp_loss(&tp_op_hinge, x, label, tp_none(), reduction, 0, 0);
}

tp_var tp_squared_hinge(tp_var x, tp_var label, tp_reduction reduction)
{
    return tp_loss(&tp_op_squared_hinge, x, label, tp_none(), reduction, 0, 0);
}

tp_var tp_perceptron(tp_var x, tp_var label, tp_reduction reduction)
{
    return tp_loss(&tp_op_perceptron, x, label, tp_none(), reduction, 0, 0);
}

tp_var tp_logistic(tp_var x, tp_var label, tp_reduction reduction)
{
    return tp_loss(&tp_op_logistic, x, label, tp_none(), reduction, 0, 0);
}

tp_var tp_soft_hinge(tp_var x, tp_var label, double epsilon, double margin, tp_reduction reduction)
{
    if (!(epsilon > 0)) return tp_refuse(x.tape, TP_E_ARGUMENT, "tp_soft_hinge: epsilon %g is not above 0", epsilon);
    return tp_loss(&tp_op_soft_hinge, x, label, tp_none(), reduction, epsilon, margin);
}

tp_var tp_hinge_embedding(tp_var x, tp_var label, double margin, tp_reduction reduction)
{
    return tp_loss(&tp_op_hinge_embedding, x, label, tp_none(), reduction, margin, 0);
}

tp_var tp_margin_ranking(tp_var a, tp_var b, tp_var label, double margin, tp_reduction reduction)
{
    return tp_loss(&tp_op_margin_ranking, a, b, label, reduction, margin, 0);
}

tp_var tp_bce(tp_var probability, tp_var target, tp_reduction reduction)
{
    return tp_loss(&tp_op_bce, probability, target, tp_none(), reduction, 0, 0);
}

tp_var tp_bce_with_logits(tp_var logit, tp_var target, tp_reduction reduction)
{
    return tp_loss(&tp_op_bce_with_logits, logit, target, tp_none(), reduction, 0, 0);
}

tp_var tp_bce_with_logits_with(tp_var logit, tp_var target, const tp_bce_options *options)
{
    const tp_bce_options o = options ? *options : (tp_bce_options){0};
    const tp_reduction inner = o.weight.tape ? TP_NONE : o.reduction;
    const tp_op *op = o.pos_weight.tape ? &tp_op_bce_with_pos_weight : &tp_op_bce_with_logits;
    const tp_var loss = tp_loss(op, logit, target, o.pos_weight, inner, 0, 0);
    return o.weight.tape ? tp_weighed_loss(loss, o.weight, o.reduction) : loss;
}

tp_var tp_focal(tp_var logit, tp_var target, double gamma, double alpha, tp_reduction reduction)
{
    if (!(gamma >= 0)) return tp_refuse(logit.tape, TP_E_ARGUMENT, "tp_focal: gamma %g is negative", gamma);
    if (!(alpha <= 1)) return tp_refuse(logit.tape, TP_E_ARGUMENT, "tp_focal: alpha %g is above 1", alpha);
    return tp_loss(&tp_op_focal, logit, target, tp_none(), reduction, gamma, alpha < 0 ? -1 : alpha);
}

tp_var tp_kl_div(tp_var log_q, tp_var p, tp_reduction reduction)
{
    return tp_loss(&tp_op_kl_div, log_q, p, tp_none(), reduction, 0, 0);
}

tp_var tp_kl_div_with(tp_var log_q, tp_var p, const tp_kl_div_options *options)
{
    const tp_kl_div_options o = options ? *options : (tp_kl_div_options){0};
    const tp_op *op = o.log_target ? &tp_op_kl_div_log : &tp_op_kl_div;
    const tp_var loss = tp_loss(op, log_q, p, tp_none(), o.batch_mean ? TP_SUM : o.reduction, 0, 0);
    if (!o.batch_mean || !tp_ok(loss)) return loss;
    return tp_muls(loss, 1 / (tp_var_rank(log_q) ? (double)tp_var_dims(log_q)[0] : 1));
}

tp_var tp_poisson_nll(tp_var x, tp_var target, tp_reduction reduction)
{
    return tp_poisson_nll_with(x, target, &(tp_poisson_options){.reduction = reduction});
}

tp_var tp_poisson_nll_with(tp_var x, tp_var target, const tp_poisson_options *options)
{
    const tp_poisson_options o = options ? *options : (tp_poisson_options){0};
    const tp_op *op = o.rate ? &tp_op_poisson_nll_rate : &tp_op_poisson_nll;
    return tp_loss(op, x, target, tp_none(), o.reduction, o.full, o.eps > 0 ? o.eps : 1e-8);
}

tp_var tp_gaussian_nll(tp_var x, tp_var target, tp_var variance, tp_reduction reduction)
{
    return tp_gaussian_nll_with(x, target, variance, &(tp_gaussian_options){.reduction = reduction});
}

tp_var tp_gaussian_nll_with(tp_var x, tp_var target, tp_var variance, const tp_gaussian_options *options)
{
    const tp_gaussian_options o = options ? *options : (tp_gaussian_options){0};
    return tp_loss(&tp_op_gaussian_nll, x, target, variance, o.reduction, o.full ? HALF_LOG_TWO_PI : 0,
                   o.eps > 0 ? o.eps : 1e-6);
}

tp_var tp_weighed_loss(tp_var loss, tp_var weight, tp_reduction reduction)
{
    tp_tape *tape = loss.tape ? loss.tape : weight.tape;
    if (!tape || !tp_reduction_good(tape, "weighed_loss", reduction)) return tp_poison(tape);
    const tp_var each = tp_mul(loss, weight);
    return reduction == TP_NONE ? each : (reduction == TP_SUM ? tp_sum(each) : tp_mean(each));
}
