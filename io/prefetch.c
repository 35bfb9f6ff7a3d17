/* Batches made ahead by a thread: a ring of slots, each filled once and taken once, in order. The lock guards the
   ring's numbers alone; the slot that is being filled belongs to the thread, a full one to the caller. */
#define _POSIX_C_SOURCE 200809L

#include "io/loader.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

typedef struct slot {
    void *to[TP_DATA_FIELDS];
    int64_t *index;
    tp_data_position at;
    tp_error error;
} slot;

struct tp_prefetch {
    tp_allocator memory;
    tp_batch_maker *maker;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t filled, emptied; /* what the caller waits for; what the thread waits for */
    int depth, first, full;         /* the ring: slots `first` .. `first` + full - 1 hold batches */
    bool filling;                   /* the thread is at work on the slot after the full ones */
    bool seeking, stopping;         /* the caller wants it to pause, to end */
    bool failed;                    /* the last batch that was made is an error: nothing more before a seek */
    tp_data_position at;            /* what is made next */
    unsigned char *block;
    size_t bytes; /* of the block, which holds all that the slots point to */
    slot slots[];
};

static size_t prefetch_bytes(int depth)
{
    return sizeof(tp_prefetch) + (size_t)depth * sizeof(slot);
}

/* ---- the thread ---- */

/* Waits until there is something to make; false when the thread is to end. The lock is held. */
static bool wait_for_work(tp_prefetch *p)
{
    while (!p->stopping && (p->full == p->depth || p->failed || p->seeking)) pthread_cond_wait(&p->emptied, &p->lock);
    return !p->stopping;
}

static void *work(void *user)
{
    tp_prefetch *p = user;
    pthread_mutex_lock(&p->lock);
    while (wait_for_work(p)) {
        slot *s = &p->slots[(p->first + p->full) % p->depth];
        s->at = p->at;
        p->filling = true;
        pthread_mutex_unlock(&p->lock);
        s->error.status = TP_OK;
        tp_batch_make(p->maker, s->at, s->to, s->index, &s->error);
        pthread_mutex_lock(&p->lock);
        p->filling = false;
        p->full++;
        p->failed = s->error.status != TP_OK;
        if (++p->at.batch == p->maker->batches) p->at = (tp_data_position){.epoch = p->at.epoch + 1};
        pthread_cond_signal(&p->filled);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* ---- starting and stopping ---- */

/* All slots in one block: each field, and the items' numbers. */
static tp_status make_slots(tp_prefetch *p, tp_error *error)
{
    const tp_batch_maker *maker = p->maker;
    const size_t rows = (size_t)(maker->batch < maker->set->count ? maker->batch : maker->set->count);
    size_t one = tp_aligned(rows * sizeof(int64_t)), total = 0;
    for (int k = 0; k < maker->set->fields; k++) one += tp_aligned(rows * maker->bytes[k]); /* as tensors, they fit */
    if (!tp_size_mul(one, (size_t)p->depth, &total) || total > TP_BYTES_MAX)
        return tp_fail(error, TP_E_LIMIT, "%d batches of %zu bytes", p->depth, one);
    unsigned char *at = p->block = tp_allocate(&p->memory, total);
    if (!at) return tp_fail(error, TP_E_MEMORY, "out of memory for %d batches of %zu bytes", p->depth, one);
    p->bytes = total;
    for (int i = 0; i < p->depth; i++) {
        p->slots[i].index = (int64_t *)(void *)at;
        at += tp_aligned(rows * sizeof(int64_t));
        for (int k = 0; k < maker->set->fields; k++) {
            p->slots[i].to[k] = at;
            at += tp_aligned(rows * maker->bytes[k]);
        }
    }
    return TP_OK;
}

/* The new thread takes no signals: they are the program's. */
static int start_thread(tp_prefetch *p)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    const int code = pthread_create(&p->thread, NULL, work, p);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return code;
}

static void free_slots(tp_prefetch *p)
{
    const tp_allocator memory = p->memory;
    tp_deallocate(&memory, p->block, p->bytes);
    tp_deallocate(&memory, p, prefetch_bytes(p->depth));
}

/* A position is that of a batch that exists. */
static tp_data_position begin_at(const tp_prefetch *p, tp_data_position at)
{
    return at.batch < p->maker->batches ? at : (tp_data_position){.epoch = at.epoch + 1};
}

tp_prefetch *tp_prefetch_start(tp_batch_maker *maker, int depth, tp_data_position at, const tp_allocator *memory,
                               tp_error *error)
{
    tp_prefetch *p = tp_allocate_zeroed(memory, prefetch_bytes(depth));
    if (!p) {
        tp_fail(error, TP_E_MEMORY, "out of memory");
        return NULL;
    }
    p->memory = *memory;
    p->maker = maker;
    p->depth = depth;
    p->at = begin_at(p, at);
    if (make_slots(p, error) != TP_OK) {
        free_slots(p);
        return NULL;
    }
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->filled, NULL);
    pthread_cond_init(&p->emptied, NULL);
    const int code = start_thread(p);
    if (code == 0) return p;
    tp_fail(error, TP_E_MEMORY, "cannot start a thread: %s", strerror(code));
    pthread_cond_destroy(&p->emptied);
    pthread_cond_destroy(&p->filled);
    pthread_mutex_destroy(&p->lock);
    free_slots(p);
    return NULL;
}

void tp_prefetch_stop(tp_prefetch *p)
{
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    pthread_cond_signal(&p->emptied);
    pthread_mutex_unlock(&p->lock);
    pthread_join(p->thread, NULL);
    pthread_cond_destroy(&p->emptied);
    pthread_cond_destroy(&p->filled);
    pthread_mutex_destroy(&p->lock);
    free_slots(p);
}

/* ---- taking ---- */

tp_status tp_prefetch_take(tp_prefetch *p, void *const *to, int64_t *index, tp_error *error)
{
    const tp_batch_maker *maker = p->maker;
    pthread_mutex_lock(&p->lock);
    while (p->full == 0) pthread_cond_wait(&p->filled, &p->lock);
    const slot *s = &p->slots[p->first];
    pthread_mutex_unlock(&p->lock);
    const tp_status status = s->error.status;
    if (status != TP_OK) {
        *error = s->error; /* it stays in the ring until a seek */
        return status;
    }
    const size_t items = (size_t)tp_batch_items(maker, s->at.batch);
    for (int k = 0; k < maker->set->fields; k++)
        if (maker->bytes[k]) memcpy(to[k], s->to[k], items * maker->bytes[k]);
    memcpy(index, s->index, items * sizeof *index);
    pthread_mutex_lock(&p->lock);
    p->first = (p->first + 1) % p->depth;
    p->full--;
    pthread_cond_signal(&p->emptied);
    pthread_mutex_unlock(&p->lock);
    return TP_OK;
}

/* The batch that is being filled is waited for: its slot is the thread's until then. */
void tp_prefetch_seek(tp_prefetch *p, tp_data_position at)
{
    pthread_mutex_lock(&p->lock);
    p->seeking = true;
    while (p->filling) pthread_cond_wait(&p->filled, &p->lock);
    p->full = p->first = 0;
    p->failed = p->seeking = false;
    p->at = begin_at(p, at);
    pthread_cond_signal(&p->emptied);
    pthread_mutex_unlock(&p->lock);
}
