/* Backpropagation worked out gate by gate: small expressions, each with the value and the gradient of every gate, all
   read from the tape, and each drawn as a circuit.  usage: worked_examples [folder for the drawings] */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <tapir/draw.h>
#include <tapir/ops.h>
#include <tapir/tape.h>

enum { MOST_GATES = 32 };

typedef struct gate_row {
    const char *name, *expression;
    tp_var output;
    double value, gradient;
} gate_row;

/* One example while it is recorded: its rows in the order of the forward pass. */
typedef struct example {
    tp_tape *tape;
    int count;
    gate_row rows[MOST_GATES];
} example;

/* Lists a gate under its name, which the drawing shows too; returns the gate's output. */
static tp_var gate(example *e, const char *name, const char *expression, tp_var output)
{
    if (e->count < MOST_GATES) e->rows[e->count++] = (gate_row){name, expression, output, 0, 0};
    return tp_name(output, name);
}

static tp_var input(example *e, const char *name, double value)
{
    return gate(e, name, "input", tp_scalar(e->tape, value));
}

/* q = x + y;  f = q z */
static tp_var product_of_sum(example *e)
{
    const tp_var x = input(e, "x", -2), y = input(e, "y", 5), z = input(e, "z", -4);
    const tp_var q = gate(e, "q", "x + y", tp_add(x, y));
    return gate(e, "f", "q z", tp_mul(q, z));
}

/* A sigmoid neuron, the sigmoid itself taken apart into four gates. */
static tp_var neuron(example *e)
{
    const tp_var w0 = input(e, "w0", 2), x0 = input(e, "x0", -1), w1 = input(e, "w1", -3), x1 = input(e, "x1", -2),
                 w2 = input(e, "w2", -3);
    const tp_var a = gate(e, "a", "w0 x0", tp_mul(w0, x0));
    const tp_var b = gate(e, "b", "w1 x1", tp_mul(w1, x1));
    const tp_var c = gate(e, "c", "a + b", tp_add(a, b));
    const tp_var s = gate(e, "s", "c + w2", tp_add(c, w2));
    const tp_var n = gate(e, "n", "-s", tp_neg(s));
    const tp_var p = gate(e, "p", "e^n", tp_exp(n));
    const tp_var d = gate(e, "d", "p + 1", tp_adds(p, 1));
    return gate(e, "f", "1 / d", tp_reciprocal(d));
}

/* Stages of a larger expression; x and y fork, and what comes back along the branches is added. */
static tp_var staged(example *e)
{
    const tp_var x = input(e, "x", 3), y = input(e, "y", -4);
    const tp_var sigy = gate(e, "sigy", "sigmoid(y)", tp_sigmoid(y));
    const tp_var num = gate(e, "num", "x + sigy", tp_add(x, sigy));
    const tp_var sigx = gate(e, "sigx", "sigmoid(x)", tp_sigmoid(x));
    const tp_var xpy = gate(e, "xpy", "x + y", tp_add(x, y));
    const tp_var sqr = gate(e, "sqr", "xpy^2", tp_square(xpy));
    const tp_var den = gate(e, "den", "sigx + sqr", tp_add(sigx, sqr));
    const tp_var inv = gate(e, "inv", "1 / den", tp_reciprocal(den));
    return gate(e, "f", "num inv", tp_mul(num, inv));
}

/* What single gates do to the gradient that arrives: the factors 2, 5 and 9 are those gradients. */
static tp_var patterns(example *e)
{
    const tp_var a = input(e, "a", 3), b = input(e, "b", 4), c = input(e, "c", 1);
    const tp_var h = input(e, "h", 2), k = input(e, "k", 3), m = input(e, "m", 4), n = input(e, "n", 5);
    const tp_var sum = gate(e, "sum", "a + b", tp_add(a, b));
    const tp_var copy1 = gate(e, "copy1", "4 c", tp_muls(c, 4));
    const tp_var copy2 = gate(e, "copy2", "2 c", tp_muls(c, 2));
    const tp_var product = gate(e, "product", "h k", tp_mul(h, k));
    const tp_var larger = gate(e, "larger", "max(m, n)", tp_maximum(m, n));
    const tp_var u = gate(e, "u", "2 sum", tp_muls(sum, 2));
    const tp_var v = gate(e, "v", "copy1 + copy2", tp_add(copy1, copy2));
    const tp_var w = gate(e, "w", "5 product", tp_muls(product, 5));
    const tp_var z = gate(e, "z", "9 larger", tp_muls(larger, 9));
    const tp_var left = gate(e, "left", "u + v", tp_add(u, v));
    const tp_var right = gate(e, "right", "w + z", tp_add(w, z));
    return gate(e, "f", "left + right", tp_add(left, right));
}

static void print_table(const char *title, const example *e)
{
    printf("\n%s\n\n  %-8s %-16s %14s %14s\n", title, "gate", "expression", "value", "gradient");
    for (int i = 0; i < e->count; i++)
        printf("  %-8s %-16s %14.7f %14.7f\n", e->rows[i].name, e->rows[i].expression, e->rows[i].value,
               e->rows[i].gradient);
}

static const gate_row *find_row(const example *e, const char *name)
{
    for (int i = 0; i < e->count; i++)
        if (strcmp(e->rows[i].name, name) == 0) return &e->rows[i];
    return NULL;
}

/* An input that several gates read. */
typedef struct fork {
    const char *input, *readers[3];
} fork;

/* What came back to a fork along each branch (one vector-Jacobian product a reader), and the sum that the walk made. */
static void print_fork(const example *e, const fork *split)
{
    const gate_row *x = find_row(e, split->input);
    printf("  %s forks:", x->name);
    for (int i = 0; i < 3 && split->readers[i]; i++) {
        const gate_row *reader = find_row(e, split->readers[i]);
        tp_var part;
        tp_vjp(reader->output, tp_const(e->tape, reader->gradient), &x->output, 1, &part, 0);
        printf("%s %.7f (%s)", i ? " +" : "", tp_item(part), reader->name);
    }
    printf(" = %.7f\n", x->gradient);
}

typedef struct example_kind {
    const char *name, *title; /* the name is the drawing's too */
    tp_var (*build)(example *e);
    fork forks[2];
} example_kind;

static const example_kind kinds[] = {
    {"product_of_sum", "(x + y) z", product_of_sum, {{NULL, {NULL}}}},
    {"neuron", "1 / (1 + e^-(w0 x0 + w1 x1 + w2)), gate by gate", neuron, {{NULL, {NULL}}}},
    {"staged",
     "(x + sigmoid(y)) / (sigmoid(x) + (x + y)^2), in stages",
     staged,
     {{"x", {"num", "sigx", "xpy"}}, {"y", {"sigy", "xpy"}}}},
    {"patterns",
     "Patterns: add hands its gradient on, copies add theirs, mul swaps its operands, max routes to the larger",
     patterns,
     {{"c", {"copy1", "copy2"}}}},
};

static int draw(tp_var f, const example_kind *kind, const char *folder)
{
    char path[1024];
    tp_error error = {0};
    snprintf(path, sizeof path, "%s/%s.svg", folder, kind->name);
    if (tp_draw_circuit(f, &(tp_draw_options){.branches = true}, path, &error) == TP_OK) return 0;
    fprintf(stderr, "worked_examples: %s\n", error.message);
    return 1;
}

static int run(tp_tape *tape, const example_kind *kind, const char *folder)
{
    example e = {.tape = tape};
    tp_tape_reset(tape);
    const tp_var f = kind->build(&e);
    if (tp_backward(f) != TP_OK) {
        fprintf(stderr, "worked_examples: %s\n", tp_tape_error(tape));
        return 1;
    }
    for (int i = 0; i < e.count; i++) {
        e.rows[i].value = tp_item(e.rows[i].output);
        e.rows[i].gradient = tp_grad_item(e.rows[i].output);
    }
    print_table(kind->title, &e);
    const int failed = draw(f, kind, folder); /* before the walks of print_fork replace the gradients */
    if (kind->forks[0].input) putchar('\n');
    for (int i = 0; i < 2 && kind->forks[i].input; i++) print_fork(&e, &kind->forks[i]);
    if (!failed) printf("\n  drawn in %s/%s.svg\n", folder, kind->name);
    return failed;
}

int main(int count, char **arguments)
{
    const char *folder = count > 1 ? arguments[1] : "build/demo";
    if (mkdir(folder, 0777) != 0 && errno != EEXIST) {
        fprintf(stderr, "worked_examples: cannot make the folder %s: %s\n", folder, strerror(errno));
        return 1;
    }
    tp_tape *tape = tp_tape_new(NULL);
    int failed = 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) failed |= run(tape, &kinds[i], folder);
    tp_tape_free(tape);
    return failed;
}
