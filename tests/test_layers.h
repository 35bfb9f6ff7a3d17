/* What the tests of the layers above the engine share: networks, optimisers, and reading files. */
#ifndef TAPIR_TESTS_TEST_LAYERS_H
#define TAPIR_TESTS_TEST_LAYERS_H

#include <tapir/io.h>
#include <tapir/nn.h>
#include <tapir/optim.h>

#include "tests/helpers.h"

/* ---- the parts that the suites are made of ---- */

TCase *nn_modules_case(void);
TCase *nn_layers_case(void);
TCase *nn_initialisers_case(void);
TCase *layers_errors_case(void);
TCase *layers_uses_case(void);
TCase *optim_steps_case(void);
TCase *optim_parameters_case(void);
TCase *optim_golden_case(void);
TCase *optim_lbfgs_case(void);
TCase *optim_gradients_case(void);
TCase *optim_average_case(void);
TCase *io_idx_case(void);
TCase *io_gzip_case(void);

/* ---- optimisers ---- */

typedef struct optim_rule {
    bool adam;
    tp_sgd_options sgd;
    tp_adam_options a;
    double pytorch[3]; /* after 20 steps from `optim_start` in f64, with PyTorch 1.13.1 */
} optim_rule;

/* SGD: plain, with momentum, with Nesterov's; Adam: with its defaults, and with every option given. */
enum { OPTIM_RULES = 5 };
extern const optim_rule optim_rules[];
extern const double optim_start[3];

/* An optimiser of that rule; the test fails when there is none. */
tp_optim *optim_of(const optim_rule *r);
/* Makes `values` (row-major) the gradient of w. */
void give_gradient(tp_tape *tape, tp_tensor *w, const double *values);

/* ---- reading IDX ---- */

/* A file that is right, and what it holds. */
typedef struct idx_sample {
    size_t n;
    const unsigned char *bytes;
    tp_dtype dtype;
    int rank;
    int64_t dims[TP_MAX_RANK];
    double values[6];
} idx_sample;

enum { IDX_U8, IDX_I8, IDX_I16, IDX_I32, IDX_F32, IDX_F64, IDX_DEEP, IDX_EMPTY, IDX_SAMPLES };
extern const idx_sample idx_samples[];

/* A file that is wrong, and what the error says. */
typedef struct idx_hostile {
    size_t n;
    unsigned char bytes[40];
    tp_status status;
    const char *text;
} idx_hostile;

enum { IDX_WRONG = 17 };
extern const idx_hostile idx_wrong[];

/* A pattern for mkstemp in TMPDIR, or here where there is none. */
enum { IDX_PATH = 256 };
void idx_pattern(char path[IDX_PATH]);
/* A new file with the bytes, for the caller to unlink; the name is overwritten by the next call. */
const char *idx_file(const void *bytes, size_t n);
/* Reads the bytes as a file, with everything counted; nothing may be left when it fails. */
tp_tensor *idx_read(const void *bytes, size_t n, tp_error *error);
/* Blocks of the last idx_read that are held now. */
long idx_blocks(void);
/* The tensor holds what the sample tells; it is released. */
void idx_expect(const idx_sample *s, tp_tensor *tensor, const tp_error *error);
/* The same error from a file and from memory. */
void idx_refused(const void *bytes, size_t n, tp_status status, const char *text);
/* Each allocation of reading the bytes fails once, and is reported. */
void idx_reports_failures(const void *bytes, size_t n);

#endif
