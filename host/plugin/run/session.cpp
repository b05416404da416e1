// SPDX-License-Identifier: MIT
// Creates, orders and ends instances, and decides what a failure means.
#include "plugin/run/session.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "kairos/host/error.hpp"
#include "plugin/run/status_text.hpp"

namespace kairos::host {

Session::Session(TrainingTarget& trained, CallbacksOptions given)
    : target(trained),
      options(std::move(given)),
      board(options.keys, options.validates),
      process(options.owns_process,
              [this](const std::string& author, const std::string& text) {
                message(Level::Warning, author, text);
              }),
      run_directory(options.run_directory.empty()
                        ? ""
                        : std::filesystem::absolute(options.run_directory).lexically_normal().string()) {}

Session::~Session() {
  try {
    finish(std::uncaught_exceptions() > 0 ? RunEnd::Fault : RunEnd::Completed);
  } catch (const std::exception& error) {
    message(Level::Error, "", error.what());
  }
  destroy_all();
}

void Session::message(Level level, std::string_view author, std::string_view text) const {
  if (options.messages) options.messages(level, author, text);
}

// ---------------------------------------------------------------- creation

namespace {

/// A name for each instance: what the user gave, else the short name, with _2, _3 … for further ones.
std::string instance_name(const PluginSpec& spec, const CallbackManifest& callback,
                          const std::set<std::string>& taken) {
  if (!spec.instance.empty()) {
    if (taken.contains(spec.instance))
      throw Error(ErrorKind::Plugin, {"KAIROS-O030", "--plugin " + spec.target,
                                      "two instances have the name \"" + spec.instance + "\"", "", "",
                                      "Give one of them another name after the @"});
    return spec.instance;
  }
  const std::string base(callback.short_name());
  std::string name = base;
  for (int n = 2; taken.contains(name); ++n) name = base + "_" + std::to_string(n);
  return name;
}

/// Keys that options may watch: those of the model and those that some callback's manifest promises to
/// publish.
void add_published_keys(LogBoard& board, const std::vector<Catalog::Match>& matches) {
  for (const Catalog::Match& match : matches)
    for (const std::string& key : match.callback->publishes) board.add({key, Direction::Unknown});
}

}  // namespace

void Session::create(const Catalog& catalog, std::span<const PluginSpec> specs) {
  std::vector<Catalog::Match> matches;
  for (const PluginSpec& spec : specs) matches.push_back(catalog.find(spec));
  add_published_keys(board, matches);

  // Everything that can be wrong in the configuration is found before any plugin's code is loaded.
  const OptionContext context{{board.keys().begin(), board.keys().end()}, options.run_directory};
  std::vector<ResolvedOptions> resolved;
  std::vector<std::string> names;
  std::set<std::string> taken;
  for (std::size_t i = 0; i < specs.size(); ++i) {
    names.push_back(instance_name(specs[i], *matches[i].callback, taken));
    taken.insert(names.back());
    resolved.push_back(resolve_options(*matches[i].callback, specs[i].options, context, names.back()));
    for (const std::string& warning : resolved.back().warnings)
      message(Level::Warning, names.back(), warning);
  }

  guard_files(catalog, matches, resolved, names);
  refuse_idle_schedulers(names, matches);
  warn_of_plugins(catalog, matches);

  std::map<const Plugin*, std::shared_ptr<Library>> libraries;
  for (std::size_t i = 0; i < matches.size(); ++i)
    if (std::shared_ptr<Library>& library = libraries[matches[i].plugin]; !library) {
      const std::string file = matches[i].plugin->file.string();
      const BreadcrumbScope loading({names[i].c_str(), file.c_str(), "loading"});
      library = Library::load(*matches[i].plugin);
    }
  try {
    for (std::size_t i = 0; i < specs.size(); ++i)
      create_instance(matches[i], libraries[matches[i].plugin], std::move(resolved[i]), names[i]);
  } catch (...) {
    destroy_all();
    throw;
  }
  subscribe();
}

void Session::refuse_idle_schedulers(const std::vector<std::string>& names,
                                     std::span<const Catalog::Match> matches) const {
  const std::string fault = target.hyper_fault("learning_rate");
  if (fault.empty()) return;
  for (std::size_t i = 0; i < matches.size(); ++i)
    if ((matches[i].callback->capabilities & (KAIROS_CAN_SET_OPTIMIZER | KAIROS_CAN_STOP)) ==
        KAIROS_CAN_SET_OPTIMIZER)
      throw Error(ErrorKind::Plugin, {"KAIROS-O014", names[i], "it could not set the learning rate", fault,
                                      "an optimizer whose learning rate is a number",
                                      "Leave the callback out, or the schedule"});
}

void Session::create_instance(const Catalog::Match& match, std::shared_ptr<Library> library,
                              ResolvedOptions resolved, std::string name) {
  instances.push_back(std::make_unique<Instance>());
  Instance& instance = *instances.back();
  instance.session = this;
  instance.name = std::move(name);
  instance.file = match.plugin->file.string();
  instance.manifest = *match.callback;
  instance.library = std::move(library);
  instance.hooks = instance.library->callbacks()[match.index].hooks;
  instance.options = std::move(resolved);
  for (const std::string& key : instance.manifest.publishes) instance.published.push_back(*board.find(key));
  for (std::size_t i = 0; i < instance.manifest.options.size(); ++i) {
    const OptionSpec& spec = instance.manifest.options[i];
    const OptionValue& value = instance.options.values[i];
    instance.expressions.emplace_back();
    if (spec.type == KAIROS_TYPE_EXPRESSION && !value.absent())
      instance.expressions.back().emplace(value.text, spec.choices, instance.name + ": option " + spec.name);
  }
  instance.host = make_host(instance);

  kairos_call call(this, &instance, "create", Moment::Loading);
  const kairos_plugin& plugin = instance.library->plugin();
  if (plugin.open != nullptr &&
      std::find(opened_.begin(), opened_.end(), instance.library) == opened_.end()) {
    call.hook = "open";
    const kairos_status status =
        call_alone(instance, call, [&] { return plugin.open(&instance.host, &call); });
    if (status != KAIROS_OK) handle_failure(call, status);
    opened_.push_back(instance.library);
  }
  call.hook = "create";
  const kairos_status status = call_alone(
      instance, call, [&] { return instance.hooks.create(&instance.host, &call, &instance.self); });
  if (status != KAIROS_OK) {
    instance.self = nullptr;
    handle_failure(call, status);
  }
}

// ---------------------------------------------------------------- order

template <class Visitor>
void Session::for_each_list(Visitor&& visit) {
#define KAIROS_LIST(hook) visit(hook, &kairos_hooks::hook)
  KAIROS_LIST(setup);
  KAIROS_LIST(on_train_begin);
  KAIROS_LIST(on_epoch_begin);
  KAIROS_LIST(on_train_batch_begin);
  KAIROS_LIST(on_backward_end);
  KAIROS_LIST(on_train_batch_end);
  KAIROS_LIST(on_test_begin);
  KAIROS_LIST(on_test_batch_begin);
  KAIROS_LIST(on_test_batch_end);
  KAIROS_LIST(on_test_end);
  KAIROS_LIST(on_epoch_end);
  KAIROS_LIST(on_checkpoint_saved);
  KAIROS_LIST(on_train_end);
  KAIROS_LIST(on_predict_begin);
  KAIROS_LIST(on_predict_batch_begin);
  KAIROS_LIST(on_predict_batch_end);
  KAIROS_LIST(on_predict_end);
  KAIROS_LIST(on_fault);
  KAIROS_LIST(on_interrupt);
  KAIROS_LIST(teardown);
#undef KAIROS_LIST
}

template <class Slot>
void Session::subscribe_one(HookList& list, Slot slot) {
  for (Instance* instance : ordered_)
    if (instance->hooks.*slot != nullptr) list.listeners.push_back(instance);
}

void Session::subscribe() {
  for (const auto& instance : instances)
    if (instance->self != nullptr) ordered_.push_back(instance.get());
  std::stable_sort(ordered_.begin(), ordered_.end(), [](const Instance* a, const Instance* b) {
    return a->manifest.phase < b->manifest.phase;
  });
  for_each_list([this](HookList& list, auto slot) { subscribe_one(list, slot); });
  std::reverse(teardown.listeners.begin(), teardown.listeners.end());
}

std::string Session::explain_order() const {
  std::string text;
  const_cast<Session*>(this)->for_each_list([&](const HookList& list, auto) {
    if (list.listeners.empty()) return;
    text += std::string(list.name) + ":";
    std::string_view phase;
    for (const Instance* instance : list.listeners) {
      if (phase != phase_name(instance->manifest.phase)) {
        phase = phase_name(instance->manifest.phase);
        text += " [" + std::string(phase) + "]";
      }
      text += " " + instance->name;
    }
    text += "\n";
  });
  return text;
}

// ---------------------------------------------------------------- failure

bool Session::may_run(kairos_call& call, Instance& instance) {
  if (instance.disabled) return false;
  instance.attention.store(false);
  if (const kairos_status status = drain(instance); status != KAIROS_OK) {
    call.instance = &instance;
    call.reason = "a background task failed";
    handle_failure(call, status);
  }
  return !instance.disabled;
}

namespace {

/// What a plugin says of its failure is part of one line, whether that ends the run or not, and of a sentence
/// that gets its full stop.
std::string on_one_line(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  text.resize(text.find_last_not_of(". ") + 1);
  return text;
}

}  // namespace

void Session::handle_failure(kairos_call& call, kairos_status status) {
  Instance& instance = *call.instance;
  std::string what = call.hook;
  if (epoch >= 0)
    what += " failed in epoch " + std::to_string(epoch + 1);
  else
    what += " failed";
  what += ": " + (call.reason.empty() ? std::string(status_text(status)) : on_one_line(call.reason));
  call.forget();
  const bool starting = call.moment == Moment::Loading || call.moment == Moment::SetUp;
  if (instance.options.on_error == OnError::Fatal || starting) {
    breadcrumb = {};
    failed_instance = instance.name;
    failed_hook = call.hook;
    failed_status = status;
    throw Error(
        starting ? ErrorKind::Plugin : ErrorKind::Callback,
        {starting ? "KAIROS-O031" : "KAIROS-C001", instance.name + " (" + instance.file + ")", what, "", "",
         starting ? "Mend the option or leave this --plugin out"
                  : "Add on_error=disable to this --plugin to go on without it when it fails"});
  }
  if (++instance.failures == 1) instance.first_failure = what;
  if (instance.options.on_error == OnError::Disable) {
    instance.disabled = true;
    instance.attention = true;
    message(Level::Warning, instance.name, what + ". It is disabled for the rest of the run");
  } else if (instance.failures == 1) {
    message(Level::Warning, instance.name, what + ". Further failures are counted and reported at the end");
  }
}

void Session::settle(kairos_call& call, kairos_status status) {
  if (!postponed) return handle_failure(call, status);
  breadcrumb = {};
  std::rethrow_exception(std::exchange(postponed, nullptr));
}

// ---------------------------------------------------------------- the end

kairos_end_event Session::end_event(RunEnd why) const {
  kairos_end_event event{};
  event.size = sizeof event;
  event.why = static_cast<std::int32_t>(why);
  event.epochs_run = epochs_run;
  event.step = target.iterations();
  if (stop) {
    event.reason = {stop->reason.data(), stop->reason.size()};
    event.stopped_by = {stop->instance.data(), stop->instance.size()};
  }
  if (why == RunEnd::Fault || why == RunEnd::Interrupted)
    event.reason = {end_reason.data(), end_reason.size()};
  return event;
}

void Session::finish(RunEnd why) {
  if (std::exchange(finished_, true)) return;
  process.conclude(ordered_);
  std::exception_ptr failure;
  try {
    teardown_all(why);
  } catch (const std::exception&) {
    failure = std::current_exception();
  }
  process.conclude(ordered_);  // results are written after this
  for (const auto& instance : instances)
    if (instance->failures > 0)
      message(Level::Warning, instance->name,
              "failed " + std::to_string(instance->failures) +
                  " time(s) in this run; first: " + instance->first_failure);
  if (failure) std::rethrow_exception(failure);
}

void Session::restore_process() {
  process.catch_up(ordered_);
  for (const auto& instance : instances)
    if (is_running(*instance)) process.compare(*instance, breadcrumb.hook);
  process.conclude(ordered_);
}

kairos_status Session::drain(Instance& instance) {
  const BreadcrumbScope waiting({instance.name.c_str(), instance.file.c_str(), "a background task"});
  return tasks.drain(instance);
}

/// Every instance gets its teardown, whatever the others do; the first fatal failure is thrown at the end.
void Session::teardown_all(RunEnd why) {
  board.clear();  // what the last event lent is gone with the loop
  const kairos_end_event event = end_event(why);
  std::exception_ptr first;
  const auto keep_first = [&](auto&& work) {
    try {
      work();
    } catch (...) {
      if (!first) first = std::current_exception();
    }
  };
  keep_first([&] { settle_background_saves(BackgroundSave::Waiting::Yes); });
  for (Instance* instance : teardown.listeners) {
    if (!instance->is_set_up) continue;
    instance->attention = false;  // a disabled one may close its files too; its tasks are drained below
    HookList one{teardown.name, {instance}};
    keep_first([&] { dispatch(one, &kairos_hooks::teardown, event, Moment::Training); });
  }
  for (const auto& instance : instances)
    if (const kairos_status status = drain(*instance); status != KAIROS_OK)
      keep_first([&] {
        kairos_call call(this, instance.get(), "a background task", Moment::Training);
        handle_failure(call, status);
      });
  if (first) std::rethrow_exception(first);
}

void Session::destroy_all() {
  for (auto instance = instances.rbegin(); instance != instances.rend(); ++instance) {
    static_cast<void>(drain(**instance));  // finish() has reported what failed
    (*instance)->ended = true;
    if ((*instance)->self == nullptr) continue;
    void* self = std::exchange((*instance)->self, nullptr);
    if ((*instance)->hooks.destroy != nullptr)
      call_at_the_end(**instance, "destroy", [&] { (*instance)->hooks.destroy(self); });
  }
  for (auto library = opened_.rbegin(); library != opened_.rend(); ++library) {
    const auto first = std::find_if(instances.begin(), instances.end(),
                                    [&](const auto& instance) { return instance->library == *library; });
    if ((*library)->plugin().close != nullptr && first != instances.end())
      call_at_the_end(**first, "close", [&] { (*library)->plugin().close(); });
  }
  opened_.clear();
}

}  // namespace kairos::host
