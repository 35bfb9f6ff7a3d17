/* Networks: checking what is asked for, and keeping what will be shown. */
#include "draw/network.h"

#include <math.h>

#include "core/shape.h"

enum { LAYERS_MOST = 64, CIRCLES = 8, CIRCLES_MOST = 64 };

int64_t column_unit(const column *c, int i)
{
    return i < c->head ? i : c->width - c->shown + i;
}

/* ---- checks ---- */

static tp_status check_matrix(const char *function, const char *what, int i, const tp_tensor *t, int64_t to,
                              int64_t from, tp_error *error)
{
    const int rank = from > 0 ? 2 : 1;
    if (!t) return TP_OK;
    if (tp_tensor_rank(t) == rank && tp_tensor_dim(t, 0) == to && (rank == 1 || tp_tensor_dim(t, 1) == from))
        return TP_OK;
    char text[TP_SHAPE_TEXT];
    tp_shape_text(text, tp_tensor_rank(t), tp_tensor_dims(t));
    if (rank == 2)
        return tp_fail(error, TP_E_SHAPE, "%s: %s[%d] is %s, not (%lld,%lld)", function, what, i, text, (long long)to,
                       (long long)from);
    return tp_fail(error, TP_E_SHAPE, "%s: %s[%d] is %s, not (%lld)", function, what, i, text, (long long)to);
}

static tp_status check(const char *function, const int64_t *widths, int layers, const tp_draw_network_options *o,
                       tp_error *error)
{
    if (!widths) return tp_fail(error, TP_E_ARGUMENT, "%s: widths is NULL", function);
    if (layers < 1 || layers > LAYERS_MOST)
        return tp_fail(error, layers < 1 ? TP_E_ARGUMENT : TP_E_LIMIT, "%s: layers is %d, not 1 to %d", function,
                       layers, LAYERS_MOST);
    if (o->most != 0 && (o->most < 3 || o->most > CIRCLES_MOST))
        return tp_fail(error, TP_E_ARGUMENT, "%s: most is %d, not 3 to %d", function, o->most, CIRCLES_MOST);
    if (o->digits < 0 || o->digits > 17)
        return tp_fail(error, TP_E_ARGUMENT, "%s: digits is %d, not 1 to 17", function, o->digits);
    for (int i = 0; i < layers; i++)
        if (widths[i] < 1)
            return tp_fail(error, TP_E_ARGUMENT, "%s: layer %d has %lld units", function, i, (long long)widths[i]);
    tp_status status = TP_OK;
    for (int i = 0; i + 1 < layers && status == TP_OK; i++) {
        if (o->weights) status = check_matrix(function, "weights", i, o->weights[i], widths[i + 1], widths[i], error);
        if (status == TP_OK && o->biases)
            status = check_matrix(function, "biases", i, o->biases[i], widths[i + 1], 0, error);
    }
    return status;
}

/* ---- what is kept ---- */

static void keep_names(store *s, column *c, const char *const *names)
{
    if (!names) return;
    c->name = store_take(s, (size_t)c->shown, sizeof *c->name);
    for (int i = 0; c->name && i < c->shown; i++) c->name[i] = store_text(s, names[column_unit(c, i)]);
}

static void keep_numbers(store *s, column *c, const double *values, const tp_tensor *biases)
{
    if (!values && !biases) return;
    double *kept = store_take(s, (size_t)c->shown, sizeof *kept);
    for (int i = 0; kept && i < c->shown; i++) {
        const int64_t unit = column_unit(c, i);
        kept[i] = values ? values[unit] : tp_tensor_item(biases, unit);
    }
    c->number = kept;
}

static void keep_weights(store *s, column *c, const column *before, const tp_tensor *weights)
{
    if (!weights) return;
    double *kept = store_take(s, (size_t)(c->shown * before->shown), sizeof *kept);
    for (int i = 0; kept && i < c->shown; i++)
        for (int k = 0; k < before->shown; k++) {
            const int64_t at = column_unit(c, i) * before->width + column_unit(before, k);
            const double w = kept[i * before->shown + k] = tp_tensor_item(weights, at);
            if (isfinite(w)) c->strongest = fmax(c->strongest, fabs(w));
        }
    c->weight = kept;
}

static void keep(store *s, network *n, const int64_t *widths, const tp_draw_network_options *o)
{
    const int most = o->most ? o->most : CIRCLES;
    n->column = store_take(s, (size_t)n->layers, sizeof *n->column);
    for (int i = 0; n->column && i < n->layers; i++) {
        column *c = &n->column[i];
        const bool last = i + 1 == n->layers;
        c->width = widths[i];
        c->shortened = widths[i] > most;
        c->shown = c->shortened ? most - 1 : (int)widths[i];
        c->head = c->shortened ? most / 2 : c->shown;
        c->bias_node = o->bias_nodes && !last;
        c->title = store_text(s, o->titles ? o->titles[i] : NULL);
        if (i == 0) keep_names(s, c, o->inputs);
        if (last && (i > 0 || !o->inputs)) keep_names(s, c, o->outputs);
        keep_numbers(s, c, o->values ? o->values[i] : NULL, o->biases && i > 0 ? o->biases[i - 1] : NULL);
        if (i > 0) keep_weights(s, c, c - 1, o->weights ? o->weights[i - 1] : NULL);
    }
}

static tp_diagram *draw(const char *function, const int64_t *widths, int layers, const tp_draw_network_options *options,
                        tp_error *error)
{
    const tp_draw_network_options o = options ? *options : (tp_draw_network_options){0};
    if (check(function, widths, layers, &o, error) != TP_OK) return NULL;
    tp_diagram *d = tp_diagram_new(&(tp_diagram_options){.title = o.title, .memory = o.memory}, error);
    if (!d) return NULL;
    network *n = store_take(&d->kept, 1, sizeof *n);
    if (n) {
        *n = (network){.layers = layers, .digits = o.digits ? o.digits : 3};
        keep(&d->kept, n, widths, &o);
        d->network = n;
    }
    if (!d->kept.failed) return d;
    tp_fail(error, TP_E_MEMORY, "%s: out of memory", function);
    tp_diagram_free(d);
    return NULL;
}

tp_diagram *tp_network_diagram(const int64_t *widths, int layers, const tp_draw_network_options *options,
                               tp_error *error)
{
    return draw("tp_network_diagram", widths, layers, options, error);
}

tp_status tp_draw_network(const int64_t *widths, int layers, const tp_draw_network_options *options, const char *path,
                          tp_error *error)
{
    tp_error local = {0};
    tp_diagram *d = draw("tp_draw_network", widths, layers, options, &local);
    if (!d) return tp_fail(error, local.status, "%s", local.message);
    return diagram_finish(d, "tp_draw_network", path, error);
}
