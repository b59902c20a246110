// SPDX-License-Identifier: MIT
// regex.cc: the only place that knows RE2, whose exceptions end here.

#include "query/regex.h"

#include <re2/re2.h>

#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <new>
#include <string>

struct regex {
    std::unique_ptr<re2::RE2> program;
};

namespace
{

re2::RE2::Options options_for(size_t memory_limit)
{
    re2::RE2::Options options;
    options.set_log_errors(false);
    // What is wanted is whether it matches, not what its groups match.
    options.set_never_capture(true);
    options.set_max_mem(static_cast<int64_t>(memory_limit));
    return options;
}

void set_error(struct regex_error *error, const char *text)
{
    std::snprintf(error->text, sizeof(error->text), "%s", text);
}

} // namespace

extern "C" struct regex *regex_new(struct bytes pattern, size_t memory_limit,
                                   struct regex_error *error)
{
    *error = regex_error();
    try {
        std::string text(pattern.ptr == nullptr ? "" : pattern.ptr, pattern.len);
        std::unique_ptr<struct regex> created(new struct regex);
        created->program.reset(new re2::RE2(text, options_for(memory_limit)));
        const re2::RE2 &program = *created->program;
        if (program.ok()) {
            return created.release();
        }
        if (program.error_code() == re2::RE2::ErrorPatternTooLarge) {
            set_error(error, "the pattern needs more memory than a regex may use");
            return nullptr;
        }
        set_error(error, program.error().c_str());
    } catch (const std::exception &) {
        set_error(error, "out of memory for the regex");
    }
    return nullptr;
}

extern "C" struct regex *regex_clone(const struct regex *regex)
{
    try {
        std::unique_ptr<struct regex> created(new struct regex);
        created->program.reset(
            new re2::RE2(regex->program->pattern(), regex->program->options()));
        return created->program->ok() ? created.release() : nullptr;
    } catch (const std::exception &) {
        return nullptr;
    }
}

extern "C" void regex_free(struct regex *regex)
{
    delete regex;
}

extern "C" size_t regex_steps_per_byte(const struct regex *regex)
{
    int size = regex->program->ProgramSize();
    return size > 0 ? static_cast<size_t>(size) : 1;
}

extern "C" int regex_matches(struct regex *regex, struct bytes text)
{
    try {
        re2::StringPiece subject(text.ptr == nullptr ? "" : text.ptr, text.len);
        return regex->program->Match(subject, 0, subject.size(), re2::RE2::UNANCHORED, nullptr, 0)
                   ? 1
                   : 0;
    } catch (const std::exception &) {
        return -1;
    }
}
