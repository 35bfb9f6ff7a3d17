/* The table of the library's ops, and small help for the files that define them. */
#include <stdarg.h>
#include <string.h>

#include "ops/ops.h"

static const tp_op *const table[] = {
#define ROW(name, ...) &tp_op_##name,
#define COMPARE(name, ...) &tp_op_##name,
#define TEST(name, ...) &tp_op_##name,
#define OP(name) &tp_op_##name,
#define LOSS(name, ...) &tp_op_##name,
#include "kernels/compare.def"
#include "kernels/rows.def"
#include "kernels/loss.def"
#include "ops/ops.def"
};

int tp_op_count(void)
{
    return (int)(sizeof table / sizeof *table);
}

const tp_op *tp_op_at(int i)
{
    return i >= 0 && i < tp_op_count() ? table[i] : NULL;
}

tp_var tp_call1(const tp_op *op, tp_var x, const void *attributes)
{
    tp_tape *tape = x.tape;
    if (!tape) return tp_poison(NULL);
    if (!tp_check_operand(tape, op->name, x, 0)) return tp_poison(tape);
    return tp_record1(tape, op, x.node, attributes);
}

tp_var tp_call2(const tp_op *op, tp_var a, tp_var b, const void *attributes)
{
    tp_tape *tape = a.tape ? a.tape : b.tape;
    if (!tape) return tp_poison(NULL);
    if (!tp_check_operand(tape, op->name, a, 0) || !tp_check_operand(tape, op->name, b, 1)) return tp_poison(tape);
    return tp_record2(tape, op, a.node, b.node, attributes);
}

tp_var tp_refuse(tp_tape *tape, tp_status status, const char *format, ...)
{
    if (!tape) return tp_poison(NULL);
    char message[TP_ERROR_LENGTH];
    va_list list;
    va_start(list, format);
    vsnprintf(message, sizeof message, format, list);
    va_end(list);
    tp_tape_fail(tape, status, "%s", message);
    return tp_poison(tape);
}

const tp_tensor *tp_densely(tp_tape *tape, const tp_tensor *x, tp_tensor **copy)
{
    *copy = NULL;
    if (x->dense) return x;
    *copy = tp_new_tensor(tape, (tp_dtype)x->dtype, x->rank, x->dims, "copy");
    if (*copy)
        tp_copy(x->rank, x->dims, (tp_dtype)x->dtype, (*copy)->data, (*copy)->strides, (tp_dtype)x->dtype, x->data,
                x->strides);
    return *copy;
}

void tp_done(tp_tape *tape, tp_tensor *copy)
{
    if (copy) tp_unref(tape, copy);
}
