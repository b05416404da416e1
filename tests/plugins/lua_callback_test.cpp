// SPDX-License-Identifier: MIT
// LuaCallback: what scripts see and do, and what is kept when a run is resumed.
#include <atomic>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "host/error_text.hpp"
#include "host/temporary_directory.hpp"
#include "kairos/host/compile.hpp"
#include "kairos/host/fit.hpp"
#include "plugins/driver.hpp"
#include "plugins/lua_script.hpp"

using namespace kairos;
using namespace kairos::tests;

namespace {

using Catch::Matchers::Contains;
using Lines = std::vector<std::string>;

const std::string every_hook = R"lua(
local function show(name, ...)
  local words = {}
  for i, one in ipairs{...} do
    if type(one) ~= "table" then words[i] = tostring(one)
    else
      local keys = {}
      for key in pairs(one) do keys[#keys + 1] = key end
      table.sort(keys)
      for k, key in ipairs(keys) do
        local v = one[key]
        if key == "run_dir" or math.type(v) == "float" then v = "…" end
        keys[k] = key .. "=" .. tostring(v)
      end
      words[i] = "{" .. table.concat(keys, " ") .. "}"
    end
  end
  print(name .. " " .. table.concat(words, " "))
end
for _, name in ipairs{"setup", "teardown", "on_train_begin", "on_train_end", "on_epoch_begin", "on_epoch_end",
    "on_train_batch_begin", "on_backward_end", "on_train_batch_end", "on_test_begin", "on_test_end", "on_test_batch_begin",
    "on_test_batch_end", "on_predict_begin", "on_predict_end", "on_predict_batch_begin", "on_predict_batch_end",
    "on_checkpoint_saved", "on_fault", "on_interrupt"} do
  _G[name] = function(...) show(name, ...) end
end
)lua";

/// Real trainings, evaluations and predictions of a tiny model with the script that prints every hook.
class Real {
 public:
  explicit Real(const std::vector<std::string>& others = {}) : script_(every_hook) {
    host::CompileOptions compiling;
    compiling.loss = "mse";
    model = host::compile({{}, "dense(1)", {1}}, compiling);
    data.inputs = {{"", {{2, 1}, {1, 2}}}};
    data.targets = {{"", {{2, 1}, {1, 2}}}};
    data.origin = "numbers";
    prepare(fit);
    fit.epochs = 1;
    fit.validation_data = data;
    for (const std::string& other : others) fit.plugins.push_back(host::parse_plugin_spec(other));
    prepare(pass);
  }

  Lines lines;
  std::unique_ptr<host::Model> model;
  host::Dataset data;
  host::FitOptions fit;
  host::PassOptions pass;

 private:
  template <class Options>
  void prepare(Options& options) {
    options.catalog = &catalog_;
    options.run_directory = script_.directory.path();
    options.batch_size = 2;
    options.plugins.push_back(host::parse_plugin_spec(script_.spec));
    options.messages = [this](host::Level, std::string_view author, std::string_view text) {
      if (author == "LuaCallback") lines.emplace_back(text);
    };
  }
  host::Catalog catalog_ = host::Catalog::scan(std::vector<std::filesystem::path>{KAIROS_TEST_PLUGINS});
  ScriptFile script_;
};

const std::string run_fields =
    "instance=LuaCallback mode=fit rank=0 resumed=false run_dir=… run_resumed=false samples=2 "
    "steps_per_epoch=1 validation_samples=2 world=1}";

}  // namespace

TEST_CASE("LuaCallback calls every hook with Keras' arguments", "[plugins]") {
  Real real;
  static_cast<void>(host::fit(*real.model, real.data, real.fit));
  const std::string batch = "{count=1 epoch=0 samples=2 step=0 stepped=false}";
  const std::string after = "{count=1 epoch=0 samples=2 step=1 stepped=false}";
  CHECK(real.lines == Lines{"setup {epochs=1 initial_epoch=0 " + run_fields,
                            "on_train_begin {} {epochs=1 initial_epoch=0 " + run_fields,
                            "on_epoch_begin 0 {} {learning_rate=… partial=false step=0}",
                            "on_train_batch_begin 0 {} " + batch, "on_backward_end 0 {} " + batch,
                            "on_train_batch_end 0 {loss=…} {count=1 epoch=0 samples=2 step=1 stepped=true}",
                            "on_test_begin {} {batches=1 epoch=0 in_fit=true step=1}",
                            "on_test_batch_begin 0 {} " + after, "on_test_batch_end 0 {val_loss=…} " + after,
                            "on_test_end {val_loss=…} {batches=1 epoch=0 in_fit=true step=1}",
                            "on_epoch_end 0 {loss=… val_loss=…} {learning_rate=… partial=false step=1}",
                            "on_train_end {loss=… val_loss=…} {epochs_run=1 reason= why=completed}",
                            "teardown {epochs_run=1 reason= why=completed}"});
}

TEST_CASE("LuaCallback calls the hooks of evaluation and prediction", "[plugins]") {
  Real real;
  static_cast<void>(host::evaluate(*real.model, real.data, real.pass));
  CHECK_THAT(real.lines, Catch::Matchers::VectorContains(
                             std::string("on_test_end {loss=…} {batches=1 epoch=-1 in_fit=false step=0}")));
  Real other;
  static_cast<void>(host::predict(*other.model, other.data, other.pass));
  Lines names;
  for (const std::string& line : other.lines) names.push_back(line.substr(0, line.find(' ')));
  CHECK(names == Lines{"setup", "on_predict_begin", "on_predict_batch_begin", "on_predict_batch_end",
                       "on_predict_end", "teardown"});
}

TEST_CASE("LuaCallback is told of checkpoints, faults and signals", "[plugins]") {
  Real saving({"ModelCheckpoint:filepath=m.keras"});
  static_cast<void>(host::fit(*saving.model, saving.data, saving.fit));
  CHECK_THAT(saving.lines[11], Contains("on_checkpoint_saved /") &&
                                   Contains("m.keras {loss=… val_loss=…} {is_run=false label=}"));
  const ScriptFile broken("function on_train_begin() error('broken') end");
  Real failing({"LuaCallback@other" + broken.spec.substr(broken.spec.find(':'))});
  CHECK_THROWS_WITH(host::fit(*failing.model, failing.data, failing.fit),
                    Contains("on_train_begin failed: mine.lua:1: broken"));
  REQUIRE(failing.lines.size() >= 2);
  CHECK_THAT(failing.lines[failing.lines.size() - 2],
             Contains("on_fault ") && Contains("broken") && Contains("{instance=other}"));
  const std::atomic<int> signal = SIGTERM;
  Real interrupted;
  interrupted.fit.interrupted = &signal;
  static_cast<void>(host::fit(*interrupted.model, interrupted.data, interrupted.fit));
  CHECK_THAT(interrupted.lines, Catch::Matchers::VectorContains("on_interrupt " + std::to_string(SIGTERM)));
}

TEST_CASE("LuaCallback stops, sets the rate, and publishes", "[plugins]") {
  const ScriptFile script(R"lua(
kairos.declare("twice", "max")
function on_epoch_end(epoch, logs)
  kairos.publish("twice", 2 * logs.loss)
  kairos.set_learning_rate(kairos.learning_rate() / 2)
  if logs.loss < 2 then kairos.stop("low enough") end
  print(kairos.stop_requested(), kairos.hyper("learning_rate"))
end)lua");
  Driver run(script.plan());
  run.fit(epochs_of({3, 1, 1}));
  CHECK(run.stop_reason() == "low enough");
  CHECK(run.rates == std::vector<double>{1, .5});
  CHECK(run.value("twice") == 2.0);
  CHECK(run.messages == Lines{"false\t0.5", "true\t0.25"});
  const ScriptFile unnamed(at_epoch_end("kairos.stop()"));
  Driver stopped(unnamed.plan());
  stopped.fit(epochs_of({1}));
  CHECK(stopped.stop_reason() == "requested by mine.lua");
}

TEST_CASE("LuaCallback passes numbers that are not finite, and arguments", "[plugins]") {
  CHECK(printed(at_epoch_end("print(logs.loss == logs.loss, logs.loss, math.type(logs.loss))"),
                {inf, quiet_nan}) == Lines{"true\tinf\tfloat", "false\tnan\tfloat"});
  CHECK(printed(at_epoch_end("print(math.type(args.a), args.b, args.c, args.d, args['e f'], args.g)"), {1},
                ",args='a=3, b=2.5,c=true,d=x=y,e f=1e3'") == Lines{"integer\t2.5\ttrue\tx=y\t1000.0\tnil"});
}

TEST_CASE("LuaCallback lends tensors for reading, until the hook returns", "[plugins]") {
  const ScriptFile script(R"lua(
local old
function on_epoch_begin()
  local all = kairos.tensors("weight")
  local w = all[1]
  old = w
  print(#all, #w, w.name, w.shape[1], w.shape[2], w.trainable, w[1], w[4], w[0], w[5], w.other)
  print(w:sum(), w:mean(), w:norm(), w:min(), w:max(), #kairos.tensors("gradient"))
  for i, value in ipairs(w) do if i == 4 then print("last", value) end end
  print(select(2, pcall(function() w[1] = 2 end)), select(2, pcall(w.sum, {})), getmetatable(w))
end
function on_epoch_end() return old[1] end)lua");
  Plan plan = script.plan();
  plan.prepare = [](StubTarget& target) { target.weights = {{"w", {2, 2}, {1, -2, 4, 2}, {0, 0, 0, 0}}}; };
  Driver run(plan);
  CHECK_THROWS_WITH(run.fit(epochs_of({1})),
                    Contains("mine.lua:12: the tensor was borrowed in an earlier hook"));
  CHECK(run.messages == Lines{"1\t4\tw\t2\t2\ttrue\t1.0\t2.0\tnil\tnil\tnil", "5.0\t1.25\t5.0\t-2.0\t4.0\t0",
                              "last\t2.0",
                              "mine.lua:10: tensors are read-only\tbad argument #1 to '?' (tensor "
                              "expected, got table)\tfalse"});
  CHECK(printed("function on_train_batch_end() print(pcall(kairos.batch_loss)) end").size() == 2);
  CHECK_THAT(fault_of(at_epoch_end("kairos.batch_loss()")),
             Contains("mine.lua:2: this function is available in the hooks of batches only"));
}

TEST_CASE("Random numbers of LuaCallback follow from the run", "[plugins]") {
  const std::string draws =
      "function on_train_batch_end() for _ = 1, 20 do local x, n, m = math.random(), math.random(6), "
      "math.random(-2, 2) "
      "assert(x >= 0 and x < 1 and n >= 1 and n <= 6 and m >= -2 and m <= 2) print(x, n, m) end end";
  const Lines lines = printed(draws, {1, 1});
  CHECK(lines == printed(draws, {1, 1}));
  CHECK(lines.size() == 80);
  CHECK(std::set<std::string>(lines.begin(), lines.end()).size() == 80);
  CHECK(printed(at_epoch_end("print(math.type(math.random(0)), math.random(0) ~= math.random(0))")) ==
        Lines{"integer\ttrue"});
  CHECK_THAT(fault_of(at_epoch_end("math.random(2, 1)")), Contains("the interval of math.random is empty"));
}

TEST_CASE("State of LuaCallback keeps every bit in a resumed run", "[plugins]") {
  const std::string script = R"lua(
local state = {n = 0, list = {1, 2.5, "three\0four", true, false}, big = math.maxinteger, tiny = 5e-324, zero = -0.0,
               [1] = {deep = {0.1 + 0.2}}, [true] = 1 / 3, [2.5] = -math.huge, nan = 0 / 0}
local function text(v)
  if type(v) ~= "table" then return (math.type(v) or type(v)) .. ":" .. (math.type(v) == "float" and ("%a"):format(v) or tostring(v)) end
  local all = {}
  for key, one in pairs(v) do all[#all + 1] = text(key) .. "=" .. text(one) end
  table.sort(all)
  return "{" .. table.concat(all, " ") .. "}"
end
function on_epoch_end() state.n = state.n + 1 end
function on_train_end() print(text(state)) end
function get_state() return state end
function set_state(saved) state = saved end
)lua";
  const ScriptFile file(script);
  const std::vector<EpochLogs> epochs = epochs_of({1, 1, 1});
  Driver whole(file.plan());
  whole.begin();
  for (const EpochLogs& epoch : epochs) whole.epoch(epoch);
  Driver first(file.plan());
  first.begin();
  for (std::size_t i = 0; i < 2; ++i) first.epoch(epochs[i]);
  Driver rest(file.plan());
  rest.resume(first.callbacks().save_state(), 2);
  rest.begin();
  rest.epoch(epochs[2]);
  CHECK(rest.callbacks().save_state() == whole.callbacks().save_state());
  whole.end();
  rest.end();
  REQUIRE(whole.messages.size() == 1);
  CHECK(rest.messages == whole.messages);
  CHECK_THAT(whole.messages[0], Contains("string:n=integer:3") && Contains("float:0x0.0000000000001p-1022"));
}

TEST_CASE("State of LuaCallback is refused where it cannot be kept", "[plugins]") {
  const auto fault = [](const std::string& state) {
    const ScriptFile script("function on_epoch_end() end function get_state() " + state +
                            " end function set_state() end");
    Driver run(script.plan());
    run.begin();
    return error_of([&] { static_cast<void>(run.callbacks().save_state()); });
  };
  CHECK_THAT(fault("return {f = print}"),
             Contains("the state (f) has a function; expected tables, strings, numbers and booleans"));
  CHECK_THAT(fault("return {list = {1, {print}}}"), Contains("the state (list.2.1) has a function"));
  CHECK_THAT(fault("return print"), Contains("the state has a function"));
  CHECK_THAT(fault("return {list = {[{}] = 1}}"),
             Contains("the state (list) has a table as a key. Use a string or a number"));
  CHECK_THAT(
      fault("return {a = setmetatable({}, {})}"),
      Contains("the state (a) has a table with a metatable, which cannot be kept. Copy its fields to a "
               "plain table"));
  CHECK_THAT(fault("n = 1"), Contains("get_state returned nothing. Return what set_state is to get"));
  CHECK_THAT(fault("local t = {} t.t = t return t"),
             Contains("the state (t.t.t.t.t.…) has a table that contains itself"));
  CHECK_THAT(fault("local s = ('x'):rep(30000000) return {s, s, s}"),
             Contains("the state is larger than 64 MB"));
  CHECK_THAT(fault("local t = {} for _ = 1, 64 do t = {t, t} end return t"),
             Contains("the instruction limit is reached"));
  CHECK(fault("local s = ('x'):rep(8000000) for _ = 1, 20 do s = {s} end return s").empty());
  CHECK_THAT(fault("print(1)"), Contains("this function is not available in get_state and set_state"));
  CHECK_THAT(fault("while true do end"), Contains("the instruction limit is reached"));
  CHECK_THAT(fault_of("function get_state() end function on_epoch_end() end"),
             Contains("defines get_state, but not set_state"));
  CHECK_THAT(fault_of("function set_state() end function on_epoch_end() end"),
             Contains("defines set_state, but not get_state"));
}

TEST_CASE("Errors of a script have its file and line", "[plugins]") {
  struct Case {
    std::string text, sentence;
  };
  const Case table[] = {
      {"function on_epoch_end()\n  x = = 1\nend", "mine.lua:2: unexpected symbol near '='"},
      {at_epoch_end("local t\nt.x = 1"), "mine.lua:3: attempt to index a nil value (local 't')"},
      {at_epoch_end("error('mine', 0)"), "mine.lua: mine"},
      {at_epoch_end("error({})"), "mine.lua:2: an error that is a table value"},
      {at_epoch_end("\nerror()"), "mine.lua:3: an error that is a nil value"},
      {at_epoch_end("error(setmetatable({}, {__tostring = function() while true do end end}))"),
       "an error that is a table value"},
      {at_epoch_end("kairos.set_learning_rate(-1)"), "mine.lua:2: setting a hyper-parameter: "},
      {at_epoch_end("kairos.set_learning_rate('x')"), "mine.lua:2: bad argument #1 to 'set_learning_rate'"},
      {at_epoch_end("kairos.publish('x', 1)"),
       "mine.lua:2: \"x\" was not declared. Call kairos.declare(\"x\") in setup, or outside of functions"},
      {at_epoch_end("kairos.publish('loss', 1)"),
       "mine.lua:2: \"loss\" is a key of the run or of another callback"},
      {at_epoch_end("kairos.declare('x')"), "mine.lua:2: declaring a key of the logs: "},
      {at_epoch_end("kairos.tensors('wait')"), "invalid option 'wait'"},
      {"function on_batch_end() end",
       "on_batch_end, which is not a hook. Did you mean on_train_batch_end? If not, rename it, or make it "
       "local"},
      {at_epoch_end("") + " function epoch_end() end",
       "epoch_end, which is not a hook. Did you mean on_epoch_end?"},
      {at_epoch_end("") + " function Setup() end", "Setup, which is not a hook. Did you mean setup?"},
      {at_epoch_end("") + " function tear_down() end", "Did you mean teardown?"},
      {at_epoch_end("") + " function onTrainEnd() end", "Did you mean on_train_end?"},
      {at_epoch_end("setmetatable(5, {})"), "mine.lua:2: bad argument #1 to 'setmetatable' (table expected"},
      {at_epoch_end("coroutine.create(5)"),
       "mine.lua:2: bad argument #1 to 'create' (function expected, got number)"},
      {at_epoch_end("coroutine.wrap(5)"),
       "mine.lua:2: bad argument #1 to 'wrap' (function expected, got number)"},
      {at_epoch_end("coroutine.resume(5)"),
       "mine.lua:2: bad argument #1 to 'resume' (thread expected, got number)"},
      {at_epoch_end("coroutine.close(5)"),
       "mine.lua:2: bad argument #1 to 'close' (thread expected, got number)"},
      {at_epoch_end("xpcall(print)"), "mine.lua:2: bad argument #2 to 'xpcall' (function expected, got nil)"},
      {at_epoch_end("") + " function on_artifact() end",
       "mine.lua: the script defines on_artifact, which LuaCallback does not call"},
      {"function on_epoch_ends() end", "Did you mean on_epoch_end?"},
      {"x = 1", "mine.lua: the script defines no hook"},
      {std::string("\x1bLua\x54", 5), "it is compiled Lua; expected the text of the script"},
  };
  for (const Case& row : table) {
    CAPTURE(row.text);
    CHECK_THAT(fault_of(row.text), Contains(row.sentence));
  }
  CHECK_THAT(fault_of(at_epoch_end(""), ",args='a'"), Contains("args has \"a\"; expected key=value"));
  CHECK_THAT(fault_of(at_epoch_end("error('the disk has not enough memory')")), !Contains("memory_limit"));
  const ScriptFile folder("");
  CHECK_THAT(refusal_of({{"LuaCallback:file='" + folder.directory.path().string() + "'"}}),
             Contains("it is not a regular file"));
}

TEST_CASE("LuaCallback names a file with a long name once in an error", "[plugins]") {
  const TemporaryDirectory directory;
  const std::string name = std::string(80, 'n') + ".lua";
  std::ofstream(directory / name) << "function on_epoch_end() error('x') end";
  Driver run({{"LuaCallback:file='" + (directory / name).string() + "'"},
              directory.path(),
              {{"loss", host::Direction::Min}},
              false});
  CHECK_THAT(error_of([&] { run.fit(epochs_of({1})); }),
             Contains("failed in epoch 1: ..." + std::string(52, 'n') + ".lua:1: x"));
}

TEST_CASE("LuaCallback takes scripts as editors and authors write them", "[plugins]") {
  CHECK(printed("\xEF\xBB\xBF" + at_epoch_end("print('mark')")) == Lines{"mark"});
  CHECK_THAT(fault_of("\xEF\xBB\xBF#!/usr/bin/lua\n" + at_epoch_end("error('x')")),
             Contains("mine.lua:3: x"));
  CHECK_THAT(fault_of(std::string("\xEF\xBB\xBF\x1bLua\x54", 8)), Contains("it is compiled Lua"));
  CHECK(printed("setmetatable(_G, {__index = function(_, key) error('undefined ' .. key) end}) " +
                at_epoch_end("print(epoch)")) == Lines{"0"});
  CHECK(printed("function on_improvement() print('better') end " + at_epoch_end("on_improvement()")) ==
        Lines{"better"});
}
