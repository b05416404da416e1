// SPDX-License-Identifier: MIT
// Stops a run before a time limit.
#include <kairos/plugin.hpp>

#include <algorithm>
#include <chrono>
#include <string>

#include "../common/clock_text.hpp"

namespace kairos::plugins {

/// PyTorch Lightning's `Timer`, for job schedulers with a limit. Differences: with interval=epoch, it stops
/// before an epoch that would probably not end in time, so that the run can be resumed from a whole epoch;
/// the time of earlier processes counts only with across_resumes.
struct Timer : Callback<Timer> {
  static constexpr auto id = "kairos.Timer";
  static constexpr auto summary = "Stops the run before a time limit.";
  static constexpr auto capabilities = Can::Stop;

  Option<Duration> duration{this, "duration", required, "time limit, such as 90m or 11h"};
  Option<Choice> interval{this, "interval", "epoch",
                          "epoch: stop before an epoch that would exceed the limit; batch: stop at the limit",
                          choices("epoch,batch")};
  Option<bool> across_resumes{this, "across_resumes", false,
                              "count the time of the whole run, not of this process"};
  Option<int> verbose{this, "verbose", 0, "1 prints the time that the run took", kairos::min(0)};

  State<double> earlier{this, "earlier", 0.0};  ///< seconds of training until the last batch or epoch ended

  void setup(Run&) {
    if (duration.value().count() <= 0)
      throw Error("duration is 0; expected a longer time. Write for example duration=11h");
  }

  void on_train_begin(Run& run) {
    if (!run.resumed() || !across_resumes) earlier = 0;
    began_ = Clock::now();
    before_ = Seconds(earlier.value());
    epoch_began_ = before_;  // An epoch that the resumed run goes on with does not begin again.
  }

  void on_epoch_begin(Epoch&) { epoch_began_ = elapsed(); }

  void on_train_batch_end(Batch& batch) {
    const Seconds now = elapsed();
    earlier = now.count();
    if (interval == "batch" && now >= limit()) batch.stop(reached());
  }

  void on_epoch_end(Epoch& epoch) {
    const Seconds now = elapsed();
    earlier = now.count();
    longest_ = std::max(longest_, now - epoch_began_);
    if (now >= limit())
      epoch.stop(reached());
    else if (interval == "epoch" && now + longest_ > limit())
      epoch.stop("the next epoch would probably exceed the time limit of " + duration_text(limit()) +
                 ": the longest one took " + duration_text(longest_) + ", and " +
                 duration_text(limit() - now) + " are left");
  }

  void on_train_end(End& end) {
    if (verbose > 0) end.print("the training took " + duration_text(elapsed()));
  }

 private:
  using Clock = std::chrono::steady_clock;
  using Seconds = std::chrono::duration<double>;

  [[nodiscard]] Seconds elapsed() const { return before_ + (Clock::now() - began_); }
  [[nodiscard]] Seconds limit() const { return duration.value(); }
  [[nodiscard]] std::string reached() const {
    return "the time limit of " + duration_text(limit()) + " has been reached";
  }

  Clock::time_point began_;
  Seconds before_{0};
  Seconds epoch_began_{0};
  Seconds longest_{0};  ///< of this process: another machine may be faster
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::Timer)
