/* What a tape's nodes are in terms of a module. A node belongs to the call of the module in which it was recorded, or,
   where a container uses a child's parameters itself, to that child; a part that is shown whole takes all that belongs
   to those below it. Invariant: the nodes of a unit are a run, but for views and leaves, so units form no circle. */
#include <string.h>

#include "autograd/leaf.h"
#include "draw/module.h"

enum { NOT_BELOW = -2 };

/* ---- parts ---- */

static bool has_role(const tp_module *module, tp_entry_role role)
{
    return tp_entry_from(module->entries, role) != NULL;
}

static int part_of_module(const plan *p, const tp_module *module)
{
    for (int i = 0; i < p->part_count; i++)
        if (p->parts[i].module == module) return i;
    return -1;
}

/* A layer, or one like attention: it has parameters of its own, and a child or two without children. */
static bool is_whole(const tp_module *module, const tp_module *root)
{
    int children = 0;
    for (const tp_module *at = tp_module_first_child(module); at; at = tp_module_next_child(at)) {
        if (tp_module_first_child(at)) return false;
        children++;
    }
    return children == 0 || (module != root && children <= 2 && has_role(module, TP_ROLE_PARAMETER));
}

static bool make_parts(plan *p, tp_module *module)
{
    size_t parts = 0, holdings = 0;
    for (tp_module *at = module; at; at = tp_module_after(module, at)) {
        parts++;
        for (const tp_entry *e = at->entries; e; e = e->hh.next) holdings += e->role != TP_ROLE_CHILD;
    }
    p->parts = store_take(p->store, parts, sizeof *p->parts);
    p->holdings = store_take(p->store, holdings, sizeof *p->holdings);
    if (!p->parts || !p->holdings) return false;
    for (tp_module *at = module; at; at = tp_module_after(module, at)) {
        piece *made = &p->parts[p->part_count];
        *made = (piece){.module = at, .parent = at == module ? -1 : part_of_module(p, at->parent)};
        made->whole = is_whole(at, module);
        for (const tp_entry *e = at->entries; e; e = e->hh.next) {
            if (e->role == TP_ROLE_CHILD) continue;
            p->holdings[p->holding_count++] = (holding){e->is.tensor, e->name, p->part_count};
            for (int k = p->part_count; e->role == TP_ROLE_PARAMETER && k >= 0; k = p->parts[k].parent)
                p->parts[k].numbers += e->is.tensor->count;
        }
        p->part_count++;
    }
    return true;
}

const holding *plan_holding(const plan *p, uint32_t node)
{
    const tp_leaf_entry *leaf = tp_leaf_of(p->tape, node);
    for (int i = 0; leaf && i < p->holding_count; i++)
        if (p->holdings[i].tensor == leaf->tensor) return &p->holdings[i];
    return NULL;
}

/* The outermost part at or above `part` that is shown whole; -1: none. */
static int whole_of(const plan *p, int part)
{
    int found = -1;
    for (; part >= 0; part = p->parts[part].parent)
        if (p->parts[part].whole) found = part;
    return found;
}

/* The innermost part that holds both; parents come first. */
static int common_part(const plan *p, int a, int b)
{
    while (a != b)
        if (a > b)
            a = p->parts[a].parent;
        else
            b = p->parts[b].parent;
    return a;
}

static bool lies_below(const plan *p, int part, int above)
{
    while (part >= 0 && part != above) part = p->parts[part].parent;
    return part >= 0;
}

const char *plan_path(const plan *p, int part, int below, char path[TP_MODULE_PATH])
{
    path[0] = 0;
    if (part < 0 || part == below || !lies_below(p, part, below < 0 ? 0 : below) || part == 0) return path;
    *(tp_module_prefix(path, p->parts[below < 0 ? 0 : below].module, p->parts[part].module) - 1) = 0;
    return path;
}

/* ---- where nodes belong ---- */

/* Going through the nodes: the scopes that are open, and the latest unit. */
typedef struct walk {
    uint32_t next; /* scope */
    int depth;
    struct open {
        uint32_t end;
        int part, scope;
    } open[4 * TP_MODULE_DEPTH];
    int last; /* the unit of the latest node that is no view and no leaf */
} walk;

static void move_to(const plan *p, walk *w, uint32_t node)
{
    const tp_tape *tape = p->tape;
    while (w->depth > 0 && w->open[w->depth - 1].end <= node) w->depth--;
    for (; w->next < tape->scopes.count && tape->scopes.items[w->next].first <= node; w->next++) {
        const tp_scope *scope = &tape->scopes.items[w->next];
        const int part = scope->end > node ? part_of_module(p, scope->owner) : -1;
        if (part < 0 || w->depth == (int)(sizeof w->open / sizeof *w->open)) continue;
        w->open[w->depth++] = (struct open){scope->end, part, (int)w->next};
    }
}

/* The place of the innermost container that is open. */
static int place_now(plan *p, const walk *w)
{
    int now = 0;
    for (int i = 0; i < w->depth && !p->parts[w->open[i].part].whole; i++) {
        if (w->open[i].part == 0) continue; /* the whole has no frame */
        int found = -1;
        for (int k = p->place_count; k-- > 1 && found < 0;)
            if (p->places[k].scope == (uint32_t)w->open[i].scope) found = k;
        if (found < 0) {
            found = p->place_count++;
            p->places[found] = (place){.part = w->open[i].part, .parent = now, .scope = (uint32_t)w->open[i].scope};
        }
        now = found;
    }
    return now;
}

/* The part that a node belongs to, shown whole, and its call; -1 for what is a gate. One op on parameters of several
   parts, say a checkpoint, belongs to what holds them all. */
static int part_now(const plan *p, const walk *w, uint32_t node, int *scope)
{
    *scope = -1;
    for (int i = 0; i < w->depth; i++) {
        if (!p->parts[w->open[i].part].whole) continue;
        *scope = w->open[i].scope;
        return w->open[i].part;
    }
    const tp_node *n = &p->tape->nodes[node];
    int found = -1;
    for (uint32_t k = 0; k < tp_input_count(n); k++) {
        const holding *held = plan_holding(p, tp_input_of(n, k));
        const int whole = held ? whole_of(p, held->part) : -1;
        if (whole >= 0) found = found < 0 ? whole : common_part(p, found, whole);
    }
    return found;
}

static int new_unit(plan *p, unit made)
{
    p->units[p->unit_count] = made;
    return p->unit_count++;
}

/* A leaf is an input where it is a tensor of the user's, outside of the module or held by one of its containers. */
static int assign_leaf(plan *p, const walk *w, uint32_t node)
{
    const holding *held = plan_holding(p, node);
    if (!tp_leaf_of(p->tape, node) || (held ? whole_of(p, held->part) >= 0 : w->depth > 0)) return NO_UNIT;
    return new_unit(
        p, (unit){.part = held ? held->part : -1, .scope = -1, .frame = place_now(p, w), .node = node, .input = true});
}

/* The unit of a node: of a view, that of what is looked at. */
static int assign(plan *p, walk *w, uint32_t node)
{
    const tp_node *n = &p->tape->nodes[node];
    int scope;
    move_to(p, w, node);
    if (n->op->structure == TP_LEAF) return assign_leaf(p, w, node);
    const int part = part_now(p, w, node, &scope);
    if (part >= 0) {
        const unit *last = w->last >= 0 ? &p->units[w->last] : NULL;
        if (!last || last->part != part || last->scope != scope)
            w->last = new_unit(p, (unit){.part = part, .scope = scope, .frame = place_now(p, w), .node = node});
        return w->last;
    }
    if (n->op->structure == TP_VIEW || n->op->flags & TP_TUPLE_PART) return p->unit_of[tp_input_of(n, 0)];
    return w->last = new_unit(p, (unit){.part = -1, .scope = -1, .frame = place_now(p, w), .node = node});
}

/* A unit hands on the latest of its values that another one uses. */
static bool add_flow(plan *p, int *seen, uint32_t node, uint32_t input)
{
    const int to = p->unit_of[node], from = p->unit_of[input];
    if (from < 0 || to < 0 || from == to) return false;
    unit *u = &p->units[from];
    if (u->part >= 0 && !u->input && input > u->node) u->node = input;
    if (seen[from] == to + 1) return false;
    seen[from] = to + 1;
    return true;
}

static bool make_flows(plan *p)
{
    int *seen = store_take(p->store, (size_t)p->unit_count, sizeof *seen);
    if (!seen) return false;
    for (int turn = 0; turn < 2; turn++) { /* counted, then kept */
        p->flow_count = 0;
        for (uint32_t i = 0; i <= p->root; i++) {
            const tp_node *n = &p->tape->nodes[i];
            for (uint32_t k = 0; p->unit_of[i] >= 0 && k < tp_input_count(n); k++) {
                const uint32_t input = tp_input_of(n, k);
                if (!add_flow(p, seen, i, input)) continue;
                if (turn) p->flows[p->flow_count] = (flow){p->unit_of[input], p->unit_of[i]};
                p->flow_count++;
            }
        }
        if (turn) break;
        p->flows = store_take(p->store, (size_t)p->flow_count, sizeof *p->flows);
        if (!p->flows) return false;
        memset(seen, 0, (size_t)p->unit_count * sizeof *seen);
    }
    return true;
}

/* Marks what the root depends on. */
static void mark(plan *p)
{
    for (uint32_t i = 0; i <= p->root; i++) p->unit_of[i] = NOT_BELOW;
    p->unit_of[p->root] = NO_UNIT;
    for (uint32_t i = p->root + 1; i-- > 0;) {
        if (p->unit_of[i] == NOT_BELOW) continue;
        const tp_node *n = &p->tape->nodes[i];
        for (uint32_t k = 0; k < tp_input_count(n); k++) p->unit_of[tp_input_of(n, k)] = NO_UNIT;
    }
}

bool plan_make(plan *p, tp_module *module, tp_var root, store *s, int most, bool *large)
{
    *large = false;
    *p = (plan){.tape = root.tape, .root = root.node, .store = s, .place_count = 1};
    p->unit_of = store_take(s, (size_t)root.node + 1, sizeof *p->unit_of);
    p->units = store_take(s, (size_t)most, sizeof *p->units);
    p->places = store_take(s, (size_t)root.tape->scopes.count + 1, sizeof *p->places);
    if (s->failed || !make_parts(p, module)) return false;
    mark(p);
    walk w = {.last = -1};
    for (uint32_t i = 0; i <= root.node; i++) {
        if (p->unit_of[i] == NOT_BELOW) continue;
        if (p->unit_count == most) {
            *large = true;
            return false;
        }
        p->unit_of[i] = assign(p, &w, i);
    }
    if (!make_flows(p)) return false;
    const int last = p->unit_of[root.node];
    if (last >= 0 && p->units[last].part >= 0 && root.node > p->units[last].node) p->units[last].node = root.node;
    return true;
}
