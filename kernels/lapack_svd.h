/* Singular values by one-sided Jacobi rotations of the triangle of a QR factorisation (Drmac and Veselic, New fast and
   accurate Jacobi SVD algorithm, 2008): with a = q r and an orthogonal j that makes the rows of w = j^T r orthogonal,
   a = (q j) diag(s) (w / s). Rows are rotated, which adjoin. The eigenvectors of r r^T come first: as the square of a
   they know s to half of the digits only, but they leave little to rotate. See level.h. */

/* One pair of rows of w (k elements) and of far (p elements) made orthogonal; false when nothing was done. The longer
   one goes first; since others of the sweep are then not compared with the one that it was, that is something done. */
static bool N(orthogonal)(int64_t k, int64_t p, T *x, T *y, T *far_x, T *far_y, double *square_x, double *square_y,
                          double tolerance)
{
    const double product = (double)N(dot)(k, x, y);
    bool turned = fabs(product) > tolerance * sqrt(*square_x) * sqrt(*square_y);
    double t = 0;
    if (turned) {
        const double zeta = (*square_y - *square_x) / (2 * product);
        t = copysign(1, zeta) / (fabs(zeta) + sqrt(1 + zeta * zeta));
        const double c = 1 / sqrt(1 + t * t);
        N(rotate_rows)(k, (T)c, (T)(c * t), x, y);
        N(rotate_rows)(p, (T)c, (T)(c * t), far_x, far_y);
        *square_x -= t * product;
        *square_y += t * product;
        if (*square_x < 0) *square_x = 0;
        if (*square_y < 0) *square_y = 0;
    }
    if (*square_x < *square_y) {
        const double kept = *square_x;
        *square_x = *square_y;
        *square_y = kept;
        N(swap_rows)(k, x, y);
        N(swap_rows)(p, far_x, far_y);
        turned = true;
    }
    return turned;
}

/* Squared lengths of the rows. Rows that are nothing beside the longest become 0: what is left of a row that was a
   multiple of another is rounding, and would be turned to rounding of the rounding again and again. */
static void N(measure)(int64_t k, T *w, double *square)
{
    const double nothing = (double)(EPSILON / 4) * (double)(EPSILON / 4);
    double most = 0;
    for (int64_t i = 0; i < k; i++) {
        square[i] = (double)N(dot)(k, w + i * k, w + i * k);
        if (square[i] > most) most = square[i];
    }
    for (int64_t i = 0; i < k; i++) {
        if (square[i] > nothing * most) continue;
        memset(w + i * k, 0, (size_t)k * sizeof(T));
        square[i] = 0;
    }
}

/* Makes the k rows of w orthogonal; square[] gets their squared lengths. */
static bool N(jacobi)(int64_t k, int64_t p, T *w, T *far, double *square)
{
    enum { SWEEPS = 40, PATIENCE = 12 };
    double tolerance = (double)EPSILON * (8 + sqrt((double)k)); /* what rounding does to the product of two rows */
    bool turned = k > 0;
    for (int sweep = 0; turned; sweep++) {
        if (sweep == SWEEPS) return false;
        if (sweep > PATIENCE) tolerance *= 2;
        turned = false;
        N(measure)(k, w, square);
        for (int64_t i = 0; i < k; i++)
            for (int64_t j = i + 1; j < k; j++)
                if (N(orthogonal)(k, p, w + i * k, w + j * k, far + i * p, far + j * p, square + i, square + j,
                                  tolerance))
                    turned = true;
    }
    N(measure)(k, w, square);
    return true;
}

/* Row i of w, whose length is 0, becomes a unit vector orthogonal to all rows that are unit vectors already: some axis
   has a part of at least 1/k beside them. */
static void N(complete)(int64_t k, int64_t i, const bool *unit, T *w)
{
    T *const row = w + i * k;
    for (int64_t axis = 0; axis < k; axis++) {
        memset(row, 0, (size_t)k * sizeof(T));
        row[axis] = 1;
        for (int pass = 0; pass < 2; pass++)
            for (int64_t j = 0; j < k; j++)
                if (unit[j]) N(add_row)(k, -N(dot)(k, w + j * k, row), w + j * k, row);
        const T square = N(dot)(k, row, row);
        if (square * (T)(2 * k) < 1 && axis + 1 < k) continue;
        N(scale_all)(k, 1 / M(sqrt)(square), row);
        return;
    }
}

/* Lengths of the rows of w into square[], the rows made unit vectors. */
static void N(unit_rows)(int64_t k, T *w, double *square, bool *unit)
{
    for (int64_t i = 0; i < k; i++) {
        unit[i] = square[i] > 0;
        square[i] = sqrt(square[i]);
        if (unit[i]) N(scale_all)(k, (T)(1 / square[i]), w + i * k);
    }
    for (int64_t i = 0; i < k; i++) {
        if (unit[i]) continue;
        N(complete)(k, i, unit, w);
        unit[i] = true;
    }
}

/* Where the parts of one call lie. */
typedef struct N(svd_parts) {
    double *square;
    int64_t *order;
    bool *unit;
    T *w, *far, *spare[2]; /* (k x k) and (k x p); (p x k) each */
    tp_lapack inner;
} N(svd_parts);

static N(svd_parts) N(lay_out)(const tp_lapack *l, int64_t k, int64_t p)
{
    N(svd_parts) x = {.square = l->work, .inner = *l};
    x.order = (int64_t *)(void *)(x.square + k);
    x.unit = (bool *)(void *)(x.order + k);
    x.far = (T *)(void *)(x.square + 3 * k);
    x.spare[0] = x.far + p * k;
    x.spare[1] = x.spare[0] + p * k;
    x.w = x.spare[1] + p * k;
    const int64_t used = (x.w + k * k) - (T *)l->work;
    x.inner.work = (T *)l->work + (used + 15) / 16 * 16; /* it holds doubles */
    return x;
}

/* Turns the rows of w and far by the eigenvectors of w w^T, the largest first; `free` has room for far,
   `values` for k. */
static void N(turn_near)(N(svd_parts) * x, int64_t k, int64_t p, T *free, T *values)
{
    T *const gram = x->spare[0], *const v = x->spare[1];
    N(multiply)(&x->inner, k, k, k, x->w, k, 1, x->w, 1, k, gram, k, false);
    if (N(eigh)(&x->inner, k, gram, values, v) != 0) return;
    const T *const last = v + k - 1;
    N(multiply)(&x->inner, k, k, k, last, -1, k, x->w, k, 1, gram, k, false);
    N(multiply)(&x->inner, k, p, k, last, -1, k, x->far, p, 1, free, p, false);
    x->w = gram;
    x->far = free;
}

static int N(svd)(const tp_lapack *l, int64_t m, int64_t n, void *a_, void *u_, void *s_, void *vt_)
{
    T *a = a_, *const u = u_, *const s = s_, *const vt = vt_;
    const int64_t k = smaller(m, n), p = m + n - k;
    const T scale = N(largest)(m * n, a);
    if (k == 0) return 0;
    if (!isfinite(scale)) return TP_LAPACK_NOT_FINITE;
    N(svd_parts) x = N(lay_out)(l, k, p);
    if (scale > 0)
        for (int64_t i = 0; i < m * n; i++) a[i] /= scale;
    if (m < n) N(turn)(m, n, a, n, x.spare[1]), a = x.spare[1];
    N(qr)(&x.inner, p, k, a, x.spare[0], x.w);
    N(turn)(p, k, x.spare[0], k, x.far);
    if (k > 2) N(turn_near)(&x, k, p, a_, s);
    if (!N(jacobi)(k, p, x.w, x.far, x.square)) return TP_LAPACK_NOT_CONVERGED;
    N(unit_rows)(k, x.w, x.square, x.unit);
    N(sorted)(k, x.square, true, x.order);
    for (int64_t j = 0; j < k; j++) { /* columns of u come from `left`, rows of vt from `right` */
        const T *const near = x.w + x.order[j] * k, *const far = x.far + x.order[j] * p;
        const T *const left = m < n ? near : far, *const right = m < n ? far : near;
        const T sign = N(sign_of)(m, left, 1);
        s[j] = (T)(x.square[x.order[j]] * (double)scale);
        for (int64_t i = 0; i < m; i++) u[i * k + j] = sign * left[i];
        for (int64_t i = 0; i < n; i++) vt[j * n + i] = sign * right[i];
    }
    return 0;
}
