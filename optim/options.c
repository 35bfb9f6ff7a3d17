/* Hyperparameters of groups: by the rows of the kind. */
#include <string.h>

#include "optim/optim.h"

#define GROUP_HEAD ((sizeof(tp_optim_group) + TP_ALIGNMENT - 1) / TP_ALIGNMENT * TP_ALIGNMENT)

void *tp_options_of(const tp_optim_group *group)
{
    return (char *)group + GROUP_HEAD;
}

static const tp_option_row *row_at(const tp_optim_kind *kind, int i)
{
    return i >= 0 && i < TP_OPTIM_OPTIONS && kind->options[i].name ? &kind->options[i] : NULL;
}

static const tp_option_row *row_of(const tp_optim_kind *kind, const char *name)
{
    const tp_option_row *row;
    for (int i = 0; name && (row = row_at(kind, i)) != NULL; i++)
        if (strcmp(row->name, name) == 0) return row;
    return NULL;
}

static tp_status check_row(const tp_optim_kind *kind, const tp_option_row *row, double value, tp_error *error)
{
    if (value >= row->low && value < row->high && isfinite(value)) return TP_OK;
    return tp_fail(error, TP_E_ARGUMENT, "tp_%s: %s is %g, outside %c%g, %g)", kind->name, row->name, value,
                   isinf(row->low) ? '(' : '[', row->low, row->high);
}

void tp_options_fill(const tp_optim_kind *kind, void *options)
{
    for (int i = 0; row_at(kind, i); i++) {
        double *option = tp_option_at(options, &kind->options[i]);
        if (*option == 0) *option = kind->options[i].value;
    }
}

tp_status tp_options_check(const tp_optim_kind *kind, const void *options, tp_error *error)
{
    for (int i = 0; row_at(kind, i); i++) {
        const tp_option_row *row = &kind->options[i];
        const tp_status status = check_row(kind, row, *tp_option_at(options, row), error);
        if (status != TP_OK) return status;
    }
    return kind->check ? kind->check(options, error) : TP_OK;
}

/* ---- groups ---- */

tp_optim_group *tp_optim_find_group(const tp_optim *optim, int number)
{
    tp_optim_group *found = optim ? optim->groups : NULL;
    while (found && found->number != number) found = found->next;
    return found;
}

static int append_group(tp_optim *optim, const void *options, tp_error *error)
{
    const tp_optim_kind *kind = optim->kind;
    tp_optim_group *made = tp_allocate_zeroed(&optim->memory, GROUP_HEAD + kind->size);
    if (!made) {
        tp_fail(error, TP_E_MEMORY, "tp_%s: out of memory for a group", kind->name);
        return -1;
    }
    if (options) memcpy(tp_options_of(made), options, kind->size);
    tp_options_fill(kind, tp_options_of(made));
    if (tp_options_check(kind, tp_options_of(made), error) != TP_OK) {
        tp_deallocate(&optim->memory, made, GROUP_HEAD + kind->size);
        return -1;
    }
    tp_optim_group **end = &optim->groups;
    for (; *end; end = &(*end)->next) made->number++;
    *end = made;
    return made->number;
}

int tp_optim_add_group(tp_optim *optim, const tp_optim_kind *kind, const void *options, tp_error *error)
{
    if (optim && optim->kind == kind) return append_group(optim, options, error);
    tp_fail(error, TP_E_ARGUMENT, "tp_%s_group: the optimiser is %s", kind->name, optim ? optim->kind->name : "NULL");
    return -1;
}

void tp_optim_free_groups(tp_optim *optim)
{
    while (optim->groups) {
        tp_optim_group *gone = optim->groups;
        optim->groups = gone->next;
        tp_deallocate(&optim->memory, gone, GROUP_HEAD + optim->kind->size);
    }
}

int tp_optim_group_count(const tp_optim *optim)
{
    int count = 0;
    for (const tp_optim_group *at = optim ? optim->groups : NULL; at; at = at->next) count++;
    return count;
}

/* ---- by name ---- */

const char *tp_optim_option_name(const tp_optim *optim, int i)
{
    const tp_option_row *row = optim ? row_at(optim->kind, i) : NULL;
    return row ? row->name : NULL;
}

double tp_optim_option(const tp_optim *optim, int number, const char *name)
{
    const tp_optim_group *of = tp_optim_find_group(optim, number);
    const tp_option_row *row = of ? row_of(optim->kind, name) : NULL;
    return row ? *tp_option_at(tp_options_of(of), row) : (double)NAN;
}

/* Which state tensors parameters of a group have, one bit each. */
static unsigned states_of(const tp_optim_kind *kind, const void *options)
{
    unsigned has = 0;
    for (int i = 0; i < TP_OPTIM_STATES && kind->states[i]; i++)
        if (!kind->has_state || kind->has_state(options, i)) has |= 1u << i;
    return has;
}

tp_status tp_optim_check_option(const tp_optim *optim, const tp_optim_group *of, int i, double value, tp_error *error)
{
    const tp_option_row *row = &optim->kind->options[i];
    const tp_status status = check_row(optim->kind, row, value, error);
    if (status != TP_OK) return status;
    double *option = tp_option_at(tp_options_of(of), row);
    const double old = *option;
    const unsigned before = states_of(optim->kind, tp_options_of(of));
    *option = value;
    const unsigned after = states_of(optim->kind, tp_options_of(of));
    *option = old;
    if (before == after) return TP_OK;
    return tp_fail(error, TP_E_ARGUMENT, "tp_%s: %s cannot go from %g to %g, which changes what state there is",
                   optim->kind->name, row->name, old, value);
}

tp_status tp_optim_set_option(tp_optim *optim, int number, const char *name, double value, tp_error *error)
{
    const tp_optim_group *of = tp_optim_find_group(optim, number);
    if (!of) return tp_fail(error, TP_E_ARGUMENT, "tp_optim_set_option: there is no group %d", number);
    const tp_option_row *row = row_of(optim->kind, name);
    if (!row)
        return tp_fail(error, TP_E_ARGUMENT, "tp_optim_set_option: %s has no option %s", optim->kind->name,
                       name ? name : "NULL");
    const tp_status status = tp_optim_check_option(optim, of, (int)(row - optim->kind->options), value, error);
    if (status == TP_OK) *tp_option_at(tp_options_of(of), row) = value;
    return status;
}

tp_status tp_optim_set_rate(tp_optim *optim, int number, double rate)
{
    return tp_optim_set_option(optim, number, "rate", rate, NULL);
}

double tp_optim_rate(const tp_optim *optim, int number)
{
    return tp_optim_option(optim, number, "rate");
}
