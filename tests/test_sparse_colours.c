/* The colourings, by themselves, on patterns drawn at random: what they promise is checked by brute force. */
#include "autograd/colouring.h"
#include "tests/test_sparse.h"

typedef struct drawn {
    tp_chunks kept, scratch;
    bool full[24][24];
    int rows, columns;
    tp_rows r, t;
} drawn;

static void draw_pattern(drawn *d, uint64_t seed, bool symmetric)
{
    tp_rng rng = tp_rng_seed(seed);
    *d = (drawn){.rows = (int)tp_rng_below(&rng, 24), .columns = (int)tp_rng_below(&rng, 24)};
    if (symmetric) d->columns = d->rows;
    const uint32_t often = 1 + tp_rng_below(&rng, 9);
    tp_chunks_init(&d->kept, &tp_default_allocator);
    tp_chunks_init(&d->scratch, &tp_default_allocator);
    for (int i = 0; i < d->rows; i++)
        for (int k = 0; k < d->columns; k++) {
            d->full[i][k] = tp_rng_below(&rng, 10) < often || (symmetric && i == k);
            if (symmetric && k < i) d->full[i][k] = d->full[k][i];
        }
    if (tp_rng_below(&rng, 4) == 0) /* an arrow */
        for (int i = 0; i < d->rows && i < d->columns; i++) d->full[0][i] = d->full[i][0] = true;
    d->r.rows = d->rows;
    d->r.columns = d->columns;
    d->r.start = tp_chunks_push(&d->kept, 25 * sizeof *d->r.start);
    d->r.column = tp_chunks_push(&d->kept, 24 * 24 * sizeof *d->r.column);
    for (int i = 0; i < d->rows; i++) {
        d->r.start[i] = d->r.entries;
        for (int k = 0; k < d->columns; k++)
            if (d->full[i][k]) d->r.column[d->r.entries++] = k;
    }
    d->r.start[d->rows] = d->r.entries;
    ck_assert(tp_rows_transpose(&d->r, &d->kept, &d->t));
}

static void drop(drawn *d)
{
    tp_chunks_free(&d->kept);
    tp_chunks_free(&d->scratch);
}

START_TEST(transposes_hold_the_same_entries)
{
    drawn d;
    draw_pattern(&d, (uint64_t)_i, false);
    ck_assert_int_eq(d.t.rows, d.columns);
    ck_assert_int_eq(d.t.start[d.columns], d.r.entries);
    for (int k = 0; k < d.columns; k++) {
        int64_t e = d.t.start[k];
        for (int i = 0; i < d.rows; i++)
            if (d.full[i][k]) ck_assert_int_eq(d.t.column[e++], i);
        ck_assert_int_eq(e, d.t.start[k + 1]);
    }
    drop(&d);
}
END_TEST

/* Each entry stands alone in its row among the columns of its colour, or in its column among the rows of its. */
START_TEST(directions_of_a_jacobian_keep_entries_apart)
{
    drawn d;
    draw_pattern(&d, (uint64_t)_i, false);
    tp_partition p;
    ck_assert(tp_colour_partition(&d.r, &d.t, &d.kept, &d.scratch, &p));
    ck_assert_int_le(p.forwards.count + p.backwards.count, d.rows < d.columns ? d.rows : d.columns);
    for (int i = 0; i < d.rows; i++)
        for (int k = 0; k < d.columns; k++) {
            if (!d.full[i][k]) continue;
            const bool forward = p.by_rows ? !p.apart[i] : p.apart[k];
            const tp_colours *c = forward ? &p.forwards : &p.backwards;
            const int own = forward ? k : i;
            ck_assert(c->of[own] >= 0 && c->of[own] < c->count);
            for (int o = 0; o < (forward ? d.columns : d.rows); o++)
                if (o != own && c->of[o] == c->of[own]) ck_assert(forward ? !d.full[i][o] : !d.full[o][k]);
        }
    drop(&d);
}
END_TEST

START_TEST(stars_have_no_path_of_four_in_two_colours)
{
    drawn d;
    draw_pattern(&d, (uint64_t)_i, true);
    const int n = d.rows;
    tp_colours c;
    ck_assert(tp_colour_star(&d.r, &d.kept, &d.scratch, &c));
    ck_assert_int_le(c.count, n);
    for (int a = 0; a < n; a++)
        for (int b = 0; b < n; b++) {
            if (a == b || !d.full[a][b]) continue;
            ck_assert_int_ne(c.of[a], c.of[b]);
            for (int e = 0; e < n; e++) {
                if (e == a || e == b || !d.full[b][e] || c.of[e] != c.of[a]) continue;
                for (int f = 0; f < n; f++)
                    ck_assert(f == a || f == b || f == e || !d.full[e][f] || c.of[f] != c.of[b]);
            }
        }
    drop(&d);
}
END_TEST

TCase *sparse_colours_case(void)
{
    TCase *colours = tcase_create("colours");
    tcase_add_loop_test(colours, transposes_hold_the_same_entries, 0, 40);
    tcase_add_loop_test(colours, directions_of_a_jacobian_keep_entries_apart, 0, 120);
    tcase_add_loop_test(colours, stars_have_no_path_of_four_in_two_colours, 0, 120);
    return colours;
}
