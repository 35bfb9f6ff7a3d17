/* Samples of the recurrent ops. Operands: x, W_ih, W_hh, then those that `list` says are there. */
#include "tests/test_ops.h"

enum { REVERSE, BIAS, STATE, LENGTHS, RELU }; /* the list */
enum { OF_Y, OF_STATE, OF_CELL, OF_ALL };     /* number: what comes out */

typedef struct operands {
    tp_recurrent_weights w;
    tp_recurrent_options o;
    tp_var h0, c0;
} operands;

static operands operands_of(const sample *s, const tp_var *x, bool lstm)
{
    operands k = {{x[1], x[2], tp_none(), tp_none()}, {.reverse = s->list[REVERSE], .relu = s->list[RELU]}, {0}, {0}};
    int at = 3;
    if (s->list[BIAS]) k.w.bias_ih = x[at++], k.w.bias_hh = x[at++];
    if (s->list[STATE]) k.h0 = x[at++];
    if (s->list[STATE] && lstm) k.c0 = x[at++];
    if (s->list[LENGTHS]) k.o.lengths = x[at];
    return k;
}

static tp_var flat(tp_var x)
{
    return tp_reshape(x, 1, (const int64_t[]){-1});
}

static tp_var chosen_of(const sample *s, const tp_var *results, int n)
{
    const int which = (int)s->number;
    if (which < OF_ALL) return results[which];
    const tp_var all[3] = {flat(results[0]), flat(results[1]), n > 2 ? flat(results[2]) : tp_none()};
    return tp_concat(all, n, 0);
}

static tp_var build_lstm(const sample *s, const tp_var *x)
{
    const operands k = operands_of(s, x, true);
    tp_var r[3];
    tp_lstm(x[0], k.h0, k.c0, &k.w, &k.o, &r[0], &r[1], &r[2]);
    return chosen_of(s, r, 3);
}

static tp_var build_gru(const sample *s, const tp_var *x)
{
    const operands k = operands_of(s, x, false);
    tp_var r[2];
    tp_gru(x[0], k.h0, &k.w, &k.o, &r[0], &r[1]);
    return chosen_of(s, r, 2);
}

static tp_var build_rnn(const sample *s, const tp_var *x)
{
    const operands k = operands_of(s, x, false);
    tp_var r[2];
    tp_rnn(x[0], k.h0, &k.w, &k.o, &r[0], &r[1]);
    return chosen_of(s, r, 2);
}

/* h', c', or both; list: the axis */
static tp_var build_lstm_step(const sample *s, const tp_var *x)
{
    tp_var r[2];
    tp_lstm_step(x[0], x[1], (int)s->list[0], &r[0], &r[1]);
    return s->number < 2 ? r[(int)s->number] : tp_concat((const tp_var[]){flat(r[0]), flat(r[1])}, 2, 0);
}

static const sample items[] = {
    {"lstm_step", "h and c", build_lstm_step, ON(T(8, 3), T(2, 3)), LIST(0), .number = 2},
    {"lstm_step", "h alone, last axis", build_lstm_step, ON(T(2, 3, 8), T(2, 3, 2)), LIST(-1), .number = 0},
    {"lstm_step", "c alone, views, middle axis", build_lstm_step, ON(VIEW(2, 4, 3), CUT(2, 1, 3)), LIST(1),
     .number = 1},
    {"lstm_step", "one unit", build_lstm_step, ON(T(4), T(1)), LIST(0), .number = 2},
    {"lstm_step", "no units", build_lstm_step, ON(T(0, 2), T(0, 2)), LIST(0), .number = 2},
    {"lstm", "all", build_lstm, ON(T(3, 2, 2), T(8, 2), T(8, 2), T(8), T(8), T(2, 2), T(2, 2)), LIST(0, 1, 1, 0),
     .number = OF_ALL},
    {"lstm", "reverse, lengths", build_lstm, ON(T(3, 3, 1), T(4, 1), T(4, 1), T(3, 1), T(3, 1), LABELS(TP_I64, 4, 3)),
     LIST(1, 0, 1, 1), .number = OF_ALL},
    {"lstm", "lengths, no state", build_lstm, ON(T(4, 3, 2), T(4, 2), T(4, 1), T(4), T(4), LABELS(TP_U8, 5, 3)),
     LIST(0, 1, 0, 1), .number = OF_ALL},
    {"lstm", "y alone, views", build_lstm, ON(VIEW(3, 2, 2), CUT(8, 2), VIEW(8, 2), CUT(8), SLICED(8)),
     LIST(0, 1, 0, 0)},
    {"lstm", "c alone, reverse, views", build_lstm,
     ON(SLICED(2, 2, 1), TRANSPOSED(4, 1), T(4, 1), VIEW(2, 1), CUT(2, 1)), LIST(1, 0, 1, 0), .number = OF_CELL},
    {"lstm", "h alone, one step", build_lstm, ON(T(1, 1, 1), T(4, 1), T(4, 1), T(1, 1), T(1, 1)), LIST(0, 0, 1, 0),
     .number = OF_STATE},
    {"lstm", "no steps", build_lstm, ON(T(0, 2, 1), T(4, 1), T(4, 1), T(4), T(4), T(2, 1), T(2, 1)), LIST(0, 1, 1, 0),
     .number = OF_ALL},
    {"lstm", "no rows", build_lstm, ON(T(3, 0, 1), T(4, 1), T(4, 1), T(0, 1), T(0, 1)), LIST(1, 0, 1, 0),
     .number = OF_ALL},
    {"lstm", "no units", build_lstm, ON(T(2, 2, 3), T(0, 3), T(0, 0)), LIST(0, 0, 0, 0), .number = OF_ALL},
    {"lstm", "no inputs", build_lstm, ON(T(2, 2, 0), T(4, 0), T(4, 1), T(4), T(4)), LIST(0, 1, 0, 0), .number = OF_ALL},

    {"gru", "all", build_gru, ON(T(3, 2, 2), T(6, 2), T(6, 2), T(6), T(6), T(2, 2)), LIST(0, 1, 1, 0),
     .number = OF_ALL},
    {"gru", "reverse, lengths", build_gru, ON(T(3, 3, 1), T(3, 1), T(3, 1), T(3, 1), LABELS(TP_I32, 4, 3)),
     LIST(1, 0, 1, 1), .number = OF_ALL},
    {"gru", "lengths, no state", build_gru, ON(T(4, 3, 2), T(3, 2), T(3, 1), T(3), T(3), LABELS(TP_I64, 5, 3)),
     LIST(0, 1, 0, 1), .number = OF_ALL},
    {"gru", "y alone, views", build_gru, ON(VIEW(3, 2, 2), CUT(6, 2), VIEW(6, 2), CUT(6), SLICED(6)), LIST(0, 1, 0, 0)},
    {"gru", "h alone, reverse", build_gru, ON(SLICED(2, 2, 1), TRANSPOSED(3, 1), T(3, 1), VIEW(2, 1)), LIST(1, 0, 1, 0),
     .number = OF_STATE},
    {"gru", "no steps", build_gru, ON(T(0, 2, 1), T(3, 1), T(3, 1), T(2, 1)), LIST(0, 0, 1, 0), .number = OF_ALL},
    {"gru", "no rows", build_gru, ON(T(3, 0, 1), T(3, 1), T(3, 1)), LIST(0, 0, 0, 0)},

    {"rnn", "all", build_rnn, ON(T(3, 2, 2), T(3, 2), T(3, 3), T(3), T(3), T(2, 3)), LIST(0, 1, 1, 0),
     .number = OF_ALL},
    {"rnn", "relu", build_rnn, ON(T(3, 2, 2), T(3, 2), T(3, 3), T(3), T(3), T(2, 3)), LIST(0, 1, 1, 0, 1),
     .number = OF_ALL},
    {"rnn", "reverse, lengths", build_rnn, ON(T(3, 3, 2), T(2, 2), T(2, 2), T(3, 2), LABELS(TP_I64, 4, 3)),
     LIST(1, 0, 1, 1), .number = OF_ALL},
    {"rnn", "lengths, no state", build_rnn, ON(T(4, 3, 2), T(2, 2), T(2, 2), T(2), T(2), LABELS(TP_I64, 5, 3)),
     LIST(0, 1, 0, 1), .number = OF_ALL},
    {"rnn", "h alone, reverse, views", build_rnn, ON(VIEW(2, 2, 3), SLICED(2, 3), CUT(2, 2)), LIST(1, 0, 0, 0),
     .number = OF_STATE},
    {"rnn", "no steps", build_rnn, ON(T(0, 2, 1), T(1, 1), T(1, 1), T(2, 1)), LIST(0, 0, 1, 0), .number = OF_ALL},
    {"rnn", "no units", build_rnn, ON(T(2, 2, 1), T(0, 1), T(0, 0)), LIST(0, 0, 0, 0)},
};

const sample_list recurrent_samples = {items, COUNT(items)};
