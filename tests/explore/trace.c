// SPDX-License-Identifier: MIT
// trace.c: what has happened in a run, for people.
#include "engine.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { STEPS = 1 << 16, LABELS = 256 };

struct step {
    const struct explore_site *site;
    uintptr_t address;
    uint64_t value;
    const char *note;
    uint8_t thread;
};

static struct step steps[STEPS];
static unsigned step_count;

static struct {
    uintptr_t address;
    size_t bytes;
    const char *name;
} labels[LABELS];
static unsigned label_count;

void trace_run_begin(void)
{
    step_count = 0;
    label_count = 0;
}

void explore_label(const void *address, size_t bytes, const char *name)
{
    if (label_count < LABELS) {
        labels[label_count].address = (uintptr_t)address;
        labels[label_count].bytes = bytes;
        labels[label_count++].name = name;
    }
}

const char *trace_name(uintptr_t address, const char *text)
{
    static char name[96];
    for (unsigned i = label_count; i-- > 0;) {
        size_t offset = address - labels[i].address;
        if (address >= labels[i].address && offset < labels[i].bytes) {
            snprintf(name, sizeof name, "%s+%zu %s", labels[i].name, offset, text);
            return name;
        }
    }
    snprintf(name, sizeof name, "%s", text);
    return name;
}

void trace_access(unsigned thread, const struct explore_site *site, uintptr_t address,
                  uint64_t value, const char *note)
{
    if (step_count < STEPS) {
        steps[step_count++] = (struct step){site, address, value, note, (uint8_t)thread};
    }
}

void trace_note(unsigned thread, const struct explore_site *site, const char *note)
{
    trace_access(thread, site, 0, 0, note);
}

// The end of a path, as much as says which file it is.
static const char *short_path(const char *path)
{
    const char *found = strstr(path, "src/");
    const char *next;
    while (found && (next = strstr(found + 1, "src/")) != NULL) {
        found = next;
    }
    const char *slash = strrchr(path, '/');
    return found ? found : slash ? slash + 1 : path;
}

void trace_print(void)
{
    for (unsigned i = 0; i < step_count; i++) {
        const struct step *step = &steps[i];
        const struct explore_site *site = step->site;
        char place[80];
        snprintf(place, sizeof place, "%s:%d", short_path(site->file), site->line);
        printf("  %4u  thread %u %*s%-13s %-44s", i, step->thread, 2 * step->thread, "",
               site->function, trace_name(step->address, site->text));
        if (step->address != 0 || step->value != 0) {
            printf(" = 0x%-8" PRIx64, step->value);
        } else {
            printf("   %-10s", "");
        }
        printf(" %-24s %s\n", place, step->note);
    }
    if (step_count == STEPS) {
        printf("  ... and more than %d steps\n", STEPS);
    }
}
