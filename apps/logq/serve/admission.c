// SPDX-License-Identifier: MIT
// admission.c: how many queries run at once, and how many may wait for their turn.
//
// A place that becomes free while somebody waits is handed over, not put back: `running` stays as
// it is, so nobody can slip in between.

#include "serve/admission.h"

#include <errno.h>

// On the stack of the task that waits; in the list until it has a place or gives up.
struct admission_waiter {
    struct admission_waiter *next;
    struct admission_waiter *before;
    bool has_place;
    spg_timer event; // set when it gets its place
};

void admission_init(struct admission *admission, uint32_t places, uint32_t seats)
{
    *admission = (struct admission){.places = places, .seats = seats};
    pthread_mutex_init(&admission->lock, NULL);
}

void admission_destroy(struct admission *admission)
{
    pthread_mutex_destroy(&admission->lock);
}

static void append(struct admission *admission, struct admission_waiter *waiter)
{
    waiter->before = admission->last;
    if (admission->last == NULL) {
        admission->first = waiter;
    } else {
        admission->last->next = waiter;
    }
    admission->last = waiter;
    admission->waiting++;
}

static void unlink_waiter(struct admission *admission, struct admission_waiter *waiter)
{
    if (waiter->before == NULL) {
        admission->first = waiter->next;
    } else {
        waiter->before->next = waiter->next;
    }
    if (waiter->next == NULL) {
        admission->last = waiter->before;
    } else {
        waiter->next->before = waiter->before;
    }
    admission->waiting--;
}

// Under the lock: hands a place to the first who waits, or frees it.
static void pass_on(struct admission *admission)
{
    struct admission_waiter *waiter = admission->first;
    if (waiter == NULL) {
        admission->running--;
        return;
    }
    unlink_waiter(admission, waiter);
    waiter->has_place = true;
    (void)spg_timer_set(&waiter->event, SPG_NOW); // it cannot return before we let go of the lock
}

// 0 it has a place, 1 it waits, -EAGAIN.
static int take_or_wait(struct admission *admission, struct admission_waiter *waiter)
{
    int result = 0;
    pthread_mutex_lock(&admission->lock);
    if (admission->running < admission->places) {
        admission->running++;
    } else if (admission->waiting < admission->seats) {
        append(admission, waiter);
        result = 1;
    } else {
        result = -EAGAIN;
    }
    pthread_mutex_unlock(&admission->lock);
    return result;
}

int admission_enter(struct admission *admission, spg_time deadline)
{
    struct admission_waiter waiter = {0};
    (void)spg_timer_set(&waiter.event, SPG_NEVER);
    int result = take_or_wait(admission, &waiter);
    if (result <= 0) {
        return result;
    }
    result = spg_timer_wait(&waiter.event, deadline);
    pthread_mutex_lock(&admission->lock);
    if (!waiter.has_place) {
        unlink_waiter(admission, &waiter);
    } else if (result < 0) {
        pass_on(admission); // it came while we were giving up
    }
    pthread_mutex_unlock(&admission->lock);
    return result;
}

void admission_leave(struct admission *admission)
{
    pthread_mutex_lock(&admission->lock);
    pass_on(admission);
    pthread_mutex_unlock(&admission->lock);
}

void admission_count(struct admission *admission, uint32_t *running, uint32_t *waiting)
{
    pthread_mutex_lock(&admission->lock);
    *running = admission->running;
    *waiting = admission->waiting;
    pthread_mutex_unlock(&admission->lock);
}
