/* Plain C beside the evals: what its problems share. */
#include "bench/gradbench/plain.h"

#include <stdlib.h>
#include <string.h>

extern const gb_eval gb_plain_gmm, gb_plain_ba, gb_plain_lstm, gb_plain_ht, gb_plain_det, gb_plain_kmeans,
    gb_plain_llsq, gb_plain_lse, gb_plain_ode;

static const gb_eval *const plains[] = {&gb_plain_gmm,    &gb_plain_ba,   &gb_plain_lstm, &gb_plain_ht, &gb_plain_det,
                                        &gb_plain_kmeans, &gb_plain_llsq, &gb_plain_lse,  &gb_plain_ode};

const gb_eval *gb_plain_find(const char *name)
{
    for (size_t i = 0; i < sizeof plains / sizeof *plains; i++)
        if (!strcmp(plains[i]->name, name)) return plains[i];
    return NULL;
}

void *plain_parse(bool (*read)(plain_problem *, const json_t *, tp_error *), const json_t *input, tp_error *error)
{
    plain_problem *p = calloc(1, sizeof *p);
    if (!p) return gb_fail(error, TP_E_MEMORY, "no memory for the problem"), NULL;
    if (read(p, input, error)) return p;
    plain_free(p);
    return NULL;
}

bool plain_room(plain_problem *p, int64_t room, int64_t results, tp_error *error)
{
    p->room = calloc((size_t)(room > 0 ? room : 1), sizeof *p->room);
    if (!p->room) return gb_fail(error, TP_E_MEMORY, "no memory for the problem"), false;
    p->results = results;
    p->result = p->room + (room - results);
    return true;
}

void plain_write(const void *problem, int function, gb_text *out)
{
    const plain_problem *p = problem;
    (void)function;
    if (p->results)
        gb_put_list(out, p->result, p->results);
    else
        gb_put_number(out, p->value);
}

void plain_free(void *problem)
{
    plain_problem *p = problem;
    if (!p) return;
    for (size_t k = 0; k < sizeof p->tensor / sizeof *p->tensor; k++) tp_tensor_release(p->tensor[k]);
    free(p->room);
    free(p);
}
