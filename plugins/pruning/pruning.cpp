// SPDX-License-Identifier: MIT
// Stops a run that is not worth its further epochs among the trials of a search.
#include <kairos/plugin.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "../common/output_place.hpp"
#include "../common/text.hpp"
#include "parent.hpp"
#include "rules.hpp"
#include "trials.hpp"

namespace kairos::plugins {

/// Optuna's pruners for trials that are processes: they report to a file that all of them, and the parent
/// that started them, read and append to, or ask the parent over a pipe. Differences: a resource is an epoch,
/// counted from 1; the default of min_resource is 1; a trial that another callback stops is complete, as one
/// that ran all its epochs.
struct Pruning : Callback<Pruning> {
  static constexpr auto id = "kairos.Pruning";
  static constexpr auto summary = "Stops a run that is worse than the other trials of a search.";
  static constexpr auto capabilities = Can::Stop;

  Option<Metric> monitor{this, "monitor", "val_loss", "metric to report and compare"};
  Option<Choice> mode{this, "mode", "auto", "min, max, or the direction of the metric",
                      choices("auto,min,max")};
  Option<OutputPath> trials{
      this, "trials", unset,
      "file that all trials of the search read and append to; required unless rule=ask"};
  Option<std::string_view> trial{this, "trial", unset, "name of this trial; the run directory if not set"};
  Option<Choice> rule{
      this, "rule", "median",
      "median: worse than the median; halving: not among the best; ask: the parent decides; none: "
      "only report",
      choices("median,halving,ask,none")};
  Option<int> n_startup_trials{this, "n_startup_trials", 5, "complete trials before rule=median stops one",
                               kairos::min(0)};
  Option<int> n_warmup_steps{this, "n_warmup_steps", 0, "epochs in which rule=median stops none",
                             kairos::min(0)};
  Option<int> min_resource{this,           "min_resource",  1, "epochs before rule=halving first compares",
                           kairos::min(1), kairos::max(1e9)};
  Option<int> reduction_factor{this,           "reduction_factor", 4, "rule=halving keeps one of so many",
                               kairos::min(2), kairos::max(1e6)};
  Option<std::string_view> ask{this, "ask", unset,
                               "rule=ask: where this run asks: fd:NUMBER, or the absolute path of a FIFO"};
  Option<std::string_view> answer{this, "answer", unset, "rule=ask: where the parent answers, likewise"};
  Option<Duration> timeout{this, "timeout", std::chrono::seconds(60), "rule=ask: time for an answer"};
  Option<Path> stop_file{this, "stop_file", unset,
                         "the run is stopped once this file exists; its first line is the reason"};

  State<bool> pruned{this, "pruned", false};

  void setup(Run& run) {
    if (run.mode() != Mode::Fit) return;
    if (run.world() > 1)
      throw Error("processes of distributed training would read different values, and the run has " +
                  std::to_string(run.world()) + ". Leave Pruning out, or train in a single process");
    *name_ = std::string(trial.is_set() ? trial.value() : run.run_dir());
    if (name_->empty())
      throw Error("this trial has no name, because the run has no run directory. Set trial to a name");
    if (name_->find_first_of("\r\n") != std::string::npos)
      throw Error("trial has a line break; expected a name of one line. Correct it");
    check_parent();
    if (!trials.is_set() && rule != "ask")
      throw Error("trials is not set, and rule=" + std::string(rule.value()) +
                  " needs it. Give one absolute path to all trials, such as trials=\"$PWD/trials.csv\"");
    if (trials.is_set()) check_output_place(std::string(trials.value()), Writing::InPlace, "trials");
    if (trials.is_set() && rule != "none" &&
        is_inside(std::string(trials.value()), std::string(run.run_dir())))
      throw Error("trials is " + std::string(trials.value()) +
                  ", in the run directory, and no other trial has this file: relative paths are in the run "
                  "directory. Give one absolute path to all trials, such as trials=\"$PWD/trials.csv\"");
    larger_is_better_ = monitor.direction(run, mode.value()) == Direction::Max;
  }

  void on_train_begin(Run& run) {
    if (trials.is_set() && !run.run_resumed()) file().report(*name_, "begin");
  }

  void on_epoch_end(Epoch& epoch) {
    // A value that is not available, as in an epoch without validation, is neither reported nor compared.
    if (const std::optional<double> value = monitor.value(epoch)) compare(epoch, *value);
    if (!pruned && stop_file.is_set() && exists(std::string(stop_file.value())))
      epoch.stop(first_line(std::string(stop_file.value())));
  }

  void on_train_end(End& end) {
    if (!trials.is_set()) return;
    if (pruned)
      file().report(*name_, "pruned");
    else if (end.completed() || end.stopped())
      file().report(*name_, "complete");
  }

 private:
  [[nodiscard]] TrialsFile file() const { return TrialsFile(std::string(trials.value())); }

  void compare(Epoch& epoch, double value) {
    const std::string number = std::to_string(epoch.number());
    Trials all;
    if (trials.is_set()) all = file().report(*name_, number, shortest(value));
    if (rule == "ask") {
      const std::optional<std::string> told = parent_->ask(*name_ + ',' + number + ',' + shortest(value));
      if (!told) return;
      pruned = true;
      return epoch.stop(*told);
    }
    const Question question{all, *name_, epoch.number(), larger_is_better_};
    std::optional<std::string> reason;
    if (rule == "median") reason = worse_than_median(question, n_startup_trials, n_warmup_steps);
    if (rule == "halving") reason = not_promoted(question, min_resource, reduction_factor);
    if (!reason) return;
    pruned = true;
    epoch.stop("pruned: " + *reason);
  }

  void check_parent() {
    if (rule == "ask") {
      if (!ask.is_set() || !answer.is_set())
        throw Error(
            "rule=ask needs ask and answer, the two pipes to the parent, such as ask=fd:3,answer=fd:4; "
            "found " +
            std::string(ask.is_set()      ? "ask alone"
                        : answer.is_set() ? "answer alone"
                                          : "neither") +
            ". Set both");
      return parent_->open(ask.value(), answer.value(), timeout.value());
    }
    if (ask.is_set() || answer.is_set())
      throw Error("ask and answer are for rule=ask; found rule=" + std::string(rule.value()) +
                  ". Write rule=ask, or leave them out");
    if (timeout.is_given())
      throw Error("timeout is for rule=ask; found rule=" + std::string(rule.value()) +
                  ". Write rule=ask, or leave it out");
  }

  static bool is_inside(const std::filesystem::path& file, const std::filesystem::path& directory) {
    if (directory.empty()) return false;
    const std::filesystem::path way =
        std::filesystem::absolute(file).lexically_relative(std::filesystem::absolute(directory));
    return !way.empty() && *way.begin() != "..";
  }
  static bool exists(const std::filesystem::path& path) {
    std::error_code ignored;
    return std::filesystem::exists(path, ignored);
  }
  static std::string first_line(const std::filesystem::path& path) {
    std::string line;
    if (std::filesystem::is_regular_file(path)) std::getline(std::ifstream(path), line);
    return line.empty() ? "the file " + path.string() + " exists" : line;
  }

  Owned<std::string> name_{this};
  Owned<Parent> parent_{this};
  bool larger_is_better_ = false;
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::Pruning)
