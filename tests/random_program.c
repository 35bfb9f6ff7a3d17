/* Running a random program, and what all parts need. */
#include <stdarg.h>
#include <stdio.h>

#include "tests/random_program.h"

void say(text *t, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    const int n = vsnprintf(t->at + t->n, sizeof t->at - t->n, format, list);
    va_end(list);
    if (n > 0) t->n += (size_t)n;
    if (t->n >= sizeof t->at) t->n = sizeof t->at - 1;
}

int64_t form_count(const form *f)
{
    int64_t n = 1;
    for (int i = 0; i < f->rank; i++) n *= f->dims[i];
    return n;
}

static bool record_leaf(const program *p, execution *e, int i)
{
    const form *f = &p->leaf[i];
    e->tensor[i] = NULL;
    if (f->rank == 0) {
        e->value[i] = tp_scalar(e->tape, p->numbers[i][0]);
        return true;
    }
    e->tensor[i] = tp_tensor_from(TP_F64, f->rank, f->dims, p->numbers[i]);
    e->value[i] = tp_leaf(e->tape, e->tensor[i]);
    return e->tensor[i] != NULL;
}

bool program_record(const program *p, tp_tape *tape, execution *e)
{
    tp_tape_reset(tape);
    tp_tape_set_seed(tape, 1); /* the same random numbers at each recording */
    *e = (execution){.tape = tape};
    bool good = true;
    for (int i = 0; i < p->leaves; i++) good = record_leaf(p, e, i) && good;
    for (int k = 0; k < p->steps && good; k++) {
        const step *s = &p->step[k];
        tp_var x[MOST_OPERANDS];
        for (int i = 0; i < s->n; i++) x[i] = e->value[s->operand[i]];
        e->value[MOST_LEAVES + k] = s->recipe->record(s, x);
        good = tp_tape_status(tape) == TP_OK && tp_ok(e->value[MOST_LEAVES + k]);
    }
    if (good) e->y = e->value[p->result];
    return good && tp_var_dtype(e->y) == TP_F64;
}

void execution_end(const program *p, execution *e)
{
    for (int i = 0; i < p->leaves; i++) tp_tensor_release(e->tensor[i]);
}

void execution_move(const program *p, execution *e, double t, double (*direction)[MOST_ELEMENTS])
{
    for (int i = 0; i < p->leaves; i++) {
        double *at = e->tensor[i] ? tp_tensor_data(e->tensor[i]) : NULL;
        for (int64_t k = 0; at && k < form_count(&p->leaf[i]); k++) at[k] = p->numbers[i][k] + t * direction[i][k];
        if (!at) tp_set_item(e->value[i], p->numbers[i][0] + t * direction[i][0]);
    }
}

void program_prune(program *p)
{
    bool used[MOST_VALUES] = {false};
    int now[MOST_VALUES] = {0}, leaves = 0, steps = 0;
    used[p->result] = true;
    for (int k = p->steps - 1; k >= 0; k--)
        for (int i = 0; used[MOST_LEAVES + k] && i < p->step[k].n; i++) used[p->step[k].operand[i]] = true;
    for (int i = 0; i < p->leaves; i++) {
        if (!used[i]) continue;
        now[i] = leaves;
        p->leaf[leaves] = p->leaf[i];
        if (leaves < i) memcpy(p->numbers[leaves], p->numbers[i], sizeof p->numbers[i]);
        leaves++;
    }
    for (int k = 0; k < p->steps; k++) {
        if (!used[MOST_LEAVES + k]) continue;
        now[MOST_LEAVES + k] = MOST_LEAVES + steps;
        p->step[steps] = p->step[k];
        for (int i = 0; i < p->step[steps].n; i++) p->step[steps].operand[i] = now[p->step[steps].operand[i]];
        steps++;
    }
    p->result = now[p->result];
    p->leaves = leaves;
    p->steps = steps;
}
