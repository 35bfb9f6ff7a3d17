/* The layout: what is drawn can be made out, planar graphs have no crossings, long wires run straight. */
#include <stdio.h>
#include <tapir/random.h>

#include "tests/test_draw.h"

static tp_diagram *new_diagram(const tp_diagram_options *options)
{
    tp_diagram *d = tp_diagram_new(options, NULL);
    ck_assert_ptr_nonnull(d);
    return d;
}

/* A graph as pairs of letters, "ac bc": the nodes are those that occur, a the first. */
static tp_diagram *graph_of(const char *edges, bool down)
{
    tp_diagram *d = new_diagram(&(tp_diagram_options){.down = down, .arrows = down});
    int last = 0;
    for (const char *at = edges; *at; at++)
        if (*at != ' ' && *at - 'a' > last) last = *at - 'a';
    for (int i = 0; i <= last; i++) {
        const char label[] = {(char)('a' + i), 0};
        ck_assert_int_eq(tp_diagram_node(d, label, &(tp_diagram_style){.shape = TP_DIAGRAM_CIRCLE}), i);
    }
    for (const char *at = edges; *at; at += at[2] == ' ' ? 3 : 2)
        EXPECT_STATUS(tp_diagram_edge(d, at[0] - 'a', at[1] - 'a', NULL, NULL), TP_OK);
    return d;
}

/* The fewest crossings that ranks by longest path allow. */
static const struct {
    const char *edges;
    int crossings;
} graphs[] = {
    {"ab", 0},
    {"ab bc cd", 0},
    {"ac bc", 0},
    {"ac bd", 0},
    {"ab ac bd cd", 0},
    {"ad bd be ce df ef", 0},
    {"ac bd ad", 0},
    {"ah bh ci di ej fj gk lk hm im jn kn mo no", 0}, /* a tree */
    {"ae bf cg dh ei fi gj hj ik jk", 0},             /* another, of chains */
    {"ab bc cd ad ac bd", 0},                         /* wires over several ranks, above and below */
    {"ac ad bc bd", 1},                               /* K(2,2) */
    {"ad ae af bd be bf cd ce cf", 9},                /* K(3,3) */
    {"af bg ch di ej ga fb", -1},                     /* a circle */
};

START_TEST(crossings_are_few)
{
    for (int down = 0; down < 2; down++) {
        tp_diagram *d = graph_of(graphs[_i].edges, down);
        if (graphs[_i].crossings < 0) {
            tp_error error = {0};
            ck_assert_ptr_null(tp_diagram_svg(d, NULL, &error));
            EXPECT_STATUS(error.status, TP_E_ARGUMENT);
            ck_assert_str_eq(error.message, "tp_diagram_svg: the edges form a circle");
            EXPECT_STATUS(tp_diagram_status(d), TP_OK);
        } else {
            drawing *seen = read_drawing(drawing_of(d));
            ck_assert_int_eq(crossings_of(seen), graphs[_i].crossings);
            expect_legible(seen, down);
            free_drawing(seen);
        }
        tp_diagram_free(d);
    }
}
END_TEST

/* x goes on to the last column: all of the wire but its end lies on x's line. */
START_TEST(long_wires_run_straight)
{
    tp_diagram *d = new_diagram(NULL);
    const int x = tp_diagram_node(d, "x", &(tp_diagram_style){.shape = TP_DIAGRAM_TEXT, .above = "1.5"});
    int at = tp_diagram_node(d, "y", &(tp_diagram_style){.shape = TP_DIAGRAM_TEXT, .first = true});
    for (int i = 0; i < 8; i++) {
        const int next = tp_diagram_node(d, "exp", &(tp_diagram_style){.shape = TP_DIAGRAM_CIRCLE, .above = "2.25"});
        tp_diagram_edge(d, at, next, NULL, NULL);
        if (i == 0) tp_diagram_edge(d, x, next, NULL, NULL);
        at = next;
    }
    const int end = tp_diagram_node(d, "+", &(tp_diagram_style){.shape = TP_DIAGRAM_CIRCLE});
    tp_diagram_edge(d, at, end, NULL, NULL);
    tp_diagram_edge(d, x, end, NULL, NULL);
    drawing *seen = read_drawing(drawing_of(d));
    expect_legible(seen, false);
    double low = 1e9, high = -1e9;
    int passing = 0;
    const area *last = text_of(seen, "+");
    for (int i = 0; i < seen->lines; i++) {
        const line *l = &seen->line[i];
        if (l->n != 2 || fabs(l->y[0] - l->y[1]) > .01) continue;
        bool on_chain = false;
        for (int k = 0; k < seen->nodes; k++)
            on_chain = on_chain || (l->y[0] > seen->node[k].top && l->y[0] < seen->node[k].bottom);
        if (on_chain || l->x[1] > last->left) continue;
        low = fmin(low, l->y[0]);
        high = fmax(high, l->y[0]);
        passing++;
    }
    ck_assert_int_ge(passing, 8);
    EXPECT_NEAR(low, high, .01);
    free_drawing(seen);
    tp_diagram_free(d);
}
END_TEST

/* The gates of a chain stand in line. */
START_TEST(chains_run_straight)
{
    tp_diagram *d = graph_of("ac bc cd de ef fg", false);
    drawing *seen = read_drawing(drawing_of(d));
    for (char name = 'd'; name <= 'g'; name++) {
        const char text[] = {name, 0};
        EXPECT_NEAR(text_of(seen, text)->top, text_of(seen, "c")->top, .11);
        ck_assert(text_of(seen, text)->left > text_of(seen, "c")->right);
    }
    EXPECT_NEAR((text_of(seen, "a")->top + text_of(seen, "b")->top) / 2, text_of(seen, "c")->top, .11);
    free_drawing(seen);
    tp_diagram_free(d);
}
END_TEST

/* At a gate's left side, above each other, in the order of the edges where that is asked for. */
START_TEST(wires_arrive_apart)
{
    for (int ordered = 0; ordered < 2; ordered++) {
        tp_diagram *d = new_diagram(NULL);
        const int a = tp_diagram_node(d, "a", NULL), b = tp_diagram_node(d, "b", NULL),
                  c = tp_diagram_node(
                      d, "c",
                      &(tp_diagram_style){.shape = TP_DIAGRAM_CIRCLE, .ordered = ordered == 1, .above = "1\n2\n3\n4"}),
                  e = tp_diagram_node(d, "e", &(tp_diagram_style){.ordered = true});
        tp_diagram_edge(d, b, c, NULL, NULL);
        tp_diagram_edge(d, a, c, NULL, NULL);
        tp_diagram_edge(d, a, e, NULL, NULL);
        tp_diagram_edge(d, c, e, NULL, NULL);
        drawing *seen = read_drawing(drawing_of(d));
        expect_legible(seen, false);
        double at[2];
        int n = 0;
        const area *gate = text_of(seen, "c");
        for (int i = 0; i < seen->lines; i++) {
            const line *l = &seen->line[i];
            if (l->x[l->n - 1] < gate->left - 25 || l->x[l->n - 1] > gate->right) continue;
            if (fabs(l->y[l->n - 1] - gate->bottom + 5) > 16 || l->n < 3) continue;
            ck_assert_int_lt(n, 2);
            at[n++] = l->y[l->n - 1];
        }
        ck_assert_int_eq(n, 2);
        ck_assert_msg(fabs(at[0] - at[1]) > 10, "wires arrive at %g and %g", at[0], at[1]);
        free_drawing(seen);
        tp_diagram_free(d);
    }
}
END_TEST

static tp_diagram *random_graph(uint64_t seed, bool down)
{
    tp_rng rng = tp_rng_seed(seed);
    tp_diagram *d = new_diagram(&(tp_diagram_options){.title = "random", .down = down, .arrows = down});
    const int n = 3 + (int)(40 * tp_rng_uniform(&rng));
    int frames = 0;
    for (int i = 0; i < n; i++) {
        static const char *const labels[] = {"+", "x", "exp", "logsumexp", "a long name"};
        tp_diagram_style style = {.shape = (tp_diagram_shape)(3 * tp_rng_uniform(&rng)),
                                  .colour = (int)(3 * tp_rng_uniform(&rng)),
                                  .first = tp_rng_uniform(&rng) < .5,
                                  .ordered = tp_rng_uniform(&rng) < .5};
        if (tp_rng_uniform(&rng) < .7) style.above = "−12.25";
        if (tp_rng_uniform(&rng) < .7) style.below = tp_rng_uniform(&rng) < .2 ? "1\t2\n3\t4" : "3";
        if (tp_rng_uniform(&rng) < .2) style.caption = "q";
        if (style.shape == TP_DIAGRAM_BOX) style.note = "(1,2,3)\n17 parameters";
        if (tp_rng_uniform(&rng) < .1) frames = tp_diagram_frame(d, tp_rng_uniform(&rng) < .5 ? frames : 0, "frame");
        style.frame = frames;
        tp_diagram_node(d, labels[(int)(5 * tp_rng_uniform(&rng))], &style);
        for (int k = 0; i > 0 && k < 3; k++)
            if (tp_rng_uniform(&rng) < .6)
                tp_diagram_edge(d, (int)(i * tp_rng_uniform(&rng)), i, NULL, tp_rng_uniform(&rng) < .1 ? "5" : NULL);
    }
    EXPECT_STATUS(tp_diagram_status(d), TP_OK);
    return d;
}

START_TEST(random_graphs_can_be_made_out)
{
    for (int down = 0; down < 2; down++) {
        tp_diagram *d = random_graph((uint64_t)_i, down), *again = random_graph((uint64_t)_i, down);
        const char *svg = drawing_of(d);
        drawing *seen = read_drawing(svg);
        expect_legible(seen, down);
        free_drawing(seen);
        ck_assert_str_eq(svg, drawing_of(again));
        ck_assert_str_eq(drawing_of(again), drawing_of(d)); /* once more */
        tp_diagram_free(d);
        tp_diagram_free(again);
    }
}
END_TEST

/* Two columns of boxes in two frames, and one that stands in another's way. */
START_TEST(frames_hold_their_nodes)
{
    tp_diagram *d = new_diagram(&(tp_diagram_options){.down = true});
    const int outer = tp_diagram_frame(d, 0, "outer"), inner = tp_diagram_frame(d, outer, "inner");
    ck_assert_int_eq(outer, 1);
    ck_assert_int_eq(inner, 2);
    const int a = tp_diagram_node(d, "a", NULL), b = tp_diagram_node(d, "b", &(tp_diagram_style){.frame = outer}),
              c = tp_diagram_node(d, "c", &(tp_diagram_style){.frame = inner}), e = tp_diagram_node(d, "e", NULL);
    tp_diagram_edge(d, a, b, NULL, NULL);
    tp_diagram_edge(d, b, c, NULL, NULL);
    tp_diagram_edge(d, c, e, NULL, NULL);
    const char *svg = drawing_of(d);
    EXPECT_LABELS(svg, "outer", "inner");
    double x[2], y[2], width[2], height[2];
    const char *at = svg;
    for (int i = 0; i < 2; i++, at++) {
        at = strstr(at, "<rect class='y'");
        ck_assert_ptr_nonnull(at);
        ck_assert_int_eq(
            sscanf(at, "<rect class='y' x='%lf' y='%lf' width='%lf' height='%lf'", &x[i], &y[i], &width[i], &height[i]),
            4);
    }
    ck_assert(x[0] < x[1] && x[1] + width[1] < x[0] + width[0]);
    ck_assert(y[0] < y[1] && y[1] + height[1] < y[0] + height[0]);
    drawing *seen = read_drawing(svg);
    expect_legible(seen, true);
    ck_assert(text_of(seen, "a")->bottom < y[0] && text_of(seen, "b")->top > y[0]);
    ck_assert(text_of(seen, "b")->bottom < y[1] && text_of(seen, "c")->top > y[1]);
    ck_assert(text_of(seen, "e")->top > y[0] + height[0]);
    free_drawing(seen);
    const int f = tp_diagram_node(d, "f", &(tp_diagram_style){.frame = outer});
    tp_diagram_edge(d, e, f, NULL, NULL);
    svg = drawing_of(d); /* e, between c and f, moves out of the way */
    ck_assert_int_eq(occurrences(svg, "<rect class='y'"), 2);
    ck_assert_int_eq(
        sscanf(strstr(svg, "<rect class='y'"), "<rect class='y' x='%lf' y='%lf' width='%lf'", &x[0], &y[0], &width[0]),
        3);
    seen = read_drawing(svg);
    expect_legible(seen, true);
    ck_assert(text_of(seen, "e")->right < x[0] || text_of(seen, "e")->left > x[0] + width[0]);
    ck_assert(text_of(seen, "f")->left > x[0] && text_of(seen, "f")->right < x[0] + width[0]);
    free_drawing(seen);
    tp_diagram_free(d);
}
END_TEST

START_TEST(graphs_of_thousands_are_drawn)
{
    enum { COUNT = TP_DIAGRAM_NODES };
    tp_rng rng = tp_rng_seed(7);
    tp_diagram *d = new_diagram(NULL);
    for (int i = 0; i < COUNT; i++) {
        tp_diagram_node(d, "+", &(tp_diagram_style){.shape = TP_DIAGRAM_CIRCLE});
        for (int k = 0; i > 0 && k < 2; k++) {
            const int back = 1 + (int)(30 * tp_rng_uniform(&rng));
            tp_diagram_edge(d, i - (back < i ? back : i), i, NULL, NULL);
        }
    }
    ck_assert_int_gt(occurrences(drawing_of(d), "<rect class='b'"), COUNT - 1);
    ck_assert_int_eq(tp_diagram_node(d, "+", NULL), -1);
    EXPECT_STATUS(tp_diagram_status(d), TP_E_LIMIT);
    tp_diagram_free(d);
}
END_TEST

START_TEST(wires_that_nobody_could_follow_are_refused)
{
    enum { COUNT = TP_DIAGRAM_NODES };
    tp_error error = {0};
    tp_diagram *d = new_diagram(NULL);
    for (int i = 0; i < COUNT; i++) {
        tp_diagram_node(d, "+", NULL);
        if (i > 0 && i < COUNT / 2) tp_diagram_edge(d, i - 1, i, NULL, NULL);
        if (i > COUNT / 2) tp_diagram_edge(d, i - COUNT / 2, i, NULL, NULL);
    }
    for (int i = 0; i < 100; i++) tp_diagram_edge(d, i, COUNT / 2 - 1, NULL, NULL);
    ck_assert_ptr_null(tp_diagram_svg(d, NULL, &error));
    EXPECT_STATUS(error.status, TP_E_LIMIT);
    ck_assert_str_eq(error.message, "tp_diagram_svg: too many long edges to make anything out");
    tp_diagram_free(d);
}
END_TEST

/* Frames in frames, as deep as they go. */
START_TEST(deep_frames_are_drawn)
{
    tp_diagram *d = new_diagram(&(tp_diagram_options){.down = true});
    int f = 0, last = -1;
    for (int i = 0; i < TP_DIAGRAM_NODES; i++) {
        if (i < TP_DIAGRAM_FRAMES) f = tp_diagram_frame(d, f, "f");
        const int at = tp_diagram_node(d, "x", &(tp_diagram_style){.frame = f});
        if (last >= 0 && i % 8) tp_diagram_edge(d, last, at, NULL, NULL);
        last = at;
    }
    drawing_of(d);
    ck_assert_int_eq(tp_diagram_frame(d, f, "f"), -1);
    EXPECT_STATUS(tp_diagram_status(d), TP_E_LIMIT);
    tp_diagram_free(d);
}
END_TEST

/* One node with as many inputs as a diagram has edges. */
START_TEST(stars_are_drawn)
{
    tp_diagram *d = new_diagram(NULL);
    for (int i = 0; i < TP_DIAGRAM_NODES; i++) tp_diagram_node(d, NULL, NULL);
    for (int i = 0; i < TP_DIAGRAM_EDGES; i++)
        EXPECT_STATUS(tp_diagram_edge(d, i % (TP_DIAGRAM_NODES - 1), TP_DIAGRAM_NODES - 1, NULL, NULL), TP_OK);
    drawing_of(d);
    EXPECT_STATUS(tp_diagram_edge(d, 0, 1, NULL, NULL), TP_E_LIMIT);
    tp_diagram_free(d);
}
END_TEST

TCase *draw_layout_case(void)
{
    TCase *tcase = tcase_create("layout");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, crossings_are_few, 0, sizeof graphs / sizeof *graphs);
    tcase_add_test(tcase, long_wires_run_straight);
    tcase_add_test(tcase, chains_run_straight);
    tcase_add_test(tcase, wires_arrive_apart);
    tcase_add_loop_test(tcase, random_graphs_can_be_made_out, 0, 40);
    tcase_add_test(tcase, frames_hold_their_nodes);
    tcase_add_test(tcase, graphs_of_thousands_are_drawn);
    tcase_add_test(tcase, wires_that_nobody_could_follow_are_refused);
    tcase_add_test(tcase, deep_frames_are_drawn);
    tcase_add_test(tcase, stars_are_drawn);
    return tcase;
}
