/* Parity: deep against shallow.

   Is the number of ones among D bits odd? A deep network goes from bit to bit with the XOR of three units, OR, AND and
   "one but not the other", and needs 3 (D - 1) of them. A shallow one, of a single hidden layer, needs a unit for each
   odd input, because parity changes with every bit, and one that asks whether any has fired: 2^(D-1) + 1. Depth buys
   what width can only pay for exponentially.

     deep     p_1 = x_1,  p_k = p_(k-1) xor x_k
     shallow  h_s = 1[(2s - 1) . x > |s| - 1/2] for each s with an odd number |s| of ones,  y = 1[sum of h_s > 1/2]

   Both are built with hand-set weights on the tape, where their units are counted, and asked for every input. */
#include "lib_course.h"

static int ones(int bits)
{
    int n = 0;
    for (; bits; bits &= bits - 1) n++;
    return n;
}

/* A layer of one threshold unit on columns, counted. */
static tp_var unit(tp_var a, tp_var b, double wb, double threshold, int *units)
{
    ++*units;
    return tp_step(tp_adds(tp_add(a, tp_muls(b, wb)), -threshold));
}

static tp_var deep(tp_var x, int d, int *units)
{
    tp_var parity = tp_slice(x, 1, 0, 1, 1);
    for (int k = 1; k < d; k++) {
        const tp_var bit = tp_slice(x, 1, k, k + 1, 1);
        const tp_var any = unit(parity, bit, 1, .5, units), both = unit(parity, bit, 1, 1.5, units);
        parity = unit(any, both, -1, .5, units);
    }
    return parity;
}

static tp_var shallow(tp_tape *tape, tp_var x, int d, int *units)
{
    const int n = 1 << (d - 1);
    tp_tensor *weights = tp_tensor_new(TP_F64, TP_DIMS(n, d)), *biases = tp_tensor_new(TP_F64, TP_DIMS(n));
    double *w = tp_tensor_data(weights), *b = tp_tensor_data(biases);
    for (int s = 0; w && b && s < 1 << d; s++) {
        if (ones(s) % 2 == 0) continue;
        for (int k = 0; k < d; k++) *w++ = s >> k & 1 ? 1 : -1;
        *b++ = .5 - ones(s);
        ++*units;
    }
    const tp_var h = tp_step(tp_linear(x, tp_data(tape, weights), tp_data(tape, biases)));
    tp_tensor_release(weights);
    tp_tensor_release(biases);
    ++*units;
    return tp_step(tp_adds(tp_sum_axes(h, TP_AXES(1), true), -.5));
}

int main(int argc, char **argv)
{
    enum { MOST = 10, ROWS = MOST - 1 };
    const char *folder = course_folder(argc, argv);
    double bits[ROWS], counts[2][ROWS];
    tp_tape *tape = tp_tape_new(NULL);
    printf("   D   inputs   deep: units  right   shallow: units  right\n");
    for (int d = 2; d <= MOST; d++) {
        const int n = 1 << d;
        int units[2] = {0, 0};
        tp_tape_reset(tape);
        tp_tensor *inputs = tp_tensor_new(TP_F64, TP_DIMS(n, d)), *odd = tp_tensor_new(TP_F64, TP_DIMS(n, 1));
        for (int i = 0; i < n; i++) {
            for (int k = 0; k < d; k++) ((double *)tp_tensor_data(inputs))[i * d + k] = i >> k & 1;
            ((double *)tp_tensor_data(odd))[i] = ones(i) % 2;
        }
        const tp_var x = tp_data(tape, inputs), truth = tp_data(tape, odd);
        const tp_var right[] = {tp_sum(tp_same(deep(x, d, &units[0]), truth)),
                                tp_sum(tp_same(shallow(tape, x, d, &units[1]), truth))};
        printf("  D=%-2d %7d %12d %7g %15d %7g\n", d, n, units[0], tp_item(right[0]), units[1], tp_item(right[1]));
        bits[d - 2] = d;
        for (int i = 0; i < 2; i++) counts[i][d - 2] = units[i];
        tp_tensor_release(inputs);
        tp_tensor_release(odd);
    }
    tp_plot *plot = tp_plot_new(&(tp_plot_options){.width = 480, .height = 360}, NULL);
    tp_plot_panel(plot, &(tp_plot_panel_options){.title = "Threshold units for the parity of D bits",
                                                 .x_label = "D",
                                                 .y_label = "units",
                                                 .y_log = true});
    tp_plot_curve(plot, bits, counts[1], ROWS,
                  &(tp_plot_style){.label = "shallow", .colour = 2, .mark = TP_PLOT_SQUARE, .dash = TP_PLOT_DASHED});
    tp_plot_curve(plot, bits, counts[0], ROWS, &(tp_plot_style){.label = "deep", .colour = 1, .mark = TP_PLOT_DISC});
    return course_end(tape, course_picture(plot, folder, "09_parity.svg"));
}
