/* SIGINT, where a run asks for it: one flag in the program, since signals belong to the program. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include "train/fit.h"

static atomic_flag taken = ATOMIC_FLAG_INIT;
static volatile sig_atomic_t interrupted;
static struct sigaction former; /* while it is taken */

static void interrupt(int signal)
{
    (void)signal;
    interrupted = 1;
}

tp_status tp_interrupt_catch(tp_error *error)
{
    if (atomic_flag_test_and_set(&taken))
        return tp_fail(error, TP_E_UNSUPPORTED, "tp_fit: another run catches SIGINT already");
    interrupted = 0;
    struct sigaction action = {.sa_handler = interrupt, .sa_flags = (int)SA_RESETHAND | SA_RESTART};
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGINT, &action, &former) == 0) return TP_OK;
    const int why = errno;
    atomic_flag_clear(&taken);
    return tp_fail(error, TP_E_IO, "tp_fit: cannot catch SIGINT: %s", strerror(why));
}

bool tp_interrupted(void)
{
    return interrupted != 0;
}

void tp_interrupt_release(void)
{
    sigaction(SIGINT, &former, NULL);
    atomic_flag_clear(&taken);
}
