/* What the tests of the engine share. */
#define _POSIX_C_SOURCE 200809L
#include "tests/helpers.h"

#include <stdio.h>
#include <time.h>

#include <tapir/random.h>

static void *count_allocate(void *user, size_t size, size_t alignment)
{
    counter *c = user;
    c->calls++;
    ck_assert_uint_gt(size, 0);
    if (c->calls == c->fail_at || (c->limit && (size > c->limit || c->bytes > c->limit - size))) {
        c->failed++;
        return NULL;
    }
    void *block = aligned_alloc(alignment < 16 ? 16 : alignment, (size + 63) / 64 * 64);
    ck_assert_ptr_nonnull(block);
    memset(block, 0xa5, size);
    c->bytes += size;
    c->blocks++;
    return block;
}

static void count_free(void *user, void *memory, size_t size)
{
    counter *c = user;
    ck_assert_ptr_nonnull(memory);
    ck_assert_uint_le(size, c->bytes);
    ck_assert_uint_gt(c->blocks, 0);
    c->bytes -= size;
    c->blocks--;
    free(memory);
}

tp_allocator counted(counter *c)
{
    return (tp_allocator){count_allocate, count_free, c};
}

tp_tape *counted_tape(counter *c)
{
    const tp_allocator memory = counted(c);
    return tp_tape_new(&(tp_tape_options){.memory = &memory});
}

long resident_pages(void)
{
    long total = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file) return -1;
    const int read = fscanf(file, "%ld %ld", &total, &resident);
    fclose(file);
    return read == 2 ? resident : -1;
}

double processor_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void put(tp_dtype dtype, void *data, int64_t i, double value)
{
    switch (dtype) {
    case TP_F32: ((float *)data)[i] = (float)value; break;
    case TP_F64: ((double *)data)[i] = value; break;
    case TP_I32: ((int32_t *)data)[i] = (int32_t)value; break;
    case TP_I64: ((int64_t *)data)[i] = (int64_t)value; break;
    case TP_U8: ((uint8_t *)data)[i] = (uint8_t)value; break;
    }
}

tp_tensor *tensor_on(const tp_allocator *memory, tp_dtype dtype, int rank, const int64_t *dims, const double *values)
{
    tp_tensor *tensor = tp_tensor_make(memory, dtype, rank, dims, NULL, NULL);
    if (!tensor || !values) return tensor;
    void *data = tp_tensor_data(tensor);
    for (int64_t i = 0; i < tp_tensor_count(tensor); i++) put(dtype, data, i, values[i]);
    return tensor;
}

tp_tensor *tensor_of(tp_dtype dtype, int rank, const int64_t *dims, const double *values)
{
    tp_tensor *tensor = tensor_on(NULL, dtype, rank, dims, values);
    ck_assert_ptr_nonnull(tensor);
    return tensor;
}

tp_tensor *tensor_with(tp_dtype dtype, int rank, const int64_t *dims, size_t n, const double *values)
{
    int64_t count = 1;
    for (int i = 0; i < rank; i++) count *= dims[i];
    ck_assert_uint_eq(n, (size_t)count);
    return tensor_of(dtype, rank, dims, values);
}

tp_tensor *random_tensor(tp_dtype dtype, int rank, const int64_t *dims, uint64_t seed, double low, double high)
{
    tp_tensor *tensor = tensor_of(dtype, rank, dims, NULL);
    tp_rng rng = tp_rng_seed(seed);
    void *data = tp_tensor_data(tensor);
    for (int64_t i = 0; i < tp_tensor_count(tensor); i++)
        put(dtype, data, i, low + (high - low) * tp_rng_uniform(&rng));
    return tensor;
}

tp_var leaf_of(tp_tape *tape, tp_tensor *tensor)
{
    const tp_var x = tp_leaf(tape, tensor);
    tp_tensor_release(tensor);
    return x;
}

tp_var data_of(tp_tape *tape, tp_tensor *tensor)
{
    const tp_var x = tp_data(tape, tensor);
    tp_tensor_release(tensor);
    return x;
}

void descend(tp_tensor *tensor, double rate)
{
    const tp_tensor *grad = tp_tensor_grad(tensor);
    if (!grad) return;
    void *data = tp_tensor_data(tensor);
    const tp_dtype dtype = tp_tensor_dtype(tensor);
    for (int64_t i = 0; i < tp_tensor_count(tensor); i++)
        put(dtype, data, i, tp_tensor_item(tensor, i) - rate * tp_tensor_item(grad, i));
    tp_tensor_clear_grad(tensor);
}

void expect_error(tp_tape *tape, tp_status status, const char *text)
{
    ck_assert_msg(tp_tape_status(tape) == status, "the status is %s (%s), not %s (%s)",
                  tp_status_name(tp_tape_status(tape)), tp_tape_error(tape), tp_status_name(status), text);
    ck_assert_msg(strstr(tp_tape_error(tape), text) != NULL, "\"%s\" does not hold \"%s\"", tp_tape_error(tape), text);
    tp_tape_clear_error(tape);
    EXPECT_OK(tape);
}

void expect_numbers(const tp_tensor *tensor, int64_t n, const double *wanted, double tolerance)
{
    ck_assert_ptr_nonnull(tensor);
    ck_assert_int_eq(tp_tensor_count(tensor), n);
    for (int64_t i = 0; i < n; i++) {
        const double got = tp_tensor_item(tensor, i);
        ck_assert_msg(fabs(got - wanted[i]) <= tolerance || (isnan(got) && isnan(wanted[i])) || got == wanted[i],
                      "element %lld is %.12g, not %.12g", (long long)i, got, wanted[i]);
    }
}

void expect_same(const tp_tensor *a, const tp_tensor *b, double tolerance)
{
    ck_assert_ptr_nonnull(a);
    ck_assert_ptr_nonnull(b);
    ck_assert_int_eq(tp_tensor_dtype(a), tp_tensor_dtype(b));
    ck_assert_int_eq(tp_tensor_rank(a), tp_tensor_rank(b));
    for (int i = 0; i < tp_tensor_rank(a); i++) ck_assert_int_eq(tp_tensor_dim(a, i), tp_tensor_dim(b, i));
    for (int64_t i = 0; i < tp_tensor_count(a); i++) {
        const double x = tp_tensor_item(a, i), y = tp_tensor_item(b, i);
        ck_assert_msg(fabs(x - y) <= tolerance || x == y, "element %lld: %.17g and %.17g", (long long)i, x, y);
    }
}

void expect_gradients(tp_var y, const tp_var *x, int n)
{
    tp_error error = {0};
    EXPECT_OK(y.tape);
    ck_assert_msg(tp_gradcheck(y, x, n, NULL, &error) == TP_OK, "%s", error.message);
    ck_assert_msg(tp_gradgradcheck(y, x, n, NULL, &error) == TP_OK, "%s", error.message);
}
