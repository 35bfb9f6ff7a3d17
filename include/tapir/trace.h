/* Made by tools/trace.sh from the other public headers: `make trace` writes it anew.
   Each function that records notes the line of its call. Included by <tapir/tapir.h> where TP_TRACE is defined. */
/* clang-format off */
#ifndef TAPIR_TRACE_H
#define TAPIR_TRACE_H

#include <tapir/tapir.h>

#ifdef __GNUC__
#define TP_TRACED static inline __attribute__((unused)) tp_status
#else
#define TP_TRACED static inline tp_status
#endif

TP_TRACED tp_apply_all_traced(const char *file_, int line_, const tp_op *op, const tp_var *inputs, int n, const void *attributes, tp_var *results)
{
    const tp_status status_ = tp_apply_all(op, inputs, n, attributes, results);
    return tp_at_status(inputs && n > 0 ? inputs[0].tape : NULL, status_, file_, line_);
}
TP_TRACED tp_backward_traced(const char *file_, int line_, tp_var y)
{
    const tp_status status_ = tp_backward(y);
    return tp_at_status(y.tape, status_, file_, line_);
}
TP_TRACED tp_backward_bytes_traced(const char *file_, int line_, tp_var y, unsigned flags, tp_backward_need *need)
{
    const tp_status status_ = tp_backward_bytes(y, flags, need);
    return tp_at_status(y.tape, status_, file_, line_);
}
TP_TRACED tp_backward_from_traced(const char *file_, int line_, tp_var y, tp_var seed, unsigned flags)
{
    const tp_status status_ = tp_backward_from(y, seed, flags);
    return tp_at_status(y.tape, status_, file_, line_);
}
TP_TRACED tp_checkpoint_chain_traced(const char *file_, int line_, tp_step_function step, tp_tape *tape, tp_var *state, int n, int64_t steps, void *user, size_t bytes)
{
    const tp_status status_ = tp_checkpoint_chain(step, tape, state, n, steps, user, bytes);
    return tp_at_status(tape, status_, file_, line_);
}
TP_TRACED tp_descend_traced(const char *file_, int line_, tp_function f, tp_tape *tape, const tp_var *x, int n, void *user, const tp_descend_options *options, tp_var *minimum)
{
    const tp_status status_ = tp_descend(f, tape, x, n, user, options, minimum);
    return tp_at_status(tape, status_, file_, line_);
}
TP_TRACED tp_draw_circuit_traced(const char *file_, int line_, tp_var root, const tp_draw_options *options, const char *path, tp_error *error)
{
    const tp_status status_ = tp_draw_circuit(root, options, path, error);
    return tp_at_status(root.tape, status_, file_, line_);
}
TP_TRACED tp_draw_dot_traced(const char *file_, int line_, tp_var y, FILE *out)
{
    const tp_status status_ = tp_draw_dot(y, out);
    return tp_at_status(y.tape, status_, file_, line_);
}
TP_TRACED tp_draw_module_traced(const char *file_, int line_, tp_module *module, tp_var output, const tp_draw_options *options, const char *path, tp_error *error)
{
    const tp_status status_ = tp_draw_module(module, output, options, path, error);
    return tp_at_status(output.tape, status_, file_, line_);
}
TP_TRACED tp_eigh_traced(const char *file_, int line_, tp_var a, tp_var *w, tp_var *v)
{
    const tp_status status_ = tp_eigh(a, w, v);
    return tp_at_status(a.tape, status_, file_, line_);
}
TP_TRACED tp_gradcheck_traced(const char *file_, int line_, tp_var y, const tp_var *x, int n, const tp_gradcheck_options *options, tp_error *error)
{
    const tp_status status_ = tp_gradcheck(y, x, n, options, error);
    return tp_at_status(y.tape, status_, file_, line_);
}
TP_TRACED tp_gradgradcheck_traced(const char *file_, int line_, tp_var y, const tp_var *x, int n, const tp_gradcheck_options *options, tp_error *error)
{
    const tp_status status_ = tp_gradgradcheck(y, x, n, options, error);
    return tp_at_status(y.tape, status_, file_, line_);
}
TP_TRACED tp_gradients_traced(const char *file_, int line_, tp_var y, const tp_var *x, int n, tp_var *grads, unsigned flags)
{
    const tp_status status_ = tp_gradients(y, x, n, grads, flags);
    return tp_at_status(y.tape, status_, file_, line_);
}
TP_TRACED tp_gru_traced(const char *file_, int line_, tp_var x, tp_var h0, const tp_recurrent_weights *weights, const tp_recurrent_options *options, tp_var *y, tp_var *h_n)
{
    const tp_status status_ = tp_gru(x, h0, weights, options, y, h_n);
    return tp_at_status(x.tape, status_, file_, line_);
}
TP_TRACED tp_hessian_traced(const char *file_, int line_, tp_var y, const tp_var *x, int n, tp_var *hessian, unsigned flags)
{
    const tp_status status_ = tp_hessian(y, x, n, hessian, flags);
    return tp_at_status(y.tape, status_, file_, line_);
}
TP_TRACED tp_hessian_of_traced(const char *file_, int line_, tp_function f, tp_tape *tape, const tp_var *x, int n, void *user, tp_var *value, tp_var *hessian, unsigned flags)
{
    const tp_status status_ = tp_hessian_of(f, tape, x, n, user, value, hessian, flags);
    return tp_at_status(tape, status_, file_, line_);
}
TP_TRACED tp_hvp_traced(const char *file_, int line_, tp_var y, const tp_var *x, const tp_var *v, int n, tp_var *hv, unsigned flags)
{
    const tp_status status_ = tp_hvp(y, x, v, n, hv, flags);
    return tp_at_status(y.tape, status_, file_, line_);
}
TP_TRACED tp_hvp_of_traced(const char *file_, int line_, tp_function f, tp_tape *tape, const tp_var *x, const tp_var *v, int n, void *user, tp_var *value, tp_var *hv, unsigned flags)
{
    const tp_status status_ = tp_hvp_of(f, tape, x, v, n, user, value, hv, flags);
    return tp_at_status(tape, status_, file_, line_);
}
TP_TRACED tp_jacobian_traced(const char *file_, int line_, const tp_var *y, int m, const tp_var *x, int n, tp_var *jacobian, unsigned flags)
{
    const tp_status status_ = tp_jacobian(y, m, x, n, jacobian, flags);
    return tp_at_status(y && m > 0 ? y[0].tape : NULL, status_, file_, line_);
}
TP_TRACED tp_jacobian_of_traced(const char *file_, int line_, tp_function f, tp_tape *tape, const tp_var *x, int n, void *user, tp_var *value, tp_var *jacobian, unsigned flags)
{
    const tp_status status_ = tp_jacobian_of(f, tape, x, n, user, value, jacobian, flags);
    return tp_at_status(tape, status_, file_, line_);
}
TP_TRACED tp_jvp_traced(const char *file_, int line_, tp_var y, const tp_var *x, const tp_var *dx, int n, tp_var *dy, unsigned flags)
{
    const tp_status status_ = tp_jvp(y, x, dx, n, dy, flags);
    return tp_at_status(y.tape, status_, file_, line_);
}
TP_TRACED tp_jvp_of_traced(const char *file_, int line_, tp_function f, tp_tape *tape, const tp_var *x, const tp_var *dx, int n, void *user, tp_var *value, tp_var *dy, unsigned flags)
{
    const tp_status status_ = tp_jvp_of(f, tape, x, dx, n, user, value, dy, flags);
    return tp_at_status(tape, status_, file_, line_);
}
TP_TRACED tp_lstm_traced(const char *file_, int line_, tp_var x, tp_var h0, tp_var c0, const tp_recurrent_weights *weights, const tp_recurrent_options *options, tp_var *y, tp_var *h_n, tp_var *c_n)
{
    const tp_status status_ = tp_lstm(x, h0, c0, weights, options, y, h_n, c_n);
    return tp_at_status(x.tape, status_, file_, line_);
}
TP_TRACED tp_lstm_step_traced(const char *file_, int line_, tp_var sums, tp_var c, int axis, tp_var *h, tp_var *next)
{
    const tp_status status_ = tp_lstm_step(sums, c, axis, h, next);
    return tp_at_status(sums.tape, status_, file_, line_);
}
TP_TRACED tp_meshgrid_traced(const char *file_, int line_, const tp_var *x, int n, bool xy, tp_var *grids)
{
    const tp_status status_ = tp_meshgrid(x, n, xy, grids);
    return tp_at_status(x && n > 0 ? x[0].tape : NULL, status_, file_, line_);
}
TP_TRACED tp_odeint_traced(const char *file_, int line_, tp_function f, tp_tape *tape, tp_var y0, const double *times, int count, const tp_var *theta, int n, void *user, const tp_odeint_options *options, tp_var *results)
{
    const tp_status status_ = tp_odeint(f, tape, y0, times, count, theta, n, user, options, results);
    return tp_at_status(tape, status_, file_, line_);
}
TP_TRACED tp_qr_traced(const char *file_, int line_, tp_var a, tp_var *q, tp_var *r)
{
    const tp_status status_ = tp_qr(a, q, r);
    return tp_at_status(a.tape, status_, file_, line_);
}
TP_TRACED tp_replay_traced(const char *file_, int line_, tp_tape *tape, unsigned flags)
{
    const tp_status status_ = tp_replay(tape, flags);
    return tp_at_status(tape, status_, file_, line_);
}
TP_TRACED tp_rnn_traced(const char *file_, int line_, tp_var x, tp_var h0, const tp_recurrent_weights *weights, const tp_recurrent_options *options, tp_var *y, tp_var *h_n)
{
    const tp_status status_ = tp_rnn(x, h0, weights, options, y, h_n);
    return tp_at_status(x.tape, status_, file_, line_);
}
TP_TRACED tp_set_item_traced(const char *file_, int line_, tp_var leaf, double value)
{
    const tp_status status_ = tp_set_item(leaf, value);
    return tp_at_status(leaf.tape, status_, file_, line_);
}
TP_TRACED tp_slogdet_traced(const char *file_, int line_, tp_var a, tp_var *sign, tp_var *logabsdet)
{
    const tp_status status_ = tp_slogdet(a, sign, logabsdet);
    return tp_at_status(a.tape, status_, file_, line_);
}
TP_TRACED tp_snapshot_add_tape_traced(const char *file_, int line_, tp_snapshot *snapshot, const char *name, tp_tape *tape, tp_error *error)
{
    const tp_status status_ = tp_snapshot_add_tape(snapshot, name, tape, error);
    return tp_at_status(tape, status_, file_, line_);
}
TP_TRACED tp_sparse_rebind_traced(const char *file_, int line_, tp_sparse *sparse, const tp_var *y, int m, const tp_var *x, int n)
{
    const tp_status status_ = tp_sparse_rebind(sparse, y, m, x, n);
    return tp_at_status(y && m > 0 ? y[0].tape : NULL, status_, file_, line_);
}
TP_TRACED tp_split_traced(const char *file_, int line_, tp_var x, int axis, int n, const int64_t *sizes, tp_var *parts)
{
    const tp_status status_ = tp_split(x, axis, n, sizes, parts);
    return tp_at_status(x.tape, status_, file_, line_);
}
TP_TRACED tp_svd_traced(const char *file_, int line_, tp_var a, tp_var *u, tp_var *s, tp_var *vt)
{
    const tp_status status_ = tp_svd(a, u, s, vt);
    return tp_at_status(a.tape, status_, file_, line_);
}
TP_TRACED tp_tape_check_values_traced(const char *file_, int line_, tp_tape *tape, unsigned flags)
{
    const tp_status status_ = tp_tape_check_values(tape, flags);
    return tp_at_status(tape, status_, file_, line_);
}
TP_TRACED tp_tape_rewind_traced(const char *file_, int line_, tp_tape *tape, tp_mark mark)
{
    const tp_status status_ = tp_tape_rewind(tape, mark);
    return tp_at_status(tape, status_, file_, line_);
}
TP_TRACED tp_tape_rewind_keeping_traced(const char *file_, int line_, tp_tape *tape, tp_mark mark, tp_var *keep, int n)
{
    const tp_status status_ = tp_tape_rewind_keeping(tape, mark, keep, n);
    return tp_at_status(tape, status_, file_, line_);
}
TP_TRACED tp_unhook_traced(const char *file_, int line_, tp_var x, tp_gradient_hook fn, void *user)
{
    const tp_status status_ = tp_unhook(x, fn, user);
    return tp_at_status(x.tape, status_, file_, line_);
}
TP_TRACED tp_value_and_grad_traced(const char *file_, int line_, tp_function f, tp_tape *tape, const tp_var *x, int n, void *user, tp_var *value, tp_var *grads, unsigned flags)
{
    const tp_status status_ = tp_value_and_grad(f, tape, x, n, user, value, grads, flags);
    return tp_at_status(tape, status_, file_, line_);
}
TP_TRACED tp_vjp_traced(const char *file_, int line_, tp_var y, tp_var seed, const tp_var *x, int n, tp_var *grads, unsigned flags)
{
    const tp_status status_ = tp_vjp(y, seed, x, n, grads, flags);
    return tp_at_status(y.tape, status_, file_, line_);
}
TP_TRACED tp_vjp_of_traced(const char *file_, int line_, tp_function f, tp_tape *tape, const tp_var *x, int n, void *user, tp_var seed, tp_var *value, tp_var *grads, unsigned flags)
{
    const tp_status status_ = tp_vjp_of(f, tape, x, n, user, seed, value, grads, flags);
    return tp_at_status(tape, status_, file_, line_);
}

#define tp_apply_all(...) tp_apply_all_traced(__FILE__, __LINE__, __VA_ARGS__)
#define tp_backward(...) tp_backward_traced(__FILE__, __LINE__, __VA_ARGS__)
#define tp_backward_bytes(...) tp_backward_bytes_traced(__FILE__, __LINE__, __VA_ARGS__)
#define tp_backward_from(...) tp_backward_from_traced(__FILE__, __LINE__, __VA_ARGS__)
#define tp_checkpoint_chain(...) tp_checkpoint_chain_traced(__FILE__, __LINE__, __VA_ARGS__)
#define tp_descend(...) tp_descend_traced(__FILE__, __LINE__, __VA_ARGS__)
#define tp_draw_circuit(...) tp_draw_circuit_traced(__FILE__, __LINE__, __VA_ARGS__)
#define tp_draw_dot(...) tp_draw_dot_traced(__FILE__, __LINE__, __VA_ARGS__)
#define tp_draw_module(...) tp_draw_module_traced(__FILE__, __LINE__, __VA_ARGS__)
#define tp_eigh(...) tp_eigh_traced(__FILE__, __LINE__, __VA_ARGS__)
#define tp_gradcheck(...) tp_gradcheck_traced(__FILE__, __LINE__, __VA_ARGS__)
#define tp_gradgradcheck(...) tp_gradgradcheck_traced(__FILE__, __LINE__, __VA_ARGS__)
#define tp_gradients(...) tp_gradients_traced(__FILE__, __LINE__, __VA_ARGS__)
#define tp_gru(...) tp_gru_traced(__FILE__, __LINE__, __VA_ARGS__)
#define tp_hessian(...) tp_hessian_traced(__FILE__, __LINE__, __VA_ARGS__)
#define tp_hessian_of(...) tp_hessian_of_traced(__FILE__, __LINE__, __VA_ARGS__)
#define tp_hvp(...) tp_hvp_traced(__FILE__, __LINE__, __VA_ARGS__)
#define tp_hvp_of(...) tp_hvp_of_traced(__FILE__, __LINE__, __VA_ARGS__)
#define tp_jacobian(...) tp_jacobian_traced(__FILE__, __LINE__, __VA_ARGS__)
#define tp_jacobian_of(...) tp_jacobian_of_traced(__FILE__, __LINE__, __VA_ARGS__)
#define tp_jvp(...) tp_jvp_traced(__FILE__, __LINE__, __VA_ARGS__)
#define tp_jvp_of(...) tp_jvp_of_traced(__FILE__, __LINE__, __VA_ARGS__)
#define tp_lstm(...) tp_lstm_traced(__FILE__, __LINE__, __VA_ARGS__)
#define tp_lstm_step(...) tp_lstm_step_traced(__FILE__, __LINE__, __VA_ARGS__)
#define tp_meshgrid(...) tp_meshgrid_traced(__FILE__, __LINE__, __VA_ARGS__)
#define tp_odeint(...) tp_odeint_traced(__FILE__, __LINE__, __VA_ARGS__)
#define tp_qr(...) tp_qr_traced(__FILE__, __LINE__, __VA_ARGS__)
#define tp_replay(...) tp_replay_traced(__FILE__, __LINE__, __VA_ARGS__)
#define tp_rnn(...) tp_rnn_traced(__FILE__, __LINE__, __VA_ARGS__)
#define tp_set_item(...) tp_set_item_traced(__FILE__, __LINE__, __VA_ARGS__)
#define tp_slogdet(...) tp_slogdet_traced(__FILE__, __LINE__, __VA_ARGS__)
#define tp_snapshot_add_tape(...) tp_snapshot_add_tape_traced(__FILE__, __LINE__, __VA_ARGS__)
#define tp_sparse_rebind(...) tp_sparse_rebind_traced(__FILE__, __LINE__, __VA_ARGS__)
#define tp_split(...) tp_split_traced(__FILE__, __LINE__, __VA_ARGS__)
#define tp_svd(...) tp_svd_traced(__FILE__, __LINE__, __VA_ARGS__)
#define tp_tape_check_values(...) tp_tape_check_values_traced(__FILE__, __LINE__, __VA_ARGS__)
#define tp_tape_rewind(...) tp_tape_rewind_traced(__FILE__, __LINE__, __VA_ARGS__)
#define tp_tape_rewind_keeping(...) tp_tape_rewind_keeping_traced(__FILE__, __LINE__, __VA_ARGS__)
#define tp_unhook(...) tp_unhook_traced(__FILE__, __LINE__, __VA_ARGS__)
#define tp_value_and_grad(...) tp_value_and_grad_traced(__FILE__, __LINE__, __VA_ARGS__)
#define tp_vjp(...) tp_vjp_traced(__FILE__, __LINE__, __VA_ARGS__)
#define tp_vjp_of(...) tp_vjp_of_traced(__FILE__, __LINE__, __VA_ARGS__)
#define tp_abs(...) tp_at(tp_abs(__VA_ARGS__), __FILE__, __LINE__)
#define tp_acos(...) tp_at(tp_acos(__VA_ARGS__), __FILE__, __LINE__)
#define tp_acosh(...) tp_at(tp_acosh(__VA_ARGS__), __FILE__, __LINE__)
#define tp_adaptive_avg_pool(...) tp_at(tp_adaptive_avg_pool(__VA_ARGS__), __FILE__, __LINE__)
#define tp_adaptive_max_pool(...) tp_at(tp_adaptive_max_pool(__VA_ARGS__), __FILE__, __LINE__)
#define tp_add(...) tp_at(tp_add(__VA_ARGS__), __FILE__, __LINE__)
#define tp_adds(...) tp_at(tp_adds(__VA_ARGS__), __FILE__, __LINE__)
#define tp_all(...) tp_at(tp_all(__VA_ARGS__), __FILE__, __LINE__)
#define tp_all_axes(...) tp_at(tp_all_axes(__VA_ARGS__), __FILE__, __LINE__)
#define tp_any(...) tp_at(tp_any(__VA_ARGS__), __FILE__, __LINE__)
#define tp_any_axes(...) tp_at(tp_any_axes(__VA_ARGS__), __FILE__, __LINE__)
#define tp_apply(...) tp_at(tp_apply(__VA_ARGS__), __FILE__, __LINE__)
#define tp_arange(...) tp_at(tp_arange(__VA_ARGS__), __FILE__, __LINE__)
#define tp_argmax(...) tp_at(tp_argmax(__VA_ARGS__), __FILE__, __LINE__)
#define tp_argmax_axis(...) tp_at(tp_argmax_axis(__VA_ARGS__), __FILE__, __LINE__)
#define tp_argmin(...) tp_at(tp_argmin(__VA_ARGS__), __FILE__, __LINE__)
#define tp_argmin_axis(...) tp_at(tp_argmin_axis(__VA_ARGS__), __FILE__, __LINE__)
#define tp_argsort(...) tp_at(tp_argsort(__VA_ARGS__), __FILE__, __LINE__)
#define tp_asin(...) tp_at(tp_asin(__VA_ARGS__), __FILE__, __LINE__)
#define tp_asinh(...) tp_at(tp_asinh(__VA_ARGS__), __FILE__, __LINE__)
#define tp_avg_pool1d(...) tp_at(tp_avg_pool1d(__VA_ARGS__), __FILE__, __LINE__)
#define tp_avg_pool2d(...) tp_at(tp_avg_pool2d(__VA_ARGS__), __FILE__, __LINE__)
#define tp_avg_pool3d(...) tp_at(tp_avg_pool3d(__VA_ARGS__), __FILE__, __LINE__)
#define tp_batch_norm(...) tp_at(tp_batch_norm(__VA_ARGS__), __FILE__, __LINE__)
#define tp_batch_norm_fixed(...) tp_at(tp_batch_norm_fixed(__VA_ARGS__), __FILE__, __LINE__)
#define tp_bce(...) tp_at(tp_bce(__VA_ARGS__), __FILE__, __LINE__)
#define tp_bce_with_logits(...) tp_at(tp_bce_with_logits(__VA_ARGS__), __FILE__, __LINE__)
#define tp_bce_with_logits_with(...) tp_at(tp_bce_with_logits_with(__VA_ARGS__), __FILE__, __LINE__)
#define tp_bernoulli(...) tp_at(tp_bernoulli(__VA_ARGS__), __FILE__, __LINE__)
#define tp_bilinear_forward(...) tp_at(tp_bilinear_forward(__VA_ARGS__), __FILE__, __LINE__)
#define tp_cast(...) tp_at(tp_cast(__VA_ARGS__), __FILE__, __LINE__)
#define tp_cbrt(...) tp_at(tp_cbrt(__VA_ARGS__), __FILE__, __LINE__)
#define tp_ceil(...) tp_at(tp_ceil(__VA_ARGS__), __FILE__, __LINE__)
#define tp_celu(...) tp_at(tp_celu(__VA_ARGS__), __FILE__, __LINE__)
#define tp_checkpoint(...) tp_at(tp_checkpoint(__VA_ARGS__), __FILE__, __LINE__)
#define tp_cholesky(...) tp_at(tp_cholesky(__VA_ARGS__), __FILE__, __LINE__)
#define tp_clamp(...) tp_at(tp_clamp(__VA_ARGS__), __FILE__, __LINE__)
#define tp_clamp_tensors(...) tp_at(tp_clamp_tensors(__VA_ARGS__), __FILE__, __LINE__)
#define tp_concat(...) tp_at(tp_concat(__VA_ARGS__), __FILE__, __LINE__)
#define tp_const(...) tp_at(tp_const(__VA_ARGS__), __FILE__, __LINE__)
#define tp_contiguous(...) tp_at(tp_contiguous(__VA_ARGS__), __FILE__, __LINE__)
#define tp_conv1d(...) tp_at(tp_conv1d(__VA_ARGS__), __FILE__, __LINE__)
#define tp_conv2d(...) tp_at(tp_conv2d(__VA_ARGS__), __FILE__, __LINE__)
#define tp_conv3d(...) tp_at(tp_conv3d(__VA_ARGS__), __FILE__, __LINE__)
#define tp_conv_transpose1d(...) tp_at(tp_conv_transpose1d(__VA_ARGS__), __FILE__, __LINE__)
#define tp_conv_transpose2d(...) tp_at(tp_conv_transpose2d(__VA_ARGS__), __FILE__, __LINE__)
#define tp_conv_transpose3d(...) tp_at(tp_conv_transpose3d(__VA_ARGS__), __FILE__, __LINE__)
#define tp_copysign(...) tp_at(tp_copysign(__VA_ARGS__), __FILE__, __LINE__)
#define tp_cos(...) tp_at(tp_cos(__VA_ARGS__), __FILE__, __LINE__)
#define tp_cosh(...) tp_at(tp_cosh(__VA_ARGS__), __FILE__, __LINE__)
#define tp_cosine_embedding(...) tp_at(tp_cosine_embedding(__VA_ARGS__), __FILE__, __LINE__)
#define tp_count_nonzero(...) tp_at(tp_count_nonzero(__VA_ARGS__), __FILE__, __LINE__)
#define tp_count_nonzero_axes(...) tp_at(tp_count_nonzero_axes(__VA_ARGS__), __FILE__, __LINE__)
#define tp_cross_entropy(...) tp_at(tp_cross_entropy(__VA_ARGS__), __FILE__, __LINE__)
#define tp_cross_entropy_with(...) tp_at(tp_cross_entropy_with(__VA_ARGS__), __FILE__, __LINE__)
#define tp_ctc(...) tp_at(tp_ctc(__VA_ARGS__), __FILE__, __LINE__)
#define tp_ctc_with(...) tp_at(tp_ctc_with(__VA_ARGS__), __FILE__, __LINE__)
#define tp_cummax(...) tp_at(tp_cummax(__VA_ARGS__), __FILE__, __LINE__)
#define tp_cummin(...) tp_at(tp_cummin(__VA_ARGS__), __FILE__, __LINE__)
#define tp_cumprod(...) tp_at(tp_cumprod(__VA_ARGS__), __FILE__, __LINE__)
#define tp_cumsum(...) tp_at(tp_cumsum(__VA_ARGS__), __FILE__, __LINE__)
#define tp_data(...) tp_at(tp_data(__VA_ARGS__), __FILE__, __LINE__)
#define tp_decoder_forward(...) tp_at(tp_decoder_forward(__VA_ARGS__), __FILE__, __LINE__)
#define tp_det(...) tp_at(tp_det(__VA_ARGS__), __FILE__, __LINE__)
#define tp_detach(...) tp_at(tp_detach(__VA_ARGS__), __FILE__, __LINE__)
#define tp_diag(...) tp_at(tp_diag(__VA_ARGS__), __FILE__, __LINE__)
#define tp_diag_embed(...) tp_at(tp_diag_embed(__VA_ARGS__), __FILE__, __LINE__)
#define tp_diagonal(...) tp_at(tp_diagonal(__VA_ARGS__), __FILE__, __LINE__)
#define tp_digamma(...) tp_at(tp_digamma(__VA_ARGS__), __FILE__, __LINE__)
#define tp_div(...) tp_at(tp_div(__VA_ARGS__), __FILE__, __LINE__)
#define tp_dot(...) tp_at(tp_dot(__VA_ARGS__), __FILE__, __LINE__)
#define tp_dropout(...) tp_at(tp_dropout(__VA_ARGS__), __FILE__, __LINE__)
#define tp_dropout_channels(...) tp_at(tp_dropout_channels(__VA_ARGS__), __FILE__, __LINE__)
#define tp_einsum(...) tp_at(tp_einsum(__VA_ARGS__), __FILE__, __LINE__)
#define tp_elu(...) tp_at(tp_elu(__VA_ARGS__), __FILE__, __LINE__)
#define tp_embedding(...) tp_at(tp_embedding(__VA_ARGS__), __FILE__, __LINE__)
#define tp_encoder_forward(...) tp_at(tp_encoder_forward(__VA_ARGS__), __FILE__, __LINE__)
#define tp_equal(...) tp_at(tp_equal(__VA_ARGS__), __FILE__, __LINE__)
#define tp_erf(...) tp_at(tp_erf(__VA_ARGS__), __FILE__, __LINE__)
#define tp_erfc(...) tp_at(tp_erfc(__VA_ARGS__), __FILE__, __LINE__)
#define tp_erfinv(...) tp_at(tp_erfinv(__VA_ARGS__), __FILE__, __LINE__)
#define tp_exp(...) tp_at(tp_exp(__VA_ARGS__), __FILE__, __LINE__)
#define tp_exp2(...) tp_at(tp_exp2(__VA_ARGS__), __FILE__, __LINE__)
#define tp_expand(...) tp_at(tp_expand(__VA_ARGS__), __FILE__, __LINE__)
#define tp_expm1(...) tp_at(tp_expm1(__VA_ARGS__), __FILE__, __LINE__)
#define tp_exponential(...) tp_at(tp_exponential(__VA_ARGS__), __FILE__, __LINE__)
#define tp_eye(...) tp_at(tp_eye(__VA_ARGS__), __FILE__, __LINE__)
#define tp_fixed_point(...) tp_at(tp_fixed_point(__VA_ARGS__), __FILE__, __LINE__)
#define tp_flatten(...) tp_at(tp_flatten(__VA_ARGS__), __FILE__, __LINE__)
#define tp_flip(...) tp_at(tp_flip(__VA_ARGS__), __FILE__, __LINE__)
#define tp_floor(...) tp_at(tp_floor(__VA_ARGS__), __FILE__, __LINE__)
#define tp_fma(...) tp_at(tp_fma(__VA_ARGS__), __FILE__, __LINE__)
#define tp_fmod(...) tp_at(tp_fmod(__VA_ARGS__), __FILE__, __LINE__)
#define tp_focal(...) tp_at(tp_focal(__VA_ARGS__), __FILE__, __LINE__)
#define tp_focal_classes(...) tp_at(tp_focal_classes(__VA_ARGS__), __FILE__, __LINE__)
#define tp_fold(...) tp_at(tp_fold(__VA_ARGS__), __FILE__, __LINE__)
#define tp_frac(...) tp_at(tp_frac(__VA_ARGS__), __FILE__, __LINE__)
#define tp_full(...) tp_at(tp_full(__VA_ARGS__), __FILE__, __LINE__)
#define tp_full_like(...) tp_at(tp_full_like(__VA_ARGS__), __FILE__, __LINE__)
#define tp_gather(...) tp_at(tp_gather(__VA_ARGS__), __FILE__, __LINE__)
#define tp_gaussian_nll(...) tp_at(tp_gaussian_nll(__VA_ARGS__), __FILE__, __LINE__)
#define tp_gaussian_nll_with(...) tp_at(tp_gaussian_nll_with(__VA_ARGS__), __FILE__, __LINE__)
#define tp_gelu(...) tp_at(tp_gelu(__VA_ARGS__), __FILE__, __LINE__)
#define tp_gelu_tanh(...) tp_at(tp_gelu_tanh(__VA_ARGS__), __FILE__, __LINE__)
#define tp_greater(...) tp_at(tp_greater(__VA_ARGS__), __FILE__, __LINE__)
#define tp_greater_equal(...) tp_at(tp_greater_equal(__VA_ARGS__), __FILE__, __LINE__)
#define tp_group_norm(...) tp_at(tp_group_norm(__VA_ARGS__), __FILE__, __LINE__)
#define tp_gumbel(...) tp_at(tp_gumbel(__VA_ARGS__), __FILE__, __LINE__)
#define tp_gumbel_softmax(...) tp_at(tp_gumbel_softmax(__VA_ARGS__), __FILE__, __LINE__)
#define tp_hardsigmoid(...) tp_at(tp_hardsigmoid(__VA_ARGS__), __FILE__, __LINE__)
#define tp_hardswish(...) tp_at(tp_hardswish(__VA_ARGS__), __FILE__, __LINE__)
#define tp_hardtanh(...) tp_at(tp_hardtanh(__VA_ARGS__), __FILE__, __LINE__)
#define tp_hinge(...) tp_at(tp_hinge(__VA_ARGS__), __FILE__, __LINE__)
#define tp_hinge_embedding(...) tp_at(tp_hinge_embedding(__VA_ARGS__), __FILE__, __LINE__)
#define tp_hook(...) tp_at(tp_hook(__VA_ARGS__), __FILE__, __LINE__)
#define tp_huber(...) tp_at(tp_huber(__VA_ARGS__), __FILE__, __LINE__)
#define tp_hypot(...) tp_at(tp_hypot(__VA_ARGS__), __FILE__, __LINE__)
#define tp_index(...) tp_at(tp_index(__VA_ARGS__), __FILE__, __LINE__)
#define tp_index_add(...) tp_at(tp_index_add(__VA_ARGS__), __FILE__, __LINE__)
#define tp_index_select(...) tp_at(tp_index_select(__VA_ARGS__), __FILE__, __LINE__)
#define tp_instance_norm(...) tp_at(tp_instance_norm(__VA_ARGS__), __FILE__, __LINE__)
#define tp_interpolate(...) tp_at(tp_interpolate(__VA_ARGS__), __FILE__, __LINE__)
#define tp_inverse(...) tp_at(tp_inverse(__VA_ARGS__), __FILE__, __LINE__)
#define tp_isfinite(...) tp_at(tp_isfinite(__VA_ARGS__), __FILE__, __LINE__)
#define tp_isinf(...) tp_at(tp_isinf(__VA_ARGS__), __FILE__, __LINE__)
#define tp_isnan(...) tp_at(tp_isnan(__VA_ARGS__), __FILE__, __LINE__)
#define tp_kl_div(...) tp_at(tp_kl_div(__VA_ARGS__), __FILE__, __LINE__)
#define tp_kl_div_with(...) tp_at(tp_kl_div_with(__VA_ARGS__), __FILE__, __LINE__)
#define tp_l1(...) tp_at(tp_l1(__VA_ARGS__), __FILE__, __LINE__)
#define tp_layer_norm(...) tp_at(tp_layer_norm(__VA_ARGS__), __FILE__, __LINE__)
#define tp_leaf(...) tp_at(tp_leaf(__VA_ARGS__), __FILE__, __LINE__)
#define tp_leaky_relu(...) tp_at(tp_leaky_relu(__VA_ARGS__), __FILE__, __LINE__)
#define tp_lerp(...) tp_at(tp_lerp(__VA_ARGS__), __FILE__, __LINE__)
#define tp_less(...) tp_at(tp_less(__VA_ARGS__), __FILE__, __LINE__)
#define tp_less_equal(...) tp_at(tp_less_equal(__VA_ARGS__), __FILE__, __LINE__)
#define tp_lgamma(...) tp_at(tp_lgamma(__VA_ARGS__), __FILE__, __LINE__)
#define tp_linear(...) tp_at(tp_linear(__VA_ARGS__), __FILE__, __LINE__)
#define tp_linear_activated(...) tp_at(tp_linear_activated(__VA_ARGS__), __FILE__, __LINE__)
#define tp_linspace(...) tp_at(tp_linspace(__VA_ARGS__), __FILE__, __LINE__)
#define tp_local_response_norm(...) tp_at(tp_local_response_norm(__VA_ARGS__), __FILE__, __LINE__)
#define tp_log(...) tp_at(tp_log(__VA_ARGS__), __FILE__, __LINE__)
#define tp_log10(...) tp_at(tp_log10(__VA_ARGS__), __FILE__, __LINE__)
#define tp_log1p(...) tp_at(tp_log1p(__VA_ARGS__), __FILE__, __LINE__)
#define tp_log2(...) tp_at(tp_log2(__VA_ARGS__), __FILE__, __LINE__)
#define tp_log_softmax(...) tp_at(tp_log_softmax(__VA_ARGS__), __FILE__, __LINE__)
#define tp_logaddexp(...) tp_at(tp_logaddexp(__VA_ARGS__), __FILE__, __LINE__)
#define tp_logcumsumexp(...) tp_at(tp_logcumsumexp(__VA_ARGS__), __FILE__, __LINE__)
#define tp_logdet(...) tp_at(tp_logdet(__VA_ARGS__), __FILE__, __LINE__)
#define tp_logical_and(...) tp_at(tp_logical_and(__VA_ARGS__), __FILE__, __LINE__)
#define tp_logical_not(...) tp_at(tp_logical_not(__VA_ARGS__), __FILE__, __LINE__)
#define tp_logical_or(...) tp_at(tp_logical_or(__VA_ARGS__), __FILE__, __LINE__)
#define tp_logical_xor(...) tp_at(tp_logical_xor(__VA_ARGS__), __FILE__, __LINE__)
#define tp_logistic(...) tp_at(tp_logistic(__VA_ARGS__), __FILE__, __LINE__)
#define tp_logsigmoid(...) tp_at(tp_logsigmoid(__VA_ARGS__), __FILE__, __LINE__)
#define tp_logsumexp(...) tp_at(tp_logsumexp(__VA_ARGS__), __FILE__, __LINE__)
#define tp_logsumexp_axes(...) tp_at(tp_logsumexp_axes(__VA_ARGS__), __FILE__, __LINE__)
#define tp_lp_pool1d(...) tp_at(tp_lp_pool1d(__VA_ARGS__), __FILE__, __LINE__)
#define tp_lp_pool2d(...) tp_at(tp_lp_pool2d(__VA_ARGS__), __FILE__, __LINE__)
#define tp_lp_pool3d(...) tp_at(tp_lp_pool3d(__VA_ARGS__), __FILE__, __LINE__)
#define tp_lstsq(...) tp_at(tp_lstsq(__VA_ARGS__), __FILE__, __LINE__)
#define tp_map(...) tp_at(tp_map(__VA_ARGS__), __FILE__, __LINE__)
#define tp_margin_ranking(...) tp_at(tp_margin_ranking(__VA_ARGS__), __FILE__, __LINE__)
#define tp_masked_fill(...) tp_at(tp_masked_fill(__VA_ARGS__), __FILE__, __LINE__)
#define tp_masked_select(...) tp_at(tp_masked_select(__VA_ARGS__), __FILE__, __LINE__)
#define tp_masked_softmax(...) tp_at(tp_masked_softmax(__VA_ARGS__), __FILE__, __LINE__)
#define tp_matmul(...) tp_at(tp_matmul(__VA_ARGS__), __FILE__, __LINE__)
#define tp_matrix_exp(...) tp_at(tp_matrix_exp(__VA_ARGS__), __FILE__, __LINE__)
#define tp_matrix_power(...) tp_at(tp_matrix_power(__VA_ARGS__), __FILE__, __LINE__)
#define tp_matvec(...) tp_at(tp_matvec(__VA_ARGS__), __FILE__, __LINE__)
#define tp_max(...) tp_at(tp_max(__VA_ARGS__), __FILE__, __LINE__)
#define tp_max_axes(...) tp_at(tp_max_axes(__VA_ARGS__), __FILE__, __LINE__)
#define tp_max_pool1d(...) tp_at(tp_max_pool1d(__VA_ARGS__), __FILE__, __LINE__)
#define tp_max_pool2d(...) tp_at(tp_max_pool2d(__VA_ARGS__), __FILE__, __LINE__)
#define tp_max_pool3d(...) tp_at(tp_max_pool3d(__VA_ARGS__), __FILE__, __LINE__)
#define tp_max_with_indices(...) tp_at(tp_max_with_indices(__VA_ARGS__), __FILE__, __LINE__)
#define tp_maximum(...) tp_at(tp_maximum(__VA_ARGS__), __FILE__, __LINE__)
#define tp_mean(...) tp_at(tp_mean(__VA_ARGS__), __FILE__, __LINE__)
#define tp_mean_axes(...) tp_at(tp_mean_axes(__VA_ARGS__), __FILE__, __LINE__)
#define tp_median(...) tp_at(tp_median(__VA_ARGS__), __FILE__, __LINE__)
#define tp_median_axis(...) tp_at(tp_median_axis(__VA_ARGS__), __FILE__, __LINE__)
#define tp_min(...) tp_at(tp_min(__VA_ARGS__), __FILE__, __LINE__)
#define tp_min_axes(...) tp_at(tp_min_axes(__VA_ARGS__), __FILE__, __LINE__)
#define tp_min_with_indices(...) tp_at(tp_min_with_indices(__VA_ARGS__), __FILE__, __LINE__)
#define tp_minimum(...) tp_at(tp_minimum(__VA_ARGS__), __FILE__, __LINE__)
#define tp_mish(...) tp_at(tp_mish(__VA_ARGS__), __FILE__, __LINE__)
#define tp_module_forward(...) tp_at(tp_module_forward(__VA_ARGS__), __FILE__, __LINE__)
#define tp_module_use(...) tp_at(tp_module_use(__VA_ARGS__), __FILE__, __LINE__)
#define tp_movedim(...) tp_at(tp_movedim(__VA_ARGS__), __FILE__, __LINE__)
#define tp_mse(...) tp_at(tp_mse(__VA_ARGS__), __FILE__, __LINE__)
#define tp_mul(...) tp_at(tp_mul(__VA_ARGS__), __FILE__, __LINE__)
#define tp_mul_masked(...) tp_at(tp_mul_masked(__VA_ARGS__), __FILE__, __LINE__)
#define tp_muls(...) tp_at(tp_muls(__VA_ARGS__), __FILE__, __LINE__)
#define tp_multi_margin(...) tp_at(tp_multi_margin(__VA_ARGS__), __FILE__, __LINE__)
#define tp_multinomial(...) tp_at(tp_multinomial(__VA_ARGS__), __FILE__, __LINE__)
#define tp_name(...) tp_at(tp_name(__VA_ARGS__), __FILE__, __LINE__)
#define tp_nan_to_num(...) tp_at(tp_nan_to_num(__VA_ARGS__), __FILE__, __LINE__)
#define tp_nearest(...) tp_at(tp_nearest(__VA_ARGS__), __FILE__, __LINE__)
#define tp_neg(...) tp_at(tp_neg(__VA_ARGS__), __FILE__, __LINE__)
#define tp_nll(...) tp_at(tp_nll(__VA_ARGS__), __FILE__, __LINE__)
#define tp_nll_with(...) tp_at(tp_nll_with(__VA_ARGS__), __FILE__, __LINE__)
#define tp_norm(...) tp_at(tp_norm(__VA_ARGS__), __FILE__, __LINE__)
#define tp_norm_axes(...) tp_at(tp_norm_axes(__VA_ARGS__), __FILE__, __LINE__)
#define tp_normal(...) tp_at(tp_normal(__VA_ARGS__), __FILE__, __LINE__)
#define tp_normal_around(...) tp_at(tp_normal_around(__VA_ARGS__), __FILE__, __LINE__)
#define tp_not_equal(...) tp_at(tp_not_equal(__VA_ARGS__), __FILE__, __LINE__)
#define tp_one_hot(...) tp_at(tp_one_hot(__VA_ARGS__), __FILE__, __LINE__)
#define tp_ones(...) tp_at(tp_ones(__VA_ARGS__), __FILE__, __LINE__)
#define tp_ones_like(...) tp_at(tp_ones_like(__VA_ARGS__), __FILE__, __LINE__)
#define tp_outer(...) tp_at(tp_outer(__VA_ARGS__), __FILE__, __LINE__)
#define tp_pad(...) tp_at(tp_pad(__VA_ARGS__), __FILE__, __LINE__)
#define tp_param(...) tp_at(tp_param(__VA_ARGS__), __FILE__, __LINE__)
#define tp_perceptron(...) tp_at(tp_perceptron(__VA_ARGS__), __FILE__, __LINE__)
#define tp_permutation(...) tp_at(tp_permutation(__VA_ARGS__), __FILE__, __LINE__)
#define tp_permute(...) tp_at(tp_permute(__VA_ARGS__), __FILE__, __LINE__)
#define tp_pinv(...) tp_at(tp_pinv(__VA_ARGS__), __FILE__, __LINE__)
#define tp_poisson_nll(...) tp_at(tp_poisson_nll(__VA_ARGS__), __FILE__, __LINE__)
#define tp_poisson_nll_with(...) tp_at(tp_poisson_nll_with(__VA_ARGS__), __FILE__, __LINE__)
#define tp_polygamma(...) tp_at(tp_polygamma(__VA_ARGS__), __FILE__, __LINE__)
#define tp_pow(...) tp_at(tp_pow(__VA_ARGS__), __FILE__, __LINE__)
#define tp_pows(...) tp_at(tp_pows(__VA_ARGS__), __FILE__, __LINE__)
#define tp_prod(...) tp_at(tp_prod(__VA_ARGS__), __FILE__, __LINE__)
#define tp_prod_axes(...) tp_at(tp_prod_axes(__VA_ARGS__), __FILE__, __LINE__)
#define tp_randint(...) tp_at(tp_randint(__VA_ARGS__), __FILE__, __LINE__)
#define tp_rdivs(...) tp_at(tp_rdivs(__VA_ARGS__), __FILE__, __LINE__)
#define tp_reciprocal(...) tp_at(tp_reciprocal(__VA_ARGS__), __FILE__, __LINE__)
#define tp_recurrent_cell_forward(...) tp_at(tp_recurrent_cell_forward(__VA_ARGS__), __FILE__, __LINE__)
#define tp_recurrent_forward(...) tp_at(tp_recurrent_forward(__VA_ARGS__), __FILE__, __LINE__)
#define tp_relu(...) tp_at(tp_relu(__VA_ARGS__), __FILE__, __LINE__)
#define tp_relu6(...) tp_at(tp_relu6(__VA_ARGS__), __FILE__, __LINE__)
#define tp_remainder(...) tp_at(tp_remainder(__VA_ARGS__), __FILE__, __LINE__)
#define tp_repeat_interleave(...) tp_at(tp_repeat_interleave(__VA_ARGS__), __FILE__, __LINE__)
#define tp_reshape(...) tp_at(tp_reshape(__VA_ARGS__), __FILE__, __LINE__)
#define tp_retain_grad(...) tp_at(tp_retain_grad(__VA_ARGS__), __FILE__, __LINE__)
#define tp_rms_norm(...) tp_at(tp_rms_norm(__VA_ARGS__), __FILE__, __LINE__)
#define tp_roll(...) tp_at(tp_roll(__VA_ARGS__), __FILE__, __LINE__)
#define tp_rotary(...) tp_at(tp_rotary(__VA_ARGS__), __FILE__, __LINE__)
#define tp_round(...) tp_at(tp_round(__VA_ARGS__), __FILE__, __LINE__)
#define tp_rsqrt(...) tp_at(tp_rsqrt(__VA_ARGS__), __FILE__, __LINE__)
#define tp_rsubs(...) tp_at(tp_rsubs(__VA_ARGS__), __FILE__, __LINE__)
#define tp_same(...) tp_at(tp_same(__VA_ARGS__), __FILE__, __LINE__)
#define tp_scalar(...) tp_at(tp_scalar(__VA_ARGS__), __FILE__, __LINE__)
#define tp_scatter(...) tp_at(tp_scatter(__VA_ARGS__), __FILE__, __LINE__)
#define tp_scatter_add(...) tp_at(tp_scatter_add(__VA_ARGS__), __FILE__, __LINE__)
#define tp_selu(...) tp_at(tp_selu(__VA_ARGS__), __FILE__, __LINE__)
#define tp_sigmoid(...) tp_at(tp_sigmoid(__VA_ARGS__), __FILE__, __LINE__)
#define tp_sign(...) tp_at(tp_sign(__VA_ARGS__), __FILE__, __LINE__)
#define tp_silu(...) tp_at(tp_silu(__VA_ARGS__), __FILE__, __LINE__)
#define tp_sin(...) tp_at(tp_sin(__VA_ARGS__), __FILE__, __LINE__)
#define tp_sinh(...) tp_at(tp_sinh(__VA_ARGS__), __FILE__, __LINE__)
#define tp_slice(...) tp_at(tp_slice(__VA_ARGS__), __FILE__, __LINE__)
#define tp_smooth_l1(...) tp_at(tp_smooth_l1(__VA_ARGS__), __FILE__, __LINE__)
#define tp_soft_hinge(...) tp_at(tp_soft_hinge(__VA_ARGS__), __FILE__, __LINE__)
#define tp_softmax(...) tp_at(tp_softmax(__VA_ARGS__), __FILE__, __LINE__)
#define tp_softplus(...) tp_at(tp_softplus(__VA_ARGS__), __FILE__, __LINE__)
#define tp_softsign(...) tp_at(tp_softsign(__VA_ARGS__), __FILE__, __LINE__)
#define tp_solve(...) tp_at(tp_solve(__VA_ARGS__), __FILE__, __LINE__)
#define tp_sort(...) tp_at(tp_sort(__VA_ARGS__), __FILE__, __LINE__)
#define tp_sqrt(...) tp_at(tp_sqrt(__VA_ARGS__), __FILE__, __LINE__)
#define tp_square(...) tp_at(tp_square(__VA_ARGS__), __FILE__, __LINE__)
#define tp_squared_hinge(...) tp_at(tp_squared_hinge(__VA_ARGS__), __FILE__, __LINE__)
#define tp_squeeze(...) tp_at(tp_squeeze(__VA_ARGS__), __FILE__, __LINE__)
#define tp_stack(...) tp_at(tp_stack(__VA_ARGS__), __FILE__, __LINE__)
#define tp_std(...) tp_at(tp_std(__VA_ARGS__), __FILE__, __LINE__)
#define tp_std_axes(...) tp_at(tp_std_axes(__VA_ARGS__), __FILE__, __LINE__)
#define tp_step(...) tp_at(tp_step(__VA_ARGS__), __FILE__, __LINE__)
#define tp_sub(...) tp_at(tp_sub(__VA_ARGS__), __FILE__, __LINE__)
#define tp_sum(...) tp_at(tp_sum(__VA_ARGS__), __FILE__, __LINE__)
#define tp_sum_axes(...) tp_at(tp_sum_axes(__VA_ARGS__), __FILE__, __LINE__)
#define tp_tan(...) tp_at(tp_tan(__VA_ARGS__), __FILE__, __LINE__)
#define tp_tanh(...) tp_at(tp_tanh(__VA_ARGS__), __FILE__, __LINE__)
#define tp_tanhshrink(...) tp_at(tp_tanhshrink(__VA_ARGS__), __FILE__, __LINE__)
#define tp_tile(...) tp_at(tp_tile(__VA_ARGS__), __FILE__, __LINE__)
#define tp_topk(...) tp_at(tp_topk(__VA_ARGS__), __FILE__, __LINE__)
#define tp_trace(...) tp_at(tp_trace(__VA_ARGS__), __FILE__, __LINE__)
#define tp_transformer_forward(...) tp_at(tp_transformer_forward(__VA_ARGS__), __FILE__, __LINE__)
#define tp_transpose(...) tp_at(tp_transpose(__VA_ARGS__), __FILE__, __LINE__)
#define tp_triangular_solve(...) tp_at(tp_triangular_solve(__VA_ARGS__), __FILE__, __LINE__)
#define tp_tril(...) tp_at(tp_tril(__VA_ARGS__), __FILE__, __LINE__)
#define tp_triplet(...) tp_at(tp_triplet(__VA_ARGS__), __FILE__, __LINE__)
#define tp_triplet_with(...) tp_at(tp_triplet_with(__VA_ARGS__), __FILE__, __LINE__)
#define tp_triu(...) tp_at(tp_triu(__VA_ARGS__), __FILE__, __LINE__)
#define tp_trunc(...) tp_at(tp_trunc(__VA_ARGS__), __FILE__, __LINE__)
#define tp_unfold(...) tp_at(tp_unfold(__VA_ARGS__), __FILE__, __LINE__)
#define tp_uniform(...) tp_at(tp_uniform(__VA_ARGS__), __FILE__, __LINE__)
#define tp_uniform_between(...) tp_at(tp_uniform_between(__VA_ARGS__), __FILE__, __LINE__)
#define tp_unsqueeze(...) tp_at(tp_unsqueeze(__VA_ARGS__), __FILE__, __LINE__)
#define tp_variance(...) tp_at(tp_variance(__VA_ARGS__), __FILE__, __LINE__)
#define tp_variance_axes(...) tp_at(tp_variance_axes(__VA_ARGS__), __FILE__, __LINE__)
#define tp_weighed_loss(...) tp_at(tp_weighed_loss(__VA_ARGS__), __FILE__, __LINE__)
#define tp_where(...) tp_at(tp_where(__VA_ARGS__), __FILE__, __LINE__)
#define tp_xlogy(...) tp_at(tp_xlogy(__VA_ARGS__), __FILE__, __LINE__)
#define tp_zeros(...) tp_at(tp_zeros(__VA_ARGS__), __FILE__, __LINE__)
#define tp_zeros_like(...) tp_at(tp_zeros_like(__VA_ARGS__), __FILE__, __LINE__)

#endif
