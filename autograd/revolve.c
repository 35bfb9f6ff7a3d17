/* Griewank and Walther, "Algorithm 799: revolve: an implementation of checkpointing for the reverse or adjoint mode of
   computational differentiation", ACM Transactions on Mathematical Software 26 (2000). With s places of which the
   first holds the first state, and no step taken more than r times, at most reach(s, r) = C(s + r, s) steps can be
   walked back. With the least r that is enough for l steps the cost is t(l, s) = r l - C(s + r, r - 1), and it is met
   by t(l, s) = m + t(l - m, s - 1) + t(m, s) for every m with
       reach(s, r-2) <= m <= reach(s, r-1)  and  reach(s-1, r-1) <= l - m <= reach(s-1, r). */
#include "autograd/revolve.h"

/* C(s + r, r), or INT64_MAX where it is larger. */
static int64_t reach(int64_t s, int64_t r)
{
    if (r < 0) return 0;
    int64_t product = 1;
    const int64_t few = s < r ? s : r, many = s < r ? r : s;
    for (int64_t i = 1; i <= few; i++) {
        if (product > INT64_MAX / (many + i)) return INT64_MAX;
        product = product * (many + i) / i;
    }
    return product;
}

/* The least r with reach(s, r) >= l. */
static int64_t repeats(int64_t l, int64_t s)
{
    int64_t low = -1, high = s == 1 ? l - 1 : 1;
    while (reach(s, high) < l) high *= 2;
    while (high - low > 1) {
        const int64_t middle = low + (high - low) / 2;
        if (reach(s, middle) >= l)
            high = middle;
        else
            low = middle;
    }
    return high;
}

int64_t tp_revolve_cost(int64_t l, int64_t s)
{
    if (s >= l) return l - 1;
    const int64_t r = repeats(l, s);
    if (r > 0 && l > INT64_MAX / r) return INT64_MAX;
    return r * l - reach(s + 1, r - 1);
}

int64_t tp_revolve_split(int64_t l, int64_t s)
{
    const int64_t r = repeats(l, s), rest = l - reach(s - 1, r - 1), most = reach(s, r - 1);
    return rest < most ? rest : most;
}

int64_t tp_revolve_twice(int64_t l)
{
    int64_t low = 0, high = 1;
    while (reach(high, 2) < l) high *= 2;
    while (high - low > 1) {
        const int64_t middle = low + (high - low) / 2;
        if (reach(middle, 2) >= l)
            high = middle;
        else
            low = middle;
    }
    return high;
}
