// SPDX-License-Identifier: MIT
// 12_channel.c: workers take jobs from one channel and put results into another.
//
// All of them may run on any shard. Closing the channel of jobs ends the workers, once it is empty.
#include <errno.h>
#include <spargio.h>
#include <stdio.h>

enum { LIMIT = 100000, STEP = 1000, WORKERS = 8 };

struct channels {
    spg_chan *jobs;    // where a range begins
    spg_chan *results; // primes in a range
};

static bool is_prime(int number)
{
    for (int divisor = 2; divisor * divisor <= number; divisor++) {
        if (number % divisor == 0) {
            return false;
        }
    }
    return number > 1;
}

static int work(void *arg)
{
    struct channels *channels = arg;
    int first, error;
    while ((error = spg_chan_receive(channels->jobs, &first, SPG_NEVER)) == 0) {
        int primes = 0;
        for (int number = first; number < first + STEP; number++) {
            primes += is_prime(number);
        }
        error = spg_chan_send(channels->results, &primes, SPG_NEVER);
        if (error) {
            return error;
        }
    }
    return error == -EPIPE ? 0 : error; // closed: no more jobs
}

static int hand_out(void *arg)
{
    struct channels *channels = arg;
    int error = 0;
    for (int first = 0; first < LIMIT && !error; first += STEP) {
        error = spg_chan_send(channels->jobs, &first, SPG_NEVER); // waits while 16 are ahead
    }
    spg_chan_close(channels->jobs);
    return error;
}

static int count_primes(void *arg)
{
    struct channels *channels = arg;
    spg_scope scope;
    int error = spg_scope_open(&scope, spg_after(10 * SPG_S));
    for (int i = 0; i < WORKERS && !error; i++) {
        error = spg_spawn(NULL, work, channels, NULL);
    }
    error = error ? error : spg_spawn(NULL, hand_out, channels, NULL);
    int total = 0;
    for (int left = LIMIT / STEP; left > 0 && !error; left--) {
        int primes;
        error = spg_chan_receive(channels->results, &primes, SPG_NEVER);
        total += error ? 0 : primes;
    }
    int failed = spg_scope_close(&scope);
    error = error ? error : failed;
    if (!error) {
        printf("primes below %d: %d\n", LIMIT, total);
    }
    return error;
}

int main(void)
{
    struct channels channels;
    int result = 0;
    char why[256] = "";
    spg_options options = {.error_text = why, .error_bytes = sizeof why};
    int error = spg_chan_open(sizeof(int), 16, &channels.jobs);
    error = error ? error : spg_chan_open(sizeof(int), 16, &channels.results);
    error = error ? error : spg_run(&options, count_primes, &channels, &result);
    error = error ? error : result;
    if (error) {
        fprintf(stderr, "12_channel: %s %s\n", spg_strerror(error), why);
        return 1;
    }
    spg_chan_free(channels.jobs);
    spg_chan_free(channels.results);
    return 0;
}
