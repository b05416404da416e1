// SPDX-License-Identifier: MIT
// Measures the time of callbacks, and tells who changed what.
#include <kairos/plugin.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../common/json_text.hpp"
#include "../common/output_place.hpp"
#include "../common/text.hpp"
#include "../common/whole_file.hpp"

namespace kairos::plugins {

/// The table of Lightning's SimpleProfiler, by callback and hook, from the host's own clock; and the trace in
/// the Trace Event Format of Chrome, which Perfetto and chrome://tracing open.
struct Profiler : Callback<Profiler> {
  static constexpr auto id = "kairos.Profiler";
  static constexpr auto summary = "Measures the time of callbacks, and tells who changed what.";
  /// Last, so that the hooks of the others at the end are in it.
  static constexpr auto phase = Phase::Persist;
  static constexpr auto capabilities = Can::Nothing;

  Option<OutputPath> filename{this, "filename", "profile.json", "times and changes to write"};
  Option<OutputPath> trace{this, "trace", "trace.json", "trace to write, for Perfetto or chrome://tracing"};
  Option<int> max_calls{this,           "max_calls",
                        100000,         "calls of hooks in the trace, from the begin of the run",
                        kairos::min(0), kairos::max(10000000)};
  Option<double> slow{this,     "slow",        0.05, "share of the run from which a hook is named as slow",
                      above(0), kairos::max(1)};
  Option<int> rows{this, "rows", 10, "rows of the printed table; 0 prints none", kairos::min(0)};

  void setup(Run& run) {
    check_output_place(std::string(filename.value()), Writing::Replaced);
    check_output_place(std::string(trace.value()), Writing::Replaced);
    run.start_ledger(static_cast<std::uint64_t>(max_calls));
  }
  void on_train_end(End& end) { report(end); }
  void on_test_end(Test& test) {
    if (!test.in_fit()) report(test);
  }
  void on_predict_end(End& end) { report(end); }

 private:
  static double seconds(std::int64_t nanoseconds) { return static_cast<double>(nanoseconds) * 1e-9; }

  void report(Event& event) const {
    const std::int64_t elapsed = event.ledger_elapsed().count();
    const std::vector<LedgerEntry> entries = event.ledger();
    print_table(event, entries, elapsed);
    write_whole_file(std::string(filename.value()), summary_of(entries, elapsed));
    write_whole_file(std::string(trace.value()), trace_of(entries, event.ledger_calls()));
  }

  // ---- the table

  static std::string fixed(double value, int decimals) {
    std::array<char, 64> text{};
    return {
        text.data(),
        std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed, decimals).ptr};
  }
  /// With three digits or more, in a fitting unit.
  static std::string duration(std::int64_t nanoseconds) {
    const auto ns = static_cast<double>(nanoseconds);
    if (ns < 1e3) return fixed(ns, 0) + " ns";
    if (ns < 1e6) return fixed(ns / 1e3, 1) + " us";
    if (ns < 1e9) return fixed(ns / 1e6, 1) + " ms";
    return fixed(ns / 1e9, 2) + " s";
  }
  static std::string padded(std::string text, std::size_t width, bool right) {
    if (text.size() < width) text.insert(right ? 0 : text.size(), width - text.size(), ' ');
    return text;
  }
  static std::string changes_of(const LedgerEntry& entry) {
    std::string text;
    const auto add = [&](std::int64_t calls, const char* what) {
      if (calls > 0) text += (text.empty() ? "" : ", ") + std::string(what) + " x" + std::to_string(calls);
    };
    add(entry.hypers, "rate");
    add(entry.weights, "weights");
    add(entry.gradients, "gradients");
    add(entry.batches, "batch");
    add(entry.stops, "stop");
    return text;
  }
  static std::vector<LedgerEntry> by_time(std::vector<LedgerEntry> entries) {
    std::stable_sort(entries.begin(), entries.end(), [](const LedgerEntry& a, const LedgerEntry& b) {
      return a.nanoseconds > b.nanoseconds;
    });
    return entries;
  }

  void print_table(const Event& event, const std::vector<LedgerEntry>& entries, std::int64_t elapsed) const {
    const double whole = std::max(1.0, static_cast<double>(elapsed));
    std::int64_t sum = 0;
    for (const LedgerEntry& entry : entries) sum += entry.nanoseconds;
    const auto share = [whole](std::int64_t part) {
      return fixed(100 * static_cast<double>(part) / whole, 1) + " %";
    };
    event.print("callbacks took " + duration(sum) + " of " + duration(elapsed) + " (" + share(sum) + ")");
    const std::vector<LedgerEntry> sorted = by_time(entries);
    if (rows > 0) print_rows(event, sorted, share);
    if (sorted.empty() || static_cast<double>(sorted.front().nanoseconds) < slow * whole) return;
    const LedgerEntry& slowest = sorted.front();
    event.print("the slow one is " + std::string(slowest.instance) + ": " + std::string(slowest.hook) +
                    " took " + share(slowest.nanoseconds) + " of the run, " + duration(slowest.longest) +
                    " at most for a call",
                Level::Warning);
  }

  template <class Share>
  void print_rows(const Event& event, const std::vector<LedgerEntry>& sorted, const Share& share) const {
    std::vector<std::array<std::string, 8>> table{
        {"callback", "hook", "calls", "total", "share", "mean", "longest", "changes"}};
    for (std::size_t i = 0; i < sorted.size() && i < static_cast<std::size_t>(rows); ++i) {
      const LedgerEntry& entry = sorted[i];
      table.push_back({std::string(entry.instance), std::string(entry.hook), std::to_string(entry.calls),
                       duration(entry.nanoseconds), share(entry.nanoseconds),
                       duration(entry.nanoseconds / std::max<std::int64_t>(1, entry.calls)),
                       duration(entry.longest), changes_of(entry)});
    }
    std::array<std::size_t, 8> widths{};
    for (const auto& row : table)
      for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    for (const auto& row : table) {
      std::string line;
      for (std::size_t i = 0; i < row.size(); ++i)
        line += (i == 0 ? "" : "  ") + padded(row[i], widths[i], i >= 2 && i <= 6);
      line.erase(line.find_last_not_of(' ') + 1);
      event.print(line);
    }
  }

  // ---- the files

  static std::string summary_of(const std::vector<LedgerEntry>& entries, std::int64_t elapsed) {
    std::string text = "{\"seconds\":" + json_number(seconds(elapsed)) + ",\"hooks\":[";
    const char* comma = "\n";
    for (const LedgerEntry& entry : by_time(entries)) {
      text += comma;
      text += "{\"callback\":" + json_text(entry.instance) + ",\"hook\":" + json_text(entry.hook) +
              ",\"calls\":" + std::to_string(entry.calls) +
              ",\"seconds\":" + json_number(seconds(entry.nanoseconds)) +
              ",\"longest\":" + json_number(seconds(entry.longest)) +
              ",\"set_rate\":" + std::to_string(entry.hypers) +
              ",\"wrote_weights\":" + std::to_string(entry.weights) +
              ",\"wrote_gradients\":" + std::to_string(entry.gradients) +
              ",\"wrote_batches\":" + std::to_string(entry.batches) +
              ",\"stopped\":" + std::to_string(entry.stops) + '}';
      comma = ",\n";
    }
    return text + "\n]}\n";
  }

  /// Complete events ("ph":"X") in microseconds, with one track for each callback.
  static std::string trace_of(const std::vector<LedgerEntry>& entries, const std::vector<LedgerCall>& calls) {
    std::map<std::string_view, std::size_t> tracks;
    std::string text = "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n";
    text += "{\"ph\":\"M\",\"pid\":1,\"name\":\"process_name\",\"args\":{\"name\":\"callbacks\"}}";
    for (const LedgerEntry& entry : entries) {
      const std::size_t next = tracks.size() + 1;
      if (!tracks.emplace(entry.instance, next).second) continue;
      text += ",\n{\"ph\":\"M\",\"pid\":1,\"tid\":" + std::to_string(next) +
              ",\"name\":\"thread_name\",\"args\":{\"name\":" + json_text(entry.instance) + "}}";
    }
    const auto microseconds = [](std::int64_t nanoseconds) {
      return fixed(static_cast<double>(nanoseconds) / 1e3, 3);
    };
    for (const LedgerCall& call : calls) {
      const LedgerEntry& entry = entries[call.entry];
      text += ",\n{\"ph\":\"X\",\"pid\":1,\"tid\":" + std::to_string(tracks[entry.instance]) +
              ",\"name\":" + json_text(entry.hook) + ",\"cat\":" + json_text(entry.instance) +
              ",\"ts\":" + microseconds(call.began) + ",\"dur\":" + microseconds(call.ended - call.began) +
              '}';
    }
    return text + "\n]}\n";
  }
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::Profiler)
