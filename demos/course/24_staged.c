/* A larger expression in stages: f = (x + sigma(y)) / (sigma(x) + (x + y)^2) at (3, -4).

   Nobody wants to differentiate this as a whole, and nobody has to. Forward, it is cut into stages that each have an
   easy derivative, and every intermediate value is kept. Backward, the stages are taken in reverse. Where a value was
   used in several places its gradient arrives in several parts, and these are added: that is why the program below
   says += for dx and dy, and in the drawing the parts stand on the branches of each fork. The tape does the same from
   the recorded stages alone. */
#include "lib_gates.h"

static double sigma(double x)
{
    return 1 / (1 + exp(-x));
}

/* The way back written by hand, as one would in a program without a tape; the lines mirror those of the forward pass.
 */
static double by_hand(double x, double y, double *dx, double *dy)
{
    const double sigy = sigma(y);
    const double num = x + sigy;
    const double sigx = sigma(x);
    const double xpy = x + y;
    const double sqr = xpy * xpy;
    const double den = sigx + sqr;
    const double inv = 1 / den;
    const double f = num * inv;

    const double dnum = inv, dinv = num;    /* f = num inv */
    const double dden = -inv * inv * dinv;  /* inv = 1 / den */
    const double dsigx = dden, dsqr = dden; /* den = sigx + sqr */
    const double dxpy = 2 * xpy * dsqr;     /* sqr = xpy^2 */
    *dx = dxpy, *dy = dxpy;                 /* xpy = x + y */
    *dx += (1 - sigx) * sigx * dsigx;       /* sigx = sigma(x): x again */
    *dx += dnum;                            /* num = x + sigy: and again */
    const double dsigy = dnum;
    *dy += (1 - sigy) * sigy * dsigy; /* sigy = sigma(y): y again */
    return f;
}

int main(int argc, char **argv)
{
    const char *folder = course_folder(argc, argv);
    tp_tape *tape = tp_tape_new(NULL);
    gates c = gates_on(tape);

    const tp_var x = gates_input(&c, "x", 3), y = gates_input(&c, "y", -4);
    const tp_var sigy = GATE(&c, "sigy", "sigma(y)", tp_sigmoid(y), y);
    const tp_var num = GATE(&c, "num", "x + sigy", tp_add(x, sigy), x, sigy);
    const tp_var sigx = GATE(&c, "sigx", "sigma(x)", tp_sigmoid(x), x);
    const tp_var xpy = GATE(&c, "xpy", "x + y", tp_add(x, y), x, y);
    const tp_var sqr = GATE(&c, "sqr", "xpy^2", tp_square(xpy), xpy);
    const tp_var den = GATE(&c, "den", "sigx + sqr", tp_add(sigx, sqr), sigx, sqr);
    const tp_var inv = GATE(&c, "inv", "1 / den", tp_reciprocal(den), den);
    const tp_var f = GATE(&c, "f", "num inv", tp_mul(num, inv), num, inv);

    bool good = gates_backward(&c);
    if (good) gates_print(&c);
    good = good && gates_draw(&c, folder, "24_staged.svg", "f = (x + σ(y)) / (σ(x) + (x + y)²)");

    double dx, dy;
    const double value = by_hand(tp_item(x), tp_item(y), &dx, &dy);
    printf("\n%41s %12s %12s\n", "f", "df/dx", "df/dy");
    course_numbers("the tape", 3, NUMBERS(tp_item(f), tp_grad_item(x), tp_grad_item(y)));
    course_numbers("by hand", 3, NUMBERS(value, dx, dy));
    printf("  largest difference %.1e\n", fmax(fabs(dx - tp_grad_item(x)), fabs(dy - tp_grad_item(y))));
    return course_end(tape, good);
}
