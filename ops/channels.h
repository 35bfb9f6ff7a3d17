/* Normalisation of each channel over a batch, by given statistics or its own: what batch_norm and batch_norm_fixed have
   in common. x is seen as (N, C, S). Runs of S elements are worked on in place; where they are short, channels are
   brought together first. */
#ifndef TAPIR_OPS_CHANNELS_H
#define TAPIR_OPS_CHANNELS_H

#include "ops/norm.h"

typedef struct tp_channel_attributes {
    tp_affine affine;
    double eps, momentum;
    tp_tensor *mean, *variance; /* running, the caller's; the node holds them */
} tp_channel_attributes;

typedef struct tp_channel_saved {
    tp_tensor *stats; /* (C, 2): mean and 1/sqrt(variance + eps) */
} tp_channel_saved;

/* x as (n, c, s). */
typedef struct tp_batch {
    int64_t n, c, s;
} tp_batch;

tp_batch tp_batch_seen(const tp_tensor *x);

/* x laid out so that channel c consists of `n` runs of `s` elements, the i-th at (i c_count + c) s. */
typedef struct tp_runs {
    char *data;
    tp_tensor *copy; /* (c, n s) where x's own runs are short */
    tp_batch b;
} tp_runs;

/* The runs of a dense tensor; with `fill` false only room for them. False when out of memory. */
bool tp_runs_of(tp_ctx *ctx, const tp_tensor *x, bool fill, tp_runs *r);
/* Gives back what they took, after writing them to `back_to` unless that is NULL. */
void tp_runs_end(tp_ctx *ctx, tp_runs *r, const tp_tensor *back_to);

static inline int64_t tp_run_at(const tp_runs *r, int64_t i, int64_t c, int64_t size)
{
    return (i * r->b.c + c) * r->b.s * size;
}

/* In shape: x, eps, gain and bias are as they should be; room for the statistics. */
tp_status tp_channel_check(tp_ctx *ctx, const tp_affine *affine, double eps);
tp_status tp_channel_save(tp_ctx *ctx, int64_t channels);

double *tp_channel_stats(tp_ctx *ctx);
const tp_norm_loops *tp_channel_loops(tp_ctx *ctx);

/* The output from x and the statistics. */
tp_status tp_channel_apply(tp_ctx *ctx, const tp_affine *affine, const tp_runs *x);
/* The numeric rule; `by_batch`: the statistics are x's own, else they are operands 1 and 2. */
tp_status tp_channel_gradient(tp_ctx *ctx, const tp_tensor *upstream, const tp_affine *affine, bool by_batch);
/* For the rule in recorded ops. */
tp_norm_view tp_channel_view(const tp_tensor *x, double eps);

#endif
