/* An op of one's own, with what it saves: z = x y, element by element, dx = y g, dy = x g.

   A tape is extended by a forward and a backward rule. Here forward also saves a copy of both operands for backward, as
   one does where a tape would not keep them. (This one does: tp_ctx_input_var gives an operand back, as the recorded
   rule below shows. Saving pays for what cannot be had otherwise, the mask of a dropout, the places of the maxima.) The
   tensors are asked for in the shape closure, belong to the node, live through any number of walks, and are released
   with it, once each: all memory comes through an allocator that would notice a block that came back twice or never. */
#include <tapir/draw.h>

#include "lib_course.h"
#include "lib_ledger.h"

/* ---- the op ---- */

typedef struct saved {
    tp_tensor *operands[2];
} saved;

static tp_status multiply_shape(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0), *y = tp_ctx_input(ctx, 1);
    if (tp_tensor_dtype(x) != TP_F64 || tp_tensor_dtype(y) != TP_F64 || tp_tensor_rank(x) != 1 ||
        tp_tensor_rank(y) != 1 || tp_tensor_count(x) != tp_tensor_count(y))
        return tp_ctx_fail(ctx, TP_E_SHAPE, "x and y must be f64 vectors of one length");
    saved *s = tp_ctx_save(ctx, sizeof *s);
    if (!s) return TP_E_MEMORY;
    for (int i = 0; i < 2; i++) {
        s->operands[i] = tp_ctx_save_tensor(ctx, TP_F64, 1, tp_tensor_dims(x));
        if (!s->operands[i]) return TP_E_MEMORY;
    }
    return tp_ctx_result(ctx, 0, TP_F64, 1, tp_tensor_dims(x));
}

static tp_status multiply_forward(tp_ctx *ctx)
{
    const saved *s = tp_ctx_saved(ctx);
    double *z = tp_tensor_data(tp_ctx_output(ctx, 0));
    for (int i = 0; i < 2; i++) tp_tensor_copy(s->operands[i], tp_ctx_input(ctx, i), NULL);
    const double *x = tp_tensor_read(s->operands[0]), *y = tp_tensor_read(s->operands[1]);
    for (int64_t i = 0; i < tp_tensor_count(s->operands[0]); i++) z[i] = x[i] * y[i];
    return TP_OK;
}

/* In numbers, from what was saved: what each operand gets is the other one times g. */
static tp_status multiply_gradient(tp_ctx *ctx, const tp_tensor *g)
{
    const saved *s = tp_ctx_saved(ctx);
    for (int k = 0; k < 2; k++) {
        if (!tp_ctx_needs(ctx, k)) continue;
        const double *other = tp_tensor_read(s->operands[1 - k]);
        tp_tensor *gradient = tp_ctx_grad(ctx, k, NULL);
        if (!gradient) return TP_E_MEMORY;
        double *d = tp_tensor_data(gradient);
        for (int64_t i = 0; i < tp_tensor_count(gradient); i++) d[i] = other[i] * tp_tensor_item(g, i);
    }
    return TP_OK;
}

/* In recorded ops, from the operands on the tape, for walks that are to be differentiated again. */
static tp_status multiply_backward(tp_ctx *ctx, tp_var g)
{
    tp_give(ctx, 0, tp_mul(g, tp_ctx_input_var(ctx, 1)));
    return tp_give(ctx, 1, tp_mul(g, tp_ctx_input_var(ctx, 0)));
}

static const tp_op multiply = {TP_OP_HEAD,
                               .name = "multiply",
                               .arity = 2,
                               .structure = TP_ELEMENTWISE,
                               .shape = multiply_shape,
                               .forward = multiply_forward,
                               .backward = multiply_backward,
                               .gradient = multiply_gradient};

/* ---- what it does, and what becomes of what it saves ---- */

enum { LENGTH = 512, STEPS = 1000 };

static tp_var product(tp_var x, tp_var y)
{
    return tp_apply(&multiply, (tp_var[]){x, y}, 2, NULL);
}

/* What the tape holds in results and saved tensors, counted in vectors. */
static void look(const tp_tape *tape, const ledger *l, const char *when)
{
    printf("  %-36s %3g %8d\n", when, (double)tp_tape_stats(tape).value.now / (LENGTH * sizeof(double)), l->taken);
}

static bool lifetimes(tp_tape *tape, const ledger *l)
{
    static const char *const moments[] = {"after a walk back", "after another walk"};
    static double numbers[LENGTH];
    bool good = true;
    printf("\nVectors of %d on the tape, and blocks taken from the allocator, in %d steps\n", LENGTH, STEPS);
    for (int step = 1; good && step <= STEPS; step++) {
        const tp_var x = course_leaf(tape, TP_DIMS(LENGTH), numbers), y = course_leaf(tape, TP_DIMS(LENGTH), numbers);
        if (step == 1) look(tape, l, "x and y, which are not the tape's");
        const tp_var f = tp_sum(product(x, y));
        if (step == 1) look(tape, l, "z recorded: z, and x and y saved");
        for (int walk = 0; good && walk < 2; walk++) {
            good = tp_backward(f) == TP_OK;
            if (step == 1) look(tape, l, moments[walk]);
        }
        tp_tape_reset(tape);
        if (step == 1) look(tape, l, "after a reset");
    }
    look(tape, l, "after all steps");
    return good;
}

static bool values(tp_tape *tape, const char *folder)
{
    char path[COURSE_PATH];
    tp_error error = {TP_OK, ""};
    bool good = true;
    const tp_var x = tp_name(course_leaf(tape, TP_DIMS(3), NUMBERS(1, -2, .5)), "x");
    const tp_var y = tp_name(course_leaf(tape, TP_DIMS(3), NUMBERS(4, 3, -6)), "y");
    const tp_var upstream = course_data(tape, TP_DIMS(3), NUMBERS(1, 10, 100)), both[] = {x, y};
    const tp_var z[] = {tp_mul(x, y), tp_retain_grad(tp_name(product(x, y), "z"))};
    printf("z = x y\n");
    course_value("x", x), course_value("y", y), course_value("g arrives", upstream);
    for (int own = 0; good && own < 2; own++) {
        good = tp_backward_from(z[own], upstream, 0) == TP_OK;
        course_value(own ? "z, our own" : "z, the library's", z[own]);
        course_gradient(own ? "dx, our own" : "dx, the library's", x);
        course_gradient(own ? "dy, our own" : "dy, the library's", y);
    }
    good = good && course_drawn(tp_draw_circuit(z[1], &(tp_draw_options){.title = "An op of one's own"},
                                                course_path(path, folder, "26_multiply.svg"), &error),
                                &error);
    good = good && course_drawn(tp_gradcheck(z[1], both, 2, NULL, &error), &error) &&
           course_drawn(tp_gradgradcheck(z[1], both, 2, NULL, &error), &error);
    printf("  finite differences of first and second order agree: %s\n", good ? "yes" : "no");
    tp_tape_reset(tape);
    return good;
}

int main(int argc, char **argv)
{
    const char *folder = course_folder(argc, argv);
    ledger l = {.count = 0};
    const tp_allocator memory = ledger_allocator(&l);
    tp_tape *tape = tp_tape_new(&(tp_tape_options){.memory = &memory});
    const int status = course_end(tape, values(tape, folder) && lifetimes(tape, &l));
    printf("\nBlocks taken and given back %d %d\n", l.taken, l.returned);
    printf("Blocks never given back, and given back twice %d %d\n", l.count, l.strays);
    return status;
}
