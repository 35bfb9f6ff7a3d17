/* The seam behind the products.

   A tape holds a table of kernels, which is chosen for the processor when the tape is made; ops, layers and gradients
   hand it sizes, strides and pointers, and never ask what is behind. All matrix products, and the convolutions that are
   made of them, end in two functions of it, for float and for double: kernels/gemm.h. Behind these are loops of the
   library's own, oneDNN or a BLAS. (tools/layers.sh sees to it that nothing else calls them, and that no library of the
   processor is met above them.) That is where another device, a big GPU, comes into the library: by a table of its own
   and tensors in its memory, while nothing above changes.

   A program that has a device need not wait for that: it writes an op. Below, `device_product` hands each product to a
   function that could as well start it on a GPU. Its gradients are products by the same op, so that they run there too;
   second derivatives, finite differences and the rest of the program go on as before. */
#include "lib_course.h"

/* ---- an op that calls a device ---- */

/* c (m, n) = a (m, k) b (k, n), row by row. Here the device is a plain loop, which counts its multiplications. */
static void device_gemm(int64_t m, int64_t n, int64_t k, const double *a, const double *b, double *c, double *count)
{
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            double sum = 0;
            for (int64_t p = 0; p < k; p++) sum += a[i * k + p] * b[p * n + j];
            c[i * n + j] = sum;
        }
    *count += (double)(m * n * k);
}

static tp_status product_shape(tp_ctx *ctx)
{
    const tp_tensor *a = tp_ctx_input(ctx, 0), *b = tp_ctx_input(ctx, 1);
    const int64_t *s = tp_tensor_dims(a), *t = tp_tensor_dims(b);
    if (tp_tensor_dtype(a) != TP_F64 || tp_tensor_dtype(b) != TP_F64)
        return tp_ctx_fail(ctx, TP_E_DTYPE, "a and b must be f64");
    if (tp_tensor_rank(a) != 3 || tp_tensor_rank(b) != 3 || s[0] != t[0] || s[2] != t[1])
        return tp_ctx_fail(ctx, TP_E_SHAPE, "a must be (N,m,k) and b (N,k,n)");
    return tp_ctx_result(ctx, 0, TP_F64, TP_DIMS(s[0], s[1], t[2]));
}

static tp_status product_forward(tp_ctx *ctx)
{
    double *const *count = tp_ctx_attributes(ctx), *c = tp_tensor_data(tp_ctx_output(ctx, 0));
    const tp_tensor *a = tp_ctx_dense(ctx, 0), *b = tp_ctx_dense(ctx, 1);
    if (!a || !b || !c) return tp_ctx_fail(ctx, TP_E_MEMORY, "out of memory");
    const int64_t *s = tp_tensor_dims(a), m = s[1], k = s[2], n = tp_tensor_dims(b)[2];
    const double *x = tp_tensor_read(a), *y = tp_tensor_read(b);
    for (int64_t i = 0; i < s[0]; i++) device_gemm(m, n, k, x + i * m * k, y + i * k * n, c + i * m * n, *count);
    return TP_OK;
}

static tp_var device_product(tp_var a, tp_var b, double *count);

static tp_status product_backward(tp_ctx *ctx, tp_var g)
{
    double *const *count = tp_ctx_attributes(ctx);
    const tp_var a = tp_ctx_input_var(ctx, 0), b = tp_ctx_input_var(ctx, 1);
    const tp_status status = tp_give(ctx, 0, device_product(g, tp_transpose(b, 1, 2), *count));
    return status != TP_OK ? status : tp_give(ctx, 1, device_product(tp_transpose(a, 1, 2), g, *count));
}

static const tp_op product_op = {TP_OP_HEAD,
                                 .name = "device_product",
                                 .arity = 2,
                                 .attributes = sizeof(double *),
                                 .shape = product_shape,
                                 .forward = product_forward,
                                 .backward = product_backward};

static tp_var device_product(tp_var a, tp_var b, double *count)
{
    return tp_apply(&product_op, (const tp_var[]){a, b}, 2, &count);
}

/* ---- what comes out ---- */

int main(void)
{
    double count = 0;
    tp_error error = {TP_OK, ""};
    tp_rng rng = tp_rng_seed(1);
    tp_var grads[2], own[2];
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var a = course_normal(tape, TP_DIMS(5, 3, 4), 1, &rng), b = course_normal(tape, TP_DIMS(5, 4, 2), 1, &rng),
                 g = course_normal(tape, TP_DIMS(5, 3, 2), 1, &rng);
    puts("five products of 3 x 4 by 4 x 2");
    const tp_var c = tp_matmul(a, b), d = device_product(a, b, &count);
    printf("  %-26s %12.0f\n", "multiplications forward", count);
    tp_vjp(c, g, (const tp_var[]){a, b}, 2, grads, 0);
    count = 0;
    tp_vjp(d, g, (const tp_var[]){a, b}, 2, own, 0);
    printf("  %-26s %12.0f\n", "multiplications backward", count);
    printf("  %-26s %12.1e\n", "C - the library's", course_difference(c, d));
    printf("  %-26s %12.1e\n", "dA - the library's", course_difference(grads[0], own[0]));
    printf("  %-26s %12.1e\n", "dB - the library's", course_difference(grads[1], own[1]));
    const bool good = course_drawn(tp_gradcheck(d, (const tp_var[]){a, b}, 2, NULL, &error), &error);
    const bool twice = course_drawn(tp_gradgradcheck(d, (const tp_var[]){a, b}, 2, NULL, &error), &error);
    printf("  finite differences agree: %s\n", good ? "yes" : "no");
    printf("  second derivatives too: %s\n", twice ? "yes" : "no");
    return course_end(tape, good && twice);
}
