/* Update rules for one element type: optim/NAME.c says what the numbers are. w, g and the states do not overlap. The
   arithmetic and its order are PyTorch's; d is the gradient with weight decay. */

#define POINTERS(u)                                                                                                    \
    T *restrict const w = (u)->w;                                                                                      \
    const T *restrict const g = (u)->g;                                                                                \
    const T l2 = (T)(u)->decay, rate = (T)(u)->rate

/* v = momentum v + (1 - dampening) d;  w -= rate v, or by Nesterov's rule rate (d + momentum v); without v: rate d */
static void N(sgd)(const tp_update *u)
{
    POINTERS(u);
    T *restrict const v = u->state[0];
    if (!v) {
        SIMD
        for (int64_t i = 0; i < u->n; i++) w[i] -= rate * (g[i] + l2 * w[i]);
        return;
    }
    const T mu = (T)u->momentum, take = (T)(1 - u->dampening), ahead = u->flag ? mu : 1, now = u->flag ? 1 : 0;
    SIMD
    for (int64_t i = 0; i < u->n; i++) {
        const T d = g[i] + l2 * w[i];
        v[i] = mu * v[i] + take * d;
        w[i] -= rate * (now * d + ahead * v[i]);
    }
}

/* m and v: running means of d and d^2; top, or NULL: the largest v so far, in v's place. correction1 and 2: of their
   bias. rate is over correction1 already. */
static void N(adam)(const tp_update *u)
{
    POINTERS(u);
    T *restrict const m = u->state[0];
    T *restrict const v = u->state[1];
    T *restrict const top = u->state[2];
    const T b1 = (T)u->beta1, b2 = (T)u->beta2, a1 = (T)(1 - u->beta1), a2 = (T)(1 - u->beta2);
    const T root = (T)(1 / sqrt(u->correction2)), epsilon = (T)u->epsilon, shrink = (T)u->shrink;
    if (top) {
        SIMD
        for (int64_t i = 0; i < u->n; i++) {
            const T d = g[i] + l2 * w[i];
            m[i] = b1 * m[i] + a1 * d;
            v[i] = b2 * v[i] + a2 * d * d;
            top[i] = top[i] >= v[i] ? top[i] : v[i];
            w[i] = shrink * w[i] - rate * m[i] / (M(sqrt)(top[i]) * root + epsilon);
        }
        return;
    }
    SIMD
    for (int64_t i = 0; i < u->n; i++) {
        const T d = g[i] + l2 * w[i];
        m[i] = b1 * m[i] + a1 * d;
        v[i] = b2 * v[i] + a2 * d * d;
        w[i] = shrink * w[i] - rate * m[i] / (M(sqrt)(v[i]) * root + epsilon);
    }
}

/* sum += d^2;  w -= rate d / (sqrt(sum) + epsilon) */
static void N(adagrad)(const tp_update *u)
{
    POINTERS(u);
    T *restrict const sum = u->state[0];
    const T epsilon = (T)u->epsilon;
    SIMD
    for (int64_t i = 0; i < u->n; i++) {
        const T d = g[i] + l2 * w[i];
        sum[i] += d * d;
        w[i] -= rate * d / (M(sqrt)(sum[i]) + epsilon);
    }
}

/* s = beta2 s + (1 - beta2) d^2, and so a of d where there is one;  e = d / (sqrt(s - a^2) + epsilon);
   w -= rate e, or through the momentum b = momentum b + e */
static void N(rmsprop)(const tp_update *u)
{
    POINTERS(u);
    T *restrict const s = u->state[0];
    T *restrict const a = u->state[1];
    T *restrict const b = u->state[2];
    const T b2 = (T)u->beta2, a2 = (T)(1 - u->beta2), epsilon = (T)u->epsilon, mu = (T)u->momentum;
    const bool centred = a != NULL, moved = b != NULL;
    SIMD
    for (int64_t i = 0; i < u->n; i++) {
        const T d = g[i] + l2 * w[i];
        s[i] = b2 * s[i] + a2 * d * d;
        T mean = s[i];
        if (centred) {
            a[i] = b2 * a[i] + a2 * d;
            mean -= a[i] * a[i];
        }
        if (moved) {
            b[i] = mu * b[i] + d / (M(sqrt)(mean) + epsilon);
            w[i] -= rate * b[i];
        } else {
            w[i] -= rate * d / (M(sqrt)(mean) + epsilon);
        }
    }
}

/* s = rho s + (1 - rho) d^2;  c = d sqrt(a + epsilon) / sqrt(s + epsilon);  a = rho a + (1 - rho) c^2;  w -= rate c */
static void N(adadelta)(const tp_update *u)
{
    POINTERS(u);
    T *restrict const s = u->state[0];
    T *restrict const a = u->state[1];
    const T rho = (T)u->beta2, take = (T)(1 - u->beta2), epsilon = (T)u->epsilon;
    SIMD
    for (int64_t i = 0; i < u->n; i++) {
        const T d = g[i] + l2 * w[i];
        s[i] = rho * s[i] + take * d * d;
        const T c = M(sqrt)(a[i] + epsilon) / M(sqrt)(s[i] + epsilon) * d;
        a[i] = rho * a[i] + take * c * c;
        w[i] -= rate * c;
    }
}

/* As adam, with a step along d by rate and one along m by rate2 */
static void N(nadam)(const tp_update *u)
{
    POINTERS(u);
    T *restrict const m = u->state[0];
    T *restrict const v = u->state[1];
    const T b1 = (T)u->beta1, b2 = (T)u->beta2, a1 = (T)(1 - u->beta1), a2 = (T)(1 - u->beta2);
    const T bias = (T)u->correction2, epsilon = (T)u->epsilon, along = (T)u->rate2;
    SIMD
    for (int64_t i = 0; i < u->n; i++) {
        const T d = g[i] + l2 * w[i];
        m[i] = b1 * m[i] + a1 * d;
        v[i] = b2 * v[i] + a2 * d * d;
        const T over = M(sqrt)(v[i] / bias) + epsilon;
        w[i] = w[i] - rate * d / over - along * m[i] / over;
    }
}

/* As adam while `flag`, with the rectification in `rate`; else w -= rate m */
static void N(radam)(const tp_update *u)
{
    POINTERS(u);
    T *restrict const m = u->state[0];
    T *restrict const v = u->state[1];
    const T b1 = (T)u->beta1, b2 = (T)u->beta2, a1 = (T)(1 - u->beta1), a2 = (T)(1 - u->beta2);
    const T epsilon = (T)u->epsilon;
    const bool rectified = u->flag;
    SIMD
    for (int64_t i = 0; i < u->n; i++) {
        const T d = g[i] + l2 * w[i];
        m[i] = b1 * m[i] + a1 * d;
        v[i] = b2 * v[i] + a2 * d * d;
        const T over = rectified ? M(sqrt)(v[i]) + epsilon : 1;
        w[i] -= rate * m[i] / over;
    }
}

/* 1, -1, 0; NaN for NaN */
INLINE T N(sign)(T x)
{
    return x > 0 ? 1 : x < 0 ? -1 : x == 0 ? 0 : x;
}

/* w = shrink w - rate sign(beta1 m + (1 - beta1) g);  m = beta2 m + (1 - beta2) g */
static void N(lion)(const tp_update *u)
{
    POINTERS(u);
    T *restrict const m = u->state[0];
    const T b1 = (T)u->beta1, b2 = (T)u->beta2, a1 = (T)(1 - u->beta1), a2 = (T)(1 - u->beta2);
    const T shrink = (T)u->shrink;
    SIMD
    for (int64_t i = 0; i < u->n; i++) {
        const T d = g[i] + l2 * w[i];
        w[i] = shrink * w[i] - rate * N(sign)(b1 * m[i] + a1 * d);
        m[i] = b2 * m[i] + a2 * d;
    }
}

/* size: times beta2 where d and the one before have the same sign, times beta1 where not, within low..high; there d
   counts as 0.  w -= size sign(d) */
static void N(rprop)(const tp_update *u)
{
    T *restrict const w = u->w;
    const T *restrict const g = u->g;
    T *restrict const before = u->state[0];
    T *restrict const size = u->state[1];
    const T less = (T)u->beta1, more = (T)u->beta2, low = (T)u->low, high = (T)u->high;
    SIMD
    for (int64_t i = 0; i < u->n; i++) {
        const T turn = g[i] * before[i], factor = turn > 0 ? more : turn < 0 ? less : 1, s = size[i] * factor;
        size[i] = s < low ? low : s > high ? high : s;
        const T d = turn < 0 ? 0 : g[i];
        w[i] -= size[i] * N(sign)(d);
        before[i] = d;
    }
}

/* w += rate (g - w), which for 1 is g */
static void N(mix)(const tp_update *u)
{
    T *restrict const w = u->w;
    const T *restrict const g = u->g;
    const T rate = (T)u->rate;
    if (rate == 1) {
        memcpy(w, g, (size_t)u->n * sizeof *w);
        return;
    }
    SIMD
    for (int64_t i = 0; i < u->n; i++) w[i] += rate * (g[i] - w[i]);
}

/* w into low .. high; NaN stays */
static void N(clip)(const tp_update *u)
{
    T *restrict const w = u->w;
    const T low = (T)u->low, high = (T)u->high;
    SIMD
    for (int64_t i = 0; i < u->n; i++) w[i] = w[i] < low ? low : w[i] > high ? high : w[i];
}

#undef POINTERS

extern tp_update_loop *const TABLE(tp_updates)[TP_UPDATE_COUNT];
tp_update_loop *const TABLE(tp_updates)[TP_UPDATE_COUNT] = {
#define UPDATE(name) [TP_UPDATE_##name] = N(name),
#include "kernels/update.def"
#undef UPDATE
};
