/* What an optimiser remembers: state tensors by name, and everything else as one list of numbers. */
#include <string.h>

#include "optim/optim.h"

const char *tp_optim_name(const tp_optim *optim)
{
    return optim ? optim->kind->name : "";
}

size_t tp_optim_parameter_count(const tp_optim *optim)
{
    return optim ? HASH_CNT(hh, optim->entries) : 0;
}

tp_tensor *tp_optim_parameter_at(const tp_optim *optim, size_t i)
{
    const tp_optim_entry *at = optim ? optim->entries : NULL;
    while (at && i-- > 0) at = at->hh.next;
    return at ? at->tensor : NULL;
}

size_t tp_optim_parameters(const tp_optim *optim, tp_tensor **tensors, size_t n)
{
    size_t count = 0;
    for (const tp_optim_entry *at = optim ? optim->entries : NULL; at; at = at->hh.next, count++)
        if (tensors && count < n) tensors[count] = at->tensor;
    return count;
}

const char *tp_optim_state_name(const tp_optim *optim, int i)
{
    return optim && i >= 0 && i < TP_OPTIM_STATES ? optim->kind->states[i] : NULL;
}

tp_tensor *tp_optim_state(const tp_optim *optim, const tp_tensor *parameter, const char *name)
{
    const tp_optim_entry *of = tp_optim_find(optim, parameter);
    for (int i = 0; of && name && i < TP_OPTIM_STATES && optim->kind->states[i]; i++)
        if (strcmp(optim->kind->states[i], name) == 0) return of->state[i];
    return NULL;
}

uint64_t tp_optim_parameter_steps(const tp_optim *optim, const tp_tensor *parameter)
{
    const tp_optim_entry *of = tp_optim_find(optim, parameter);
    return of ? of->steps : 0;
}

tp_status tp_optim_set_parameter_steps(tp_optim *optim, const tp_tensor *parameter, uint64_t steps)
{
    tp_optim_entry *of = tp_optim_find(optim, parameter);
    if (!of) return TP_E_ARGUMENT;
    of->steps = steps;
    return TP_OK;
}

/* ---- the numbers: steps; the options of each group; steps and numbers of each parameter; a search's own ---- */

typedef struct list {
    double *out;
    size_t n, count;
} list;

static void put(list *to, double number)
{
    if (to->count < to->n) to->out[to->count] = number;
    to->count++;
}

/* All that does not belong to a search. */
static size_t write_common(const tp_optim *optim, double *out, size_t n)
{
    list to = {out, out ? n : 0, 0};
    const tp_optim_kind *kind = optim->kind;
    put(&to, (double)optim->steps);
    for (const tp_optim_group *at = optim->groups; at; at = at->next)
        for (int i = 0; i < TP_OPTIM_OPTIONS && kind->options[i].name; i++)
            put(&to, *tp_option_at(tp_options_of(at), &kind->options[i]));
    for (const tp_optim_entry *at = optim->entries; at; at = at->hh.next) {
        put(&to, (double)at->steps);
        for (int i = 0; i < kind->number_count; i++) put(&to, at->numbers[i]);
    }
    return to.count;
}

size_t tp_optim_numbers(const tp_optim *optim, double *numbers, size_t n)
{
    if (!optim) return 0;
    const size_t common = write_common(optim, numbers, n);
    const tp_optim_search *search = optim->kind->search;
    if (!search) return common;
    const size_t room = numbers && n > common ? n - common : 0;
    return common + search->numbers(optim, room ? numbers + common : NULL, room);
}

static bool is_count(double number)
{
    return number >= 0 && number <= 0x1p53 && number == floor(number);
}

/* Goes through the numbers as write_common does: checks them, or takes them over. */
static tp_status read_common(tp_optim *optim, const double *from, bool take, tp_error *error)
{
    const tp_optim_kind *kind = optim->kind;
    if (!is_count(*from)) return tp_fail(error, TP_E_ARGUMENT, "tp_optim_set_numbers: %g is no count of steps", *from);
    if (take) optim->steps = (uint64_t)*from;
    from++;
    for (const tp_optim_group *at = optim->groups; at; at = at->next)
        for (int i = 0; i < TP_OPTIM_OPTIONS && kind->options[i].name; i++, from++) {
            const tp_status status = take ? TP_OK : tp_optim_check_option(optim, at, i, *from, error);
            if (status != TP_OK) return status;
            if (take) *tp_option_at(tp_options_of(at), &kind->options[i]) = *from;
        }
    for (tp_optim_entry *at = optim->entries; at; at = at->hh.next) {
        if (!is_count(*from))
            return tp_fail(error, TP_E_ARGUMENT, "tp_optim_set_numbers: %g is no count of steps", *from);
        if (take) at->steps = (uint64_t)*from;
        from++;
        for (int i = 0; i < kind->number_count; i++, from++)
            if (take) at->numbers[i] = *from;
    }
    return TP_OK;
}

tp_status tp_optim_set_numbers(tp_optim *optim, const double *numbers, size_t n, tp_error *error)
{
    if (!optim || !numbers)
        return tp_fail(error, TP_E_ARGUMENT, "tp_optim_set_numbers: %s NULL",
                       optim ? "numbers are" : "the optimiser is");
    if (optim->busy) return tp_optim_fail_busy("tp_optim_set_numbers", error);
    const tp_optim_kind *kind = optim->kind;
    const size_t common = write_common(optim, NULL, 0);
    if (n < common || (n > common && !kind->search))
        return tp_fail(error, TP_E_ARGUMENT,
                       "tp_optim_set_numbers: %zu numbers, where %s with %d groups and %zu parameters has %zu", n,
                       kind->name, tp_optim_group_count(optim), tp_optim_parameter_count(optim), common);
    tp_status status = read_common(optim, numbers, false, error);
    if (status == TP_OK && kind->search) status = kind->search->set_numbers(optim, numbers + common, n - common, error);
    if (status == TP_OK) read_common(optim, numbers, true, NULL);
    return status;
}
