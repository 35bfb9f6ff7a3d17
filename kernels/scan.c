/* Running results along an axis, one row after another. */
#include "kernels/scan.h"

#include <math.h>

/* One row: where it starts, and the way from one element to the next. */
typedef struct row {
    int64_t n, x_step, b_step, out_step;
    const char *x, *b;
    char *out;
} row;

/* log(e^(of what came before) + e^x), as the largest and the sum of e^(what came before - the largest). */
typedef struct logs {
    double most, sum;
} logs;

static logs add_log(logs l, double x)
{
    if (x == -HUGE_VAL) return l;
    if (x == l.most) return (logs){x, l.sum + 1};
    if (x > l.most || isnan(x)) return (logs){x, l.sum * exp(l.most - x) + 1};
    return (logs){l.most, l.sum + exp(x - l.most)};
}

#define AT(type, base, i) (((type *)(void *)(r->base))[i])
#define READ(type, base, i) ((double)((const type *)(const void *)(r->base))[i])
#define SCAN(name, type)                                                                                               \
    static void name(tp_scan_how how, const row *r)                                                                    \
    {                                                                                                                  \
        double sum = 0, product = 1;                                                                                   \
        logs l = {-HUGE_VAL, 0};                                                                                       \
        for (int64_t i = 0; i < r->n; i++) {                                                                           \
            const double x = READ(type, x, i * r->x_step);                                                             \
            double y = 0;                                                                                              \
            switch (how) {                                                                                             \
            case TP_SCAN_SUM: y = sum += x; break;                                                                     \
            case TP_SCAN_PRODUCT: y = product *= x; break;                                                             \
            case TP_SCAN_PRODUCT_BEFORE:                                                                               \
                y = product;                                                                                           \
                product *= x;                                                                                          \
                break;                                                                                                 \
            case TP_SCAN_LINEAR_BEFORE:                                                                                \
                y = sum;                                                                                               \
                sum = (sum == 0 ? 0 : x * sum) + READ(type, b, i * r->b_step);                                         \
                break;                                                                                                 \
            case TP_SCAN_LOGSUMEXP:                                                                                    \
                l = add_log(l, x);                                                                                     \
                y = l.most + log(l.sum);                                                                               \
                break;                                                                                                 \
            }                                                                                                          \
            AT(type, out, i * r->out_step) = (type)y;                                                                  \
        }                                                                                                              \
    }
SCAN(scan_f32, float)
SCAN(scan_f64, double)

void tp_scan_run(const tp_scan *s)
{
    const int64_t size = (int64_t)tp_dtype_size(s->dtype), n = s->dims[s->axis], last = s->reverse ? n - 1 : 0;
    const int64_t sign = s->reverse ? -1 : 1;
    int64_t index[TP_MAX_RANK] = {0}, rows = n > 0;
    row r = {.n = n, .x_step = sign * s->x_strides[s->axis], .out_step = sign * s->out_strides[s->axis]};
    if (s->b) r.b_step = sign * s->b_strides[s->axis];
    for (int i = 0; i < s->rank; i++)
        if (i != s->axis) rows *= s->dims[i];
    for (int64_t k = 0; k < rows; k++) {
        int64_t x = last * s->x_strides[s->axis], b = s->b ? last * s->b_strides[s->axis] : 0;
        int64_t out = last * s->out_strides[s->axis];
        for (int i = 0; i < s->rank; i++) {
            if (i == s->axis) continue;
            x += index[i] * s->x_strides[i];
            b += s->b ? index[i] * s->b_strides[i] : 0;
            out += index[i] * s->out_strides[i];
        }
        r.x = (const char *)s->x + x * size;
        r.b = s->b ? (const char *)s->b + b * size : NULL;
        r.out = (char *)s->out + out * size;
        (s->dtype == TP_F32 ? scan_f32 : scan_f64)(s->how, &r);
        for (int i = s->rank - 1; i >= 0; i--) {
            if (i == s->axis) continue;
            if (++index[i] < s->dims[i]) break;
            index[i] = 0;
        }
    }
}
