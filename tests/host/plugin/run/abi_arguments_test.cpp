// SPDX-License-Identifier: MIT
// Null pointers, texts and paths that a plugin passes to the host.
#include <catch2/catch.hpp>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "host/error_text.hpp"
#include "host/plugin/probe.hpp"
#include "host/temporary_directory.hpp"
#include "kairos/host/error.hpp"

using namespace kairos::host;
using namespace kairos::tests;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

constexpr kairos_str null_text = {nullptr, 100};

/// Runs `work` in a hook of one fit; the run must have called it once.
void run_in(const char* hook, const ProbeScript::Work& work, const fs::path& directory = {}) {
  ProbeScript script;
  int visits = 0;
  script.in[hook] = [&](const Visit& visit) {
    ++visits;
    return work(visit);
  };
  ProbeRun run({script.spec()}, directory);
  run.callbacks->setup({});
  run.fit();
  CHECK(visits == 1);
}

/// The working directory of a test that changes it.
class Elsewhere {
 public:
  explicit Elsewhere(const fs::path& directory) { fs::current_path(directory); }
  ~Elsewhere() { fs::current_path(before_); }
  Elsewhere(const Elsewhere&) = delete;
  Elsewhere& operator=(const Elsewhere&) = delete;

 private:
  fs::path before_ = fs::current_path();
};

}  // namespace

TEST_CASE("A null pointer is refused by every function that would use it", "[host][plugin]") {
  run_in("on_epoch_end", [](const Visit& v) {
    double number = 0;
    std::uint32_t index = 0;
    const auto work = [](void*) -> kairos_status { return KAIROS_OK; };
    CHECK(v.host->option(v.host, 0, nullptr) == KAIROS_E_INVALID);
    CHECK(v.host->option(nullptr, 0, nullptr) == KAIROS_E_INVALID);
    CHECK(v.host->query(v.host, nullptr) == nullptr);
    CHECK(v.tasks().submit(v.host, nullptr, nullptr) == KAIROS_E_INVALID);
    CHECK(v.tasks().submit(nullptr, work, nullptr) == KAIROS_E_INVALID);
    CHECK(v.tasks().drain(nullptr) == KAIROS_E_INVALID);
    CHECK(v.tasks().post(v.host, nullptr) == KAIROS_E_INVALID);
    CHECK(v.tasks().drain_for(nullptr, 0) == KAIROS_E_INVALID);
    CHECK(v.tasks().ending(nullptr) == 1);
    CHECK(v.logs().key(v.call, 0, nullptr) == KAIROS_E_INVALID);
    CHECK(v.logs().find(v.call, text("loss"), nullptr) == KAIROS_E_INVALID);
    CHECK(v.logs().find(v.call, null_text, &index) == KAIROS_E_INVALID);
    CHECK(v.logs().value(v.call, 0, nullptr) == KAIROS_E_INVALID);
    CHECK(v.logs().value(nullptr, 0, &number) == KAIROS_E_INVALID);
    CHECK(v.control().request_stop(v.call, null_text) == KAIROS_E_INVALID);
    CHECK(v.optimizer().get(v.call, text("learning_rate"), nullptr) == KAIROS_E_INVALID);
    CHECK(v.optimizer().get(v.call, null_text, &number) == KAIROS_E_INVALID);
    CHECK(v.optimizer().set(v.call, null_text, 1) == KAIROS_E_INVALID);
    CHECK(v.tensors().borrow(v.call, KAIROS_ROLE_WEIGHT, 0, KAIROS_ACCESS_READ, nullptr) == KAIROS_E_INVALID);
    CHECK(v.tensors().find(v.call, KAIROS_ROLE_WEIGHT, text("weight"), nullptr) == KAIROS_E_INVALID);
    CHECK(v.tensors().find(v.call, KAIROS_ROLE_WEIGHT, null_text, &index) == KAIROS_E_INVALID);
    CHECK(v.model().save(v.call, null_text, KAIROS_SAVE_MODEL) == KAIROS_E_INVALID);
    CHECK(v.model().load_weights(v.call, null_text) == KAIROS_E_INVALID);
    CHECK(v.model().snapshot(v.call, nullptr) == KAIROS_E_INVALID);
    CHECK(v.model().architecture(v.call, nullptr) == KAIROS_E_INVALID);
    CHECK(v.weights().take(v.call, KAIROS_TAKE_WEIGHTS, nullptr) == KAIROS_E_INVALID);
    CHECK(v.weights().borrow(v.call, 0, 0, KAIROS_ACCESS_READ, nullptr) == KAIROS_E_INVALID);
    CHECK(v.weights().swap_in(v.call, 1, null_text) == KAIROS_E_INVALID);
    CHECK(v.weights().live(v.call, nullptr) == KAIROS_E_INVALID);
    CHECK(v.weights().put(nullptr, 1) == KAIROS_E_INVALID);
    v.weights().drop(nullptr, 1);
    CHECK(v.files().announce(v.call, null_text, KAIROS_FILE_READ) == KAIROS_E_INVALID);
    CHECK(v.expressions().evaluate(v.call, 1, nullptr, 1, &number) == KAIROS_E_INVALID);
    CHECK(v.expressions().evaluate(v.call, 1, &number, 1, nullptr) == KAIROS_E_INVALID);
    CHECK(v.batch().random(v.call, 0, nullptr) == KAIROS_E_INVALID);
    CHECK(v.batch().classes(v.call, 0, nullptr) == KAIROS_E_INVALID);
    v.host->log(v.host, KAIROS_LOG_INFO, null_text);
    v.host->log(nullptr, KAIROS_LOG_INFO, text("nobody"));
    v.model().drop(nullptr, 1);
    CHECK(v.step().accumulate(nullptr, 1) == KAIROS_E_INVALID);
    CHECK(v.step().discard(nullptr) == KAIROS_E_INVALID);
    CHECK(v.step().freeze(nullptr, 0, 1) == KAIROS_E_INVALID);
    CHECK(v.step().scale_rate(nullptr, 0, 1) == KAIROS_E_INVALID);
    CHECK(v.dist().broadcast(nullptr, 0, nullptr, 0) == KAIROS_E_INVALID);
    CHECK(v.dist().all_reduce(nullptr, KAIROS_REDUCE_SUM, &number, 1) == KAIROS_E_INVALID);
    CHECK(v.dist().all_reduce(v.call, KAIROS_REDUCE_SUM, &number, 1) == KAIROS_OK);
    CHECK(v.dist().rank(nullptr) == 0);
    CHECK(v.dist().world(nullptr) == 1);
    CHECK(v.run().position(v.call, nullptr) == KAIROS_E_INVALID);
    CHECK(v.run().position(nullptr, nullptr) == KAIROS_E_INVALID);
    CHECK(v.run().checkpoint(v.call, null_text, 1) == KAIROS_E_INVALID);
    CHECK(v.run().checkpoint(nullptr, text("backup"), 1) == KAIROS_E_INVALID);
    CHECK(v.run().resume_from(nullptr, text("backup")) == KAIROS_E_INVALID);
    CHECK(v.artifacts().publish(v.call, nullptr) == KAIROS_E_INVALID);
    CHECK(v.artifacts().publish(nullptr, nullptr) == KAIROS_E_INVALID);
    CHECK(v.artifacts().wanted(nullptr) == 0);
    kairos_str fact{};
    CHECK(v.info().entry(v.call, KAIROS_INFO_SETTINGS, 0, nullptr, &fact) == KAIROS_E_INVALID);
    CHECK(v.info().entry(v.call, KAIROS_INFO_SETTINGS, 0, &fact, nullptr) == KAIROS_E_INVALID);
    CHECK(v.info().entry(nullptr, KAIROS_INFO_SETTINGS, 0, &fact, &fact) == KAIROS_E_INVALID);
    CHECK(v.info().count(nullptr, KAIROS_INFO_SETTINGS) == 0);
    std::int64_t count = 0;
    CHECK(v.forward().batches(v.call, KAIROS_SOURCE_TRAINING, 0, nullptr) == KAIROS_E_INVALID);
    CHECK(v.forward().batches(nullptr, KAIROS_SOURCE_TRAINING, 0, &count) == KAIROS_E_INVALID);
    CHECK(v.forward().evaluate(v.call, KAIROS_SOURCE_TRAINING, 0, 1, nullptr, 0) == KAIROS_E_INVALID);
    CHECK(v.forward().evaluate(nullptr, KAIROS_SOURCE_TRAINING, 0, 1, &number, 1) == KAIROS_E_INVALID);
    CHECK(v.forward().predict(v.call, nullptr, 1) == KAIROS_E_INVALID);
    CHECK(v.forward().output(v.call, 0, nullptr) == KAIROS_E_INVALID);
    CHECK(v.forward().statistics(nullptr, 1) == KAIROS_E_INVALID);
    CHECK(v.forward().trial_step(v.call, 0, 0, nullptr) == KAIROS_E_INVALID);
    CHECK(v.ledger().start(nullptr, 0) == KAIROS_E_INVALID);
    CHECK(v.ledger().start(v.call, 0) == KAIROS_OK);
    CHECK(v.ledger().elapsed(v.call, nullptr) == KAIROS_E_INVALID);
    CHECK(v.ledger().count(v.call, nullptr, nullptr, nullptr) == KAIROS_OK);
    CHECK(v.ledger().entry(v.call, 0, nullptr) == KAIROS_E_INVALID);
    CHECK(v.ledger().remembered(v.call, 0, nullptr) == KAIROS_E_INVALID);
    CHECK(v.logs().count(nullptr) == 0);
    CHECK(v.tensors().count(nullptr, KAIROS_ROLE_WEIGHT) == 0);
    CHECK(v.control().stop_requested(nullptr) == 0);
    CHECK(v.host->reason(nullptr).length == 0);
    return KAIROS_OK;
  });
}

TEST_CASE("A failure whose text is a null pointer is reported by its status", "[host][plugin]") {
  const std::string error = error_of([&] {
    run_in("on_epoch_end", [](const Visit& v) { return v.host->fail(v.call, KAIROS_E_IO, null_text); });
    return 0;
  });
  CHECK_THAT(error, Contains("on_epoch_end failed in epoch 1: input/output"));
}

TEST_CASE("Every status but 0 is a failure, also a negative and an unknown one", "[host][plugin]") {
  const kairos_status status = GENERATE(-1, 12, 77, std::numeric_limits<kairos_status>::min());
  const std::string error =
      error_of([&] { return run_in("on_epoch_end", [&](const Visit&) { return status; }), 0; });
  CHECK_THAT(error, Contains("on_epoch_end failed in epoch 1: " +
                             std::string(status == KAIROS_E_BUSY ? "busy" : "unknown status")));
}

TEST_CASE(
    "A path with a control character, a NUL or no character is refused, and so is one that is not UTF-8",
    "[host][plugin]") {
  const TemporaryDirectory directory;
  run_in("setup", [&](const Visit& v) {
    using namespace std::string_view_literals;
    for (const std::string_view name : {"a\0b.h5"sv, "a\nb.h5"sv, "a\x1b[2J.h5"sv, "a\xff.h5"sv, ""sv}) {
      const std::string path = name.empty() ? "" : (directory / "").string() + std::string(name);
      INFO(name);
      CHECK(v.model().can_save(v.call, text(path), KAIROS_SAVE_MODEL) == KAIROS_E_INVALID);
      CHECK(v.model().load_weights(v.call, text(path)) == KAIROS_E_INVALID);
      CHECK(v.files().announce(v.call, text(path), KAIROS_FILE_WRITE) == KAIROS_E_INVALID);
      CHECK(v.run().resume_from(v.call, text(path)) == KAIROS_E_INVALID);
    }
    CHECK(v.model().can_save(v.call, text((directory / "größe.h5").string()), KAIROS_SAVE_MODEL) ==
          KAIROS_OK);
    return KAIROS_OK;
  });
  run_in("on_epoch_end", [&](const Visit& v) {
    const std::string path = (directory / "a.h5").string() + std::string("\0.h5", 4);
    CHECK(v.model().save(v.call, text(path), KAIROS_SAVE_MODEL) == KAIROS_E_INVALID);
    CHECK(v.model().save_in_background(v.call, text(path), KAIROS_SAVE_MODEL) == KAIROS_E_INVALID);
    CHECK(v.run().checkpoint(v.call, text(path), 1) == KAIROS_E_INVALID);
    return KAIROS_OK;
  });
  CHECK_FALSE(fs::exists(directory / "a.h5"));
}

TEST_CASE("A relative path is resolved when it is received, against the run directory", "[host][plugin]") {
  const TemporaryDirectory directory;
  const fs::path run = directory / "run";
  run_in(
      "on_epoch_end",
      [&](const Visit& v) {
        CHECK(v.model().save(v.call, text("now.h5"), KAIROS_SAVE_WEIGHTS) == KAIROS_OK);
        CHECK(v.model().save_in_background(v.call, text("later.h5"), KAIROS_SAVE_WEIGHTS) == KAIROS_OK);
        return KAIROS_OK;
      },
      run);
  CHECK(fs::exists(run / "now.h5"));
  CHECK(fs::exists(run / "later.h5"));
}

TEST_CASE("Without a run directory a relative path means the directory in which it was received",
          "[host][plugin]") {
  const TemporaryDirectory directory;
  fs::create_directories(directory / "here");
  const Elsewhere here(directory / "here");
  std::vector<fs::path> saved;
  ProbeScript script;
  script.in["on_epoch_end"] = [&](const Visit& v) {
    CHECK(v.model().save_in_background(v.call, text("later.h5"), KAIROS_SAVE_WEIGHTS) == KAIROS_OK);
    fs::current_path(directory.path());
    return KAIROS_OK;
  };
  ProbeRun run({script.spec()});
  run.callbacks->setup({});
  run.fit();
  CHECK(run.callbacks->saved_files() == std::vector<fs::path>{directory / "here" / "later.h5"});
  CHECK(fs::exists(directory / "here" / "later.h5"));
}

TEST_CASE("The run directory exists from setup on", "[host][plugin]") {
  const TemporaryDirectory directory;
  const fs::path run = directory / "new" / "run";
  run_in(
      "setup",
      [&](const Visit& v) {
        const kairos_str told = static_cast<const kairos_run_event*>(v.event)->run_dir;
        CHECK(std::string(told.ptr, told.length) == run.string());
        CHECK(fs::is_directory(run));
        return KAIROS_OK;
      },
      run);
}

TEST_CASE("A run that ends before it begins leaves no directory behind, but one that existed",
          "[host][plugin]") {
  const TemporaryDirectory directory;
  const fs::path run = directory / "new" / "run";
  const auto refuse = [](const Visit&) { return KAIROS_E_INVALID; };
  CHECK_THROWS(run_in("setup", refuse, run));
  CHECK_FALSE(fs::exists(directory / "new"));
  {
    ProbeScript script;
    ProbeRun unused({script.spec()}, run);
    unused.callbacks->setup({});
    CHECK_THROWS(unused.callbacks->load_state("damaged"));
  }
  CHECK_FALSE(fs::exists(directory / "new"));
  fs::create_directories(run);
  CHECK_THROWS(run_in("setup", refuse, run));
  CHECK(fs::exists(run));
}

TEST_CASE("What a plugin tells the user is printable UTF-8, and every line of it names its author",
          "[host][plugin]") {
  ProbeScript script;
  script.in["on_epoch_end"] = [&](const Visit& v) {
    v.host->log(v.host, KAIROS_LOG_INFO, text("a\x1b[2J\xff\tb\nKAIROS-C001: fake\n"));
    CHECK(v.control().request_stop(v.call, text("enough\nof\x07 it")) == KAIROS_OK);
    return v.host->fail(v.call, KAIROS_E_IO, text("first\r\nsecond \x1b]0;title\x07"));
  };
  ProbeRun run({script.spec()});
  run.callbacks->setup({});
  const std::string error = error_of([&] { return run.fit(), 0; });
  CHECK_THAT(error, Contains("first\\x0d second \\x1b]0;title\\x07"));
  CHECK(run.callbacks->stop()->reason == "enough of\\x07 it");
  REQUIRE(run.messages.size() >= 2);
  CHECK(run.messages[0].text == "a\\x1b[2J\\xff\tb");
  CHECK(run.messages[1].text == "KAIROS-C001: fake");
  CHECK(run.messages[1].author == "Probe");
}

TEST_CASE("A key that a callback declares follows the rule of the manifest", "[host][plugin]") {
  run_in("setup", [](const Visit& v) {
    std::uint32_t index = 0;
    const auto declare = [&](std::string_view key) {
      return v.logs().declare(v.call, text(key), KAIROS_DIRECTION_UNKNOWN, &index);
    };
    for (const char* bad :
         {"", "two words", "a,b", "a=b", "a:b", "{a}", "a\"b", "a'b", "a\nb", "a\x1b", "\xff"}) {
      INFO(bad);
      CHECK(declare(bad) == KAIROS_E_INVALID);
    }
    CHECK(declare(std::string(201, 'k')) == KAIROS_E_INVALID);
    CHECK_THAT(v.reason(), Contains("201 bytes") && Contains("expected 1 to 200 bytes"));
    CHECK(declare(std::string(200, 'k')) == KAIROS_OK);
    CHECK(declare("größe/f1-score.2") == KAIROS_OK);
    const std::uint32_t last = index;
    CHECK(declare("größe/f1-score.2") == KAIROS_OK);
    CHECK(index == last);
    CHECK(declare("loss") == KAIROS_E_INVALID);
    CHECK_THAT(v.reason(), Contains("two publish the log key loss") && Contains("the model"));
    return KAIROS_OK;
  });
}

TEST_CASE("The reason that the host has recorded can be read until the next one", "[host][plugin]") {
  run_in("on_epoch_end", [](const Visit& v) {
    std::uint32_t index = 0;
    double value = 0;
    CHECK(v.reason().empty());
    CHECK(v.logs().find(v.call, text("nothing"), &index) == KAIROS_E_NOT_FOUND);
    CHECK(v.reason() == "the logs have no \"nothing\"");
    CHECK(v.optimizer().get(v.call, text("momentum"), &value) == KAIROS_E_NOT_FOUND);
    CHECK(v.reason() == "the optimizer has no \"momentum\"");
    CHECK(v.host->reason(v.call).ptr[v.reason().size()] == '\0');
    CHECK(v.host->fail(v.call, KAIROS_E_IO, text("mine")) == KAIROS_E_IO);
    CHECK(v.reason() == "mine");
    return KAIROS_OK;
  });
}

TEST_CASE("A failure keeps the reason of the host that its status comes from, once", "[host][plugin]") {
  run_in("on_epoch_end", [](const Visit& v) {
    double value = 0;
    const kairos_status status = v.optimizer().get(v.call, text("momentum"), &value);
    const std::string reason = v.reason();
    v.host->fail(v.call, status, text("no momentum to read"));
    CHECK(v.reason() == "no momentum to read: " + reason);
    CHECK(v.optimizer().get(v.call, text("momentum"), &value) == status);
    v.host->fail(v.call, status, text("it said: " + reason));
    CHECK(v.reason() == "it said: " + reason);
    // The reason of the host is added to each text, an earlier text of the plugin to none.
    CHECK(v.optimizer().get(v.call, text("momentum"), &value) == status);
    v.host->fail(v.call, status, text("first"));
    v.host->fail(v.call, status, text("second"));
    CHECK(v.reason() == "second: " + reason);
    v.host->fail(v.call, KAIROS_E_IO, text("third"));
    v.host->fail(v.call, KAIROS_E_IO, text("fourth"));
    CHECK(v.reason() == "fourth");
    // That a key does not exist is an answer, not the reason of another failure.
    std::uint32_t index = 0;
    CHECK(v.logs().find(v.call, text("nothing"), &index) == KAIROS_E_NOT_FOUND);
    v.host->fail(v.call, KAIROS_E_NOT_FOUND, text("no file"));
    CHECK(v.reason() == "no file");
    return KAIROS_OK;
  });
}
