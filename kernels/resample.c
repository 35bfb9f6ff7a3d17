/* Resampling, shared out between threads. */
#include "kernels/resample.h"

#include "kernels/kernels.h"

typedef struct job {
    const tp_resample_loops *loops;
    const tp_resample *r;
    bool back;
    char *x, *y;
    int64_t size;
} job;

static void run_one(void *user, int64_t i)
{
    const job *j = user;
    const tp_resample *r = j->r;
    char *x = j->x + i * r->extent * r->inner * j->size, *y = j->y + i * r->count * r->inner * j->size;
    if (j->back)
        j->loops->back(r, y, x);
    else
        j->loops->forth(r, x, y);
}

void tp_resample_run(const tp_kernels *kernels, const tp_resample *r, tp_dtype dtype, bool back, void *x, void *y,
                     int threads)
{
    job j = {.loops = kernels->of[dtype]->resample, .r = r, .back = back, .x = x, .y = y};
    j.size = (int64_t)tp_dtype_size(dtype);
    tp_parallel(threads, r->outer, run_one, &j);
}
