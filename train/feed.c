/* Loaders as sources of batches. */
#include <tapir/train_fit.h>

#include "core/memory.h"

static tp_status next(void *user, tp_batch *batch, tp_error *error)
{
    if (tp_loader_next(user, batch)) return TP_OK;
    *batch = (tp_batch){0};
    const tp_status status = tp_loader_status(user);
    return status == TP_OK ? TP_OK : tp_fail(error, status, "%.500s", tp_loader_error(user));
}

static tp_status seek(void *user, tp_data_position position, tp_error *error)
{
    return tp_loader_seek(user, position, error);
}

static tp_data_position position(void *user)
{
    return tp_loader_position(user);
}

tp_feed tp_feed_loader(tp_loader *loader)
{
    if (!loader) return (tp_feed){0};
    return (tp_feed){
        .next = next, .seek = seek, .position = position, .batches = tp_loader_batches(loader), .user = loader};
}
