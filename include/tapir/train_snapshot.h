/* Snapshots: all that a run needs to go on, in one file that is never half there. */
#ifndef TAPIR_TRAIN_SNAPSHOT_H
#define TAPIR_TRAIN_SNAPSHOT_H

#include <tapir/io_data.h>
#include <tapir/nn_module.h>
#include <tapir/optim.h>
#include <tapir/random.h>
#include <tapir/tape.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A list of what belongs to a run, each part under a name: it is written to a file and read back into the same things,
   or into ones that were made in the same way. It points to them, and holds references to tensors; they must stay.
   The file is a safetensors file (io_safetensors.h), written atomically (io_file.h). */
typedef struct tp_snapshot tp_snapshot;

#define TP_SNAPSHOT_NAME 4095 /* bytes in the name of an entry */

/* `memory` is copied, NULL means malloc. NULL with `error` set when memory is short. */
TP_API tp_snapshot *tp_snapshot_new(const tp_allocator *memory, tp_error *error);
TP_API void tp_snapshot_free(tp_snapshot *snapshot); /* NULL is ignored */

/* Add a part. On failure nothing was added: TP_E_ARGUMENT for NULL and names that are taken or too long, TP_E_MEMORY.
   Entries in the file are called:
   tensor     name
   module     name.path of every parameter and buffer; the path alone when the name is ""
   optim      name.state.path of every state tensor, the path being that of the parameter in a module that was added
              before, or its number; name.kind for all else: "optim.adam"
   schedule   name.kind: "schedule.cosine"
   rng, tape, loader, numbers, words    name */
TP_API tp_status tp_snapshot_add_tensor(tp_snapshot *snapshot, const char *name, tp_tensor *tensor, tp_error *error);
TP_API tp_status tp_snapshot_add_module(tp_snapshot *snapshot, const char *name, tp_module *module, tp_error *error);
TP_API tp_status tp_snapshot_add_optim(tp_snapshot *snapshot, const char *name, tp_optim *optim, tp_error *error);
TP_API tp_status tp_snapshot_add_schedule(tp_snapshot *snapshot, const char *name, tp_schedule *schedule,
                                          tp_error *error);
TP_API tp_status tp_snapshot_add_rng(tp_snapshot *snapshot, const char *name, tp_rng *rng, tp_error *error);
/* The tape's generator (tp_tape_rng). */
TP_API tp_status tp_snapshot_add_tape(tp_snapshot *snapshot, const char *name, tp_tape *tape, tp_error *error);
/* The loader's position. */
TP_API tp_status tp_snapshot_add_loader(tp_snapshot *snapshot, const char *name, tp_loader *loader, tp_error *error);
/* n numbers of the caller's. */
TP_API tp_status tp_snapshot_add_numbers(tp_snapshot *snapshot, const char *name, double *numbers, int64_t n,
                                         tp_error *error);
TP_API tp_status tp_snapshot_add_words(tp_snapshot *snapshot, const char *name, int64_t *words, int64_t n,
                                       tp_error *error);

/* Anything else whose state is a list of numbers, which may differ in length from one time to the next. */
typedef struct tp_snapshot_list {
    tp_dtype dtype; /* TP_F64, numbers are double; TP_I64, they are int64_t */
    /* Writes the first n, and returns how many there are. `numbers` may be NULL when n is 0. */
    int64_t (*get)(void *user, void *numbers, int64_t n);
    /* Takes them over, or changes nothing. `error` is not NULL. What `get` gave it must take. */
    tp_status (*set)(void *user, const void *numbers, int64_t n, tp_error *error);
    void *user;
} tp_snapshot_list;
TP_API tp_status tp_snapshot_add_list(tp_snapshot *snapshot, const char *name, const tp_snapshot_list *list,
                                      tp_error *error);

/* Writes the file; whoever opens it finds the old one whole or the new one whole. TP_E_ARGUMENT, TP_E_IO, TP_E_MEMORY.
 */
TP_API tp_status tp_snapshot_save(const tp_snapshot *snapshot, const char *path, tp_error *error);
/* Reads it back, all or nothing. The file must hold exactly the entries that were added, with the same element types
   and shapes: TP_E_FORMAT names the first that is missing, wrong or not known. Besides, TP_E_ARGUMENT, TP_E_IO,
   TP_E_MEMORY, what tp_safetensors_open says of a file that is no such file, and what a `set` says. */
TP_API tp_status tp_snapshot_load(tp_snapshot *snapshot, const char *path, tp_error *error);

#ifdef __cplusplus
}
#endif
#endif
