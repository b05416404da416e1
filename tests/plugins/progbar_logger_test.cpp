// SPDX-License-Identifier: MIT
// ProgbarLogger: its lines in a file, and its bar on a terminal.
#include <catch2/catch.hpp>

#include <cstdlib>
#include <regex>

#include "plugins/captured_output.hpp"
#include "plugins/driver.hpp"

using namespace kairos;
using namespace kairos::tests;

namespace {

using Onto = CapturedOutput::Onto;

const std::vector<host::LogKey> loss_and_mae = {{"loss", host::Direction::Min},
                                                {"mae", host::Direction::Min}};

EpochLogs two_batches(std::vector<double> training, std::vector<double> validation = {}) {
  return {training, std::move(validation), {training, training}};
}

Plan plan_of(int verbose, std::int64_t epochs) {
  Plan plan{{"ProgbarLogger:verbose=" + std::to_string(verbose)}, {}, loss_and_mae};
  plan.epochs = epochs;
  plan.steps = 2;
  return plan;
}

/// Sets variables of the environment that decide how the bar looks.
void set_terminal() {
  ::setenv("TERM", "xterm", 1);
  ::setenv("LC_ALL", "C.UTF-8", 1);
  ::unsetenv("NO_COLOR");
}

std::string output_of(const Plan& plan, const std::vector<EpochLogs>& epochs, Onto onto = Onto::File) {
  set_terminal();
  CapturedOutput output(onto);
  Driver run(plan);
  run.fit(epochs);
  return output.text();
}

/// Replaces times, which differ between runs.
std::string without_times(const std::string& text) {
  return std::regex_replace(std::regex_replace(text, std::regex("[0-9]+(s|ms|us)/step"), "T/step"),
                            std::regex("\\b[0-9]+s\\b"), "Ns");
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++n;
  return n;
}

}  // namespace

TEST_CASE("ProgbarLogger with verbose=2 prints Keras' line per epoch", "[plugins]") {
  const std::string text = output_of(plan_of(2, 2), {two_batches({1.86341, 1.35667}, {.93079, .96482}),
                                                     two_batches({.0005, -5}, {quiet_nan, inf})});
  CHECK(without_times(text) ==
        "Epoch 1/2\n"
        "2/2 - Ns - T/step - loss: 1.8634 - mae: 1.3567 - val_loss: 0.9308 - val_mae: 0.9648\n"
        "Epoch 2/2\n"
        "2/2 - Ns - T/step - loss: 5.0000e-04 - mae: -5.0000 - val_loss: nan - val_mae: inf\n");
}

TEST_CASE("ProgbarLogger prints no heading for a single epoch", "[plugins]") {
  CHECK(without_times(output_of(plan_of(2, 1), {two_batches({1, 0})})) ==
        "2/2 - Ns - T/step - loss: 1.0000 - mae: 0.0000e+00\n");
}

TEST_CASE("ProgbarLogger with verbose=1 writes one line per epoch to a file", "[plugins]") {
  const std::string text = output_of(plan_of(1, 1), {two_batches({1, 2}, {3, 4})});
  std::string cells;
  for (int i = 0; i < 20; ++i) cells += "\u2501";
  CHECK(without_times(text) ==
        "2/2 " + cells + " Ns T/step - loss: 1.0000 - mae: 2.0000 - val_loss: 3.0000 - val_mae: 4.0000\n");
}

TEST_CASE("ProgbarLogger updates a bar of twenty cells on a terminal", "[plugins]") {
  Plan plan = plan_of(1, 1);
  plan.steps = 12;
  EpochLogs logs{{1, 2}, {3, 4}, {}};
  for (int i = 0; i < 12; ++i) logs.batches.push_back({12.0 - i, 2});
  const std::string text = output_of(plan, {logs}, Onto::Terminal);
  CHECK(text.find("\r\x1b[J\x1b[1m 1/12\x1b[0m \x1b[32m\u2501\x1b[0m\x1b[37m") == 0);
  CHECK(text.find("loss: 12.0000") != std::string::npos);
  CHECK(count_of(text, "loss: 11.0000") == 0);  // Within 50 ms of the first.
  const std::string last = text.substr(text.rfind('\r'));
  CHECK(count_of(last, "\u2501") == 20);
  CHECK_THAT(last, Catch::Matchers::Contains("12/12") &&
                       Catch::Matchers::Contains(
                           " - loss: 1.0000 - mae: 2.0000 - val_loss: 3.0000 - val_mae: 4.0000\n"));
}

TEST_CASE("ProgbarLogger clears the line before others print at the end of an epoch", "[plugins]") {
  for (const bool validates : {false, true}) {
    Plan plan = plan_of(1, 1);
    plan.validates = validates;
    const std::string text =
        output_of(plan, {two_batches({1, 2}, validates ? std::vector<double>{3, 4} : std::vector<double>{})},
                  Onto::Terminal);
    CHECK(count_of(text, "\r\r\x1b[J\r\x1b[J") == 1);
  }
}

TEST_CASE("ProgbarLogger shows the last batch of a stopped epoch", "[plugins]") {
  Plan plan = plan_of(2, 1);
  plan.plugins.emplace_back("TerminateOnNaN");
  plan.steps = 4;
  CHECK(without_times(output_of(plan, {two_batches({quiet_nan, 1})})) ==
        "1/4 - Ns - T/step - loss: nan - mae: 1.0000\n");
}

TEST_CASE("ProgbarLogger counts the batches of an evaluation and of a prediction", "[plugins]") {
  Plan plan = plan_of(2, 0);
  plan.validates = false;
  CapturedOutput output(Onto::File);
  host::LogValues values({.25, .5});
  Driver driver(plan);
  host::Callbacks& c = driver.callbacks();
  host::RunInfo run;
  run.steps_per_epoch = 3;
  c.setup(run);
  c.test_begin(3);
  for (int i = 0; i < 3; ++i) {
    c.test_batch_begin(i, 1);
    c.test_batch_end(values);
  }
  c.test_end(values);
  CHECK(without_times(output.text()) == "3/3 - Ns - T/step - loss: 0.2500 - mae: 0.5000\n");

  c.predict_begin();
  for (int i = 0; i < 3; ++i) {
    c.predict_batch_begin(i, 1);
    c.predict_batch_end();
  }
  c.predict_end();
  CHECK(without_times(output.text()) == "3/3 - Ns - T/step\n");
}

TEST_CASE("ProgbarLogger prints no total if the number of batches is unknown", "[plugins]") {
  Plan plan = plan_of(2, 1);
  plan.steps = -1;
  CHECK(without_times(output_of(plan, {{{1, 2}}})) == "Ns - loss: 1.0000 - mae: 2.0000\n");
}

TEST_CASE("ProgbarLogger is disabled and the run continues if the output cannot be written", "[plugins]") {
  std::fflush(stdout);
  const int saved = ::dup(STDOUT_FILENO);
  const int full = ::open("/dev/full", O_WRONLY);
  ::dup2(full, STDOUT_FILENO);
  ::close(full);
  Driver run(plan_of(2, 2));
  run.fit({two_batches({1, 2}), two_batches({1, 2})});
  ::dup2(saved, STDOUT_FILENO);
  ::close(saved);
  CHECK(run.epochs_run() == 2);
  REQUIRE(!run.messages.empty());
  CHECK_THAT(run.messages[0],
             Catch::Matchers::Contains("cannot write to standard output: No space left on device"));
}

TEST_CASE("ProgbarLogger rejects invalid options", "[plugins]") {
  CHECK_THAT(refusal_of(plan_of(3, 1)),
             Catch::Matchers::Contains("found 3, expected at least 1 and at most 2"));
  CHECK_THAT(refusal_of({{"ProgbarLogger:verbos=1"}}),
             Catch::Matchers::Contains("Did you mean \"verbose\"?"));
}
