// SPDX-License-Identifier: MIT
// Runs shell commands on events of a run, beside the training.
#include <kairos/plugin.hpp>

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../common/json_text.hpp"
#include "../common/text.hpp"
#include "command.hpp"

namespace kairos::plugins {

/// Has no counterpart in Keras or Lightning; the variables follow the hooks of git and of job schedulers. The
/// command is the user's text as it stands, and what happened is in its environment only: no value can become
/// a part of the command.
struct ShellHook : Callback<ShellHook> {
  static constexpr auto id = "kairos.ShellHook";
  static constexpr auto summary = "Runs shell commands on events, with the logs in their environment.";
  static constexpr auto phase = Phase::Report;
  static constexpr auto capabilities = Can::RunCommands;

  Option<std::string_view> train_begin{this, "on_train_begin", unset, "command before the first epoch"};
  Option<std::string_view> epoch_end{this, "on_epoch_end", unset, "command after each epoch"};
  Option<std::string_view> test_end{this, "on_test_end", unset,
                                    "command after each validation or evaluation"};
  Option<std::string_view> checkpoint_saved{this, "on_checkpoint_saved", unset,
                                            "command after another callback has saved a file"};
  Option<std::string_view> train_end{this, "on_train_end", unset, "command after the last epoch"};
  Option<std::string_view> fault{this, "on_fault", unset, "command after an error that ends the run"};
  Option<Duration> timeout{this, "timeout", std::chrono::seconds(30), "a command that takes longer is ended"};
  Option<int> queue{this,
                    "queue",
                    16,
                    "commands that may wait; a further one is left out",
                    unit("commands"),
                    kairos::min(1),
                    kairos::max(room)};

  void setup(Run& run) {
    bool any = false;
    for (const Option<std::string_view>* command :
         {&train_begin, &epoch_end, &test_end, &checkpoint_saved, &train_end, &fault})
      any = any || !trimmed(command->value()).empty();
    if (!any)
      throw Error(
          "no command is set. Set one of on_train_begin, on_epoch_end, on_test_end, on_checkpoint_saved, "
          "on_train_end and on_fault");
    if (timeout.value().count() <= 0)
      throw Error("timeout is 0; expected a longer time. Write for example timeout=30s");
    if (loses_exit_codes())
      throw Error(
          "this process ignores SIGCHLD, so that it cannot know whether a command has failed. The program "
          "that "
          "has started it ignores it: start it by env --default-signal=CHLD");
    *run_directory_ = std::string(run.run_dir());
    *interrupted_ = false;
  }

  void on_train_begin(Run& run) {
    start(run, train_begin, "on_train_begin",
          {"KAIROS_EPOCH=" + std::to_string(run.initial_epoch()),
           std::string("KAIROS_RESUMED=") + (run.run_resumed() ? "1" : "0")});
  }
  void on_epoch_end(Epoch& epoch) {
    start(epoch, epoch_end, "on_epoch_end",
          {"KAIROS_EPOCH=" + std::to_string(epoch.index()), "KAIROS_STEP=" + std::to_string(epoch.step())});
  }
  void on_test_end(Test& test) {
    start(test, test_end, "on_test_end",
          {"KAIROS_EPOCH=" + (test.in_fit() ? std::to_string(test.epoch()) : ""),
           "KAIROS_STEP=" + std::to_string(test.step())});
  }
  void on_checkpoint_saved(Checkpoint& saved) {
    if (saved.is_run()) return;  // a directory, for the next run alone
    start(saved, checkpoint_saved, "on_checkpoint_saved", {"KAIROS_FILE=" + std::string(saved.path())});
  }
  void on_train_end(End& end) {
    start(end, train_end, "on_train_end",
          {std::string("KAIROS_WHY=") + (end.completed() ? "completed"
                                         : end.stopped() ? "stopped"
                                                         : "interrupted"),
           "KAIROS_REASON=" + std::string(end.reason()), "KAIROS_EPOCHS=" + std::to_string(end.epochs_run())},
          when_interrupted::finish);
  }
  /// Ends the command that runs, unless it is one of the last.
  void on_interrupt(Interrupt&) { *interrupted_ = true; }
  void on_fault(Fault& error) {
    start(error, fault, "on_fault", {"KAIROS_REASON=" + std::string(error.message())},
          when_interrupted::finish);
  }
  void teardown(End& end) {
    if (left_out_ > 1)
      end.print(std::to_string(left_out_) + " commands were left out, because too many were waiting",
                Level::Warning);
  }

 private:
  static constexpr int room = 1024;

  void start(const Event& event, const Option<std::string_view>& option, const char* hook,
             std::vector<std::string> variables, when_interrupted interrupted = when_interrupted::cancel) {
    const std::string command(option.value());
    if (trimmed(command).empty()) return;
    variables.push_back(std::string("KAIROS_EVENT=") + hook);
    variables.push_back("KAIROS_RUN_DIR=" + *run_directory_);
    add_logs(event, variables);
    const std::int64_t limit = queue;
    if (interrupted == when_interrupted::cancel && *waiting_ >= limit) {
      if (left_out_++ == 0)
        event.print(std::string("the command of ") + hook + " is left out, because " + std::to_string(limit) +
                        " are waiting. Run a faster command, or a larger queue. Later ones are counted",
                    Level::Warning);
      return;
    }
    ++*waiting_;
    tasks_.post(
        [this, command, hook, environment = environment_with(variables), time = timeout.value(),
         interrupted] {
          --*waiting_;
          const bool ends = interrupted == when_interrupted::cancel;
          const std::string fault_text =
              fault_of_command(command, environment, time, ends ? &*interrupted_ : nullptr);
          if (!fault_text.empty())
            throw Error(KAIROS_E_IO, std::string(hook) + ": " + fault_text +
                                         ". Correct the command, or go on without it with on_error=warn");
        },
        when_full::refuse, interrupted);
  }

  /// KAIROS_LOG_val_loss=0.5 for each log that has a value, and KAIROS_LOGS with all of them as JSON. What
  /// cannot be in the name of a variable becomes "_"; of two keys that then have one name, the first is kept.
  static void add_logs(const Event& event, std::vector<std::string>& variables) {
    std::string all;
    for (std::uint32_t i = 0; i < event.log_count(); ++i) {
      const std::optional<double> value = event.log(i);
      if (!value) continue;
      all += (all.empty() ? "" : ", ") + json_text(event.log_name(i)) + ": " + json_number(*value);
      std::string name = "KAIROS_LOG_" + std::string(event.log_name(i));
      for (char& c : name)
        if ((c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z')) c = '_';
      variables.push_back(name + '=' + shortest(*value));
    }
    variables.push_back("KAIROS_LOGS={" + all + '}');
  }

  Tasks tasks_{this, room + 2};                     // the last commands always have room
  Owned<std::atomic<std::int64_t>> waiting_{this};  ///< commands that have not begun
  Owned<std::atomic<bool>> interrupted_{this};
  Owned<std::string> run_directory_{this};
  std::int64_t left_out_ = 0;
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::ShellHook)
