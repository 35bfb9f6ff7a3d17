/* Three kinds of decision, one loss.

   A binary classifier answers y = sign(f), and all that tells one kind from another is what makes the score f:

     fixed features     f = w . phi(x)           phi is chosen beforehand: here each x is squared
     learned features   f = w . phi_theta(x)     phi has parameters of its own: here tanh(theta x)
     a network          f = f_w(x)               w stands anywhere inside: here in two layers that share it

   The loss C/2 |w|^2 + log(1 + e^(-y f)) asks only for f, so one function serves all three; the walk back through the
   tape finds dL/dw and dL/dtheta wherever they stand. Finite differences of the recorded program check both. */
#include "lib_course.h"

/* C/2 |w|^2 + log(1 + e^(-y f)); softplus(z) is log(1 + e^z) without overflow. */
static tp_var loss_of(tp_var f, double y, tp_var w)
{
    const double c = .1;
    return tp_add(tp_muls(tp_sum(tp_square(w)), c / 2), tp_softplus(tp_muls(f, -y)));
}

static tp_var fixed_features(tp_var w, tp_var theta, tp_var x)
{
    (void)theta; /* has no part in it */
    return tp_matmul(w, tp_square(x));
}

static tp_var learned_features(tp_var w, tp_var theta, tp_var x)
{
    return tp_matmul(w, tp_tanh(tp_matmul(theta, x)));
}

static tp_var network(tp_var w, tp_var theta, tp_var x)
{
    const tp_var h = tp_tanh(tp_matmul(theta, tp_mul(w, x)));
    return tp_matmul(tp_sigmoid(w), h);
}

/* One table: the score, the decision, the loss and its gradients, for a point whose true class is y. */
static bool show(tp_tape *tape, const char *name, tp_var (*score)(tp_var, tp_var, tp_var), double y)
{
    tp_tape_reset(tape);
    const tp_var x = course_data(tape, TP_DIMS(3), NUMBERS(1, -2, .5));
    const tp_var w = course_leaf(tape, TP_DIMS(3), NUMBERS(.2, .1, -.4));
    const tp_var theta = course_leaf(tape, TP_DIMS(3, 3), NUMBERS(.5, -.3, .8, -.6, .2, .1, .9, .4, -.7));
    const tp_var f = score(w, theta, x), loss = loss_of(f, y, w);
    tp_error error = {TP_OK, ""};
    printf("%s, true class y = %+g\n", name, y);
    course_value("score f", f);
    course_value("decision sign(f)", tp_sign(f));
    course_value("loss", loss);
    if (tp_backward(loss) != TP_OK) return false;
    course_gradient("dL/dw", w);
    const bool has_theta = score != fixed_features;
    for (int row = 0; has_theta && row < 3; row++) {
        const double *g = (const double *)tp_tensor_read(tp_grad(theta)) + 3 * row;
        course_numbers(row ? "" : "dL/dtheta", 3, g);
    }
    const tp_var parameters[] = {w, theta};
    const bool good = course_drawn(tp_gradcheck(loss, parameters, has_theta ? 2 : 1, NULL, &error), &error);
    printf("  finite differences agree: %s\n\n", good ? "yes" : "no");
    return good;
}

int main(void)
{
    tp_tape *tape = tp_tape_new(NULL);
    bool good = tape != NULL;
    for (int y = 1; good && y >= -1; y -= 2)
        good = show(tape, "fixed features", fixed_features, y) && show(tape, "learned features", learned_features, y) &&
               show(tape, "a network", network, y);
    return course_end(tape, good);
}
