// SPDX-License-Identifier: MIT
// Writes a run as one page: curves, artifacts of other callbacks, settings and environment.
#include <kairos/plugin.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "../common/log_keys.hpp"
#include "../common/output_place.hpp"
#include "../common/run_page.hpp"
#include "../common/run_recorder.hpp"
#include "../common/whole_file.hpp"

namespace kairos::plugins {

/// The summary of a run that others make with Weights & Biases or MLflow, as a file that can be sent by mail.
struct HtmlReport : Callback<HtmlReport> {
  static constexpr auto id = "kairos.HtmlReport";
  static constexpr auto summary = "Writes a page with curves, artifacts, settings and times of the run.";
  static constexpr auto phase = Phase::Report;

  Option<OutputPath> filename{this, "filename", "report.html", "page to write; replaced after epochs"};
  Option<std::string_view> title{this, "title", unset, "heading; by default the name of the run directory"};
  Option<std::string_view> log_scale{this, "log_scale", unset, "keys whose charts have a logarithmic scale"};

  State<std::string> names{this, "names"};             ///< of the columns, each ended by a line break
  State<std::vector<double>> rows{this, "rows"};       ///< RunPage::rows
  State<std::int64_t> started{this, "started", 0};     ///< seconds since 1970
  State<double> seconds_before{this, "seconds", 0.0};  ///< in earlier processes
  State<SavedArtifacts> artifacts{this, "artifacts"};

  void setup(Run& run) {
    const std::string name(filename.value());
    if (!name.ends_with(".html"))
      throw Error("filename is " + name + "; expected a name that ends in .html. Change its ending");
    check_output_place(name, Writing::Replaced);
    recorder_->begin(run, title.value());
  }

  void on_train_begin(Run& run) {
    recorder_->page.scaled = chosen_keys(log_scale.value(), "log_scale", log_keys(run));
    recorder_->take_keys(run);
    if (*names != recorder_->names()) rows->clear();  // a new run, or one that logs other keys
    *names = recorder_->names();
    recorder_->page.rows = *rows;
    if (started == 0) started = recorder_->page.started;
    recorder_->page.started = started;
    recorder_->seconds_before = seconds_before;
  }
  void on_epoch_begin(Epoch&) { recorder_->begin_epoch(); }
  void on_train_batch_begin(Batch&) { recorder_->begin_resumed_epoch(); }

  void on_epoch_end(Epoch& epoch) {
    recorder_->end_epoch(epoch);
    recorder_->append_to(*rows);
    seconds_before = recorder_->seconds();
    const auto now = std::chrono::steady_clock::now();
    if (now - written_ < std::chrono::seconds(1)) return;  // short epochs: the last page is that of teardown
    written_ = now;
    // A page that still waits is out of date.
    tasks_.post([page = recorder_->snapshot(*artifacts),
                 file = std::string(filename.value())] { write_page(page, file); },
                when_full::drop);
  }

  void on_test_end(Test& test) {
    if (!test.in_fit()) recorder_->end_evaluation(test);
  }
  void on_artifact(Artifact& artifact) { show(artifacts->all, artifact); }
  void on_fault(Fault& fault) { recorder_->fail(fault); }

  /// What was published in the last event is in the page, too.
  void teardown(End& end) {
    recorder_->end(end);
    if (recorder_->is_empty(*artifacts)) return;
    tasks_.drain();
    write_page(recorder_->snapshot(*artifacts), std::string(filename.value()));
  }

 private:
  static void write_page(const RunPage& page, const std::string& file) {
    // Were a name ever not escaped, it would still not run.
    constexpr std::string_view policy =
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
        "style-src 'unsafe-inline'; img-src data:\">\n";
    write_whole_file(file, document_html(page.title, policy, main_html(page)));
  }

  std::chrono::steady_clock::time_point written_{};
  Tasks tasks_{this, 1};
  Owned<RunRecorder> recorder_{this};
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::HtmlReport)
