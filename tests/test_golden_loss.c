/* How the cases of tests/golden/loss.txt are called. The first attribute is the reduction. */
#include "ops/labels.h"
#include "tests/golden.h"

#define HOW ((tp_reduction)g->list[0])

GOLDEN_CALL(mse, tp_mse(g->x[0], g->x[1], HOW))
GOLDEN_CALL(l1, tp_l1(g->x[0], g->x[1], HOW))
GOLDEN_CALL(huber, tp_huber(g->x[0], g->x[1], g->attribute[1], HOW))
GOLDEN_CALL(smooth_l1, tp_smooth_l1(g->x[0], g->x[1], g->attribute[1], HOW))
GOLDEN_CALL(hinge, tp_hinge(g->x[0], g->x[1], HOW))
GOLDEN_CALL(squared_hinge, tp_squared_hinge(g->x[0], g->x[1], HOW))
GOLDEN_CALL(perceptron, tp_perceptron(g->x[0], g->x[1], HOW))
GOLDEN_CALL(logistic, tp_logistic(g->x[0], g->x[1], HOW))
GOLDEN_CALL(soft_hinge, tp_soft_hinge(g->x[0], g->x[1], g->attribute[1], g->attribute[2], HOW))
GOLDEN_CALL(hinge_embedding, tp_hinge_embedding(g->x[0], g->x[1], g->attribute[1], HOW))
GOLDEN_CALL(cosine_margin, tp_loss(&tp_op_cosine_margin, g->x[0], g->x[1], tp_none(), HOW, g->attribute[1], 0))
GOLDEN_CALL(margin_ranking, tp_margin_ranking(g->x[0], g->x[1], g->x[2], g->attribute[1], HOW))
GOLDEN_CALL(bce, tp_bce(g->x[0], g->x[1], HOW))
GOLDEN_CALL(bce_with_logits, tp_bce_with_logits(g->x[0], g->x[1], HOW))
GOLDEN_CALL(bce_with_pos_weight,
            tp_bce_with_logits_with(g->x[0], g->x[1], &(tp_bce_options){.reduction = HOW, .pos_weight = g->x[2]}))
GOLDEN_CALL(bce_weighed,
            tp_bce_with_logits_with(g->x[0], g->x[1], &(tp_bce_options){.reduction = HOW, .weight = g->x[2]}))
GOLDEN_CALL(bce_both_weights,
            tp_bce_with_logits_with(g->x[0], g->x[1],
                                    &(tp_bce_options){.reduction = HOW, .weight = g->x[2], .pos_weight = g->x[3]}))
GOLDEN_CALL(focal, tp_focal(g->x[0], g->x[1], g->attribute[1], g->attribute[2], HOW))
GOLDEN_CALL(kl_div, tp_kl_div(g->x[0], g->x[1], HOW))
GOLDEN_CALL(kl_div_log, tp_kl_div_with(g->x[0], g->x[1], &(tp_kl_div_options){.reduction = HOW, .log_target = true}))
GOLDEN_CALL(kl_batch_mean,
            tp_kl_div_with(g->x[0], g->x[1], &(tp_kl_div_options){.log_target = g->list[0] != 0, .batch_mean = true}))
GOLDEN_CALL(poisson_nll,
            tp_poisson_nll_with(g->x[0], g->x[1], &(tp_poisson_options){.reduction = HOW, .full = g->list[1] != 0}))
GOLDEN_CALL(poisson_nll_rate,
            tp_poisson_nll_with(g->x[0], g->x[1],
                                &(tp_poisson_options){
                                    .reduction = HOW, .rate = true, .full = g->list[1] != 0, .eps = g->attribute[2]}))
GOLDEN_CALL(gaussian_nll, tp_gaussian_nll_with(g->x[0], g->x[1], g->x[2],
                                               &(tp_gaussian_options){.reduction = HOW, .full = g->list[1] != 0}))

/* ---- of classes: what is set, the label that is ignored, and the smoothing; a weight lies between x and the labels */

enum { WEIGHT = 1, IGNORE = 2, FIRST = 8 };

static tp_cross_entropy_options options_of(const golden *g)
{
    return (tp_cross_entropy_options){.reduction = HOW,
                                      .weight = g->list[1] & WEIGHT ? g->x[1] : tp_none(),
                                      .ignore = g->list[1] & IGNORE,
                                      .ignore_index = g->list[2],
                                      .label_smoothing = g->attribute[3],
                                      .channels_first = g->list[1] & FIRST};
}

static tp_var golden_cross_entropy(const golden *g)
{
    const tp_cross_entropy_options o = options_of(g);
    return g->attributes > 1 ? tp_cross_entropy_with(g->x[0], g->x[g->n - 1], &o)
                             : tp_cross_entropy(g->x[0], g->x[1], HOW);
}

static tp_var golden_nll(const golden *g)
{
    const tp_cross_entropy_options o = options_of(g);
    return g->attributes > 1 ? tp_nll_with(g->x[0], g->x[g->n - 1], &o) : tp_nll(g->x[0], g->x[1], HOW);
}

/* Against probabilities, with a weight. */
GOLDEN_CALL(cross_entropy_soft,
            tp_cross_entropy_with(g->x[0], g->x[1],
                                  &(tp_cross_entropy_options){
                                      .reduction = HOW, .weight = g->x[2], .label_smoothing = g->attribute[1]}))
GOLDEN_CALL(label_shares,
            tp_label_shares(g->x[0], 4, TP_F64, g->attribute[0], &(tp_labelling){g->list[1] >= 0, g->list[1]}))

/* ---- margins; the weight lies between x and the labels; an infinite p is written as 0 ---- */

#define LAST g->x[g->n - 1]

GOLDEN_CALL(multi_margin,
            tp_multi_margin(g->x[0], LAST, (int)g->list[2], g->attribute[3], g->list[1] ? g->x[1] : tp_none(), HOW))
GOLDEN_CALL(focal_classes, tp_focal_classes(g->x[0], LAST, g->attribute[2], g->list[1] ? g->x[1] : tp_none(), HOW))
GOLDEN_CALL(cosine_embedding, tp_cosine_embedding(g->x[0], g->x[1], g->x[2], g->attribute[1], HOW))
GOLDEN_CALL(triplet, tp_triplet_with(g->x[0], g->x[1], g->x[2], g->attribute[1],
                                     &(tp_triplet_options){.reduction = HOW,
                                                           .p = g->attribute[2] > 0 ? g->attribute[2] : HUGE_VAL,
                                                           .eps = g->attribute[3],
                                                           .swap = g->list[4] != 0}))

static tp_var ctc_of(const golden *g, tp_var log_p)
{
    return tp_ctc_with(log_p, g->x[1], g->x[2], g->x[3],
                       &(tp_ctc_options){.reduction = HOW, .blank = g->list[1], .zero_infinity = g->list[2] != 0});
}
GOLDEN_CALL(ctc, ctc_of(g, g->x[0]))
GOLDEN_CALL(ctc_of_logits, ctc_of(g, tp_log_softmax(g->x[0], -1)))

static const golden_builder builders[] = {
    GOLDEN(mse),
    GOLDEN(l1),
    GOLDEN(huber),
    GOLDEN(smooth_l1),
    GOLDEN(hinge),
    GOLDEN(squared_hinge),
    GOLDEN(perceptron),
    GOLDEN(logistic),
    GOLDEN(soft_hinge),
    GOLDEN(hinge_embedding),
    GOLDEN(cosine_margin),
    GOLDEN(margin_ranking),
    GOLDEN(bce),
    GOLDEN(bce_with_logits),
    GOLDEN(bce_with_pos_weight),
    GOLDEN(bce_weighed),
    GOLDEN(bce_both_weights),
    GOLDEN(focal),
    GOLDEN(kl_div),
    GOLDEN(kl_div_log),
    GOLDEN(kl_batch_mean),
    GOLDEN(poisson_nll),
    GOLDEN(poisson_nll_rate),
    GOLDEN(gaussian_nll),
    GOLDEN(cross_entropy),
    GOLDEN(cross_entropy_soft),
    GOLDEN(nll),
    GOLDEN(label_shares),
    GOLDEN(multi_margin),
    GOLDEN(focal_classes),
    GOLDEN(cosine_embedding),
    GOLDEN(triplet),
    GOLDEN(ctc),
    GOLDEN(ctc_of_logits),
};

const golden_family golden_loss = {"loss", builders, COUNT(builders)};
