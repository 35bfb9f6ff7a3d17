/* What all optimisers share: parameters, groups, steps, hyperparameters by name, and state that can be saved. */
#ifndef TAPIR_OPTIM_COMMON_H
#define TAPIR_OPTIM_COMMON_H

#include <tapir/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An optimiser holds a reference to each of its parameters, and state tensors for each. A parameter belongs to a group;
   each group has hyperparameters of its own. Group 0 is there from the start, with what the optimiser was made with:
   optim_rules.h has the kinds. */
typedef struct tp_optim tp_optim;

/* In options, zero means the default, given in brackets. This is a zero that is meant. */
#define TP_ZERO 1e-300

/* Gives back state and parameters; a schedule that still uses the optimiser keeps it until it is freed itself. NULL is
   ignored. */
TP_API void tp_optim_free(tp_optim *optim);

/* Add parameters (f32 or f64) and make their state, so that steps need no memory: one to group 0; n to group 0; n to a
   group. A parameter that is there already stays where it is and is not added twice. On failure none of the n was
   added. TP_E_ARGUMENT for NULL, a tape's own tensor, no such group; TP_E_DTYPE; TP_E_MEMORY. */
TP_API tp_status tp_optim_add(tp_optim *optim, tp_tensor *parameter, tp_error *error);
TP_API tp_status tp_optim_add_all(tp_optim *optim, tp_tensor *const *parameters, size_t n, tp_error *error);
TP_API tp_status tp_optim_add_to(tp_optim *optim, int group, tp_tensor *const *parameters, size_t n, tp_error *error);

/* ---- steps ---- */

/* One step: changes every parameter that has a gradient (tp_tensor_grad), and moves its version on. The others, also
   those whose backward pass failed, and their state stay as they are. Asks for no memory. TP_E_ARGUMENT for NULL;
   TP_E_UNSUPPORTED for a kind that steps by a closure alone (tp_lbfgs).
   Gradients of several backward passes add up until tp_optim_clear_grads: k passes, each over a loss divided by k, and
   then one step are a step over a batch that is k times as large. */
TP_API tp_status tp_optim_step(tp_optim *optim);
/* Forgets the gradients of all parameters. */
TP_API void tp_optim_clear_grads(tp_optim *optim);
/* How often a step was made; 0 for NULL. */
TP_API uint64_t tp_optim_steps(const tp_optim *optim);

/* Computes the loss where the parameters are now, and walks back from it. Gradients are cleared before each call. */
typedef tp_status (*tp_closure)(void *user, double *loss);
/* Calls the closure, as often as the kind of optimiser wants (all but tp_lbfgs: once), and steps. The loss of the first
   call goes to `loss`, which may be NULL; NaN when there was none. A closure that fails ends the step with its status,
   and the parameters are where they were at the start; so do TP_E_ARGUMENT for NULL, TP_E_MEMORY. The closure must
   not step the same optimiser, add parameters to it or set its numbers: TP_E_ARGUMENT. */
TP_API tp_status tp_optim_step_with(tp_optim *optim, tp_closure closure, void *user, double *loss, tp_error *error);

/* ---- hyperparameters, for schedules ---- */

/* The rate of a group. TP_E_ARGUMENT for no such group or a rate that is not finite and >= 0 (here 0 means 0); NaN
   where there is no such group. */
TP_API tp_status tp_optim_set_rate(tp_optim *optim, int group, double rate);
TP_API double tp_optim_rate(const tp_optim *optim, int group);
/* The names of the options that are numbers, as the fields of the kind's options are called: "rate" is the first. NULL
   outside. */
TP_API const char *tp_optim_option_name(const tp_optim *optim, int i);
/* An option of a group; NaN where there is none. */
TP_API double tp_optim_option(const tp_optim *optim, int group, const char *name);
/* Sets it; here 0 means 0. TP_E_ARGUMENT for no such group or option, a number outside its range, and a momentum that
   would begin or cease to have state. */
TP_API tp_status tp_optim_set_option(tp_optim *optim, int group, const char *name, double value, tp_error *error);

/* ---- for checkpoints ----

   Parameters, their state tensors and tp_optim_numbers are all that an optimiser is, beside the options that are no
   numbers: set in one that was made in the same way, they take up a run that was stopped, bit for bit. */

TP_API const char *tp_optim_name(const tp_optim *optim); /* "sgd", "adam"; "" for NULL */
TP_API int tp_optim_group_count(const tp_optim *optim);
TP_API size_t tp_optim_parameter_count(const tp_optim *optim);
/* The i-th parameter in the order in which they were added; NULL outside. Takes time that grows with i. */
TP_API tp_tensor *tp_optim_parameter_at(const tp_optim *optim, size_t i);
/* Writes the first n parameters to `tensors`, and returns how many there are. They stay the optimiser's. `tensors` may
   be NULL when n is 0. */
TP_API size_t tp_optim_parameters(const tp_optim *optim, tp_tensor **tensors, size_t n);
/* The names of the state tensors that parameters of this kind of optimiser can have; NULL outside. */
TP_API const char *tp_optim_state_name(const tp_optim *optim, int i);
/* A parameter's state tensor, the optimiser's own: dense, the parameter's dtype and dims. NULL when there is none. */
TP_API tp_tensor *tp_optim_state(const tp_optim *optim, const tp_tensor *parameter, const char *name);
/* Everything else as a list: counts of steps, the options of each group, what a kind remembers in numbers. Writes the
   first n to `numbers`, which may be NULL when n is 0, and returns how many there are; 0 for NULL. The count changes
   only with groups and parameters, and, of tp_lbfgs, with its history. */
TP_API size_t tp_optim_numbers(const tp_optim *optim, double *numbers, size_t n);
/* Takes over a list that an optimiser with the same groups and parameters gave. On failure nothing was changed:
   TP_E_ARGUMENT for NULL, another count, a number out of range; TP_E_MEMORY. */
TP_API tp_status tp_optim_set_numbers(tp_optim *optim, const double *numbers, size_t n, tp_error *error);
/* How many steps have changed the parameter (which is what the formulas count); 0 for one that is not there. It is one
   of the numbers above. */
TP_API uint64_t tp_optim_parameter_steps(const tp_optim *optim, const tp_tensor *parameter);
TP_API tp_status tp_optim_set_parameter_steps(tp_optim *optim, const tp_tensor *parameter, uint64_t steps);

#ifdef __cplusplus
}
#endif
#endif
