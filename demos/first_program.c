/* The first program of the README. */
#include <stdio.h>

#include <tapir/tapir.h>

int main(void)
{
    tp_tape *t = tp_tape_new(NULL);
    tp_var x = tp_scalar(t, -2), y = tp_scalar(t, 5), z = tp_scalar(t, -4);
    tp_var f = tp_mul(tp_add(x, y), z);
    if (tp_backward(f) != TP_OK) fprintf(stderr, "%s\n", tp_tape_error(t));
    printf("f=%g  df/dx=%g df/dy=%g df/dz=%g\n", tp_item(f), tp_grad_item(x), tp_grad_item(y), tp_grad_item(z));
    tp_tape_free(t);
}
