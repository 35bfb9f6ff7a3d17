/* What a module has learned, to files and back. */
#ifndef TAPIR_STATE_H
#define TAPIR_STATE_H

#include <tapir/io_safetensors.h>
#include <tapir/nn_module.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Writes all parameters and buffers under their paths ("0.weight"), which are PyTorch's names, as safetensors with the
   metadata {"format": "pt"}, atomically (io_file.h). In the order of tp_module_visit; see tp_safetensors_contents. A
   tensor under two paths is written twice. TP_E_ARGUMENT for NULL, TP_E_IO, TP_E_LIMIT, TP_E_MEMORY; the target is then
   as it was. `error` may be NULL. */
TP_API tp_status tp_module_save(const tp_module *module, const char *path, tp_error *error);

/* Reads them back, from a file written by tp_module_save or by PyTorch's users. Strict: the file names exactly the
   module's parameters and buffers. Not strict: what either has alone is left as it is. In both cases dims must be
   equal. Element types may differ: floats are converted to floats and integers to whatever the tensor is (F16 and BF16
   are widened when they are read); floats do not become integers (TP_E_DTYPE).

   All or nothing: everything is read before the first element is written to the module. TP_E_ARGUMENT lists the names
   that are missing in the file and those that it has beyond the module's; TP_E_SHAPE lists those whose dims differ
   (when both happen, the status is TP_E_ARGUMENT and the message has all); besides, what tp_safetensors_open says. */
TP_API tp_status tp_module_load(tp_module *module, const char *path, bool strict, tp_error *error);

/* The same from a file that is open, and from the tensors in it whose names begin with `prefix` ("model."; NULL: all):
   what follows the prefix is the path. */
TP_API tp_status tp_module_load_from(tp_module *module, const tp_safetensors *file, const char *prefix, bool strict,
                                     tp_error *error);

#ifdef __cplusplus
}
#endif
#endif
