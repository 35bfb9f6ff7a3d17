/* Steps of recurrent networks for one element type T: rows of n units, every array dense and none over another. */

INLINE T N(gate)(T x)
{
    return 1 / (1 + M(exp)(-x));
}

/* ---- h = tanh(a), h = relu(a) ---- */

static void N(tanh_step)(int64_t n, const tp_cell_step *row)
{
    T *restrict const a = row->gates, *restrict const y = row->y;
    SIMD
    for (int64_t i = 0; i < n; i++) y[i] = M(tanh)(a[i]);
    memcpy(row->h, y, (size_t)n * sizeof *y);
}

static void N(relu_step)(int64_t n, const tp_cell_step *row)
{
    T *restrict const a = row->gates, *restrict const y = row->y;
    SIMD
    for (int64_t i = 0; i < n; i++) y[i] = a[i] <= 0 ? 0 : a[i]; /* a NaN stays one */
    memcpy(row->h, y, (size_t)n * sizeof *y);
}

/* dh behind the step, with what came by y. */
INLINE void N(gather)(int64_t n, const tp_cell_slope *row)
{
    T *restrict const dh = row->dh;
    const T *restrict const g = row->g;
    if (!g) return;
    SIMD
    for (int64_t i = 0; i < n; i++) dh[i] += g[i];
}

static void N(tanh_slope)(int64_t n, const tp_cell_slope *row)
{
    const T *restrict const y = row->y;
    T *restrict const dh = row->dh, *restrict const da = row->dgates;
    N(gather)(n, row);
    SIMD
    for (int64_t i = 0; i < n; i++) {
        da[i] = dh[i] * (1 - y[i] * y[i]);
        dh[i] = 0;
    }
}

static void N(relu_slope)(int64_t n, const tp_cell_slope *row)
{
    const T *restrict const y = row->y;
    T *restrict const dh = row->dh, *restrict const da = row->dgates;
    N(gather)(n, row);
    SIMD
    for (int64_t i = 0; i < n; i++) {
        da[i] = y[i] > 0 ? dh[i] : 0;
        dh[i] = 0;
    }
}

/* ---- LSTM: c = f c + i g, h = o tanh(c); gates in the order i, f, g, o ---- */

static void N(lstm_step)(int64_t n, const tp_cell_step *row)
{
    T *restrict const i = row->gates, *restrict const f = i + n, *restrict const g = f + n, *restrict const o = g + n;
    T *restrict const h = row->h, *restrict const c = row->c, *restrict const kept = row->kept;
    T *restrict const y = row->y;
    SIMD
    for (int64_t k = 0; k < n; k++) {
        i[k] = N(gate)(i[k]);
        f[k] = N(gate)(f[k]);
        g[k] = M(tanh)(g[k]);
        o[k] = N(gate)(o[k]);
        const T cell = f[k] * c[k] + i[k] * g[k], out = o[k] * M(tanh)(cell);
        c[k] = cell;
        kept[k] = cell;
        h[k] = out;
        y[k] = out;
    }
}

static void N(lstm_slope)(int64_t n, const tp_cell_slope *row)
{
    const T *restrict const i = row->gates, *restrict const f = i + n, *restrict const g = f + n;
    const T *restrict const o = g + n, *restrict const c = row->kept, *restrict const before = row->before;
    T *restrict const dh = row->dh, *restrict const dc = row->dc, *restrict const di = row->dgates;
    T *restrict const df = di + n, *restrict const dg = df + n, *restrict const d_o = dg + n;
    N(gather)(n, row);
    SIMD
    for (int64_t k = 0; k < n; k++) {
        const T t = M(tanh)(c[k]);
        const T d = dc[k] + dh[k] * o[k] * (1 - t * t);
        di[k] = d * g[k] * i[k] * (1 - i[k]);
        df[k] = d * before[k] * f[k] * (1 - f[k]);
        dg[k] = d * i[k] * (1 - g[k] * g[k]);
        d_o[k] = dh[k] * t * o[k] * (1 - o[k]);
        dc[k] = d * f[k];
        dh[k] = 0;
    }
}

static void N(single_step)(int64_t n, const tp_lstm_step_row *row)
{
    const T *restrict const si = row->sums, *restrict const sf = si + n, *restrict const sg = sf + n;
    const T *restrict const so = sg + n, *restrict const before = row->c;
    T *restrict const i = row->kept, *restrict const f = i + n, *restrict const g = f + n, *restrict const o = g + n;
    T *restrict const t = o + n, *restrict const h = row->h, *restrict const c = row->next;
    SIMD
    for (int64_t k = 0; k < n; k++) {
        i[k] = N(gate)(si[k]);
        f[k] = N(gate)(sf[k]);
        g[k] = M(tanh)(sg[k]);
        o[k] = N(gate)(so[k]);
        c[k] = f[k] * before[k] + i[k] * g[k];
        t[k] = M(tanh)(c[k]);
        h[k] = o[k] * t[k];
    }
}

static void N(single_slope)(int64_t n, const tp_lstm_slope_row *row)
{
    const T *restrict const i = row->kept, *restrict const f = i + n, *restrict const g = f + n;
    const T *restrict const o = g + n, *restrict const t = o + n, *restrict const before = row->c;
    const T *restrict const dh = row->dh, *restrict const dnext = row->dnext;
    T *restrict const di = row->dsums, *restrict const df = di + n, *restrict const dg = df + n;
    T *restrict const d_o = dg + n, *restrict const dc = row->dc;
    SIMD
    for (int64_t k = 0; k < n; k++) {
        const T d = dnext[k] + dh[k] * o[k] * (1 - t[k] * t[k]);
        di[k] = d * g[k] * i[k] * (1 - i[k]);
        df[k] = d * before[k] * f[k] * (1 - f[k]);
        dg[k] = d * i[k] * (1 - g[k] * g[k]);
        d_o[k] = dh[k] * t[k] * o[k] * (1 - o[k]);
        dc[k] = d * f[k];
    }
}

extern const tp_lstm_loops TABLE(tp_lstm);
const tp_lstm_loops TABLE(tp_lstm) = {N(single_step), N(single_slope)};

/* ---- GRU: m = tanh(a_n + r s_n), h = (1 - z) m + z h; gates in the order r, z, n; s: the sums by the state ---- */

static void N(gru_step)(int64_t n, const tp_cell_step *row)
{
    T *restrict const r = row->gates, *restrict const z = r + n, *restrict const m = z + n;
    const T *restrict const sr = row->sums, *restrict const sz = sr + n, *restrict const sn = sz + n;
    T *restrict const h = row->h, *restrict const kept = row->kept, *restrict const y = row->y;
    SIMD
    for (int64_t k = 0; k < n; k++) {
        r[k] = N(gate)(r[k] + sr[k]);
        z[k] = N(gate)(z[k] + sz[k]);
        m[k] = M(tanh)(m[k] + r[k] * sn[k]);
        kept[k] = sn[k];
        const T out = m[k] + z[k] * (h[k] - m[k]);
        h[k] = out;
        y[k] = out;
    }
}

static void N(gru_slope)(int64_t n, const tp_cell_slope *row)
{
    const T *restrict const r = row->gates, *restrict const z = r + n, *restrict const m = z + n;
    const T *restrict const sn = row->kept, *restrict const before = row->before;
    T *restrict const dh = row->dh, *restrict const dr = row->dgates, *restrict const dz = dr + n;
    T *restrict const dm = dz + n, *restrict const er = row->dsums, *restrict const ez = er + n;
    T *restrict const em = ez + n;
    N(gather)(n, row);
    SIMD
    for (int64_t k = 0; k < n; k++) {
        const T d = dh[k] * (1 - z[k]) * (1 - m[k] * m[k]);
        const T by_r = d * sn[k] * r[k] * (1 - r[k]), by_z = dh[k] * (before[k] - m[k]) * z[k] * (1 - z[k]);
        dr[k] = by_r;
        dz[k] = by_z;
        dm[k] = d;
        er[k] = by_r;
        ez[k] = by_z;
        em[k] = d * r[k];
        dh[k] *= z[k];
    }
}

extern const tp_cell_loops TABLE(tp_cells)[TP_CELL_COUNT];
const tp_cell_loops TABLE(tp_cells)[TP_CELL_COUNT] = {
    [TP_CELL_TANH] = {N(tanh_step), N(tanh_slope)},
    [TP_CELL_RELU] = {N(relu_step), N(relu_slope)},
    [TP_CELL_LSTM] = {N(lstm_step), N(lstm_slope)},
    [TP_CELL_GRU] = {N(gru_step), N(gru_slope)},
};
