/* Singular values by one-sided Jacobi rotations of the triangle of a QR factorisation (Drmac and Veselic, New fast and
   accurate Jacobi SVD algorithm, 2008): with a = q r and an orthogonal j that makes the rows of w = j^T r orthogonal,
   a = (q j) diag(s) (w / s). Rows are rotated, which adjoin. See level.h. */

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
        t = copysign(1, zeta) / (fabs(zeta) + hypot(1, zeta));
        const double c = 1 / sqrt(1 + t * t);
        N(rotate_rows)(k, (T)c, (T)(c * t), x, y);
        N(rotate_rows)(p, (T)c, (T)(c * t), far_x, far_y);
        *square_x -= t * product;
        *square_y += t * product;
        if (*square_x < 0) *square_x = 0;
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

/* Makes the k rows of w orthogonal; square[] gets their squared lengths. */
static bool N(jacobi)(int64_t k, int64_t p, T *w, T *far, double *square)
{
    enum { SWEEPS = 40 };
    const double tolerance = (double)EPSILON * sqrt((double)k);
    bool turned = k > 0;
    for (int sweep = 0; turned; sweep++) {
        if (sweep == SWEEPS) return false;
        turned = false;
        for (int64_t i = 0; i < k; i++) square[i] = (double)N(dot)(k, w + i * k, w + i * k);
        for (int64_t i = 0; i < k; i++)
            for (int64_t j = i + 1; j < k; j++)
                if (N(orthogonal)(k, p, w + i * k, w + j * k, far + i * p, far + j * p, square + i, square + j,
                                  tolerance))
                    turned = true;
    }
    for (int64_t i = 0; i < k; i++) square[i] = (double)N(dot)(k, w + i * k, w + i * k);
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
    const double nothing = (double)(EPSILON * EPSILON * EPSILON * EPSILON);
    for (int64_t i = 0; i < k; i++) {
        unit[i] = square[i] > nothing;
        square[i] = unit[i] ? sqrt(square[i]) : 0;
        if (unit[i]) N(scale_all)(k, (T)(1 / square[i]), w + i * k);
    }
    for (int64_t i = 0; i < k; i++) {
        if (unit[i]) continue;
        N(complete)(k, i, unit, w);
        unit[i] = true;
    }
}

static int N(svd)(const tp_lapack *l, int64_t m, int64_t n, void *a_, void *u_, void *s_, void *vt_)
{
    T *a = a_, *const u = u_, *const s = s_, *const vt = vt_;
    const int64_t k = least(m, n), p = m + n - k;
    const T scale = N(largest)(m * n, a);
    if (k == 0) return 0;
    if (!isfinite(scale)) return TP_LAPACK_NOT_FINITE;
    double *const square = l->work;
    int64_t *const order = (int64_t *)(void *)(square + k);
    bool *const unit = (bool *)(void *)(order + k);
    T *const far = (T *)(void *)(square + 3 * k), *const q = far + p * k, *const turned = q + p * k;
    T *const w = turned + p * k;
    if (scale > 0)
        for (int64_t i = 0; i < m * n; i++) a[i] /= scale;
    if (m < n) N(turn)(m, n, a, n, turned), a = turned;
    tp_lapack inner = *l;
    inner.work = w + k * k;
    N(qr)(&inner, p, k, a, q, w);
    N(turn)(p, k, q, k, far);
    if (!N(jacobi)(k, p, w, far, square)) return TP_LAPACK_NOT_CONVERGED;
    N(unit_rows)(k, w, square, unit);
    N(sorted)(k, square, true, order);
    for (int64_t j = 0; j < k; j++) { /* columns of u come from `left`, rows of vt from `right` */
        const T *const left = m < n ? w + order[j] * k : far + order[j] * p;
        const T *const right = m < n ? far + order[j] * p : w + order[j] * k;
        const T sign = N(sign_of)(m, left, 1);
        s[j] = (T)(square[order[j]] * (double)scale);
        for (int64_t i = 0; i < m; i++) u[i * k + j] = sign * left[i];
        for (int64_t i = 0; i < n; i++) vt[j * n + i] = sign * right[i];
    }
    return 0;
}
