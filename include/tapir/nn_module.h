/* Modules: trees of layers with named parameters. Names and layouts of parameters are PyTorch's. */
#ifndef TAPIR_MODULE_H
#define TAPIR_MODULE_H

#include <tapir/tape.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A module is a layer, or a container of layers: it owns parameters (tensors that learn), buffers (tensors that are
   kept with them and do not) and children (modules), each under a name of 1..63 bytes without a dot; the three share
   one set of names. A path is names joined by dots: "0.weight". Modules are not for use from two threads at once,
   except for forward passes of modules whose forward leaves them as they are (as all here do). */
typedef struct tp_module tp_module;

#define TP_MODULE_NAME 63  /* bytes in a name */
#define TP_MODULE_DEPTH 32 /* modules from the root to a leaf, both included */
#define TP_MODULE_PATH ((TP_MODULE_NAME + 1) * (TP_MODULE_DEPTH + 1)) /* bytes that hold any path and its NUL */

/* What a layer is. Make one `static const` for each kind of layer; it must outlive its modules. */
typedef struct tp_module_kind {
    size_t size;      /* sizeof(tp_module_kind): TP_MODULE_HEAD */
    const char *name; /* "linear": for messages */
    size_t state;     /* bytes of the layer's own state, zeroed at the start */
    tp_var (*forward)(tp_module *module, tp_var x);
    void (*free)(tp_module *module); /* gives back what the state holds; called after the children went; may be NULL */
} tp_module_kind;
#define TP_MODULE_HEAD .size = sizeof(tp_module_kind)

/* A new module, in training mode, without parameters and children; `memory` is copied, NULL means malloc. NULL with
   `error` set: TP_E_ARGUMENT for a kind that is NULL or has no head or name, TP_E_MEMORY. */
TP_API tp_module *tp_module_new(const tp_module_kind *kind, const tp_allocator *memory, tp_error *error);
/* Frees the module, its children and its references to tensors; takes it from its parent first. NULL is ignored. */
TP_API void tp_module_free(tp_module *module);

/* kind->state bytes, aligned to 64; NULL when there are none. */
TP_API void *tp_module_state(tp_module *module);
TP_API const tp_module_kind *tp_module_kind_of(const tp_module *module);
/* The name under which the module was added to its parent; "" for a root and for NULL. */
TP_API const char *tp_module_name(const tp_module *module);

/* Add a parameter (f32 or f64), a buffer (any dtype), a child. The module takes over the caller's reference, or the
   child, *in every case*: on failure it is released, or freed (but not a child that has a parent or holds the module).
   So these fit around the call that makes the thing; a NULL then keeps the error that `error`, which must have been
   initialised, already holds. TP_E_ARGUMENT for a name that is taken or no name, a NULL, a tape's own tensor, a child
   that has a parent or that holds the module; TP_E_DTYPE; TP_E_LIMIT when the tree gets deeper than TP_MODULE_DEPTH;
   TP_E_MEMORY. */
TP_API tp_status tp_module_add_parameter(tp_module *module, const char *name, tp_tensor *tensor, tp_error *error);
TP_API tp_status tp_module_add_buffer(tp_module *module, const char *name, tp_tensor *tensor, tp_error *error);
TP_API tp_status tp_module_add_child(tp_module *module, const char *name, tp_module *child, tp_error *error);

/* What lies at a path below the module; NULL when there is none or it is something else. It stays the module's. */
TP_API tp_tensor *tp_module_parameter(const tp_module *module, const char *path);
TP_API tp_tensor *tp_module_buffer(const tp_module *module, const char *path);
TP_API tp_module *tp_module_child(const tp_module *module, const char *path);
/* The module's own children in the order in which they were added: the first, and the one after `child`; NULL at the
   end. */
TP_API tp_module *tp_module_first_child(const tp_module *module);
TP_API tp_module *tp_module_next_child(const tp_module *child);
TP_API tp_module *tp_module_parent(const tp_module *module);

/* Training or evaluation, for the module and everything below it. */
TP_API void tp_module_set_training(tp_module *module, bool training);
TP_API bool tp_module_is_training(const tp_module *module); /* false for NULL */

/* Whether the parameters of the module and of everything below it learn. Those that do not are constants in the next
   forward passes; their gradients are forgotten, and optimisers leave them as they are. */
TP_API void tp_module_set_trainable(tp_module *module, bool trainable);

/* The module's output for x, recorded on x's tape. NULL, and a kind without forward, set the tape's error. An error
   that comes up in the module says at its end which one it was: [in module "3.body.0"]. */
TP_API tp_var tp_module_forward(tp_module *module, tp_var x);
/* For a layer's forward: the parameter (tp_param; tp_data if it does not learn) or buffer (tp_data) at `path` on
   `tape`. A path that leads to neither sets the tape's error (TP_E_ARGUMENT) and gives a poisoned handle. */
TP_API tp_var tp_module_use(tp_module *module, const char *path, tp_tape *tape);
/* For a layer's forward: sets the tape's error to "<kind>: <message>" and returns a poisoned handle. */
TP_API tp_var tp_module_fail(const tp_module *module, tp_tape *tape, tp_status status, const char *format, ...)
    TP_PRINTF(4, 5);

/* ---- all parameters ----

   In PyTorch's order: a module's own in the order in which they were added, then those of its first child and so on.
   A tensor under two names comes up twice. */

enum { TP_VISIT_PARAMETERS = 1, TP_VISIT_BUFFERS = 2 };
/* Calls `visit` with path and tensor of every parameter, or buffer, or both (module by module, parameters first);
   `path` is valid during the call. Stops at the first status that is not TP_OK and returns it. The tree must not be
   changed meanwhile. */
TP_API tp_status tp_module_visit(const tp_module *module, unsigned what,
                                 tp_status (*visit)(void *user, const char *path, tp_tensor *tensor), void *user);
/* How many parameters, and how many elements they have together. */
TP_API size_t tp_module_parameter_count(const tp_module *module);
TP_API int64_t tp_module_element_count(const tp_module *module);
/* Writes the first n parameters to `tensors`, as an optimiser wants them, and returns how many there are in all. They
   stay the module's. `tensors` may be NULL when n is 0. */
TP_API size_t tp_module_parameters(const tp_module *module, tp_tensor **tensors, size_t n);
/* The i-th parameter, NULL outside. Its path goes to `path`, cut off to size - 1 bytes; `path` may be NULL. Takes time
   that grows with i: to go through all, use tp_module_visit. */
TP_API tp_tensor *tp_module_parameter_at(const tp_module *module, size_t i, char *path, size_t size);
/* Forgets the gradients of all parameters. */
TP_API void tp_module_clear_grads(tp_module *module);

#ifdef __cplusplus
}
#endif
#endif
