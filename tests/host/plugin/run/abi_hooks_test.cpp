// SPDX-License-Identifier: MIT
// Which function of the host may be called in which hook: the table of sdk/doc/abi.md is what the host does.
#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/plugin/probe.hpp"
#include "host/temporary_directory.hpp"

using namespace kairos::host;
using namespace kairos::tests;

namespace {

/// Every hook with a call, in the course of a run.
const std::vector<std::string> course = {"create",
                                         "setup",
                                         "state_load",
                                         "on_train_begin",
                                         "on_epoch_begin",
                                         "on_train_batch_begin",
                                         "on_backward_end",
                                         "on_train_batch_end",
                                         "on_test_begin",
                                         "on_test_batch_begin",
                                         "on_test_batch_end",
                                         "on_test_end",
                                         "on_epoch_end",
                                         "on_checkpoint_saved",
                                         "on_artifact",
                                         "on_train_end",
                                         "on_predict_begin",
                                         "on_predict_batch_begin",
                                         "on_predict_batch_end",
                                         "on_predict_end",
                                         "state_save",
                                         "on_interrupt",
                                         "on_fault",
                                         "teardown"};

struct Function {
  const char* name;
  std::function<kairos_status(const Visit&, const std::string& file)> call;
};

kairos_status borrow(const Visit& v) {
  kairos_tensor out{};
  out.size = sizeof out;
  return v.tensors().borrow(v.call, KAIROS_ROLE_WEIGHT, 0, KAIROS_ACCESS_READ, &out);
}

double number = 0;
std::uint32_t index_found = 0;
const double variable = 1;

const Function functions[] = {
    {"evaluate",
     [](const Visit& v, const std::string&) {
       return v.expressions().evaluate(v.call, 1, &variable, 1, &number);
     }},
    {"key",
     [](const Visit& v, const std::string&) {
       kairos_log_key out{};
       out.size = sizeof out;
       return v.logs().key(v.call, 0, &out);
     }},
    {"find (logs)",
     [](const Visit& v, const std::string&) { return v.logs().find(v.call, text("loss"), &index_found); }},
    {"value", [](const Visit& v, const std::string&) { return v.logs().value(v.call, 0, &number); }},
    {"declare", [](const Visit& v,
                   const std::string&) { return v.logs().declare(v.call, text("mine"), 0, &index_found); }},
    {"publish", [](const Visit& v, const std::string&) { return v.logs().publish(v.call, 2, 1.0); }},
    {"request_stop",
     [](const Visit& v, const std::string&) { return v.control().request_stop(v.call, text("enough")); }},
    {"get", [](const Visit& v,
               const std::string&) { return v.optimizer().get(v.call, text("learning_rate"), &number); }},
    {"set", [](const Visit& v,
               const std::string&) { return v.optimizer().set(v.call, text("learning_rate"), 0.5); }},
    {"borrow", [](const Visit& v, const std::string&) { return borrow(v); }},
    {"find (tensors)",
     [](const Visit& v, const std::string&) {
       return v.tensors().find(v.call, KAIROS_ROLE_WEIGHT, text("weight"), &index_found);
     }},
    {"can_save",
     [](const Visit& v, const std::string& file) { return v.model().can_save(v.call, text(file), 0); }},
    {"save", [](const Visit& v, const std::string& file) { return v.model().save(v.call, text(file), 0); }},
    {"save_in_background",
     [](const Visit& v, const std::string& file) {
       return v.model().save_in_background(v.call, text(file), 0);
     }},
    {"load_weights",
     [](const Visit& v, const std::string& file) { return v.model().load_weights(v.call, text(file)); }},
    {"snapshot",
     [](const Visit& v, const std::string&) {
       std::uint64_t slot = 0;
       return v.model().snapshot(v.call, &slot);
     }},
    {"rollback", [](const Visit& v, const std::string&) { return v.model().rollback(v.call, 1); }},
    {"take",
     [](const Visit& v, const std::string&) {
       std::uint64_t slot = 0;
       return v.weights().take(v.call, KAIROS_TAKE_WEIGHTS, &slot);
     }},
    {"put", [](const Visit& v, const std::string&) { return v.weights().put(v.call, 1); }},
    {"borrow (weights)",
     [](const Visit& v, const std::string&) {
       kairos_tensor out{};
       out.size = sizeof out;
       return v.weights().borrow(v.call, 1, 0, KAIROS_ACCESS_READ, &out);
     }},
    {"swap_in",
     [](const Visit& v, const std::string&) { return v.weights().swap_in(v.call, 1, text("one")); }},
    {"swap_out", [](const Visit& v, const std::string&) { return v.weights().swap_out(v.call, 1); }},
    {"live",
     [](const Visit& v, const std::string&) {
       kairos_str label{};
       return v.weights().live(v.call, &label);
     }},
    {"architecture",
     [](const Visit& v, const std::string&) {
       kairos_str out;
       return v.model().architecture(v.call, &out);
     }},
    {"classes",
     [](const Visit& v, const std::string&) {
       std::int64_t out = 0;
       return v.batch().classes(v.call, 0, &out);
     }},
    {"random",
     [](const Visit& v, const std::string&) {
       std::uint64_t out = 0;
       return v.batch().random(v.call, 0, &out);
     }},
    {"loss", [](const Visit& v, const std::string&) { return v.batch().loss(v.call, &number); }},
    {"indices",
     [](const Visit& v, const std::string&) {
       const std::int64_t* rows = nullptr;
       std::uint64_t count = 0;
       return v.batch().indices(v.call, &rows, &count);
     }},
    {"replace",
     [](const Visit& v, const std::string&) {
       float value = 1;
       std::int64_t shape = 1;
       const kairos_view view = {&value, {1, 0}, 1, {2, 32, 1}, &shape, nullptr, 0};
       return v.batch().replace(v.call, KAIROS_ROLE_TARGET, 0, &view);
     }},
    {"entry",
     [](const Visit& v, const std::string&) {
       kairos_str name{}, value{};
       return v.info().entry(v.call, KAIROS_INFO_SETTINGS, 0, &name, &value);
     }},
    {"publish (artifacts)",
     [](const Visit& v, const std::string&) { return v.artifacts().publish(v.call, nullptr); }},
    {"batches",
     [](const Visit& v, const std::string&) {
       std::int64_t out = 0;
       return v.forward().batches(v.call, KAIROS_SOURCE_TRAINING, 0, &out);
     }},
    {"evaluate (forward)",
     [](const Visit& v, const std::string&) {
       return v.forward().evaluate(v.call, KAIROS_SOURCE_TRAINING, 0, 1, &number, 1);
     }},
    {"predict",
     [](const Visit& v, const std::string&) {
       float value = 1;
       std::int64_t shape[] = {1, 1};
       const kairos_view view = {&value, {1, 0}, 2, {2, 32, 1}, shape, nullptr, 0};
       return v.forward().predict(v.call, &view, 1);
     }},
    {"announce",
     [](const Visit& v, const std::string& file) {
       return v.files().announce(v.call, text(file), KAIROS_FILE_WRITE);
     }},
};

/// The hooks in which each function does not answer KAIROS_E_STATE.
std::map<std::string, std::set<std::string>> observe() {
  const TemporaryDirectory directory;
  const std::string file = (directory / "model.h5").string();
  std::map<std::string, std::set<std::string>> allowed;
  std::set<std::string> seen;
  ProbeScript script;
  script.everywhere = [&](const Visit& visit) {
    if (visit.call == nullptr) return KAIROS_OK;
    const bool first = seen.insert(visit.hook).second;
    for (const Function& function : functions) {
      const bool runs = function.call(visit, file) != KAIROS_E_STATE;
      const bool only_in_fit = function.name == std::string_view("put");
      if (!first && !only_in_fit && runs != allowed[function.name].contains(visit.hook))
        FAIL_CHECK(function.name << " differs between two calls of " << visit.hook);
      if (runs) allowed[function.name].insert(visit.hook);
    }
    return KAIROS_OK;
  };
  ProbeRun run({script.spec(), "Saver:file=" + (directory / "other.h5").string()});
  run.callbacks->setup({});
  run.callbacks->load_state(run.callbacks->save_state());
  run.test();  // an evaluation: the same functions as in the validation of a fit
  run.predict();
  run.fit();
  run.callbacks->interrupt(2);
  run.callbacks->fault("", "", "the loop failed");
  run.callbacks->finish(RunEnd::Fault);
  CHECK(seen == std::set<std::string>(course.begin(), course.end()));
  return allowed;
}

std::string in_words(const std::set<std::string>& hooks) {
  std::string in, out;
  for (const std::string& hook : course) {
    std::string& list = hooks.contains(hook) ? in : out;
    list += (list.empty() ? "`" : ", `") + hook + "`";
  }
  if (out.empty()) return "every hook";
  return hooks.size() * 2 < course.size() ? in : "every hook but " + out;
}

/// One line for each set of hooks, with the functions that are allowed there.
std::string generated_table() {
  std::vector<std::pair<std::string, std::string>> lines;  // hooks, functions
  const auto allowed = observe();
  for (const Function& function : functions) {
    const auto found = allowed.find(function.name);
    const std::string hooks = in_words(found == allowed.end() ? std::set<std::string>() : found->second);
    const auto same = std::ranges::find(lines, hooks, &std::pair<std::string, std::string>::first);
    const std::string name = "`" + std::string(function.name) + "`";
    if (same == lines.end())
      lines.emplace_back(hooks, name);
    else
      same->second += ", " + name;
  }
  std::string text = "| functions | allowed in |\n|---|---|\n";
  for (const auto& [hooks, names] : lines) text += "| " + names + " | " + hooks + " |\n";
  return text;
}

}  // namespace

TEST_CASE("sdk/doc/abi.md says which function may be called in which hook", "[host][plugin]") {
  const std::string page = content_of(KAIROS_ABI_PAGE);
  const std::string begin = "<!-- generated by abi_hooks_test.cpp -->\n", end = "<!-- end -->";
  const std::size_t from = page.find(begin);
  REQUIRE(from != std::string::npos);
  const std::size_t first = from + begin.size();
  CHECK(page.substr(first, page.find(end, first) - first) == generated_table());
}

TEST_CASE("A callback that stores no data gets every hook, with null", "[host][plugin]") {
  std::vector<std::string> hooks;
  ProbeScript script;
  script.everywhere = [&](const Visit& visit) {  // the probe fails if it gets anything but null
    hooks.push_back(visit.hook);
    return KAIROS_OK;
  };
  {
    ProbeRun run({script.spec()});
    run.callbacks->setup({});
    run.fit();
    run.callbacks->finish(RunEnd::Completed);
  }
  CHECK(hooks == std::vector<std::string>{"create", "setup", "on_train_begin", "on_epoch_begin",
                                          "on_train_batch_begin", "on_backward_end", "on_train_batch_end",
                                          "on_test_begin", "on_test_batch_begin", "on_test_batch_end",
                                          "on_test_end", "on_epoch_end", "on_train_end", "teardown",
                                          "destroy"});
}

TEST_CASE("A callback whose create fails is not called again", "[host][plugin]") {
  std::vector<std::string> hooks;
  ProbeScript script;
  script.everywhere = [&](const Visit& visit) {
    hooks.push_back(visit.hook);
    return KAIROS_E_INVALID;
  };
  CHECK_THROWS(ProbeRun({script.spec()}));
  CHECK(hooks == std::vector<std::string>{"create"});
}

TEST_CASE("The event of a run says what the run is, and whether it goes on from an earlier one",
          "[host][plugin]") {
  const auto [mode, number_of_mode] = GENERATE(Catch::Generators::table<RunMode, std::int32_t>({
      {RunMode::Fit, KAIROS_MODE_FIT},
      {RunMode::Evaluate, KAIROS_MODE_EVALUATE},
      {RunMode::Predict, KAIROS_MODE_PREDICT},
  }));
  for (const bool resumed : {false, true}) {
    ProbeScript script;
    kairos_run_event seen{};
    script.in["setup"] = [&](const Visit& visit) {
      seen = *static_cast<const kairos_run_event*>(visit.event);
      return KAIROS_OK;
    };
    ProbeRun run({script.spec()});
    RunInfo info;
    info.mode = mode;
    info.resumed = resumed;
    run.callbacks->setup(info);
    CHECK(seen.size == sizeof(kairos_run_event));
    CHECK(seen.mode == number_of_mode);
    CHECK(seen.run_resumed == (resumed ? 1 : 0));
  }
}
