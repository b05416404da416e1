// SPDX-License-Identifier: MIT
// kairos.ledger/1: what the host measures of hooks.
#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "host/plugin/probe.hpp"
#include "host/temporary_directory.hpp"

using namespace kairos::host;
using namespace kairos::tests;
using Catch::Matchers::Contains;

namespace {

struct Counts {
  std::uint64_t entries = 0, remembered = 0, all = 0;
};

Counts counts(const Visit& v) {
  Counts found;
  REQUIRE(v.ledger().count(v.call, &found.entries, &found.remembered, &found.all) == KAIROS_OK);
  return found;
}

kairos_ledger_entry entry(const Visit& v, std::uint64_t index) {
  kairos_ledger_entry out{};
  out.size = sizeof out;
  REQUIRE(v.ledger().entry(v.call, index, &out) == KAIROS_OK);
  return out;
}

std::string words(kairos_str text) {
  return {text.ptr, static_cast<std::size_t>(text.length)};
}

/// All entries by "instance hook".
std::map<std::string, kairos_ledger_entry> entries(const Visit& v) {
  std::map<std::string, kairos_ledger_entry> all;
  for (std::uint64_t i = 0; i < counts(v).entries; ++i) {
    const kairos_ledger_entry one = entry(v, i);
    all[words(one.instance) + " " + words(one.hook)] = one;
  }
  return all;
}

/// Whether a hook that two instances have is called of the first one: the probe does not tell.
class OfFirst {
 public:
  bool operator()(const Visit& v) { return ++visits_[v.hook] % 2 == 1; }

 private:
  std::map<std::string, int> visits_;
};

kairos_status sleep_for(int milliseconds) {
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
  return KAIROS_OK;
}

}  // namespace

TEST_CASE("Before start there is no ledger", "[host][plugin]") {
  ProbeScript script;
  script.in["on_epoch_end"] = [](const Visit& v) {
    std::int64_t elapsed = 0;
    kairos_ledger_entry out{};
    out.size = sizeof out;
    kairos_ledger_call call{};
    call.size = sizeof call;
    CHECK(v.ledger().elapsed(v.call, &elapsed) == KAIROS_E_STATE);
    CHECK_THAT(v.reason(), Contains("call start of kairos.ledger/1 first"));
    CHECK(v.ledger().count(v.call, nullptr, nullptr, nullptr) == KAIROS_E_STATE);
    CHECK(v.ledger().entry(v.call, 0, &out) == KAIROS_E_STATE);
    CHECK(v.ledger().remembered(v.call, 0, &call) == KAIROS_E_STATE);
    return KAIROS_OK;
  };
  ProbeRun run({script.spec()});
  run.callbacks->setup({});
  run.fit();
}

TEST_CASE("Hooks are measured from start on, by instance and hook", "[host][plugin]") {
  ProbeScript script;
  OfFirst of_first;
  const auto slow = [&](const Visit& v, int milliseconds) {
    return of_first(v) ? sleep_for(milliseconds) : KAIROS_OK;
  };
  script.in["on_train_batch_end"] = [&](const Visit& v) { return slow(v, 30); };
  script.in["on_epoch_end"] = [&](const Visit& v) { return slow(v, 10); };
  script.in["setup"] = [&](const Visit& v) {
    return of_first(v) ? KAIROS_OK : v.ledger().start(v.call, 100);
  };
  std::map<std::string, kairos_ledger_entry> found;
  script.in["on_train_end"] = [&](const Visit& v) {
    if (of_first(v)) return kairos_status{KAIROS_OK};
    found = entries(v);
    std::int64_t elapsed = 0, sum = 0;
    CHECK(v.ledger().elapsed(v.call, &elapsed) == KAIROS_OK);
    for (const auto& [name, one] : found) sum += one.nanoseconds;
    CHECK(sum <= elapsed);
    CHECK(counts(v).remembered == counts(v).all);
    std::int64_t ended = 0;
    for (std::uint64_t i = 0; i < counts(v).remembered; ++i) {
      kairos_ledger_call call{};
      call.size = sizeof call;
      CHECK(v.ledger().remembered(v.call, i, &call) == KAIROS_OK);
      CHECK(call.entry < counts(v).entries);
      CHECK(call.began >= 0);
      CHECK(call.ended >= call.began);
      CHECK(call.ended >= ended);
      ended = call.ended;
    }
    return kairos_status{KAIROS_OK};
  };
  ProbeRun run({script.spec("Probe@slow"), script.spec("Probe@reader")});
  run.callbacks->setup({});
  run.fit();
  CHECK(found.count("slow setup") == 0);  // it was before
  const kairos_ledger_entry& batch = found.at("slow on_train_batch_end");
  CHECK(batch.calls == 1);
  CHECK(batch.nanoseconds >= 30000000);
  CHECK(batch.longest == batch.nanoseconds);
  CHECK(found.at("slow on_epoch_end").nanoseconds >= 10000000);
  CHECK(found.at("reader on_train_begin").nanoseconds < 10000000);
}

TEST_CASE("A ledger tells who has changed what", "[host][plugin]") {
  ProbeScript script;
  const auto write = [](const Visit& v, std::int32_t role) {
    kairos_tensor out{};
    out.size = sizeof out;
    return v.tensors().borrow(v.call, role, 0, KAIROS_ACCESS_WRITE, &out);
  };
  script.in["setup"] = [](const Visit& v) { return v.ledger().start(v.call, 0); };
  script.in["on_epoch_begin"] = [](const Visit& v) {
    CHECK(v.optimizer().set(v.call, text("learning_rate"), 0.25) == KAIROS_OK);
    return v.optimizer().set(v.call, text("learning_rate"), 0.125);
  };
  script.in["on_train_batch_begin"] = [&](const Visit& v) { return write(v, KAIROS_ROLE_INPUT); };
  script.in["on_train_batch_end"] = [&](const Visit& v) { return write(v, KAIROS_ROLE_WEIGHT); };
  script.in["on_test_end"] = [](const Visit& v) { return v.control().request_stop(v.call, text("enough")); };
  std::map<std::string, kairos_ledger_entry> found;
  script.in["on_epoch_end"] = [&](const Visit& v) {
    std::uint64_t slot = 0;
    CHECK(v.weights().take(v.call, KAIROS_TAKE_WEIGHTS, &slot) == KAIROS_OK);
    CHECK(v.control().request_stop(v.call, text("again")) == KAIROS_OK);
    return v.weights().put(v.call, slot);
  };
  script.in["on_train_end"] = [&](const Visit& v) {
    found = entries(v);
    CHECK(counts(v).remembered == 0);
    return KAIROS_OK;
  };
  ProbeRun run({script.spec()});
  run.callbacks->setup({});
  run.fit();
  const auto changes = [&](const std::string& hook) {
    const kairos_ledger_entry& one = found.at("Probe " + hook);
    return std::vector<std::int64_t>{one.hypers, one.weights, one.gradients, one.batches, one.stops};
  };
  CHECK(changes("on_epoch_begin") == std::vector<std::int64_t>{1, 0, 0, 0, 0});
  CHECK(changes("on_train_batch_begin") == std::vector<std::int64_t>{0, 0, 0, 1, 0});
  CHECK(changes("on_train_batch_end") == std::vector<std::int64_t>{0, 1, 0, 0, 0});
  CHECK(changes("on_test_end") == std::vector<std::int64_t>{0, 0, 0, 0, 1});
  CHECK(changes("on_epoch_end") == std::vector<std::int64_t>{0, 1, 0, 0, 0});
  CHECK(changes("on_train_begin") == std::vector<std::int64_t>{0, 0, 0, 0, 0});
}

TEST_CASE("A hook that another one calls takes its time from that one", "[host][plugin]") {
  const TemporaryDirectory directory;
  ProbeScript script;
  OfFirst of_first;
  script.in["setup"] = [](const Visit& v) { return v.ledger().start(v.call, 0); };
  script.in["on_epoch_end"] = [&](const Visit& v) {
    if (!of_first(v)) return kairos_status{KAIROS_OK};
    return v.model().save(v.call, text((directory / "model.h5").string()), KAIROS_SAVE_MODEL);
  };
  script.in["on_checkpoint_saved"] = [](const Visit&) { return sleep_for(50); };
  std::map<std::string, kairos_ledger_entry> found;
  script.in["on_train_end"] = [&](const Visit& v) { return found = entries(v), KAIROS_OK; };
  ProbeRun run({script.spec("Probe@saver"), script.spec("Probe@listener")});
  run.callbacks->setup({});
  run.fit();
  CHECK(found.at("listener on_checkpoint_saved").nanoseconds >= 50000000);
  CHECK(found.at("saver on_epoch_end").nanoseconds < 50000000);
}

TEST_CASE("The first calls are remembered, as many as the largest start has asked for", "[host][plugin]") {
  ProbeScript script;
  script.in["setup"] = [](const Visit& v) {
    CHECK(v.ledger().start(v.call, 10000001) == KAIROS_E_RANGE);
    CHECK(v.ledger().start(v.call, 2) == KAIROS_OK);
    CHECK(v.ledger().start(v.call, 5) == KAIROS_OK);
    return v.ledger().start(v.call, 1);
  };
  script.in["on_train_end"] = [](const Visit& v) {
    CHECK(counts(v).remembered == 5);
    CHECK(counts(v).all == 10);  // on_train_begin to on_epoch_end
    kairos_ledger_call out{};
    out.size = sizeof out;
    CHECK(v.ledger().remembered(v.call, 5, &out) == KAIROS_E_RANGE);
    CHECK(v.reason() == "call 5 of 5");
    return KAIROS_OK;
  };
  ProbeRun run({script.spec()});
  run.callbacks->setup({});
  run.fit();
}
