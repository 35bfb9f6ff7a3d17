/* Pooling, plane by plane. */
#include "kernels/pooling.h"

#include "kernels/kernels.h"

typedef struct job {
    const tp_pooling_loops *loops;
    const tp_pool_shape *s;
    tp_pooling what;
    char *x, *y;
    int64_t *index;
    int64_t plane_x, plane_y, size;
} job;

static void run_plane(void *user, int64_t i)
{
    const job *j = user;
    char *x = j->x + i * j->plane_x * j->size, *y = j->y + i * j->plane_y * j->size;
    int64_t *index = j->index ? j->index + i * j->plane_y : NULL;
    const int64_t room = (j->s->planes - i) * j->plane_x;
    switch (j->what) {
    case TP_POOL_MAX: j->loops->max(j->s, x, room, y, index); break;
    case TP_POOL_AVERAGE: j->loops->average(j->s, x, room, y); break;
    case TP_POOL_SPREAD: j->loops->spread(j->s, y, x); break;
    case TP_POOL_SCATTER: j->loops->scatter(j->s, y, index, x); break;
    case TP_POOL_GATHER: j->loops->gather(j->s, x, index, y); break;
    }
}

void tp_pool_run(const tp_kernels *kernels, tp_pooling what, const tp_pool_shape *s, tp_dtype dtype, void *x, void *y,
                 int64_t *index, int threads)
{
    job j = {.loops = kernels->of[dtype]->pooling, .s = s, .what = what, .x = x, .y = y, .index = index};
    j.plane_x = s->x[0] * s->x[1] * s->x[2];
    j.plane_y = s->y[0] * s->y[1] * s->y[2];
    j.size = (int64_t)tp_dtype_size(dtype);
    tp_parallel(threads, s->planes, run_plane, &j);
}
