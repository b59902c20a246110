// SPDX-License-Identifier: MIT
// driver.c: a runtime with one task that waits for orders.
#include "suite/spargio/driver.h"

static int serve_orders(void *arg)
{
    struct driver *driver = arg;
    spg_request order;
    if (driver->first) {
        driver->first(driver);
    }
    while (spg_serve(driver->orders, &order, SPG_NEVER) == 0) {
        bool warm_up = *(const bool *)order.data;
        uint64_t checksum = driver->work(driver, warm_up);
        row_must(spg_reply(&order, 0, &checksum, sizeof checksum), "spg_reply");
    }
    if (driver->last) {
        driver->last(driver);
    }
    return 0;
}

void driver_start(struct driver *driver, const struct row_settings *settings, uint32_t workers,
                  bool pinned)
{
    spg_options options = {.shards = workers,
                           .max_tasks = driver->max_tasks,
                           .idle = settings->spins ? SPG_IDLE_POLL : SPG_IDLE_PARK};
    spg_attr attr = {.name = "driver", .place = pinned ? SPG_PINNED : SPG_STEALABLE};
    driver->settings = settings;
    driver->workers = workers;
    row_must(spg_create(&options, &driver->rt), "spg_create");
    row_must(spg_boundary_open(driver->rt, NULL, &driver->orders), "spg_boundary_open");
    row_must(spg_spawn_in(driver->rt, &attr, serve_orders, driver, &driver->task), "spg_spawn_in");
}

uint64_t driver_iterate(void *state, bool warm_up)
{
    struct driver *driver = state;
    uint64_t checksum = 0;
    row_must(spg_call(driver->orders, NULL, &warm_up, sizeof warm_up, &checksum, sizeof checksum,
                      NULL, SPG_NEVER),
             "spg_call");
    return checksum;
}

void driver_stop(struct driver *driver)
{
    row_must(spg_boundary_close(driver->orders), "spg_boundary_close");
    row_must(spg_join(driver->task, NULL, SPG_NEVER), "spg_join");
    row_must(spg_boundary_free(driver->orders), "spg_boundary_free");
    row_must(spg_destroy(driver->rt), "spg_destroy");
}
