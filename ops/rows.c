/* Every row of kernels/.def as an op: scalar path, recorded rule, descriptor, constructor. */
#include <math.h>

#include "ops/ops.h"

#define M(fn) fn
#define C(x) x
#define UNUSED __attribute__((unused))

/* A walk back through scalars waits for one product and one sum after the other: where the processor has it, they are
   fused into one step. (A sanitizer runs before the loader's choice between clones can.) */
#if defined(TP_X86_LEVELS) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define FUSED __attribute__((target_clones("default", "arch=x86-64-v3")))
#else
#define FUSED
#endif

/* What a slope's text says at compile time: the upstream itself, or nothing. */
#define IS_THROUGH(slope) (sizeof(#slope) == 2 && #slope[0] == 'g')
#define IS_ZERO(slope) (sizeof(#slope) == 2 && #slope[0] == '0')
#define REACH(slope) (IS_ZERO(slope) ? 0u : ~0u)
#define FLAGS(slope) (IS_ZERO(slope) ? TP_NO_GRADIENT : 0)

#define VALUE(name, text)                                                                                              \
    static inline double name##_value(double x, double b UNUSED)                                                       \
    {                                                                                                                  \
        return text;                                                                                                   \
    }
#define SLOPE(name, by, text)                                                                                          \
    static inline double name##_by_##by(double x UNUSED, double b UNUSED, double y UNUSED, double g UNUSED)            \
    {                                                                                                                  \
        return text;                                                                                                   \
    }
#define RECORDED(name, by, text)                                                                                       \
    static tp_var name##_recorded_##by(tp_var g UNUSED, tp_var x UNUSED, tp_var b UNUSED, tp_var y UNUSED,             \
                                       double number UNUSED)                                                           \
    {                                                                                                                  \
        return text;                                                                                                   \
    }
#define RECORDED_NUMBER(name, text)                                                                                    \
    static tp_var name##_recorded_x(tp_var g UNUSED, tp_var x UNUSED, tp_var none UNUSED, tp_var y UNUSED,             \
                                    double b UNUSED)                                                                   \
    {                                                                                                                  \
        return text;                                                                                                   \
    }

/* Scalar closures of a row with one operand; B is the place of its plain number, if it has one. */
#define SCALAR_ONE(name, B)                                                                                            \
    static void name##_scalar_forward(tp_node *nodes, uint32_t i)                                                      \
    {                                                                                                                  \
        tp_node *node = &nodes[i];                                                                                     \
        node->value.number = name##_value(nodes[node->a & TP_NODE_BITS].value.number, B);                              \
    }                                                                                                                  \
    FUSED static void name##_scalar_gradient(const tp_node *nodes, tp_slot *slots, uint32_t i)                         \
    {                                                                                                                  \
        const tp_node *node = &nodes[i];                                                                               \
        const uint32_t a = node->a & TP_NODE_BITS;                                                                     \
        slots[a].number += name##_by_x(nodes[a].value.number, B, node->value.number, slots[i].number);                 \
    }
#define SCALAR_TWO(name)                                                                                               \
    static void name##_scalar_forward(tp_node *nodes, uint32_t i)                                                      \
    {                                                                                                                  \
        tp_node *node = &nodes[i];                                                                                     \
        node->value.number =                                                                                           \
            name##_value(nodes[node->a & TP_NODE_BITS].value.number, nodes[node->b & TP_NODE_BITS].value.number);      \
    }                                                                                                                  \
    FUSED static void name##_scalar_gradient(const tp_node *nodes, tp_slot *slots, uint32_t i)                         \
    {                                                                                                                  \
        const tp_node *node = &nodes[i];                                                                               \
        const uint32_t a = node->a & TP_NODE_BITS, c = node->b & TP_NODE_BITS;                                         \
        const double x = nodes[a].value.number, b = nodes[c].value.number;                                             \
        const double y = node->value.number, g = slots[i].number;                                                      \
        slots[a].number += name##_by_x(x, b, y, g);                                                                    \
        slots[c].number += name##_by_b(x, b, y, g);                                                                    \
    }

#define DESCRIPTOR(name_, operands, mark, ...)                                                                         \
    static const tp_row name_##_row = {.index = TP_ROW_##name_, .value = name_##_value, __VA_ARGS__};                  \
    const tp_op tp_op_##name_ = {                                                                                      \
        TP_OP_HEAD,                                                                                                    \
        .name = #name_,                                                                                                \
        .arity = operands,                                                                                             \
        .structure = TP_ELEMENTWISE,                                                                                   \
        .flags = mark,                                                                                                 \
        .forward = tp_elementwise_forward,                                                                             \
        .backward = tp_elementwise_backward,                                                                           \
        .gradient = tp_elementwise_gradient,                                                                           \
        .scalar_forward = name_##_scalar_forward,                                                                      \
        .scalar_gradient = name_##_scalar_gradient,                                                                    \
        .row = &name_##_row,                                                                                           \
    };

#define UNARY(name, value_, slope_, recorded_, low_, high_)                                                            \
    VALUE(name, value_)                                                                                                \
    SLOPE(name, x, slope_)                                                                                             \
    RECORDED(name, x, recorded_)                                                                                       \
    SCALAR_ONE(name, 0)                                                                                                \
    DESCRIPTOR(name, 1, FLAGS(slope_), .kind = TP_ROW_UNARY, .recorded = {name##_recorded_x},                          \
               .through = {IS_THROUGH(slope_)}, .low = low_, .high = high_, .formula = #value_, .slope = {#slope_},    \
               .recorded_text = {#recorded_})                                                                          \
    tp_var tp_##name(tp_var x)                                                                                         \
    {                                                                                                                  \
        if (!tp_scalar_ready1(x)) return tp_elementwise1(&tp_op_##name, x, 0);                                         \
        const tp_node *node = &x.tape->nodes[x.node];                                                                  \
        return tp_scalar_append(x.tape, &tp_op_##name, name##_value(node->value.number, 0), x.node, 0, node->a, 0,     \
                                REACH(slope_));                                                                        \
    }

#define NUMBER_OP(name, value_, slope_, recorded_, number_, low_, high_)                                               \
    VALUE(name, value_)                                                                                                \
    SLOPE(name, x, slope_)                                                                                             \
    RECORDED_NUMBER(name, recorded_)                                                                                   \
    SCALAR_ONE(name, node->extra.number)                                                                               \
    DESCRIPTOR(name, 1, FLAGS(slope_), .kind = TP_ROW_NUMBER, .recorded = {name##_recorded_x},                         \
               .through = {IS_THROUGH(slope_)}, .low = low_, .high = high_, .number = number_, .formula = #value_,     \
               .slope = {#slope_}, .recorded_text = {#recorded_})                                                      \
    static inline tp_var name##_record(tp_var x, double b)                                                             \
    {                                                                                                                  \
        if (!tp_scalar_ready1(x)) return tp_elementwise1(&tp_op_##name, x, b);                                         \
        const tp_node *node = &x.tape->nodes[x.node];                                                                  \
        return tp_scalar_append(x.tape, &tp_op_##name, name##_value(node->value.number, b), x.node, 0, node->a, b,     \
                                REACH(slope_));                                                                        \
    }
#define NUMBER(name, ...)                                                                                              \
    NUMBER_OP(name, __VA_ARGS__) tp_var tp_##name(tp_var x, double b)                                                  \
    {                                                                                                                  \
        return name##_record(x, b);                                                                                    \
    }
#define NUMBER_FIRST(name, ...)                                                                                        \
    NUMBER_OP(name, __VA_ARGS__) tp_var tp_##name(double b, tp_var x)                                                  \
    {                                                                                                                  \
        return name##_record(x, b);                                                                                    \
    }

#define BINARY(name, value_, slope_x, recorded_x_, slope_b, recorded_b_, low_, high_)                                  \
    VALUE(name, value_)                                                                                                \
    SLOPE(name, x, slope_x)                                                                                            \
    SLOPE(name, b, slope_b)                                                                                            \
    RECORDED(name, x, recorded_x_)                                                                                     \
    RECORDED(name, b, recorded_b_)                                                                                     \
    SCALAR_TWO(name)                                                                                                   \
    DESCRIPTOR(name, 2, FLAGS(slope_x), .kind = TP_ROW_BINARY, .recorded = {name##_recorded_x, name##_recorded_b},     \
               .through = {IS_THROUGH(slope_x), IS_THROUGH(slope_b)}, .low = low_, .high = high_, .formula = #value_,  \
               .slope = {#slope_x, #slope_b}, .recorded_text = {#recorded_x_, #recorded_b_})                           \
    tp_var tp_##name(tp_var x, tp_var b)                                                                               \
    {                                                                                                                  \
        if (!tp_scalar_ready2(x, b)) return tp_elementwise2(&tp_op_##name, x, b);                                      \
        const tp_node *p = &x.tape->nodes[x.node], *q = &x.tape->nodes[b.node];                                        \
        return tp_scalar_append(x.tape, &tp_op_##name, name##_value(p->value.number, q->value.number), x.node, b.node, \
                                p->a | q->a, 0, REACH(slope_x));                                                       \
    }

#include "kernels/binary.def"
#include "kernels/number.def"
#include "kernels/unary.def"
