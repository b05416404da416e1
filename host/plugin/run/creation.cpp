// SPDX-License-Identifier: MIT
// First everything is planned and checked, then the code of plugins runs.
#include "plugin/run/creation.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/printable.hpp"
#include "kairos/host/error.hpp"
#include "plugin/loaded_code.hpp"
#include "plugin/options/instance_names.hpp"
#include "plugin/options/option_files.hpp"
#include "plugin/options/published.hpp"
#include "plugin/options/secrets.hpp"
#include "plugin/run/calling_order.hpp"
#include "plugin/run/session.hpp"
#include "plugin/trust.hpp"

namespace kairos::host {

namespace {

namespace fs = std::filesystem;

/// An instance that does not exist yet.
struct Planned {
  Catalog::Match match;
  std::string name;
  bool is_named = false;  ///< by the user
  ResolvedOptions options;
  std::vector<std::uint32_t> published;
};

/// Whether a callback may declare keys in setup before others look for them.
bool may_declare_keys(const CallbackManifest& callback) {
  return callback.phase == KAIROS_PHASE_MEASURE &&
         std::ranges::find(callback.hooks, "setup") != callback.hooks.end();
}

/// The keys that all instances publish, then the metrics that they watch.
void plan_keys(Session& session, std::vector<Planned>& planned) {
  // A key may be named after a metric, which has another name than the user knows it by.
  for (Planned& one : planned) rename_old_metrics(*one.match.callback, one.options, session.board.keys());
  for (Planned& one : planned)
    for (const LogKey& key : published_keys(*one.match.callback, one.options, one.name))
      one.published.push_back(session.board.claim(key, one.name));
  session.metrics_are_checked =
      std::ranges::none_of(planned, [](const Planned& one) { return may_declare_keys(*one.match.callback); });
  for (Planned& one : planned) {
    rename_old_metrics(*one.match.callback, one.options, session.board.keys());
    if (session.metrics_are_checked)
      for (std::string& warning :
           check_metrics(*one.match.callback, one.options, session.board.keys(), one.name))
        one.options.warnings.push_back(std::move(warning));
  }
}

std::vector<Planned> plan(Session& session, const Catalog& catalog, std::span<const PluginSpec> specs) {
  std::vector<Planned> planned;
  std::vector<const CallbackManifest*> callbacks;
  for (const PluginSpec& spec : specs) {
    planned.push_back({catalog.find(spec), "", !spec.instance.empty(), {}, {}});
    callbacks.push_back(planned.back().match.callback);
  }
  const std::vector<std::string> names = instance_names(specs, callbacks);
  for (std::size_t i = 0; i < specs.size(); ++i) {
    Planned& one = planned[i];
    one.name = names[i];
    one.options =
        resolve_values(*one.match.callback, specs[i].options, session.options.run_directory, one.name);
    add_secrets(session.secrets, one.options.secrets);
  }
  plan_keys(session, planned);
  for (const Planned& one : planned)
    for (const std::string& warning : one.options.warnings)
      session.message(Level::Warning, one.name, warning);
  return planned;
}

/// Says which callbacks were named by a former id.
void tell_former_names(const Session& session, std::span<const PluginSpec> specs,
                       std::span<const Planned> planned) {
  for (std::size_t i = 0; i < specs.size(); ++i)
    if (planned[i].match.by_alias)
      session.message(Level::Info, planned[i].name,
                      (specs[i].is_file() ? specs[i].callback : specs[i].target) + " is a former name of " +
                          planned[i].match.callback->id);
}

/// The user's order, changed where callbacks ask for it.
std::vector<Planned> in_calling_order(std::vector<Planned> planned) {
  std::vector<Ordered> given;
  for (const Planned& one : planned) given.push_back({one.match.callback, one.name});
  std::vector<Planned> ordered;
  for (const std::size_t i : calling_order(given)) ordered.push_back(std::move(planned[i]));
  return ordered;
}

/// Registers every file of the run. Throws where an option names one that must not be written.
void guard_files(Session& session, const Catalog& catalog, std::span<const Planned> planned) {
  FileGuard& files = session.files;
  for (const ReadFile& file : session.options.files.read) files.add_read(file);
  for (const Plugin& plugin : catalog.plugins())
    files.add_read({plugin.file, "the plugin " + plugin.manifest.callbacks.front().id, FileContent::Plugin});
  for (const Refusal& refusal : catalog.refusals())
    files.add_read({refusal.file, "the plugin " + refusal.file.filename().string(), FileContent::Plugin});
  for (const Planned& one : planned) add_read_options(files, {*one.match.callback, one.options, one.name});
  files.add_results(session.options.files.written);
  std::error_code ignored;
  const fs::path base =
      session.facts.directory.empty() ? fs::current_path(ignored) : fs::path(session.facts.directory);
  for (const Planned& one : planned)
    add_written_options(files, {*one.match.callback, one.options, one.name}, base);
}

/// Rejects a callback that exists to set the optimizer where a schedule decides the learning rate. One that
/// may stop the run too can be useful without, and is refused only when it tries.
void reject_idle_schedulers(const Session& session, std::span<const Planned> planned) {
  const std::string fault = session.target.hyper_fault("learning_rate");
  if (fault.empty()) return;
  for (const Planned& one : planned)
    if ((one.match.callback->capabilities & (KAIROS_CAN_SET_OPTIMIZER | KAIROS_CAN_STOP)) ==
        KAIROS_CAN_SET_OPTIMIZER)
      throw Error(ErrorKind::Plugin, {"KAIROS-O014", one.name, "it could not set the learning rate", fault,
                                      "an optimizer whose learning rate is a number",
                                      "Leave the callback out, or the schedule"});
}

/// What one rank alone did would make its model another one.
void reject_callbacks_of_one_rank(const Session& session, std::span<const Planned> planned) {
  if (session.options.ranks == nullptr) return;
  constexpr std::uint64_t of_step =
      KAIROS_CAN_WRITE_BATCH | KAIROS_CAN_WRITE_GRADIENTS | KAIROS_CAN_CONTROL_STEP;
  for (const Planned& one : planned) {
    const CallbackManifest& callback = *one.match.callback;
    if ((callback.capabilities & KAIROS_CAN_SAVE_RUN) != 0)
      throw Error(ErrorKind::Plugin, {"KAIROS-O060", one.name,
                                      "it saves and resumes runs, which distributed training does itself", "",
                                      "", "Leave the callback out, and use `run_directory` and `resume`"});
    if (!Session::runs_everywhere(callback) && (callback.capabilities & of_step) != 0)
      throw Error(
          ErrorKind::Plugin,
          {"KAIROS-O060", one.name, "it changes batches, gradients or steps, but would run on rank 0 alone",
           "the phase " + std::string(phase_name(callback.phase)), "every_rank, or the phase decide",
           "Train in one process, or ask the author of the plugin for every_rank"});
  }
}

/// Files that every rank would write under the same name: what rank 0 writes stays, and that of a callback
/// that declares every_rank beside it.
void separate_files(const Session& session, std::span<Planned> planned) {
  const Ranks* const ranks = session.options.ranks;
  if (ranks == nullptr || ranks->rank() == 0) return;
  for (Planned& one : planned)
    for (std::size_t i = 0; i < one.options.values.size(); ++i) {
      const OptionSpec& option = one.match.callback->options[i];
      OptionValue& value = one.options.values[i];
      if (option.type != KAIROS_TYPE_PATH || (option.flags & KAIROS_OPTION_WRITES) == 0 || value.absent())
        continue;
      const bool stays = (one.match.callback->flags & KAIROS_CALLBACK_EVERY_RANK) != 0;
      const fs::path file(value.text);
      value.text = stays ? value.text + ".rank" + std::to_string(ranks->rank())
                         : (session.options.run_directory / file.filename()).string();
    }
}

/// Says which file is used where several have the callback that the user named.
void tell_hidden_plugins(const Session& session, const Catalog& catalog, std::span<const PluginSpec> specs,
                         std::span<const Planned> planned) {
  for (std::size_t i = 0; i < specs.size(); ++i)
    for (const Refusal& refusal : catalog.refusals())
      if (!specs[i].is_file() && refusal.diagnosis.code == "KAIROS-L052" &&
          std::ranges::find(refusal.ids, planned[i].match.callback->id) != refusal.ids.end())
        session.message(Level::Info, "",
                        planned[i].name + " is " + planned[i].match.plugin->file.string() + ", which hides " +
                            refusal.file.string());
}

/// Reports which of the directories and files others can write to.
void warn_of_writable_plugins(const Session& session, const Catalog& catalog,
                              std::span<const Planned> planned) {
  if (planned.empty()) return;
  std::vector<fs::path> loaded;
  for (const Planned& one : planned)
    if (std::ranges::find(loaded, one.match.plugin->file) == loaded.end())
      loaded.push_back(one.match.plugin->file);
  for (const std::string& warning : plugin_warnings(catalog.directories(), loaded))
    session.message(Level::Warning, "", warning);
}

void create_instance(Session& session, Planned planned, std::shared_ptr<Library> library) {
  session.instances.push_back(std::make_unique<Instance>());
  Instance& instance = *session.instances.back();
  instance.session = &session;
  instance.name = std::move(planned.name);
  instance.is_named = planned.is_named;
  instance.file = planned.match.plugin->file.string();
  instance.door.contact = contact_of(planned.match.plugin->manifest.about);
  instance.tasks.watch(session.options.interrupted);
  instance.manifest = *planned.match.callback;
  instance.library = std::move(library);
  instance.hooks = instance.library->callbacks()[planned.match.index].hooks;
  instance.options = std::move(planned.options);
  instance.published = std::move(planned.published);
  for (std::size_t i = 0; i < instance.manifest.options.size(); ++i) {
    const OptionSpec& spec = instance.manifest.options[i];
    const OptionValue& value = instance.options.values[i];
    instance.expressions.emplace_back();
    if (spec.type == KAIROS_TYPE_EXPRESSION && !value.absent())
      instance.expressions.back().emplace(value.text, spec.choices, instance.name + ": option " + spec.name);
  }
  open_door(instance);

  CheckedCall call(session, instance, "create", Moment::Loading);
  const kairos_status status = session.call_alone(
      instance, *call, [&] { return instance.hooks.create(&instance.door.host, &*call, &instance.self); });
  instance.created = status == KAIROS_OK;
  if (instance.created) return;
  instance.self = nullptr;
  session.failures.handle(*call, status, session.facts.epoch);
}

}  // namespace

void check_late_metrics(Session& session) {
  if (std::exchange(session.metrics_are_checked, true)) return;
  for (const auto& instance : session.instances)
    for (const std::string& warning :
         check_metrics(instance->manifest, instance->options, session.board.keys(), instance->name))
      session.message(Level::Warning, instance->name, warning);
}

void create_instances(Session& session, const Catalog& catalog, std::span<const PluginSpec> specs) {
  std::vector<Planned> planned = plan(session, catalog, specs);
  tell_hidden_plugins(session, catalog, specs, planned);
  tell_former_names(session, specs, planned);
  planned = in_calling_order(std::move(planned));
  guard_files(session, catalog, planned);
  reject_idle_schedulers(session, planned);
  reject_callbacks_of_one_rank(session, planned);
  std::erase_if(planned, [&](const Planned& one) { return !session.runs_here(*one.match.callback); });
  separate_files(session, planned);
  warn_of_writable_plugins(session, catalog, planned);

  if (!planned.empty()) session.watch_hooks();
  std::map<const Plugin*, std::shared_ptr<Library>> libraries;
  for (const Planned& one : planned)
    if (std::shared_ptr<Library>& library = libraries[one.match.plugin]; library == nullptr) {
      HostDoor& texts = HostDoor::make();
      texts.name = one.name;
      texts.file = one.match.plugin->file.string();
      texts.contact = contact_of(one.match.plugin->manifest.about);
      const BreadcrumbScope loading(
          {texts.name.c_str(), texts.file.c_str(), "loading", texts.contact.c_str()});
      library = Library::load(*one.match.plugin);
      if (!library->is_private())
        session.message(Level::Debug, one.name,
                        "its memory still depends on its file, which must not be overwritten during the run");
      session.process.compare(one.name, "loading");
    }
  try {
    for (Planned& one : planned) create_instance(session, std::move(one), libraries[one.match.plugin]);
  } catch (...) {
    session.destroy_all();
    throw;
  }
  session.order_instances();
}

}  // namespace kairos::host
