// SPDX-License-Identifier: MIT
// stress_ending.c: a runtime ends while its tasks, tasks of another runtime and threads are in
// mailboxes, tallies, the kernel lane and boundaries: each wait ends, with a code that it may have,
// what messages own is destroyed once, and the numbers of boundaries agree.
#include "support.h"

#include <poll.h>
#include <pthread.h>
#include <spargio/uring.h>
#include <stdatomic.h>

enum { SHARDS = 2, BOXES = 3, SENDERS = 4, THREADS = 3 };

typedef struct ending {
    spg_rt *rt;    // that ends
    spg_rt *other; // whose tasks take part
    spg_boundary *boundary;
    _Atomic uint64_t boxes[BOXES]; // the last mailbox of each owner
    atomic_ulong members;
    atomic_ulong made;
    atomic_ulong freed;
    atomic_bool over;
    uint64_t seed;
} ending;

static ending now; // destroy functions get a pointer only

static uint64_t own_stream(void)
{
    return now.seed ^ (atomic_fetch_add(&now.members, 1) + 1) * 0x9E3779B97F4A7C15u;
}

static bool is_over(int code)
{
    return code == -ESHUTDOWN || code == -ECANCELED || code == -ENOLINK;
}

static void require_allowed(int code, int one, int two, int three)
{
    if (code != 0 && code != one && code != two && code != three && !is_over(code)) {
        ck_abort_msg("it gave %d (%s)", code, spg_strerror(code));
    }
}

static spg_time random_deadline(uint64_t *state)
{
    uint32_t kind = random_below(state, 4);
    return kind == 0   ? SPG_NOW
           : kind == 1 ? SPG_NEVER
                       : spg_after(random_below(state, 300) * SPG_US);
}

// ---- Mailboxes -------------------------------------------------------------------------------

static void destroys(void *pointer)
{
    free(pointer);
    atomic_fetch_add(&now.freed, 1);
}

static spg_msg owned_message(void)
{
    void *pointer = malloc(8);
    REQUIRE(pointer != NULL);
    atomic_fetch_add(&now.made, 1);
    return (spg_msg){.value = (uintptr_t)pointer, .destroy = destroys};
}

static void consume(const spg_msg *messages, ssize_t n)
{
    for (ssize_t i = 0; i < n; i++) {
        if (messages[i].destroy) {
            messages[i].destroy((void *)(uintptr_t)messages[i].value);
        }
    }
}

static int send_owned(spg_mailbox box, uint64_t *state)
{
    spg_msg messages[5];
    size_t count = 1 + random_below(state, 5);
    for (size_t i = 0; i < count; i++) {
        messages[i] = owned_message();
    }
    int why;
    ssize_t sent = spg_send_some(box, messages, count, &why, random_deadline(state));
    sent = sent < 0 ? 0 : sent;
    consume(messages + sent, (ssize_t)count - sent);
    return why;
}

// Returns why it stopped; some things are for tasks only.
static int send_something(uint64_t *state)
{
    spg_mailbox box = {atomic_load(&now.boxes[random_below(state, BOXES)])};
    int code;
    switch (random_below(state, 6)) {
    case 0:
        code = spg_uring_send(box, 9, 1, random_deadline(state));
        break;
    case 1:
        code = spg_tally_add(box, random_below(state, 3), 1);
        code = code == -ENOENT ? 0 : code;
        break;
    case 2:
        code = spg_flush(spg_after(200 * SPG_US));
        code = code == -EPERM ? 0 : code;
        break;
    default:
        code = send_owned(box, state);
    }
    require_allowed(code, -EAGAIN, -ETIME, -ESRCH);
    return code;
}

static int sends(void *arg CK_ATTRIBUTE_UNUSED)
{
    uint64_t state = own_stream();
    while (!atomic_load(&now.over) && !spg_cancelled()) {
        int code = send_something(&state);
        // To be told so once or twice is no reason to stop asking.
        if (is_over(code) && random_below(&state, 4) == 0) {
            break;
        }
        if (random_below(&state, 3) == 0 && spg_yield() == -ECANCELED) {
            break;
        }
    }
    return 0;
}

static int receives_beside(void *arg)
{
    spg_mailbox box = {atomic_load((_Atomic uint64_t *)arg)};
    spg_msg messages[4];
    ssize_t n;
    while ((n = spg_receive(box, messages, 4, SPG_NEVER)) > 0) {
        consume(messages, n);
    }
    require_allowed((int)n, -ESRCH, -EXDEV, 0);
    return 0;
}

static int own_one(uint64_t number, uint64_t *state)
{
    spg_mailbox box;
    spg_msg messages[4];
    int code = 0;
    REQUIRE_OK(spg_mailbox_open(SPG_HERE, 1 + random_below(state, 5), &box));
    REQUIRE_OK(spg_tally_open(box, random_below(state, 3), 1 + random_below(state, 3)));
    atomic_store(&now.boxes[number], box.v);
    if (random_below(state, 2)) {
        spg_attr here = pinned_to((uint32_t)spg_shard());
        code = spg_spawn(&here, receives_beside, &now.boxes[number], NULL);
        require_allowed(code, -EAGAIN, 0, 0);
    }
    for (uint32_t i = random_below(state, 20); i > 0 && code != -ECANCELED; i--) {
        spg_time deadline = spg_after(random_below(state, 100) * SPG_US);
        ssize_t n = spg_receive(box, messages, 1 + random_below(state, 4), deadline);
        consume(messages, n);
        code = n < 0 ? (int)n : 0;
        require_allowed(code, -ETIME, 0, 0);
        uint64_t sum;
        int took = spg_tally_take(box, random_below(state, 3), &sum, spg_after(20 * SPG_US));
        require_allowed(took, -ETIME, -ENOENT, 0);
    }
    if (code != -ECANCELED || random_below(state, 2)) { // else it is left open to the runtime
        REQUIRE_OK(spg_mailbox_close(box));
    }
    return code;
}

static int owns(void *arg)
{
    uint64_t state = own_stream();
    int code = 0;
    while (code != -ECANCELED && !spg_cancelled()) {
        code = own_one((uint64_t)(uintptr_t)arg, &state);
    }
    return 0;
}

// ---- Boundaries ------------------------------------------------------------------------------

static int await_ticket(spg_ticket ticket, uint64_t *state)
{
    for (;;) {
        char reply[8];
        spg_answer answer;
        int code = spg_ticket_wait(now.boundary, ticket, reply, sizeof reply, &answer,
                                   spg_after(random_below(state, 200) * SPG_US));
        if (answer.outcome != SPG_CALL_PENDING) {
            REQUIRE(answer.outcome != SPG_CALL_REFUSED);
            require_allowed(code, -ETIME, -ENODATA, 0);
            return code == -ECANCELED ? 0 : code; // of the ticket
        }
        if (code == -ECANCELED) { // of the task
            REQUIRE_OK(spg_ticket_drop(now.boundary, ticket));
            return code;
        }
        REQUIRE_CODE(code, -ETIME);
    }
}

static int submit_something(uint64_t *state)
{
    spg_ticket ticket;
    spg_call_options options = {.notify = random_below(state, 2)};
    spg_time deadline = random_deadline(state);
    int code = spg_submit(now.boundary, &options, "?", 1, &ticket, deadline);
    require_allowed(code, -EAGAIN, -ETIME, 0);
    if (code) {
        return code;
    }
    if (random_below(state, 4) == 0) {
        REQUIRE_OK(spg_ticket_drop(now.boundary, ticket));
        return 0;
    }
    if (random_below(state, 3) == 0) {
        code = spg_ticket_cancel(now.boundary, ticket);
        REQUIRE(code == 0 || code == -EALREADY);
    }
    return await_ticket(ticket, state);
}

static int call_something(uint64_t *state)
{
    char reply[8];
    spg_answer answer;
    spg_time deadline = random_deadline(state);
    int code =
        random_below(state, 2)
            ? spg_call(now.boundary, NULL, "?", 1, reply, sizeof reply, &answer, deadline)
            : spg_try_call(now.boundary, NULL, "?", 1, reply, sizeof reply, &answer, deadline);
    REQUIRE(answer.outcome != SPG_CALL_PENDING);
    require_allowed(code, -ETIME, -ENODATA, -EAGAIN);
    return code;
}

static int calls(void *arg CK_ATTRIBUTE_UNUSED)
{
    uint64_t state = own_stream();
    int code = 0;
    while (!is_over(code) && !atomic_load(&now.over)) {
        code = random_below(&state, 2) ? call_something(&state) : submit_something(&state);
        if (code == -EAGAIN || code == -ETIME) {
            (void)spg_yield();
        }
    }
    return 0;
}

static int serves(void *arg CK_ATTRIBUTE_UNUSED)
{
    uint64_t state = own_stream();
    spg_request request;
    int code = 0;
    while (!is_over(code) && !atomic_load(&now.over)) {
        spg_time deadline = random_below(&state, 2) ? SPG_NEVER : spg_after(50 * SPG_US);
        code = spg_serve(now.boundary, &request, deadline);
        require_allowed(code, -ETIME, 0, 0);
        if (code == 0) {
            if (random_below(&state, 4) == 0) {
                (void)spg_sleep(spg_after(random_below(&state, 100) * SPG_US));
            }
            int told = random_below(&state, 5) ? spg_reply(&request, 0, "!", 1)
                                               : spg_request_drop(&request);
            require_allowed(told, -ETIME, 0, 0);
        }
    }
    return 0;
}

// An event loop, which learns of the end from both descriptors.
static void *loops(void *arg CK_ATTRIBUTE_UNUSED)
{
    struct pollfd fds[2] = {{.fd = spg_boundary_request_fd(now.boundary), .events = POLLIN},
                            {.fd = spg_boundary_reply_fd(now.boundary), .events = POLLIN}};
    int served = 0;
    int told = 0;
    while (!is_over(served) || !is_over(told)) {
        REQUIRE(poll(fds, 2, 60000) >= 1);
        spg_request request;
        served = spg_serve(now.boundary, &request, SPG_NOW);
        if (served == 0) {
            (void)spg_reply(&request, 1, NULL, 0);
        }
        spg_ticket ticket;
        do {
            told = spg_ticket_next(now.boundary, &ticket, NULL);
        } while (told == 0);
        require_allowed(served, -ETIME, 0, 0);
        require_allowed(told, -EAGAIN, 0, 0);
    }
    return NULL;
}

// ---- Rounds ----------------------------------------------------------------------------------

static void *as_thread(void *arg)
{
    spg_fn *const *fn = arg;
    (*fn)(NULL);
    return NULL;
}

static void begin(uint64_t seed)
{
    spg_options options = test_options(SHARDS);
    options.reap_ns = 60 * SPG_S;
    options.max_tasks = 2000;
    now = (ending){.seed = seed, .rt = start_runtime(&options), .other = start_runtime(&options)};
}

static void start(spg_rt *rt, const spg_attr *attr, spg_fn *fn, void *arg)
{
    REQUIRE_OK(spg_spawn_in(rt, attr, fn, arg, NULL));
}

static void start_threads(pthread_t *threads, spg_fn **fns)
{
    for (int i = 0; i < THREADS; i++) {
        REQUIRE_EQ(pthread_create(&threads[i], NULL, as_thread, &fns[i]), 0);
    }
}

static void join_threads(const pthread_t *threads)
{
    for (int i = 0; i < THREADS; i++) {
        REQUIRE_EQ(pthread_join(threads[i], NULL), 0);
    }
}

static void let_run(uint64_t *state, uint32_t most_us)
{
    struct timespec pause = {0, (long)random_below(state, most_us) * 1000};
    nanosleep(&pause, NULL);
}

static void shut_down(spg_rt *rt, uint64_t *state)
{
    spg_report report;
    int code = spg_shutdown(rt, &report, spg_after(random_below(state, 2000) * SPG_US));
    if (code) {
        ck_abort_msg("%d left: %s in %s", (int)report.tasks, report.left[0].task,
                     report.left[0].wait);
    }
}

static void end_mailboxes(uint64_t *state)
{
    pthread_t threads[THREADS];
    spg_fn *fns[THREADS] = {sends, sends, sends};
    begin(random_next(state));
    for (uintptr_t i = 0; i < BOXES; i++) {
        spg_attr there = pinned_to(i % SHARDS);
        start(now.rt, &there, owns, (void *)i);
    }
    for (int i = 0; i < SENDERS; i++) {
        start(i == 0 ? now.other : now.rt, NULL, sends, NULL);
    }
    start_threads(threads, fns);
    let_run(state, 30000);
    shut_down(now.rt, state);
    bool late = random_below(state, 2); // threads go on with handles of a runtime that is gone
    if (late) {
        REQUIRE_OK(spg_destroy(now.rt));
    }
    atomic_store(&now.over, true);
    join_threads(threads);
    if (!late) {
        REQUIRE_OK(spg_destroy(now.rt));
    }
    REQUIRE_OK(spg_destroy(now.other));
    REQUIRE_EQ(atomic_load(&now.made), atomic_load(&now.freed));
}

static void end_boundaries(uint64_t *state)
{
    pthread_t threads[THREADS];
    pthread_t loop;
    spg_fn *fns[THREADS] = {calls, calls, serves};
    begin(random_next(state));
    spg_boundary_options options = {.calls = 1 + random_below(state, 5)};
    REQUIRE_OK(spg_boundary_open(now.rt, &options, &now.boundary));
    start_threads(threads, fns);
    REQUIRE_EQ(pthread_create(&loop, NULL, loops, NULL), 0);
    for (int i = 0; i < 6; i++) {
        start(i % 2 ? now.rt : now.other, NULL, i % 3 ? calls : serves, NULL);
    }
    let_run(state, 20000);
    uint32_t way = random_below(state, 3);
    if (way == 0) {
        REQUIRE_OK(spg_boundary_close(now.boundary));
    } else if (way == 1) {
        shut_down(now.other, state);
    }
    shut_down(now.rt, state);
    REQUIRE_OK(spg_destroy(now.rt));
    atomic_store(&now.over, true);
    REQUIRE_OK(spg_destroy(now.other));
    join_threads(threads);
    REQUIRE_EQ(pthread_join(loop, NULL), 0);
    spg_boundary_stats stats;
    REQUIRE_OK(spg_boundary_stats_get(now.boundary, &stats));
    REQUIRE_EQ(stats.depth + stats.taken, 0);
    REQUIRE_EQ(stats.accepted, stats.answered + stats.dropped + stats.expired + stats.timed_out +
                                   stats.canceled + stats.closed);
    REQUIRE_OK(spg_boundary_free(now.boundary));
}

START_TEST(mailboxes_end_under_their_users)
{
    uint64_t state = random_stream(1);
    for (size_t i = 0; i < scaled(200, 5); i++) {
        end_mailboxes(&state);
    }
}
END_TEST

START_TEST(boundaries_end_under_their_users)
{
    uint64_t state = random_stream(2);
    for (size_t i = 0; i < scaled(200, 5); i++) {
        end_boundaries(&state);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ending");
    TCase *tests = add_tests(suite, "ending", 200);
    tcase_add_test(tests, mailboxes_end_under_their_users);
    tcase_add_test(tests, boundaries_end_under_their_users);
    return run_suite("stress_ending", suite);
}
