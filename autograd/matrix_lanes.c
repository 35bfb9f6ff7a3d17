/* Rows of a Jacobian of scalars: the walk back with several upstream gradients (lanes) next to each other, slopes
   worked out once a node. */
#include <math.h>
#include <string.h>

#include "autograd/jacobian.h"
#include "autograd/leaf.h"

/* The nodes between the lowest x and the highest y. */
typedef struct span {
    uint32_t first, last;
} span;

static span span_of(const tp_matrix *w)
{
    span s = {TP_NODE_BITS, 0};
    for (int j = 0; j < w->m; j++) s.last = w->y[j].node > s.last ? w->y[j].node : s.last;
    s.first = s.last;
    for (int i = 0; i < w->n; i++) s.first = w->x[i].node < s.first ? w->x[i].node : s.first;
    for (int j = 0; j < w->m; j++) s.first = w->y[j].node < s.first ? w->y[j].node : s.first;
    return s;
}

bool tp_matrix_of_scalars(const tp_matrix *w)
{
    const span s = span_of(w);
    if (w->recorded || w->tape->hooks.count || w->tape->anomaly) return false;
    for (uint32_t i = s.first; i <= s.last; i++) {
        const tp_node *node = &w->tape->nodes[i];
        if (node->a & TP_IS_TENSOR) return false;
        if (node->a & TP_NEEDS && node->op->structure != TP_LEAF && !node->op->scalar_slopes) return false;
    }
    return true;
}

/* The adjoints of the lanes, `lanes` a node, and whether one has arrived. */
typedef struct adjoints {
    const tp_node *nodes;
    span of;
    int lanes;
    double *numbers;
    bool *arrived;
} adjoints;

static void give(const adjoints *a, uint32_t to, const double *g, double slope)
{
    if (to < a->of.first || !(a->nodes[to].a & TP_NEEDS)) return;
    double *sum = &a->numbers[(size_t)(to - a->of.first) * (size_t)a->lanes];
    const bool finite = isfinite(slope);
    a->arrived[to - a->of.first] = true;
    for (int lane = 0; lane < a->lanes; lane++)
        sum[lane] += finite || g[lane] != 0 ? slope * g[lane] : 0; /* nothing arrived: nothing goes on */
}

static void walk(const adjoints *a)
{
    for (uint32_t i = a->of.last + 1; i-- > a->of.first;) {
        const tp_node *node = &a->nodes[i];
        if (!a->arrived[i - a->of.first] || node->op->structure == TP_LEAF) continue;
        const double *g = &a->numbers[(size_t)(i - a->of.first) * (size_t)a->lanes];
        double slopes[TP_ROW_OPERANDS];
        node->op->scalar_slopes(a->nodes, i, slopes);
        give(a, node->a & TP_NODE_BITS, g, slopes[0]);
        if (node->op->arity > 1) give(a, node->b & TP_NODE_BITS, g, slopes[1]);
        if (node->op->arity > 2) give(a, node->extra.third, g, slopes[2]);
    }
}

/* Rows `row` and those behind it, as many as there are lanes. */
static void some_rows(const tp_matrix *w, const adjoints *a, int row)
{
    const size_t lanes = (size_t)a->lanes, places = (size_t)(a->of.last - a->of.first + 1);
    memset(a->numbers, 0, places * lanes * sizeof *a->numbers);
    memset(a->arrived, 0, places * sizeof *a->arrived);
    for (int lane = 0; lane < a->lanes && row + lane < w->m; lane++) {
        const uint32_t place = w->y[row + lane].node - a->of.first;
        if (!(a->nodes[w->y[row + lane].node].a & TP_NEEDS)) continue;
        a->numbers[place * lanes + (size_t)lane] = 1;
        a->arrived[place] = true;
    }
    walk(a);
    for (int lane = 0; lane < a->lanes && row + lane < w->m; lane++)
        for (int i = 0; i < w->n; i++) {
            const uint32_t place = w->x[i].node - a->of.first;
            if (w->x[i].node > a->of.last || !a->arrived[place]) continue;
            const int64_t at = (int64_t)(row + lane) * w->columns + i;
            tp_put(w->dtype, w->numbers->data + at * (int64_t)tp_dtype_size(w->dtype),
                   a->numbers[place * lanes + (size_t)lane]);
        }
}

tp_status tp_matrix_by_lanes(tp_matrix *w, int lanes)
{
    tp_tape *tape = w->tape;
    adjoints a = {.nodes = tape->nodes, .of = span_of(w), .lanes = lanes};
    const tp_status status = tp_check_versions(tape, a.of.last);
    if (status != TP_OK) return status;
    const uint32_t chunk = tape->stack.chunk;
    const size_t used = tape->stack.used, places = (size_t)(a.of.last - a.of.first + 1);
    a.numbers = tp_chunks_push(&tape->stack, places * (size_t)lanes * sizeof *a.numbers);
    a.arrived = tp_chunks_push(&tape->stack, places * sizeof *a.arrived);
    for (int row = 0; a.numbers && a.arrived && row < w->m; row += lanes) some_rows(w, &a, row);
    tp_chunks_pop_to(&tape->stack, chunk, used);
    return a.numbers && a.arrived ? TP_OK : tp_tape_out_of_memory(tape, w->called);
}
