/* Losses. See ops.h for what all ops share. Every loss ends in a reduction: TP_NONE gives a number for each element (or
   each example), TP_SUM and TP_MEAN a scalar carried in f64; the mean of nothing is NaN. All are safe at logits of
   +-1e4 and at probabilities of exactly 0 and 1. In option structs zero means the default, and a handle that is not
   set is left out; NULL for the options is all zeros. */
#ifndef TAPIR_OPS_LOSS_H
#define TAPIR_OPS_LOSS_H

#include <tapir/tape.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum tp_reduction { TP_NONE = 0, TP_SUM, TP_MEAN } tp_reduction;

/* ---- element by element ---- */

/* x and target have the same shape and float dtype, TP_E_SHAPE and TP_E_DTYPE otherwise; targets get a gradient as x
   does, unless said otherwise. */

/* Regression; d = x - target. */
TP_API tp_var tp_mse(tp_var x, tp_var target, tp_reduction reduction); /* d^2 */
TP_API tp_var tp_l1(tp_var x, tp_var target, tp_reduction reduction);  /* |d|;  dx = sign(d), 0 at 0 */
/* d^2 / 2 for |d| <= delta, else delta (|d| - delta / 2); delta > 0. (Huber 1964.) */
TP_API tp_var tp_huber(tp_var x, tp_var target, double delta, tp_reduction reduction);
/* d^2 / (2 beta) for |d| < beta, else |d| - beta / 2; beta >= 0, and 0 gives l1. */
TP_API tp_var tp_smooth_l1(tp_var x, tp_var target, double beta, tp_reduction reduction);

/* Two classes; x is a score, and the label +1 or -1. At its kink a hinge has slope 0. */
TP_API tp_var tp_hinge(tp_var x, tp_var label, tp_reduction reduction);         /* max(0, 1 - label x) */
TP_API tp_var tp_squared_hinge(tp_var x, tp_var label, tp_reduction reduction); /* max(0, 1 - label x)^2 */
TP_API tp_var tp_perceptron(tp_var x, tp_var label, tp_reduction reduction);    /* max(0, -label x) */
TP_API tp_var tp_logistic(tp_var x, tp_var label, tp_reduction reduction);      /* log(1 + e^(-label x)) */
/* epsilon log(1 + e^((margin - label x) / epsilon)), epsilon > 0: logistic at (1, 0), towards hinge as epsilon goes to
   0 at margin 1. */
TP_API tp_var tp_soft_hinge(tp_var x, tp_var label, double epsilon, double margin, tp_reduction reduction);
/* A distance x: x where the label is positive, else max(0, margin - x). The label gets no gradient. */
TP_API tp_var tp_hinge_embedding(tp_var x, tp_var label, double margin, tp_reduction reduction);
/* max(0, margin - label (a - b)): a should be the larger where the label is +1. The label broadcasts. */
TP_API tp_var tp_margin_ranking(tp_var a, tp_var b, tp_var label, double margin, tp_reduction reduction);

/* Two classes; the target is a probability 0 .. 1. */

/* -(t log x + (1 - t) log(1 - x)) of a probability x, NaN outside of 0 .. 1. Logs are at least -100, and in the
   gradient x and 1 - x at least 1e-12: dx = (1 - t) / (1 - x) - t / x. */
TP_API tp_var tp_bce(tp_var probability, tp_var target, tp_reduction reduction);
/* The same of sigmoid(x), without its clamps: max(x, 0) - t x + log(1 + e^-|x|);  dx = sigmoid(x) - t, dt = -x. */
TP_API tp_var tp_bce_with_logits(tp_var logit, tp_var target, tp_reduction reduction);
/* pos_weight c makes it (1 - t) x + (1 + (c - 1) t) log(1 + e^-x): c times the loss where t = 1. weight multiplies each
   element's loss; the mean still divides by their number. Both broadcast to x and get gradients. */
typedef struct tp_bce_options {
    tp_reduction reduction;
    tp_var weight, pos_weight;
} tp_bce_options;
TP_API tp_var tp_bce_with_logits_with(tp_var logit, tp_var target, const tp_bce_options *options);
/* a m^gamma bce_with_logits(x, t), where m = t (1 - s) + (1 - t) s is what sigmoid(x) = s gives to the wrong side, and
   a = alpha t + (1 - alpha) (1 - t), or 1 for a negative alpha. gamma >= 0, alpha <= 1; the paper's are 2 and 0.25.
   (Lin et al. 2017, Focal Loss for Dense Object Detection, section 3.) */
TP_API tp_var tp_focal(tp_var logit, tp_var target, double gamma, double alpha, tp_reduction reduction);

/* Distributions. */

/* The divergence from p to q, of log q: p (log p - log q), 0 where p = 0, element by element. dp is 0 where p = 0. */
TP_API tp_var tp_kl_div(tp_var log_q, tp_var p, tp_reduction reduction);
typedef struct tp_kl_div_options {
    tp_reduction reduction;
    bool log_target; /* p is given as its logarithm too */
    bool batch_mean; /* the sum over the first dim's size, instead of the reduction */
} tp_kl_div_options;
TP_API tp_var tp_kl_div_with(tp_var log_q, tp_var p, const tp_kl_div_options *options);
/* Counts t from a Poisson distribution with the log rate x: e^x - t x. */
TP_API tp_var tp_poisson_nll(tp_var x, tp_var target, tp_reduction reduction);
typedef struct tp_poisson_options {
    tp_reduction reduction;
    bool rate;  /* x is the rate itself: x - t log(x + eps) */
    bool full;  /* adds t log t - t + log(2 pi t) / 2 where t > 1, after Stirling */
    double eps; /* 0 or less: 1e-8 */
} tp_poisson_options;
TP_API tp_var tp_poisson_nll_with(tp_var x, tp_var target, const tp_poisson_options *options);
/* t from a normal distribution with mean x: (log v + (x - t)^2 / v) / 2, where v = max(variance, eps). The variance
   broadcasts to x; its gradient is that by v. */
TP_API tp_var tp_gaussian_nll(tp_var x, tp_var target, tp_var variance, tp_reduction reduction);
typedef struct tp_gaussian_options {
    tp_reduction reduction;
    bool full;  /* adds log(2 pi) / 2 */
    double eps; /* 0 or less: 1e-6 */
} tp_gaussian_options;
TP_API tp_var tp_gaussian_nll_with(tp_var x, tp_var target, tp_var variance, const tp_gaussian_options *options);

/* Weights for any loss: those of each element (recorded with TP_NONE) times `weight`, which broadcasts, then reduced;
   the mean divides by the number of elements. */
TP_API tp_var tp_weighed_loss(tp_var loss, tp_var weight, tp_reduction reduction);

/* ---- of classes ---- */

/* -log softmax(logits)[label], with logits (..., classes) and integer labels (...) from tp_data: i32, i64 or u8; or
   -sum target log softmax(logits) over the classes, with a float target of the logits' shape, probabilities that get a
   gradient too. TP_NONE gives (...). dlogits = g (softmax - onehot). TP_E_INDEX for a label outside the classes. */
TP_API tp_var tp_cross_entropy(tp_var logits, tp_var target, tp_reduction reduction);
/* A weight (classes) multiplies the terms of its class, and gets a gradient. With smoothing s a label stands for the
   probabilities 1 - s + s / C at it and s / C elsewhere (Szegedy et al. 2016, Rethinking the Inception Architecture,
   section 7). A mean divides by the sum of the weights of the labels that are not ignored, and by the number of rows
   for probabilities. */
typedef struct tp_cross_entropy_options {
    tp_reduction reduction;
    tp_var weight;
    bool ignore; /* rows with the label ignore_index, which need be no class, count for nothing */
    int64_t ignore_index;
    double label_smoothing; /* 0 .. 1 */
    bool channels_first;    /* the classes lie on axis 1, as in (N, C, ...), and not on the last one */
} tp_cross_entropy_options;
TP_API tp_var tp_cross_entropy_with(tp_var logits, tp_var target, const tp_cross_entropy_options *options);
/* -x[label] of log-probabilities x: cross_entropy is nll of log_softmax. Without smoothing: TP_E_ARGUMENT. */
TP_API tp_var tp_nll(tp_var x, tp_var labels, tp_reduction reduction);
TP_API tp_var tp_nll_with(tp_var x, tp_var labels, const tp_cross_entropy_options *options);

/* Hinges between the label y and the other classes: w[y] / C times the sum over j != y of max(0, margin - x[y] +
   x[j])^p, p 1 or 2; a weight (classes) or tp_none(). A mean divides by the number of rows. (Weston, Watkins 1999.) */
TP_API tp_var tp_multi_margin(tp_var scores, tp_var labels, int p, double margin, tp_var weight,
                              tp_reduction reduction);
/* weight[y] (1 - q)^gamma (-log q), where q = softmax(logits)[y]; gamma >= 0, a weight (classes) or tp_none(). A mean
   divides by the number of rows. (Lin et al. 2017, section 3.) */
TP_API tp_var tp_focal_classes(tp_var logits, tp_var labels, double gamma, tp_var weight, tp_reduction reduction);

/* ---- of pairs and triples of vectors along the last axis ---- */

/* a and b: (..., n), labels +1 or -1 (...), floats without a gradient: 1 - cos(a, b) where the label is positive, else
   max(0, cos(a, b) - margin). Squared lengths have 1e-12 added. */
TP_API tp_var tp_cosine_embedding(tp_var a, tp_var b, tp_var label, double margin, tp_reduction reduction);
/* max(0, |anchor - positive| - |anchor - negative| + margin), with the distance |d + eps|_p. */
TP_API tp_var tp_triplet(tp_var anchor, tp_var positive, tp_var negative, double margin, tp_reduction reduction);
typedef struct tp_triplet_options {
    tp_reduction reduction;
    bool swap;  /* the negative's distance is the smaller of those to anchor and positive (Balntas et al. 2016) */
    double p;   /* 0: 2; may be infinite */
    double eps; /* 0: 1e-6 */
} tp_triplet_options;
TP_API tp_var tp_triplet_with(tp_var anchor, tp_var positive, tp_var negative, double margin,
                              const tp_triplet_options *options);

/* ---- of sequences ---- */

/* Connectionist temporal classification (Graves et al. 2006): minus the log of the probability of a target, summed over
   its alignments with the frames. log_p: (T, N, C), log-probabilities as of log_softmax; targets of integers, none of
   which is the blank: (N, S), or (sum of the target lengths) one after the other; input_lengths (N): frames of each
   example, at least 1; target_lengths (N). TP_NONE gives (N); a mean divides the loss of each example by its target's
   length, or by 1, and averages over the batch. The gradient is that by log_p as it stands. Without any alignment the
   loss is Inf and its gradient 0. TP_E_INDEX for lengths and labels that are out of range. */
TP_API tp_var tp_ctc(tp_var log_p, tp_var targets, tp_var input_lengths, tp_var target_lengths, tp_reduction reduction);
typedef struct tp_ctc_options {
    tp_reduction reduction;
    int64_t blank;      /* the class of the blank */
    bool zero_infinity; /* a loss of Inf counts as 0 */
} tp_ctc_options;
TP_API tp_var tp_ctc_with(tp_var log_p, tp_var targets, tp_var input_lengths, tp_var target_lengths,
                          const tp_ctc_options *options);

#ifdef __cplusplus
}
#endif
#endif
