/* Every row of kernels/.def as an op: scalar path, recorded rule, descriptor, constructor. */
#include <math.h>

#include "kernels/compare.h"
#include "ops/ops.h"

#define T double
#define M(fn) fn
#define C(x) x
#define INLINE static inline
#include "kernels/formulas.h"
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

/* Slopes that name a part more than once. */

/* (x s)' = s + x s (1 - s) w' with s = 1 / (1 + e^-w) */
static tp_var gated(tp_var s, tp_var x)
{
    return tp_add(s, tp_mul_masked(tp_mul(s, tp_rsubs(1, s)), x));
}
static tp_var silu_rule(tp_var x)
{
    return gated(tp_sigmoid(x), x);
}
/* w = k (x + c x^3), x w' = k (x + 3c x^3) */
static tp_var gelu_tanh_rule(tp_var x)
{
    const double k = 1.5957691216057308, c = 0.044715;
    const tp_var cube = tp_mul(x, tp_square(x)), w = tp_muls(tp_add(x, tp_muls(cube, c)), k);
    return gated(tp_sigmoid(w), tp_muls(tp_add(x, tp_muls(cube, 3 * c)), k));
}
/* (x t)' = t + x (1 - t^2) s with t = tanh(softplus(x)), s = sigmoid(x) */
static tp_var mish_rule(tp_var x)
{
    const tp_var t = tp_tanh(tp_softplus(x));
    return tp_add(t, tp_mul_masked(tp_mul(tp_sigmoid(x), tp_rsubs(1, tp_square(t))), x));
}
/* a / (x^2 + b^2), and 0 where that is 0 / 0 or Inf / Inf */
static tp_var over_square_rule(tp_var a, tp_var x, tp_var b)
{
    const tp_var r = tp_reciprocal_or_zero(tp_hypot(x, b));
    return tp_mul_masked(r, tp_mul_masked(r, a));
}

#define VALUE(name, text)                                                                                              \
    static inline double name##_value(double x, double b UNUSED, double c UNUSED, double d UNUSED)                     \
    {                                                                                                                  \
        return text;                                                                                                   \
    }
#define SLOPE(name, by, text)                                                                                          \
    static inline double name##_by_##by(double x UNUSED, double b UNUSED, double c UNUSED, double d UNUSED,            \
                                        double y UNUSED, double g UNUSED)                                              \
    {                                                                                                                  \
        return text;                                                                                                   \
    }
#define RECORDED(name, by, text)                                                                                       \
    static tp_var name##_recorded_##by(tp_var g UNUSED, const tp_var *in, tp_var y UNUSED, const double *none UNUSED)  \
    {                                                                                                                  \
        const tp_var x UNUSED = in[0], b UNUSED = in[1], c UNUSED = in[2];                                             \
        return text;                                                                                                   \
    }
#define RECORDED_NUMBERS(name, count, text)                                                                            \
    static tp_var name##_recorded_x(tp_var g UNUSED, const tp_var *in, tp_var y UNUSED, const double *numbers)         \
    {                                                                                                                  \
        const tp_var x UNUSED = in[0];                                                                                 \
        const double b UNUSED = numbers[0], c UNUSED = count > 1 ? numbers[1] : 0,                                     \
                       d UNUSED = count > 2 ? numbers[2] : 0;                                                          \
        return text;                                                                                                   \
    }

/* Scalar closures of a row with one operand; B, C and D are the places of its plain numbers, if it has them. */
#define SCALAR_ONE(name, B, C_, D)                                                                                     \
    static double name##_scalar_forward(tp_node *nodes, uint32_t i, double last)                                       \
    {                                                                                                                  \
        tp_node *node = &nodes[i];                                                                                     \
        return node->value.number = name##_value(tp_operand_number(nodes, node->a & TP_NODE_BITS, i, last), B, C_, D); \
    }                                                                                                                  \
    FUSED static double name##_scalar_gradient(const tp_node *nodes, tp_slot *slots, uint32_t i, double g)             \
    {                                                                                                                  \
        const tp_node *node = &nodes[i];                                                                               \
        const uint32_t a = node->a & TP_NODE_BITS;                                                                     \
        const double of_a = slots[a].number += name##_by_x(nodes[a].value.number, B, C_, D, node->value.number, g);    \
        return a == i - 1 ? of_a : slots[i - 1].number;                                                                \
    }                                                                                                                  \
    FUSED static void name##_scalar_slopes(const tp_node *nodes, uint32_t i, double *slopes)                           \
    {                                                                                                                  \
        const tp_node *node = &nodes[i];                                                                               \
        slopes[0] = name##_by_x(nodes[node->a & TP_NODE_BITS].value.number, B, C_, D, node->value.number, 1);          \
    }
#define SCALAR_TWO(name)                                                                                               \
    static double name##_scalar_forward(tp_node *nodes, uint32_t i, double last)                                       \
    {                                                                                                                  \
        tp_node *node = &nodes[i];                                                                                     \
        return node->value.number = name##_value(tp_operand_number(nodes, node->a & TP_NODE_BITS, i, last),            \
                                                 tp_operand_number(nodes, node->b & TP_NODE_BITS, i, last), 0, 0);     \
    }                                                                                                                  \
    FUSED static double name##_scalar_gradient(const tp_node *nodes, tp_slot *slots, uint32_t i, double g)             \
    {                                                                                                                  \
        const tp_node *node = &nodes[i];                                                                               \
        const uint32_t a = node->a & TP_NODE_BITS, e = node->b & TP_NODE_BITS;                                         \
        const double x = nodes[a].value.number, b = nodes[e].value.number;                                             \
        const double y = node->value.number;                                                                           \
        const double of_a = slots[a].number += name##_by_x(x, b, 0, 0, y, g);                                          \
        const double of_e = slots[e].number += name##_by_b(x, b, 0, 0, y, g);                                          \
        if (e == i - 1) return of_e;                                                                                   \
        return a == i - 1 ? of_a : slots[i - 1].number;                                                                \
    }                                                                                                                  \
    FUSED static void name##_scalar_slopes(const tp_node *nodes, uint32_t i, double *slopes)                           \
    {                                                                                                                  \
        const tp_node *node = &nodes[i];                                                                               \
        const double x = nodes[node->a & TP_NODE_BITS].value.number, b = nodes[node->b & TP_NODE_BITS].value.number;   \
        slopes[0] = name##_by_x(x, b, 0, 0, node->value.number, 1);                                                    \
        slopes[1] = name##_by_b(x, b, 0, 0, node->value.number, 1);                                                    \
    }
#define SCALAR_THREE(name)                                                                                             \
    static double name##_scalar_forward(tp_node *nodes, uint32_t i, double last)                                       \
    {                                                                                                                  \
        tp_node *node = &nodes[i];                                                                                     \
        return node->value.number = name##_value(tp_operand_number(nodes, node->a & TP_NODE_BITS, i, last),            \
                                                 tp_operand_number(nodes, node->b & TP_NODE_BITS, i, last),            \
                                                 tp_operand_number(nodes, node->extra.third, i, last), 0);             \
    }                                                                                                                  \
    FUSED static double name##_scalar_gradient(const tp_node *nodes, tp_slot *slots, uint32_t i, double g)             \
    {                                                                                                                  \
        const tp_node *node = &nodes[i];                                                                               \
        const uint32_t a = node->a & TP_NODE_BITS, e = node->b & TP_NODE_BITS, f = node->extra.third;                  \
        const double x = nodes[a].value.number, b = nodes[e].value.number, c = nodes[f].value.number;                  \
        const double y = node->value.number;                                                                           \
        slots[a].number += name##_by_x(x, b, c, 0, y, g);                                                              \
        slots[e].number += name##_by_b(x, b, c, 0, y, g);                                                              \
        slots[f].number += name##_by_c(x, b, c, 0, y, g);                                                              \
        return slots[i - 1].number;                                                                                    \
    }                                                                                                                  \
    FUSED static void name##_scalar_slopes(const tp_node *nodes, uint32_t i, double *slopes)                           \
    {                                                                                                                  \
        const tp_node *node = &nodes[i];                                                                               \
        const double x = nodes[node->a & TP_NODE_BITS].value.number, b = nodes[node->b & TP_NODE_BITS].value.number;   \
        const double c = nodes[node->extra.third].value.number, y = node->value.number;                                \
        slopes[0] = name##_by_x(x, b, c, 0, y, 1);                                                                     \
        slopes[1] = name##_by_b(x, b, c, 0, y, 1);                                                                     \
        slopes[2] = name##_by_c(x, b, c, 0, y, 1);                                                                     \
    }

#define ROW_OF(name_, number_, ...)                                                                                    \
    static const tp_row name_##_row = {.index = number_, .value = name_##_value, __VA_ARGS__};
#define DESCRIPTOR(name_, operands, mark, ...)                                                                         \
    const tp_op tp_op_##name_ = {                                                                                      \
        TP_OP_HEAD,                                                                                                    \
        .name = #name_,                                                                                                \
        .arity = operands,                                                                                             \
        .structure = TP_ELEMENTWISE,                                                                                   \
        .flags = mark,                                                                                                 \
        .forward = tp_elementwise_forward,                                                                             \
        .scalar_forward = name_##_scalar_forward,                                                                      \
        .row = &name_##_row,                                                                                           \
        __VA_ARGS__,                                                                                                   \
    };
#define BACKWARD(name)                                                                                                 \
    .backward = tp_elementwise_backward, .gradient = tp_elementwise_gradient,                                          \
    .scalar_gradient = name##_scalar_gradient, .scalar_slopes = name##_scalar_slopes

/* Constructors: the short path of scalars, or the whole one. */
#define ON_ONE(name, plain, its_number, reach)                                                                         \
    if (!tp_scalar_ready1(x)) return tp_elementwise(&tp_op_##name, &x, (const double[]){plain});                       \
    const tp_node *p = &x.tape->nodes[x.node];                                                                         \
    return tp_scalar_append(x.tape, &tp_op_##name, name##_value(p->value.number, plain, 0, 0), x.node, 0, p->a,        \
                            its_number, reach);
#define ON_TWO(name, reach)                                                                                            \
    if (!tp_scalar_ready2(x, b)) return tp_elementwise(&tp_op_##name, (const tp_var[]){x, b}, NULL);                   \
    const tp_node *p = &x.tape->nodes[x.node], *q = &x.tape->nodes[b.node];                                            \
    return tp_scalar_append(x.tape, &tp_op_##name, name##_value(p->value.number, q->value.number, 0, 0), x.node,       \
                            b.node, p->a | q->a, NULL, reach);

#define UNARY(name, value_, slope_, recorded_, low_, high_)                                                            \
    VALUE(name, value_)                                                                                                \
    SLOPE(name, x, slope_)                                                                                             \
    RECORDED(name, x, recorded_)                                                                                       \
    SCALAR_ONE(name, 0, 0, 0)                                                                                          \
    ROW_OF(name, TP_ROW_##name, .kind = TP_ROW_UNARY, .recorded = {name##_recorded_x},                                 \
           .through = {IS_THROUGH(slope_)}, .none = {IS_ZERO(slope_)}, .low = low_, .high = high_, .formula = #value_, \
           .slope = {#slope_}, .recorded_text = {#recorded_})                                                          \
    DESCRIPTOR(name, 1, FLAGS(slope_), BACKWARD(name))                                                                 \
    tp_var tp_##name(tp_var x)                                                                                         \
    {                                                                                                                  \
        ON_ONE(name, 0, NULL, REACH(slope_))                                                                           \
    }

#define NUMBER_OP(name, value_, slope_, recorded_, number_, low_, high_)                                               \
    VALUE(name, value_)                                                                                                \
    SLOPE(name, x, slope_)                                                                                             \
    RECORDED_NUMBERS(name, 1, recorded_)                                                                               \
    SCALAR_ONE(name, node->extra.number, 0, 0)                                                                         \
    ROW_OF(name, TP_ROW_##name, .kind = TP_ROW_NUMBER, .numbers_count = 1, .recorded = {name##_recorded_x},            \
           .through = {IS_THROUGH(slope_)}, .none = {IS_ZERO(slope_)}, .low = low_, .high = high_,                     \
           .number = {number_}, .formula = #value_, .slope = {#slope_}, .recorded_text = {#recorded_})                 \
    DESCRIPTOR(name, 1, FLAGS(slope_), BACKWARD(name))                                                                 \
    static inline tp_var name##_record(tp_var x, double b)                                                             \
    {                                                                                                                  \
        ON_ONE(name, b, &b, REACH(slope_))                                                                             \
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

#define SEVERAL_OP(name, count, D, value_, slope_, recorded_, low_, high_, ...)                                        \
    VALUE(name, value_)                                                                                                \
    SLOPE(name, x, slope_)                                                                                             \
    RECORDED_NUMBERS(name, count, recorded_)                                                                           \
    SCALAR_ONE(name, node->extra.numbers[0], node->extra.numbers[1], D)                                                \
    ROW_OF(name, TP_ROW_##name, .kind = TP_ROW_NUMBERS, .numbers_count = count, .recorded = {name##_recorded_x},       \
           .through = {IS_THROUGH(slope_)}, .none = {IS_ZERO(slope_)}, .low = low_, .high = high_,                     \
           .number = {__VA_ARGS__}, .formula = #value_, .slope = {#slope_}, .recorded_text = {#recorded_})             \
    DESCRIPTOR(name, 1, FLAGS(slope_), BACKWARD(name))
#define TWO_NUMBERS(name, ...)                                                                                         \
    SEVERAL_OP(name, 2, 0, __VA_ARGS__)                                                                                \
    tp_var tp_##name(tp_var x, double b, double c)                                                                     \
    {                                                                                                                  \
        return tp_elementwise(&tp_op_##name, &x, (const double[]){b, c});                                              \
    }
#define THREE_NUMBERS(name, ...)                                                                                       \
    SEVERAL_OP(name, 3, node->extra.numbers[2], __VA_ARGS__)                                                           \
    tp_var tp_##name(tp_var x, double b, double c, double d)                                                           \
    {                                                                                                                  \
        return tp_elementwise(&tp_op_##name, &x, (const double[]){b, c, d});                                           \
    }

#define BINARY(name, value_, slope_x, recorded_x_, slope_b, recorded_b_, low_, high_)                                  \
    VALUE(name, value_)                                                                                                \
    SLOPE(name, x, slope_x)                                                                                            \
    SLOPE(name, b, slope_b)                                                                                            \
    RECORDED(name, x, recorded_x_)                                                                                     \
    RECORDED(name, b, recorded_b_)                                                                                     \
    SCALAR_TWO(name)                                                                                                   \
    ROW_OF(name, TP_ROW_##name, .kind = TP_ROW_BINARY, .recorded = {name##_recorded_x, name##_recorded_b},             \
           .through = {IS_THROUGH(slope_x), IS_THROUGH(slope_b)}, .none = {IS_ZERO(slope_x), IS_ZERO(slope_b)},        \
           .low = low_, .high = high_, .formula = #value_, .slope = {#slope_x, #slope_b},                              \
           .recorded_text = {#recorded_x_, #recorded_b_})                                                              \
    DESCRIPTOR(name, 2, FLAGS(slope_x), BACKWARD(name))                                                                \
    tp_var tp_##name(tp_var x, tp_var b)                                                                               \
    {                                                                                                                  \
        ON_TWO(name, REACH(slope_x))                                                                                   \
    }

/* `mask` says that of x only whether it is 0 matters. */
#define TERNARY(name, value_, slope_x, recorded_x_, slope_b, recorded_b_, slope_c, recorded_c_, mask_, low_, high_)    \
    VALUE(name, value_)                                                                                                \
    SLOPE(name, x, slope_x)                                                                                            \
    SLOPE(name, b, slope_b)                                                                                            \
    SLOPE(name, c, slope_c)                                                                                            \
    RECORDED(name, x, recorded_x_)                                                                                     \
    RECORDED(name, b, recorded_b_)                                                                                     \
    RECORDED(name, c, recorded_c_)                                                                                     \
    SCALAR_THREE(name)                                                                                                 \
    ROW_OF(name, TP_ROW_##name, .kind = TP_ROW_TERNARY, .mask = mask_,                                                 \
           .recorded = {name##_recorded_x, name##_recorded_b, name##_recorded_c},                                      \
           .through = {IS_THROUGH(slope_x), IS_THROUGH(slope_b), IS_THROUGH(slope_c)},                                 \
           .none = {IS_ZERO(slope_x), IS_ZERO(slope_b), IS_ZERO(slope_c)}, .low = low_, .high = high_,                 \
           .formula = #value_, .slope = {#slope_x, #slope_b, #slope_c},                                                \
           .recorded_text = {#recorded_x_, #recorded_b_, #recorded_c_})                                                \
    DESCRIPTOR(name, 3, 0, BACKWARD(name))                                                                             \
    tp_var tp_##name(tp_var x, tp_var b, tp_var c)                                                                     \
    {                                                                                                                  \
        if (!tp_scalar_ready3(x, b, c)) return tp_elementwise(&tp_op_##name, (const tp_var[]){x, b, c}, NULL);         \
        const tp_node *p = &x.tape->nodes[x.node], *q = &x.tape->nodes[b.node], *r = &x.tape->nodes[c.node];           \
        const double value = name##_value(p->value.number, q->value.number, r->value.number, 0);                       \
        const tp_var y =                                                                                               \
            tp_scalar_append(x.tape, &tp_op_##name, value, x.node, b.node, p->a | q->a | r->a, NULL, ~0u);             \
        x.tape->nodes[y.node].extra.third = c.node;                                                                    \
        return y;                                                                                                      \
    }

#include "kernels/rows.def"

#define COMPARE(name, value_, low_, high_)                                                                             \
    VALUE(name, value_)                                                                                                \
    static double name##_scalar_forward(tp_node *nodes, uint32_t i, double last)                                       \
    {                                                                                                                  \
        tp_node *node = &nodes[i];                                                                                     \
        return node->value.number = name##_value(tp_operand_number(nodes, node->a & TP_NODE_BITS, i, last),            \
                                                 tp_operand_number(nodes, node->b & TP_NODE_BITS, i, last), 0, 0);     \
    }                                                                                                                  \
    COMPARE_ROW(name, value_, low_, high_)                                                                             \
    DESCRIPTOR(name, 2, TP_NO_GRADIENT, .gradient = NULL)                                                              \
    tp_var tp_##name(tp_var x, tp_var b)                                                                               \
    {                                                                                                                  \
        ON_TWO(name, 0)                                                                                                \
    }
#define TEST(name, value_, low_, high_)                                                                                \
    VALUE(name, value_)                                                                                                \
    static double name##_scalar_forward(tp_node *nodes, uint32_t i, double last)                                       \
    {                                                                                                                  \
        tp_node *node = &nodes[i];                                                                                     \
        return node->value.number = name##_value(tp_operand_number(nodes, node->a & TP_NODE_BITS, i, last), 0, 0, 0);  \
    }                                                                                                                  \
    COMPARE_ROW(name, value_, low_, high_)                                                                             \
    DESCRIPTOR(name, 1, TP_NO_GRADIENT, .gradient = NULL)                                                              \
    tp_var tp_##name(tp_var x)                                                                                         \
    {                                                                                                                  \
        ON_ONE(name, 0, NULL, 0)                                                                                       \
    }
#define COMPARE_ROW(name, value_, low_, high_)                                                                         \
    static const tp_row name##_row = {.index = TP_COMPARE_##name,                                                      \
                                      .kind = TP_ROW_COMPARE,                                                          \
                                      .value = name##_value,                                                           \
                                      .none = {true, true},                                                            \
                                      .low = low_,                                                                     \
                                      .high = high_,                                                                   \
                                      .formula = #value_,                                                              \
                                      .slope = {"0", "0"}};
#include "kernels/compare.def"
