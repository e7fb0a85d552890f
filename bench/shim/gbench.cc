#include "shim/gbench.h"

#include <benchmark/benchmark.h>

#include <cstring>
#include <iostream>
#include <string>
#include <vector>

struct gbench_state {
        benchmark::State *state;
};

namespace
{

std::vector<std::string> flags;
std::string
        program; /* the library keeps the pointer; without the path, which is nobody's business */

bool is_flag(const char *arg)
{
        return !std::strncmp(arg, "--benchmark_", 12) || !std::strncmp(arg, "--v=", 4);
}

bool has_flag(const char *name)
{
        for (const auto &f : flags)
                if (!f.compare(0, std::strlen(name), name))
                        return true;
        return false;
}

void initialize(const std::vector<std::string> &args)
{
        std::vector<char *> argv;
        argv.push_back(&program[0]);
        for (const auto &a : args)
                argv.push_back(const_cast<char *>(a.c_str()));
        int argc = static_cast<int>(argv.size());
        argv.push_back(nullptr);
        benchmark::Initialize(&argc, argv.data());
        if (benchmark::ReportUnrecognizedArguments(argc, argv.data()))
                std::exit(2);
}

class Nobody : public benchmark::BenchmarkReporter
{
      public:
        bool ReportContext(const Context &) override
        {
                return true;
        }
        void ReportRuns(const std::vector<Run> &) override
        {
        }
};

/* Debian builds the library without NDEBUG, which makes it warn on every run that "timings may be
   affected": its timer is not in our loop, so the line would only mislead. */
class WithoutDebugWarning : public std::streambuf
{
      public:
        WithoutDebugWarning() : out(std::cerr.rdbuf(this))
        {
        }
        ~WithoutDebugWarning() override
        {
                flush_line();
                std::cerr.rdbuf(out);
        }

      protected:
        int overflow(int c) override
        {
                if (c == traits_type::eof())
                        return 0;
                line.push_back(static_cast<char>(c));
                if (c == '\n')
                        flush_line();
                return c;
        }

      private:
        void flush_line()
        {
                if (line.find("Library was built as DEBUG") == std::string::npos)
                        out->sputn(line.data(), static_cast<std::streamsize>(line.size()));
                line.clear();
        }

        std::streambuf *out;
        std::string line;
};

} // namespace

bool gbench_init(int *argc, char **argv)
{
        const char *slash = std::strrchr(argv[0], '/');
        int kept = 1;

        program = slash ? slash + 1 : argv[0];

        for (int i = 1; i < *argc; i++)
                if (is_flag(argv[i]))
                        flags.push_back(argv[i]);
                else
                        argv[kept++] = argv[i];
        argv[kept] = nullptr;
        *argc = kept;
        if (!has_flag("--benchmark_display_aggregates_only") &&
            !has_flag("--benchmark_report_aggregates_only"))
                flags.push_back("--benchmark_display_aggregates_only=true");
        return has_flag("--benchmark_list_tests=true") || has_flag("--benchmark_list_tests=1") ||
               (has_flag("--benchmark_list_tests") && !has_flag("--benchmark_list_tests="));
}

void gbench_repetitions(unsigned n, bool force)
{
        if (force || !has_flag("--benchmark_repetitions"))
                flags.push_back("--benchmark_repetitions=" +
                                std::to_string(n)); /* the last one wins */
}

void gbench_context(const char *key, const char *value)
{
        benchmark::AddCustomContext(key, value);
}

void gbench_register(const char *name, gbench_fn *fn, void *user)
{
        benchmark::RegisterBenchmark(name,
                                     [fn, user](benchmark::State &state) {
                                             gbench_state s{&state};

                                             for (auto _ : state)
                                                     fn(&s, user);
                                     })
                ->Iterations(1)
                ->UseManualTime();
}

unsigned gbench_select(void)
{
        Nobody nobody;
        std::vector<std::string> args = flags;

        args.push_back(
                "--benchmark_out="); /* also against BENCHMARK_OUT: nothing is to be written */
        initialize(args);
        return static_cast<unsigned>(benchmark::RunSpecifiedBenchmarks(&nobody));
}

unsigned gbench_report(bool table)
{
        WithoutDebugWarning filter;
        Nobody nobody;

        initialize(flags);
        return static_cast<unsigned>(table ? benchmark::RunSpecifiedBenchmarks()
                                           : benchmark::RunSpecifiedBenchmarks(&nobody));
}

void gbench_time(struct gbench_state *s, double ns_per_operation)
{
        s->state->SetIterationTime(ns_per_operation * 1e-9);
}

void gbench_counter(struct gbench_state *s, const char *name, double value)
{
        s->state->counters[name] = value;
}

void gbench_error(struct gbench_state *s, const char *message)
{
        s->state->SkipWithError(message);
}
