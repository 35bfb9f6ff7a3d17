/* How the cases of tests/golden/recurrent.txt are called. Attributes: reverse, bias, state, lengths, relu; of
   lstm_step the axis. */
#include "tests/golden.h"

enum { REVERSE, BIAS, STATE, LENGTHS, RELU };

static tp_var flat(tp_var x)
{
    return tp_reshape(x, 1, (const int64_t[]){-1});
}

/* Every result, one after the other. */
static tp_var call(const golden *g, int results)
{
    tp_recurrent_weights w = {g->x[1], g->x[2], tp_none(), tp_none()};
    tp_recurrent_options o = {.reverse = g->list[REVERSE], .relu = g->list[RELU]};
    tp_var r[3] = {tp_none(), tp_none(), tp_none()}, h0 = tp_none(), c0 = tp_none();
    int at = 3;
    if (g->list[BIAS]) w.bias_ih = g->x[at++], w.bias_hh = g->x[at++];
    if (g->list[STATE]) h0 = g->x[at++];
    if (g->list[STATE] && results == 3) c0 = g->x[at++];
    if (g->list[LENGTHS]) o.lengths = g->x[at];
    if (results == 3)
        tp_lstm(g->x[0], h0, c0, &w, &o, &r[0], &r[1], &r[2]);
    else if (strcmp(g->op, "gru") == 0)
        tp_gru(g->x[0], h0, &w, &o, &r[0], &r[1]);
    else
        tp_rnn(g->x[0], h0, &w, &o, &r[0], &r[1]);
    const tp_var all[3] = {flat(r[0]), flat(r[1]), results == 3 ? flat(r[2]) : tp_none()};
    return tp_concat(all, results, 0);
}

static tp_var step(const golden *g)
{
    tp_var h = tp_none(), c = tp_none();
    tp_lstm_step(g->x[0], g->x[1], (int)g->list[0], &h, &c);
    return tp_concat((const tp_var[]){flat(h), flat(c)}, 2, 0);
}

GOLDEN_CALL(lstm, call(g, 3))
GOLDEN_CALL(lstm_step, step(g))
GOLDEN_CALL(gru, call(g, 2))
GOLDEN_CALL(rnn, call(g, 2))

static const golden_builder builders[] = {GOLDEN(lstm), GOLDEN(lstm_step), GOLDEN(gru), GOLDEN(rnn)};

const golden_family golden_recurrent = {"recurrent", builders, COUNT(builders)};
