/* Logistic regression on the Wisconsin breast cancer data, 569 tumours by 30 measurements of their cells: fitted to the
   last digit by L-BFGS, for several strengths of the penalty lambda |w|^2 / 2, of which a tenth of the data chooses
   one; beside it, what gradient descent would have needed. The figure is for tumours that had no part in it. */
#include <math.h>
#include <stdio.h>

#include <tapir/tapir.h>

enum { TRAINING, VALIDATION, TEST, PARTS };

typedef struct problem {
    tp_tensor *x[PARTS], *y[PARTS], *label[PARTS]; /* (n, 30) normalised; 1 where malignant; the same as integers */
    tp_tensor *w, *b;
    double lambda;
} problem;

static tp_var scores(const problem *p, int part, tp_var w, tp_var b)
{
    return tp_add(tp_matmul(tp_data(w.tape, p->x[part]), w), b);
}

/* mean of log(1 + e^-s) and log(1 + e^s), and the penalty. */
static tp_var loss(tp_tape *tape, const tp_var *x, int n, void *user)
{
    const problem *p = user;
    (void)n;
    const tp_var fit = tp_bce_with_logits(scores(p, TRAINING, x[0], x[1]), tp_data(tape, p->y[TRAINING]), TP_MEAN);
    return tp_add(fit, tp_muls(tp_sum(tp_square(x[0])), p->lambda / 2));
}

/* Mean cross-entropy of a part, and its confusion matrix and area under the curve where wanted. */
static double judge(const problem *p, int part, tp_confusion *confusion, tp_auc *auc, tp_error *error)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var s = scores(p, part, tp_data(tape, p->w), tp_data(tape, p->b));
    const double cost = tp_item(tp_bce_with_logits(s, tp_data(tape, p->y[part]), TP_MEAN));
    if (confusion) tp_confusion_add(confusion, tp_value(s), p->label[part], error);
    if (auc) tp_auc_add(auc, tp_value(s), p->label[part], error);
    tp_tape_free(tape);
    return cost;
}

/* Malignant is class 0 of the file. */
static bool read_labels(problem *p, int part, const tp_dataset *set, tp_error *error)
{
    tp_tensor *label = p->label[part] = tp_dataset_tensor(set, 1, error);
    const int64_t n = tp_dataset_count(set);
    tp_tensor *y = p->y[part] = tp_tensor_new(TP_F64, TP_DIMS(n));
    for (int64_t i = 0; label && y && i < n; i++) {
        uint8_t *class = (uint8_t *)tp_tensor_data(label) + i;
        *class = *class == 0;
        ((double *)tp_tensor_data(y))[i] = *class;
    }
    return label && y;
}

static bool load(problem *p, tp_error *error)
{
    tp_dataset *parts[PARTS] = {NULL}, *set = tp_breast_cancer(&(tp_datasets_options){.dtype = TP_F64}, error);
    const tp_split_options split = {.seed = 1, .stratified = true, .label = 1};
    if (!set) return false;
    if (tp_dataset_split(set, PARTS, (double[]){.6, .1, .3}, &split, parts, error) != TP_OK) return false;
    tp_transform *normal = tp_dataset_fit_normalise(parts[TRAINING], 0, true, error);
    bool good = true;
    for (int k = 0; k < PARTS; k++) {
        tp_dataset *normalised = tp_dataset_map(parts[k], 0, normal, error);
        p->x[k] = tp_dataset_tensor(normalised, 0, error);
        good = read_labels(p, k, parts[k], error) && p->x[k] && good;
        tp_dataset_release(normalised);
        tp_dataset_release(parts[k]);
    }
    tp_transform_release(normal);
    tp_dataset_release(set);
    p->w = tp_tensor_new(TP_F64, TP_DIMS(30));
    p->b = tp_tensor_new(TP_F64, TP_DIMS(1));
    return good && p->w && p->b;
}

/* Steps of plain gradient descent until the gradient is as small; it stops after `most`. */
static int64_t descend(tp_objective *o, double rate, double gradient, int64_t most)
{
    double x[31] = {0}, g[31], largest = HUGE_VAL;
    int64_t steps = 0;
    for (; largest > gradient && steps < most; steps++) {
        if (tp_objective_at(o, x) != TP_OK || tp_objective_gradient(o, g) != TP_OK) return -1;
        largest = 0;
        for (int i = 0; i < 31; i++) largest = fmax(largest, fabs(g[i])), x[i] -= rate * g[i];
    }
    return steps;
}

int main(void)
{
    problem p = {.lambda = 0};
    tp_error error = {TP_OK, ""};
    if (!load(&p, &error)) {
        printf("the breast cancer data: %s\n", error.message);
        return 0;
    }
    tp_objective *o = tp_objective_new(loss, &p, 2, (tp_tensor *[]){p.w, p.b}, NULL, &error);
    double best = HUGE_VAL, chosen = 0;
    printf("lambda   steps  evaluations  gradient     training  validation\n");
    for (double lambda = 1; lambda > 1e-5; lambda /= 10) {
        tp_minimize_result r;
        p.lambda = lambda;
        if (tp_minimize(o, NULL, &(tp_minimize_options){.gradient = 1e-9, .change = -1}, &r, &error) != TP_OK) break;
        const double cost = judge(&p, VALIDATION, NULL, NULL, &error);
        printf("%-8g %5lld  %11lld  %.1e  %9.5f  %10.5f\n", lambda, (long long)r.iterations, (long long)r.evaluations,
               r.gradient, judge(&p, TRAINING, NULL, NULL, &error), cost);
        if (cost < best) best = cost, chosen = lambda;
    }
    p.lambda = chosen;
    const int64_t steps = descend(o, .2, 1e-9, 1000000);
    if (steps > 0)
        printf("gradient descent with lambda %g to the same gradient: %lld steps\n", chosen, (long long)steps);
    if (error.status == TP_OK && tp_minimize(o, NULL, NULL, NULL, &error) != TP_OK) printf("%s\n", error.message);
    tp_confusion *confusion = tp_confusion_new(2, NULL, &error);
    tp_auc *auc = tp_auc_new(NULL, &error);
    judge(&p, TEST, confusion, auc, &error);
    printf("\nlambda %g on %.0f tumours for testing, rows what they are:\n", chosen, tp_confusion_seen(confusion));
    tp_confusion_print(confusion, (const char *const[]){"benign", "malignant"}, stdout);
    printf("accuracy %.2f %%, area under the curve %.4f\n", 100 * tp_confusion_accuracy(confusion), tp_auc_value(auc));
    tp_auc_free(auc);
    tp_confusion_free(confusion);
    tp_objective_free(o);
    for (int k = 0; k < PARTS; k++) tp_tensor_release(p.x[k]), tp_tensor_release(p.y[k]), tp_tensor_release(p.label[k]);
    tp_tensor_release(p.w), tp_tensor_release(p.b);
    return error.status == TP_OK ? 0 : 1;
}
