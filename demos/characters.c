/* A character LSTM on English text (the King James Bible): it learns to tell the next character, to under 2 bits per
   character of text that it has not seen, and writes some of its own. The state goes on from one piece of the text to
   the next; gradients end where a piece begins. */
#include <math.h>
#include <stdio.h>

#include <tapir/tapir.h>

#include "lib_progress.h"
#include "lib_text.h"

enum { STEPS = 64, ROWS = 32, WIDTH = 64, UNITS = 256, TURNS = 10, PIECES = 80, TESTED = 25, WRITTEN = 500 };
enum { HELD_OUT = (TESTED * STEPS + 1) * ROWS };
static const double first_rate = 4e-3, goal = 2, temperature = 0.7;

typedef struct writer {
    tp_tape *tape;
    tp_module *net; /* embedding, LSTM, linear */
    tp_optim *adam;
} writer;

/* A piece of the text for some rows: x and what follows it, and the state at its beginning. */
typedef struct piece {
    tp_tensor *x, *next, *h, *c;
} piece;

static piece piece_of(int64_t steps, int64_t rows)
{
    return (piece){tp_tensor_new(TP_I64, TP_DIMS(steps, rows)), tp_tensor_new(TP_I64, TP_DIMS(steps * rows)),
                   tp_tensor_new(TP_F32, TP_DIMS(1, rows, UNITS)), tp_tensor_new(TP_F32, TP_DIMS(1, rows, UNITS))};
}

static void piece_free(piece *p)
{
    tp_tensor *const all[] = {p->x, p->next, p->h, p->c};
    for (int i = 0; i < 4; i++) tp_tensor_release(all[i]);
}

/* What the net says of the next characters: (T B, kinds), recorded on the emptied tape. */
static tp_var logits(const writer *w, const piece *p, tp_recurrent_state *state)
{
    tp_tape_reset(w->tape);
    *state = (tp_recurrent_state){tp_data(w->tape, p->h), tp_data(w->tape, p->c)};
    const tp_var x = tp_module_forward(tp_module_child(w->net, "0"), tp_data(w->tape, p->x));
    const tp_var y = tp_recurrent_forward(tp_module_child(w->net, "1"), x, state, tp_none(), state);
    return tp_module_forward(tp_module_child(w->net, "2"), tp_reshape(y, TP_DIMS(-1, UNITS)));
}

/* The next piece begins with the state at the end of this one: numbers, without their past. */
static bool go_on(const piece *p, const tp_recurrent_state *state)
{
    return tp_tensor_copy(p->h, tp_value(state->h), NULL) == TP_OK &&
           tp_tensor_copy(p->c, tp_value(state->c), NULL) == TP_OK;
}

/* `count` pieces, from where each row stands: bits and right guesses go to the score; the net learns, or does not. */
static bool run(const writer *w, const text *t, piece *p, int64_t first, int64_t stride, int count, bool learn,
                progress *line, score *sum)
{
    *sum = (score){0};
    tp_tape_set_grad(w->tape, learn);
    for (int i = 0; i < count; i++) {
        tp_recurrent_state state;
        text_fill(t, first + i * STEPS, stride, STEPS, ROWS, tp_tensor_data(p->x), tp_tensor_data(p->next));
        const tp_var y = logits(w, p, &state), next = tp_data(w->tape, p->next);
        const tp_var loss = tp_cross_entropy(y, next, TP_MEAN);
        const tp_var right = tp_sum(tp_cast(tp_equal(tp_argmax_axis(y, 1, false), next), TP_F64));
        if (!tp_ok(loss) || (learn && tp_backward(loss) != TP_OK)) return false;
        if (learn) tp_optim_step(w->adam), tp_optim_clear_grads(w->adam);
        sum->loss += tp_item(loss) / log(2) * STEPS * ROWS;
        sum->right += (int64_t)tp_item(right);
        sum->seen += STEPS * ROWS;
        if (!go_on(p, &state)) return false;
        if (line) progress_show(line, i + 1, sum);
    }
    return true;
}

static bool train(const writer *w, const text *t, score *tested)
{
    piece learn = piece_of(STEPS, ROWS);
    bool good = true;
    for (int turn = 0; good && turn < TURNS; turn++) {
        score sum;
        progress line = progress_begin(turn + 1, TURNS, PIECES);
        tp_optim_set_rate(w->adam, 0, first_rate * (1 - .9 * turn / TURNS));
        good = run(w, t, &learn, turn * PIECES * STEPS, (t->size - HELD_OUT) / ROWS, PIECES, true, &line, &sum);
        progress_end(&line, &sum);
        piece test = piece_of(STEPS, ROWS);
        good = good && run(w, t, &test, t->size - HELD_OUT, HELD_OUT / ROWS, TESTED, false, NULL, tested);
        piece_free(&test);
        printf("  unseen: %.3f bits per character\n", score_loss(tested));
    }
    piece_free(&learn);
    return good;
}

/* Character by character, each drawn from what the net says after the one before. */
static bool write_some(const writer *w, const text *t)
{
    piece p = piece_of(1, 1);
    tp_rng rng = tp_rng_seed(7);
    bool good = true;
    for (int i = 0; good && i < WRITTEN; i++) {
        tp_recurrent_state state;
        const tp_var y = tp_softmax(tp_muls(logits(w, &p, &state), 1 / temperature), 1);
        if (!(good = tp_ok(y) && go_on(&p, &state))) break;
        int64_t k = 0;
        for (double u = tp_rng_uniform(&rng); k + 1 < t->kinds && (u -= tp_tensor_item(tp_value(y), k)) > 0;) k++;
        *(int64_t *)tp_tensor_data(p.x) = k;
        putchar(t->character[k]);
    }
    putchar('\n');
    piece_free(&p);
    return good;
}

static bool start(writer *w, int kinds)
{
    tp_rng rng = tp_rng_seed(1);
    tp_tensor *parameters[16];
    const tp_layer_options o = {.rng = &rng};
    tp_error error = {TP_OK, ""};
    w->tape = tp_tape_new(NULL);
    w->net = tp_sequential(NULL, &error);
    w->adam = tp_adam(&(tp_adam_options){.rate = first_rate}, &error);
    tp_sequential_add(w->net, tp_embedding_layer(kinds, WIDTH, TP_NO_PADDING, &o, &error), &error);
    tp_sequential_add(w->net, tp_lstm_layer(WIDTH, UNITS, NULL, &o, &error), &error);
    tp_sequential_add(w->net, tp_linear_layer(UNITS, kinds, &o, &error), &error);
    if (!w->tape || error.status != TP_OK) return false;
    return tp_optim_add_all(w->adam, parameters, tp_module_parameters(w->net, parameters, 16), &error) == TP_OK;
}

int main(void)
{
    text t = {0};
    writer w = {0};
    score tested = {0};
    if (!text_read(&t)) return 0;
    printf("%lld characters, %d different ones\n", (long long)t.size, t.kinds);
    const bool good = start(&w, t.kinds) && train(&w, &t, &tested) && write_some(&w, &t);
    const bool reached = good && score_loss(&tested) < goal;
    if (!reached) fprintf(stderr, "characters: %s\n", good ? "the goal was not reached" : tp_tape_error(w.tape));
    text_free(&t);
    tp_optim_free(w.adam);
    tp_module_free(w.net);
    tp_tape_free(w.tape);
    return reached ? 0 : 1;
}
