/* An allocator over malloc that knows every block it has given out: whether each came back, and came back once. */
#ifndef LIB_LEDGER_H
#define LIB_LEDGER_H

#include <tapir/base.h>

/* Start from zero. */
typedef struct ledger {
    void *blocks[1024]; /* given out now; a request for one more is refused */
    int count, taken, returned;
    int strays; /* blocks that came back and were not out: never given out, or come back before */
} ledger;

/* The allocator that keeps its books in `l`, which must stay where it is. For one thread. */
tp_allocator ledger_allocator(ledger *l);

#endif
