// The scalar chain of bench/scalar.c in ADOL-C, as a server: see bench/peer.c. The tape stays in memory.
#include <adolc/adolc.h>

#include <cstdio>
#include <cstring>
#include <ctime>

static double now()
{
    timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

static double record(short tag, long n, bool plain)
{
    adouble x, two, half, c, d;
    double y;
    // Room for operations, locations, values and the Taylor stack, so that nothing goes to a file.
    const size_t room = static_cast<size_t>(n) + 1000;
    trace_on(tag, 1, room, 4 * room, room, 2 * room);
    x <<= .5, two <<= 2, half <<= .5, c <<= plain ? .5 : -.5, d <<= plain ? -.25 : -.5;
    for (long i = 0; i < n; i += 8) {
        x = x * two;
        x = x + c;
        x = x * half;
        x = x + d;
        x = x * two;
        x = x + c;
        x = x * half;
        if (plain)
            x = x + d;
        else
            x = exp(x);
    }
    x >>= y;
    trace_off();
    return y;
}

static bool pass(short tag, long n, bool plain, double seconds[2])
{
    double one = 1, gradient[5];
    const double start = now();
    record(tag, n, plain);
    const double middle = now();
    const int status = fos_reverse(tag, 1, 5, &one, gradient);
    seconds[0] += middle - start;
    seconds[1] += now() - middle;
    return status >= 0 && gradient[0] != 0;
}

int main()
{
    char name[64];
    long n, steps, warm = 0;
    bool fresh_used = false;
    std::puts("ADOL-C");
    std::fflush(stdout);
    while (std::scanf("%63s %ld %ld", name, &n, &steps) == 3) {
        const bool fresh = std::strcmp(name, "chain_fresh") == 0, plain = std::strcmp(name, "chain_plain") == 0;
        double seconds[2] = {0, 0};
        bool ok = fresh || plain || std::strcmp(name, "chain") == 0;
        if (!fresh && warm && warm != n) removeTape(1, ADOLC_REMOVE_COMPLETELY);
        if (!fresh) warm = n;
        for (long i = 0; ok && i < steps; i++) {
            if (fresh && fresh_used) removeTape(2, ADOLC_REMOVE_COMPLETELY);
            fresh_used = fresh_used || fresh;
            ok = pass(fresh ? 2 : 1, n, plain, seconds);
        }
        if (ok)
            std::printf("%.9g %.9g\n", seconds[0] / static_cast<double>(steps), seconds[1] / static_cast<double>(steps));
        else
            std::printf("unknown\n");
        std::fflush(stdout);
    }
    return 0;
}
