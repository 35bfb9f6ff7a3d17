/* Inputs of GradBench's evals that are no such thing: each is answered with an error that names what is wrong, and the
   session goes on. */
#include "tests/gradbench.h"

/* `input`, and what the error must say. */
typedef struct refusal {
    const char *eval, *function, *input, *error;
} refusal;

#define GMM(d, q, x)                                                                                                   \
    "{\"d\":" d ",\"k\":1,\"n\":1,\"m\":0,\"gamma\":1,\"x\":" x ",\"alpha\":[1],\"mu\":[[0,0]],\"q\":" q ",\"l\":[[0]" \
    "]}"
#define BA(p, cam) "{\"n\":1,\"m\":1,\"p\":" p ",\"cam\":" cam ",\"x\":[1,2,3],\"w\":1,\"feat\":[0,0]}"
#define CAMERA "[0.1,0,0,0,0,0,1,0,0,0,0]"
#define LSTM(main, state, sequence)                                                                                    \
    "{\"main_params\":" main ",\"extra_params\":[[1],[1],[1]],\"state\":" state ",\"sequence\":" sequence "}"
#define LAYER "[[1,2,3,4],[1,2,3,4]]"
#define KMEANS(points, centroids) "{\"points\":" points ",\"centroids\":" centroids "}"

static const refusal refusals[] = {
    {"gmm", "objective", GMM("2", "[[0,0]]", "[[0,0,0]]"), "\\\"x\\\""},
    {"gmm", "jacobian", GMM("2", "[[0]]", "[[0,0]]"), "\\\"q\\\""},
    {"gmm", "jacobian", GMM("2", "[[0,null]]", "[[0,0]]"), "\\\"q\\\""},
    {"gmm", "jacobian", GMM("1", "[[0]]", "[[0]]"), "\\\"d\\\""},
    {"gmm", "jacobian", GMM("2.5", "[[0]]", "[[0]]"), "\\\"d\\\""},
    {"gmm", "jacobian", GMM("1e300", "[[0]]", "[[0]]"), "\\\"d\\\""},
    {"gmm", "jacobian", GMM("2", "[[0,1e4]]", "[[0,0]]"), "infinite"},
    {"gmm", "jacobian", "[]", "\\\"d\\\""},
    {"ba", "objective", BA("9", CAMERA), "\\\"p\\\""},
    {"ba", "jacobian", BA("1e9", CAMERA), "\\\"p\\\""},
    {"ba", "jacobian", BA("10", "[0,0]"), "\\\"cam\\\""},
    {"ba", "jacobian", BA("10", "[0,0,0,0,0,0,0,0,0,0,\"1\"]"), "\\\"cam\\\""},
    {"lstm", "objective", LSTM("[[1,2,3,4]]", "[[0],[0]]", "[[0],[1]]"), "\\\"main_params\\\""},
    {"lstm", "objective", LSTM("[[1,2,3],[1,2,3]]", "[[0],[0]]", "[[0],[1]]"), "\\\"main_params\\\""},
    {"lstm", "jacobian", LSTM(LAYER, "[[0]]", "[[0],[1]]"), "\\\"state\\\""},
    {"lstm", "jacobian", LSTM(LAYER, "[[0],[0]]", "[[0]]"), "\\\"sequence\\\""},
    {"lstm", "jacobian", LSTM(LAYER, "[[0],[0]]", "[[0,0],[1,1]]"), "\\\"sequence\\\""},
    {"ht", "objective", "{\"theta\":[],\"us\":[]}", "\\\"data\\\""},
    {"ht", "jacobian", "{\"us\":[],\"data\":{\"model\":{\"bone_count\":3}}}", "\\\"bone_count\\\""},
    {"kmeans", "cost", KMEANS("[[1,2],[3]]", "[[1,2]]"), "\\\"points\\\""},
    {"kmeans", "dir", KMEANS("[[1,2],[3,4]]", "[[1,2,3]]"), "\\\"centroids\\\""},
    {"kmeans", "dir", KMEANS("[]", "[]"), "no points"},
    {"kmeans", "dir", KMEANS("[[1,2]]", "[[1,2],[8,9]]"), "NaN"}, /* a cluster is empty */
    {"lstm", "jacobian",
     "{\"main_params\":" LAYER ",\"extra_params\":[[1],[1],[1e3]],\"state\":[[0],[0]],\"sequence\":[[0],[1]]}",
     "infinite"},
    {"particle", "ff", "{\"w\":10}", "from 10"}, /* pushed away, it flies on */
    {"particle", "fr", "{\"w\":10}", "NaN"},
    {"particle", "rf", "{\"w\":10}", "NaN"},
    {"particle", "rr", "{\"w\":10}", "NaN"},
    {"lse", "primal", "{\"x\":[1],\"min_runs\":1e9}", "min_runs"},
};
enum { REFUSALS = sizeof refusals / sizeof *refusals };

START_TEST(what_is_no_input_is_told)
{
    gb_session session;
    gb_open(&session);
    for (int i = 0; i < REFUSALS; i++) {
        gb_ask(&session, refusals[i].eval, refusals[i].function);
        fputs(refusals[i].input, session.ask);
        gb_end(&session);
    }
    gb_ask(&session, "kmeans", "cost"); /* the session goes on */
    fputs(KMEANS("[[1,2]]", "[[1,0]]"), session.ask);
    gb_end(&session);
    gb_run(&session, REFUSALS + 1);
    for (int i = 0; i < REFUSALS; i++) {
        const char *answer = session.line[i];
        ck_assert_msg(strstr(answer, "\"success\":false") && strstr(answer, refusals[i].error), "%s %s: %.300s, not %s",
                      refusals[i].eval, refusals[i].input, answer, refusals[i].error);
    }
    double cost;
    ck_assert_int_eq(gb_numbers(session.line[REFUSALS], &cost, 1), 1);
    EXPECT_NEAR(cost, 4, 0);
    gb_close(&session);
}
END_TEST

TCase *gradbench_refusals_case(void)
{
    TCase *refused = tcase_create("refusals");
    tcase_add_test(refused, what_is_no_input_is_told);
    return refused;
}
