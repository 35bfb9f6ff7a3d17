/* The kinds of optimisers whose rule works element by element. For each: its options; tp_NAME, a new optimiser without
   parameters; tp_NAME_group, a new group of one of that kind.

   In the formulas d = gradient + weight_decay w, and t counts a parameter's steps from 1. `options` may be NULL. A zero
   means the default, in brackets; TP_ZERO a zero that is meant. On failure tp_NAME gives NULL, tp_NAME_group -1, with
   `error` set: TP_E_ARGUMENT for a number outside its range, by its name, and for an optimiser of another kind;
   TP_E_MEMORY. `memory` is copied, NULL means malloc; of a group's options it is not looked at. */
#ifndef TAPIR_OPTIM_RULES_H
#define TAPIR_OPTIM_RULES_H

#include <tapir/optim_common.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Stochastic gradient descent.
   v = d at the first step, then v = momentum v + (1 - dampening) d;
   w -= rate v, with Nesterov's rule w -= rate (d + momentum v), without momentum w -= rate d.
   Sutskever, Martens, Dahl, Hinton: "On the importance of initialization and momentum in deep learning", ICML 2013 (in
   the form where the rate multiplies the buffer). State, when momentum is not 0: "momentum_buffer" (v). */
typedef struct tp_sgd_options {
    double rate;         /* [1e-3], >= 0 */
    double momentum;     /* [0], >= 0 */
    double dampening;    /* [0] */
    double weight_decay; /* [0], >= 0 */
    bool nesterov;       /* [false]; wants momentum and no dampening */
    const tp_allocator *memory;
} tp_sgd_options;
TP_API tp_optim *tp_sgd(const tp_sgd_options *options, tp_error *error);
TP_API int tp_sgd_group(tp_optim *optim, const tp_sgd_options *options, tp_error *error);

/* AdaGrad.  s = s + d^2 from `initial`;  w -= rate / (1 + (t - 1) rate_decay) d / (sqrt(s) + epsilon).
   Duchi, Hazan, Singer: "Adaptive subgradient methods for online learning and stochastic optimization", JMLR 12 (2011).
   State: "sum" (s). */
typedef struct tp_adagrad_options {
    double rate;         /* [1e-2], >= 0 */
    double rate_decay;   /* [0], >= 0 */
    double weight_decay; /* [0], >= 0 */
    double initial;      /* [0], >= 0 */
    double epsilon;      /* [1e-10], >= 0 */
    const tp_allocator *memory;
} tp_adagrad_options;
TP_API tp_optim *tp_adagrad(const tp_adagrad_options *options, tp_error *error);
TP_API int tp_adagrad_group(tp_optim *optim, const tp_adagrad_options *options, tp_error *error);

/* RMSProp.  s = alpha s + (1 - alpha) d^2;  e = d / (sqrt(s) + epsilon);
   centred: a = alpha a + (1 - alpha) d, and s - a^2 in the place of s under the root;
   w -= rate e, with momentum b = momentum b + e, w -= rate b.
   Tieleman, Hinton: lecture 6.5 of "Neural networks for machine learning", Coursera 2012; centred: Graves, "Generating
   sequences with recurrent neural networks", arXiv:1308.0850. State: "square_avg" (s), where centred "grad_avg" (a),
   where momentum is not 0 "momentum_buffer" (b). */
typedef struct tp_rmsprop_options {
    double rate;         /* [1e-2], >= 0 */
    double alpha;        /* [0.99], below 1 */
    double epsilon;      /* [1e-8], >= 0 */
    double weight_decay; /* [0], >= 0 */
    double momentum;     /* [0], >= 0 */
    bool centred;        /* [false] */
    const tp_allocator *memory;
} tp_rmsprop_options;
TP_API tp_optim *tp_rmsprop(const tp_rmsprop_options *options, tp_error *error);
TP_API int tp_rmsprop_group(tp_optim *optim, const tp_rmsprop_options *options, tp_error *error);

/* Adadelta.  s = rho s + (1 - rho) d^2;  c = d sqrt(a + epsilon) / sqrt(s + epsilon);
   a = rho a + (1 - rho) c^2;  w -= rate c.
   Zeiler: "ADADELTA: an adaptive learning rate method", arXiv:1212.5701. State: "square_avg" (s), "acc_delta" (a). */
typedef struct tp_adadelta_options {
    double rate;         /* [1], >= 0 */
    double rho;          /* [0.9], below 1 */
    double epsilon;      /* [1e-6], >= 0 */
    double weight_decay; /* [0], >= 0 */
    const tp_allocator *memory;
} tp_adadelta_options;
TP_API tp_optim *tp_adadelta(const tp_adadelta_options *options, tp_error *error);
TP_API int tp_adadelta_group(tp_optim *optim, const tp_adadelta_options *options, tp_error *error);

/* Adam.  m = beta1 m + (1 - beta1) d;  v = beta2 v + (1 - beta2) d^2;
   w -= rate (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon);  amsgrad: the largest v so far in v's place.
   Kingma, Ba: "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1; amsgrad: Reddi, Kale, Kumar, "On
   the convergence of Adam and beyond", ICLR 2018. State: "exp_avg" (m), "exp_avg_sq" (v), with amsgrad
   "max_exp_avg_sq". */
typedef struct tp_adam_options {
    double rate;         /* [1e-3], >= 0 */
    double beta1, beta2; /* [0.9], [0.999], below 1 */
    double epsilon;      /* [1e-8], >= 0 */
    double weight_decay; /* [0], >= 0 */
    bool amsgrad;        /* [false] */
    const tp_allocator *memory;
} tp_adam_options;
TP_API tp_optim *tp_adam(const tp_adam_options *options, tp_error *error);
TP_API int tp_adam_group(tp_optim *optim, const tp_adam_options *options, tp_error *error);

/* Adam with the decay of weights beside the gradient: w is multiplied with 1 - rate weight_decay first, and d is the
   gradient alone. Loshchilov, Hutter: "Decoupled weight decay regularization", ICLR 2019. State: as Adam. */
typedef struct tp_adamw_options {
    double rate;         /* [1e-3], >= 0 */
    double beta1, beta2; /* [0.9], [0.999], below 1 */
    double epsilon;      /* [1e-8], >= 0 */
    double weight_decay; /* [1e-2], >= 0 */
    bool amsgrad;        /* [false] */
    const tp_allocator *memory;
} tp_adamw_options;
TP_API tp_optim *tp_adamw(const tp_adamw_options *options, tp_error *error);
TP_API int tp_adamw_group(tp_optim *optim, const tp_adamw_options *options, tp_error *error);

/* Adam with Nesterov's momentum.  u_t = beta1 (1 - 0.96^(t momentum_decay) / 2);  p = u_1 u_2 ... u_t;  m, v as Adam;
   w -= rate ((1 - u_t) / (1 - p) d + u_{t+1} / (1 - p u_t u_{t+1}) m) / (sqrt(v / (1 - beta2^t)) + epsilon).
   (That the second p has u_t once more is PyTorch 1.13's way; the paper's has u_{t+1} alone.)
   Dozat: "Incorporating Nesterov momentum into Adam", ICLR workshop 2016. State: "exp_avg", "exp_avg_sq"; p is one of
   the numbers. */
typedef struct tp_nadam_options {
    double rate;           /* [2e-3], >= 0 */
    double beta1, beta2;   /* [0.9], [0.999], below 1 */
    double epsilon;        /* [1e-8], >= 0 */
    double weight_decay;   /* [0], >= 0 */
    double momentum_decay; /* [4e-3], >= 0 */
    const tp_allocator *memory;
} tp_nadam_options;
TP_API tp_optim *tp_nadam(const tp_nadam_options *options, tp_error *error);
TP_API int tp_nadam_group(tp_optim *optim, const tp_nadam_options *options, tp_error *error);

/* Rectified Adam.  r = 2 / (1 - beta2) - 1;  r_t = r - 2 t beta2^t / (1 - beta2^t);  m, v as Adam;
   r_t > 5:  w -= rate (m / (1 - beta1^t)) sqrt(1 - beta2^t) / (sqrt(v) + epsilon) times
             sqrt((r_t - 4) (r_t - 2) r / ((r - 4) (r - 2) r_t));
   else:     w -= rate m / (1 - beta1^t).
   Liu, Jiang, He, Chen, Liu, Gao, Han: "On the variance of the adaptive learning rate and beyond", ICLR 2020. State:
   "exp_avg", "exp_avg_sq". */
typedef struct tp_radam_options {
    double rate;         /* [1e-3], >= 0 */
    double beta1, beta2; /* [0.9], [0.999], below 1 */
    double epsilon;      /* [1e-8], >= 0 */
    double weight_decay; /* [0], >= 0 */
    const tp_allocator *memory;
} tp_radam_options;
TP_API tp_optim *tp_radam(const tp_radam_options *options, tp_error *error);
TP_API int tp_radam_group(tp_optim *optim, const tp_radam_options *options, tp_error *error);

/* Lion, with g the gradient.  w = (1 - rate weight_decay) w - rate sign(beta1 m + (1 - beta1) g);
   m = beta2 m + (1 - beta2) g.
   Chen, Liang, Huang, Real, Wang, Liu, Pham, Dong, Luong, Hsieh, Lu, Le: "Symbolic discovery of optimization
   algorithms", NeurIPS 2023, algorithm 2. State: "exp_avg" (m). */
typedef struct tp_lion_options {
    double rate;         /* [1e-4], >= 0 */
    double beta1, beta2; /* [0.9], [0.99], below 1 */
    double weight_decay; /* [0], >= 0 */
    const tp_allocator *memory;
} tp_lion_options;
TP_API tp_optim *tp_lion(const tp_lion_options *options, tp_error *error);
TP_API int tp_lion_group(tp_optim *optim, const tp_lion_options *options, tp_error *error);

/* Resilient backpropagation, with g the gradient, for full batches. Each element has a step size, at first the rate:
   times eta_plus where g and the g before have the same sign, times eta_minus where they have not, within step_min ..
   step_max; in the second case g counts as 0.  w -= size sign(g).
   Riedmiller, Braun: "A direct adaptive method for faster backpropagation learning: the RPROP algorithm", ICNN 1993.
   State: "prev" (g), "step_size". */
typedef struct tp_rprop_options {
    double rate;                /* [1e-2], >= 0; counts at a parameter's first step alone */
    double eta_minus, eta_plus; /* [0.5], below 1; [1.2], above 1 */
    double step_min, step_max;  /* [1e-6], [50], >= 0 */
    const tp_allocator *memory;
} tp_rprop_options;
TP_API tp_optim *tp_rprop(const tp_rprop_options *options, tp_error *error);
TP_API int tp_rprop_group(tp_optim *optim, const tp_rprop_options *options, tp_error *error);

#ifdef __cplusplus
}
#endif
#endif
