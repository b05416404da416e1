// SPDX-License-Identifier: MIT
// Runs the functions of a Lua script as hooks.
#include <kairos/plugin.hpp>

#include <string>
#include <string_view>

#include "script.hpp"

namespace kairos::plugins {

/// A callback without a compiler, in Lua 5.4. The hooks have Keras' names and arguments, followed by a table
/// with what else the event says. What a script may change is what a callback of the phase decide may.
struct LuaCallback : Callback<LuaCallback> {
  static constexpr auto id = "kairos.LuaCallback";
  static constexpr auto summary = "Runs the functions of a Lua script as hooks.";

  Option<InputPath> file{this, "file", required, "script in Lua 5.4"};
  Option<std::string_view> args{this, "args", unset,
                                "values for the script, which finds them in the table args: key=value,…"};
  Option<int> memory_limit{
      this,           "memory_limit",    64, "memory that the script may use", unit("MB"),
      kairos::min(1), kairos::max(65536)};
  Option<int> instruction_limit{this,
                                "instruction_limit",
                                100'000'000,
                                "instructions that a hook of the script may take",
                                unit("instructions"),
                                kairos::min(100'000)};
  Option<int> time_limit{
      this,           "time_limit",      600, "seconds that a hook of the script may take", unit("s"),
      kairos::min(1), kairos::max(86400)};

  State<Script> script{this, "script"};

  void setup(Run& run) {
    script->open(
        {std::string(file.value()), std::string(args.value()), {memory_limit, instruction_limit, time_limit}},
        run);
    begin(Hook::setup, run, false);
  }
  void on_train_begin(Run& run) { begin(Hook::on_train_begin, run); }
  void on_predict_begin(Run& run) { begin(Hook::on_predict_begin, run); }

  void on_epoch_begin(Epoch& epoch) { of_epoch(Hook::on_epoch_begin, epoch); }
  void on_epoch_end(Epoch& epoch) { of_epoch(Hook::on_epoch_end, epoch); }

  void on_train_batch_begin(Batch& batch) { of_batch(Hook::on_train_batch_begin, batch); }
  void on_backward_end(Batch& batch) { of_batch(Hook::on_backward_end, batch); }
  void on_train_batch_end(Batch& batch) { of_batch(Hook::on_train_batch_end, batch); }
  void on_test_batch_begin(Batch& batch) { of_batch(Hook::on_test_batch_begin, batch); }
  void on_test_batch_end(Batch& batch) { of_batch(Hook::on_test_batch_end, batch); }
  void on_predict_batch_begin(Batch& batch) { of_batch(Hook::on_predict_batch_begin, batch); }
  void on_predict_batch_end(Batch& batch) { of_batch(Hook::on_predict_batch_end, batch); }

  void on_test_begin(Test& test) { of_test(Hook::on_test_begin, test); }
  void on_test_end(Test& test) { of_test(Hook::on_test_end, test); }

  void on_train_end(End& end) { of_end(Hook::on_train_end, end); }
  void on_predict_end(End& end) { of_end(Hook::on_predict_end, end); }
  void teardown(End& end) { of_end(Hook::teardown, end, false); }

  void on_checkpoint_saved(Checkpoint& saved) {
    call(Hook::on_checkpoint_saved, saved, [&saved](lua_State* lua) {
      push(lua, saved.path());
      push_logs(lua, saved);
      push(lua, {{"label", saved.label()}, {"is_run", saved.is_run()}});
      return 3;
    });
  }
  void on_fault(Fault& fault) {
    call(Hook::on_fault, fault, [&fault](lua_State* lua) {
      push(lua, fault.message());
      push(lua, {{"instance", fault.instance()}});
      return 2;
    });
  }
  void on_interrupt(Interrupt& interrupt) {
    call(Hook::on_interrupt, interrupt, [&interrupt](lua_State* lua) {
      push(lua, std::int64_t{interrupt.signal()});
      return 1;
    });
  }

 private:
  template <class Arguments>
  void call(Hook hook, Event& event, Arguments arguments, Batch* batch = nullptr) {
    if (script->has(hook)) script->call(hook, event, batch, arguments);
  }

  void begin(Hook hook, Run& run, bool has_logs = true) {
    call(hook, run, [&run, has_logs](lua_State* lua) {
      const Mode mode = run.mode();
      if (has_logs) push_logs(lua, run);
      push(lua, {{"mode", std::string_view(mode == Mode::Fit        ? "fit"
                                           : mode == Mode::Evaluate ? "evaluate"
                                                                    : "predict")},
                 {"instance", run.instance_name()},
                 {"resumed", run.resumed()},
                 {"run_resumed", run.run_resumed()},
                 {"epochs", run.epochs()},
                 {"initial_epoch", run.initial_epoch()},
                 {"steps_per_epoch", run.steps_per_epoch()},
                 {"samples", run.samples()},
                 {"validation_samples", run.validation_samples()},
                 {"run_dir", run.run_dir()},
                 {"rank", std::int64_t{run.rank()}},
                 {"world", std::int64_t{run.world()}}});
      return has_logs ? 2 : 1;
    });
  }

  void of_epoch(Hook hook, Epoch& epoch) {
    call(hook, epoch, [&epoch](lua_State* lua) {
      push(lua, epoch.index());
      push_logs(lua, epoch);
      push(lua, {{"step", epoch.step()},
                 {"partial", epoch.partial()},
                 {"learning_rate", epoch.used_learning_rate()}});
      return 3;
    });
  }

  void of_batch(Hook hook, Batch& batch) {
    const auto arguments = [&batch](lua_State* lua) {
      push(lua, batch.index());
      push_logs(lua, batch);
      push(lua, {{"epoch", batch.epoch()},
                 {"count", batch.count()},
                 {"step", batch.step()},
                 {"samples", batch.samples()},
                 {"stepped", batch.stepped()}});
      return 3;
    };
    call(hook, batch, arguments, &batch);
  }

  void of_test(Hook hook, Test& test) {
    call(hook, test, [&test](lua_State* lua) {
      push_logs(lua, test);
      push(lua, {{"in_fit", test.in_fit()},
                 {"epoch", test.epoch()},
                 {"batches", test.batches()},
                 {"step", test.step()}});
      return 2;
    });
  }

  void of_end(Hook hook, End& end, bool has_logs = true) {
    call(hook, end, [&end, has_logs](lua_State* lua) {
      if (has_logs) push_logs(lua, end);
      push(lua, {{"why", std::string_view(end.completed()     ? "completed"
                                          : end.stopped()     ? "stopped"
                                          : end.interrupted() ? "interrupted"
                                                              : "fault")},
                 {"epochs_run", end.epochs_run()},
                 {"reason", end.reason()}});
      return has_logs ? 2 : 1;
    });
  }
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::LuaCallback)
