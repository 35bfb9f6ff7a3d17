/* Optimisers: what changes parameters by their gradients. The arithmetic and its order are PyTorch's. */
#ifndef TAPIR_OPTIM_H
#define TAPIR_OPTIM_H

#include <tapir/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An optimiser holds a reference to each of its parameters, and state tensors for each. A parameter belongs to a group;
   each group has hyperparameters of its own. Group 0 is there from the start, with what the optimiser was made with. */
typedef struct tp_optim tp_optim;

/* In options, zero means the default, given in brackets. This is a zero that is meant. */
#define TP_ZERO 1e-300

/* Stochastic gradient descent. With d = gradient + weight_decay w:
   v = d at a parameter's first step, then v = momentum v + (1 - dampening) d;
   w -= rate v, with Nesterov's rule w -= rate (d + momentum v), without momentum w -= rate d.
   Sutskever, Martens, Dahl, Hinton: "On the importance of initialization and momentum in deep learning", ICML 2013 (in
   the form where the rate multiplies the buffer). State, when momentum is not 0: "momentum_buffer". */
typedef struct tp_sgd_options {
    double rate;                /* [1e-3], >= 0 */
    double momentum;            /* [0], >= 0 */
    double dampening;           /* [0] */
    double weight_decay;        /* [0], >= 0 */
    bool nesterov;              /* [false]; wants momentum and no dampening */
    const tp_allocator *memory; /* [malloc] copied; of a group's options it is not looked at */
} tp_sgd_options;

/* Adam. With d = gradient + weight_decay w, at a parameter's t-th step:
   m = beta1 m + (1 - beta1) d;  v = beta2 v + (1 - beta2) d^2;
   w -= rate (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon).
   Kingma, Ba: "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1. State: "exp_avg" (m) and
   "exp_avg_sq" (v). */
typedef struct tp_adam_options {
    double rate;                /* [1e-3], >= 0 */
    double beta1, beta2;        /* [0.9], [0.999], below 1 */
    double epsilon;             /* [1e-8], >= 0 */
    double weight_decay;        /* [0], >= 0 */
    const tp_allocator *memory; /* [malloc] copied; of a group's options it is not looked at */
} tp_adam_options;

/* A new optimiser without parameters; `options` may be NULL. NULL with `error` set: TP_E_ARGUMENT for a number
   outside its range, TP_E_MEMORY. */
TP_API tp_optim *tp_sgd(const tp_sgd_options *options, tp_error *error);
TP_API tp_optim *tp_adam(const tp_adam_options *options, tp_error *error);
/* Gives back state and parameters. NULL is ignored. */
TP_API void tp_optim_free(tp_optim *optim);

/* A new group of an optimiser of that kind: its number, or -1 with `error` set. */
TP_API int tp_sgd_group(tp_optim *optim, const tp_sgd_options *options, tp_error *error);
TP_API int tp_adam_group(tp_optim *optim, const tp_adam_options *options, tp_error *error);

/* Add parameters (f32 or f64) and make their state, so that steps need no memory: one to group 0; n to group 0; n to a
   group. A parameter that is there already stays where it is and is not added twice. On failure none of the n was
   added. TP_E_ARGUMENT for NULL, a tape's own tensor, no such group; TP_E_DTYPE; TP_E_MEMORY. */
TP_API tp_status tp_optim_add(tp_optim *optim, tp_tensor *parameter, tp_error *error);
TP_API tp_status tp_optim_add_all(tp_optim *optim, tp_tensor *const *parameters, size_t n, tp_error *error);
TP_API tp_status tp_optim_add_to(tp_optim *optim, int group, tp_tensor *const *parameters, size_t n, tp_error *error);

/* One step: changes every parameter that has a gradient (tp_tensor_grad), and moves its version on. The others, also
   those whose backward pass failed, and their state stay as they are. Asks for no memory. TP_E_ARGUMENT for NULL. */
TP_API tp_status tp_optim_step(tp_optim *optim);
/* Forgets the gradients of all parameters. */
TP_API void tp_optim_clear_grads(tp_optim *optim);
/* How often tp_optim_step was called; 0 for NULL. */
TP_API uint64_t tp_optim_steps(const tp_optim *optim);

/* The rate of a group, for schedules. TP_E_ARGUMENT for no such group or a rate that is not finite and >= 0 (here 0
   means 0); NaN where there is no such group. */
TP_API tp_status tp_optim_set_rate(tp_optim *optim, int group, double rate);
TP_API double tp_optim_rate(const tp_optim *optim, int group);

/* ---- for checkpoints ---- */

TP_API const char *tp_optim_name(const tp_optim *optim); /* "sgd", "adam"; "" for NULL */
TP_API int tp_optim_group_count(const tp_optim *optim);
TP_API size_t tp_optim_parameter_count(const tp_optim *optim);
/* The i-th parameter in the order in which they were added; NULL outside. Takes time that grows with i. */
TP_API tp_tensor *tp_optim_parameter_at(const tp_optim *optim, size_t i);
/* The names of the state tensors that parameters of this kind of optimiser can have; NULL outside. */
TP_API const char *tp_optim_state_name(const tp_optim *optim, int i);
/* A parameter's state tensor, the optimiser's own: dense, the parameter's dtype and dims. NULL when there is none. */
TP_API tp_tensor *tp_optim_state(const tp_optim *optim, const tp_tensor *parameter, const char *name);
/* How many steps have changed the parameter (which is what the formulas count); 0 for one that is not there. Setting
   it, and tp_optim_state's elements, takes up a run that was stopped. */
TP_API uint64_t tp_optim_parameter_steps(const tp_optim *optim, const tp_tensor *parameter);
TP_API tp_status tp_optim_set_parameter_steps(tp_optim *optim, const tp_tensor *parameter, uint64_t steps);

#ifdef __cplusplus
}
#endif
#endif
