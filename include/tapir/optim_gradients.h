/* What is done to gradients between the backward pass and the step: clipping.

     tp_backward(loss);
     const double norm = tp_clip_gradient_norm(parameters, n, 1, NULL, &error);
     tp_optim_step(optim);
     tp_optim_clear_grads(optim);

   Parameters without a gradient are passed over. tp_optim_parameters makes a list that has each parameter once; that of
   tp_module_parameters has one with two names twice. Nothing here asks for memory. */
#ifndef TAPIR_OPTIM_GRADIENTS_H
#define TAPIR_OPTIM_GRADIENTS_H

#include <tapir/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Zero means the default, in brackets. */
typedef struct tp_clip_options {
    double power;         /* [2] of the norm, (sum |g|^power)^(1/power), > 0; HUGE_VAL: the largest |g| */
    bool error_nonfinite; /* [false] a norm that is NaN or infinite is an error, and no gradient is changed */
} tp_clip_options;

/* Multiplies the gradients of n parameters with min(1, limit / (norm + 1e-6)), where the norm is that of all of them as
   one vector, which it returns (in f64, whatever the gradients are). A parameter that is there twice counts twice, and
   is clipped twice: hand over each once. Without the option a norm of NaN makes all gradients NaN, an infinite one
   makes them 0, and NaN those that were infinite. NaN with `error` set: TP_E_ARGUMENT for NULL, a limit or a power that
   is not above 0 (limit 0 is allowed); TP_E_NUMERIC by the option. Pascanu, Mikolov, Bengio: "On the difficulty of
   training recurrent neural networks", ICML 2013. */
TP_API double tp_clip_gradient_norm(tp_tensor *const *parameters, size_t n, double limit,
                                    const tp_clip_options *options, tp_error *error);
/* The norm alone. */
TP_API double tp_gradient_norm(tp_tensor *const *parameters, size_t n, const tp_clip_options *options, tp_error *error);

/* Brings every element of the gradients into -limit .. limit; NaN stays. TP_E_ARGUMENT for NULL, a limit that is
   negative or NaN. */
TP_API tp_status tp_clip_gradient_value(tp_tensor *const *parameters, size_t n, double limit, tp_error *error);
/* Multiplies the gradients with a number: 1 / k after k backward passes makes of their sum the mean. TP_E_ARGUMENT for
   NULL. */
TP_API tp_status tp_scale_gradients(tp_tensor *const *parameters, size_t n, double factor, tp_error *error);

#ifdef __cplusplus
}
#endif
#endif
