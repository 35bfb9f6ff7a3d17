/* Transforms: making and freeing them, one after the other. */
#include "io/dataset.h"

#include <string.h>

/* A composed transform is a flat list: none of its parts is composed. */
typedef struct compose_state {
    int n;
    tp_transform **steps;
    tp_allocator memory;
} compose_state;

static tp_status compose_apply(const tp_applying *applying)
{
    return tp_data_fail(applying->error, TP_E_UNSUPPORTED, "compose: it is applied step by step");
}

static void compose_free(void *state)
{
    compose_state *compose = state;
    for (int s = 0; s < compose->n; s++) tp_transform_release(compose->steps[s]);
    tp_deallocate(&compose->memory, compose->steps, (size_t)compose->n * sizeof *compose->steps);
}

static const tp_transform_kind compose_kind = {TP_TRANSFORM_HEAD, .name = "compose", .state = sizeof(compose_state),
                                               .apply = compose_apply, .free = compose_free};

/* ---- making and freeing ---- */

tp_transform *tp_transform_new(const tp_transform_kind *kind, const tp_allocator *memory, tp_error *error)
{
    if (!memory) memory = &tp_default_allocator;
    if (!kind || kind->size < sizeof *kind || !kind->name || !kind->apply || kind->state > TP_BYTES_MAX) {
        tp_fail(error, TP_E_ARGUMENT,
                "tp_transform_new: the kind is NULL, or has no TP_TRANSFORM_HEAD, no name or no apply");
        return NULL;
    }
    tp_transform *transform = tp_allocate_zeroed(memory, tp_aligned(sizeof *transform) + kind->state);
    if (!transform) {
        tp_fail(error, TP_E_MEMORY, "tp_transform_new (%s): out of memory", kind->name);
        return NULL;
    }
    transform->kind = kind;
    transform->memory = *memory;
    atomic_init(&transform->refs, 1);
    return transform;
}

void *tp_transform_state(tp_transform *transform)
{
    return transform && transform->kind->state ? (char *)transform + tp_aligned(sizeof *transform) : NULL;
}

tp_transform *tp_transform_retain(tp_transform *transform)
{
    if (transform) atomic_fetch_add_explicit(&transform->refs, 1, memory_order_relaxed);
    return transform;
}

void tp_transform_release(tp_transform *transform)
{
    if (!transform || atomic_fetch_sub_explicit(&transform->refs, 1, memory_order_acq_rel) != 1) return;
    if (transform->kind->free) transform->kind->free(tp_transform_state(transform));
    const tp_allocator memory = transform->memory;
    tp_deallocate(&memory, transform, tp_aligned(sizeof *transform) + transform->kind->state);
}

tp_status tp_transform_shape(const tp_transform *transform, const tp_field *in, tp_field *out, tp_error *error)
{
    *out = *in;
    return transform->kind->shape ? transform->kind->shape(tp_transform_inside(transform), in, out, error) : TP_OK;
}

/* ---- one after the other ---- */

int tp_transform_steps(tp_transform *const *transform, tp_transform *const **steps)
{
    *steps = transform;
    if ((*transform)->kind != &compose_kind) return 1;
    const compose_state *compose = tp_transform_inside(*transform);
    *steps = compose->steps;
    return compose->n;
}

tp_transform *tp_transform_compose(int n, tp_transform *const *transforms, tp_error *error)
{
    tp_transform *const *steps;
    int64_t total = 0;
    if (n < 0 || (n > 0 && !transforms)) {
        tp_fail(error, TP_E_ARGUMENT, "tp_transform_compose: %d transforms, %s", n, transforms ? "given" : "NULL");
        return NULL;
    }
    for (int k = 0; k < n; k++) {
        if (!transforms[k]) {
            tp_fail(error, TP_E_ARGUMENT, "tp_transform_compose: transform %d is NULL", k);
            return NULL;
        }
        total += tp_transform_steps(&transforms[k], &steps);
    }
    if (total > INT32_MAX / (int64_t)sizeof *steps) {
        tp_fail(error, TP_E_LIMIT, "tp_transform_compose: too many transforms");
        return NULL;
    }
    tp_transform *made = tp_transform_new(&compose_kind, n > 0 ? &transforms[0]->memory : NULL, error);
    if (!made || total == 0) return made;
    compose_state *compose = tp_transform_state(made);
    compose->memory = made->memory;
    compose->steps = tp_allocate(&made->memory, (size_t)total * sizeof *steps);
    if (!compose->steps) {
        tp_fail(error, TP_E_MEMORY, "tp_transform_compose: out of memory");
        tp_transform_release(made);
        return NULL;
    }
    for (int k = 0; k < n; k++) {
        const int more = tp_transform_steps(&transforms[k], &steps);
        for (int s = 0; s < more; s++) compose->steps[compose->n++] = tp_transform_retain(steps[s]);
    }
    return made;
}
