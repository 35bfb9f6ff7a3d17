/* One threshold unit, eight functions of two bits.

   The unit 1[wa a + wb b + bias > 0] cuts the square of inputs (0,0), (0,1), (1,0), (1,1) by a line. A positive weight
   stands for a literal as it is, a negative one for its negation; the bias says how many of the literals must hold:
   both (AND) or one (OR). Written with a bar for "not", that makes ab, a+b and the six with negations. No line gives
   XOR and its negation: they take two layers, as the next program shows. */
#include "lib_course.h"

typedef struct function {
    const char *name;
    double wa, wb, bias;
    bool both; /* of the two literals; else one is enough */
} function;

static const function functions[] = {
    {"a AND b", 1, 1, -1.5, true},     {"a OR b", 1, 1, -.5, false},           {"a AND NOT b", 1, -1, -.5, true},
    {"NOT a AND b", -1, 1, -.5, true}, {"NOT a AND NOT b", -1, -1, .5, true},  {"a OR NOT b", 1, -1, .5, false},
    {"NOT a OR b", -1, 1, .5, false},  {"NOT a OR NOT b", -1, -1, 1.5, false},
};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

/* 1[wa a + wb b + bias > 0] */
static tp_var unit(tp_var a, tp_var b, const function *f)
{
    return tp_step(tp_adds(tp_add(tp_muls(a, f->wa), tp_muls(b, f->wb)), f->bias));
}

/* What logic says. */
static bool truth(const function *f, bool a, bool b)
{
    const bool first = f->wa > 0 ? a : !a, second = f->wb > 0 ? b : !b;
    return f->both ? first && second : first || second;
}

static void draw(tp_plot *plot, const function *f, const bool *fires)
{
    const double low = -.5, high = 1.5;
    tp_plot_panel(plot, &(tp_plot_panel_options){.title = f->name,
                                                 .x_label = "a",
                                                 .y_label = "b",
                                                 .equal = true,
                                                 .x_low = low,
                                                 .x_high = high,
                                                 .y_low = low,
                                                 .y_high = high});
    tp_plot_curve(plot, NUMBERS(low, high),
                  NUMBERS(-(f->wa * low + f->bias) / f->wb, -(f->wa * high + f->bias) / f->wb), 2,
                  &(tp_plot_style){.colour = TP_PLOT_INK, .dash = TP_PLOT_DASHED});
    for (int i = 0; i < 4; i++)
        tp_plot_points(
            plot, NUMBERS(i >> 1), NUMBERS(i & 1), 1,
            &(tp_plot_style){.colour = fires[i] ? 2 : 1, .mark = fires[i] ? TP_PLOT_DISC : TP_PLOT_RING, .size = 13});
}

int main(int argc, char **argv)
{
    const char *folder = course_folder(argc, argv);
    tp_tape *tape = tp_tape_new(NULL);
    tp_plot *plot = tp_plot_new(
        &(tp_plot_options){.title = "Filled: the unit fires", .columns = 4, .width = 230, .height = 250}, NULL);
    int right = 0;
    printf("function             wa   wb   bias     y(0,0) y(0,1) y(1,0) y(1,1)\n");
    for (int k = 0; k < FUNCTIONS; k++) {
        const function *f = &functions[k];
        bool fires[4];
        printf("%-18s %4g %4g  %5.1f   ", f->name, f->wa, f->wb, f->bias);
        for (int i = 0; i < 4; i++) {
            const double y = tp_item(unit(tp_const(tape, i >> 1), tp_const(tape, i & 1), f));
            fires[i] = y > 0;
            right += fires[i] == truth(f, i >> 1, i & 1);
            printf(" %6g", y);
        }
        putchar('\n');
        draw(plot, f, fires);
    }
    printf("entries as logic says: %d of %d\n", right, 4 * FUNCTIONS);
    return course_end(tape, course_picture(plot, folder, "05_literals.svg"));
}
