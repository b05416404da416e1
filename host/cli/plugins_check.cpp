// SPDX-License-Identifier: MIT
// kairos plugins check: every callback in short runs, each in a process of its own.
#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "cli/check_cases.hpp"
#include "cli/command.hpp"
#include "cli/exit_codes.hpp"
#include "cli/plugin_page.hpp"
#include "io/npy.hpp"
#include "kairos/abi.h"
#include "kairos/host/error.hpp"
#include "plugin/options/given_text.hpp"
#include "plugin/options/options.hpp"
#include "plugin/options/secrets.hpp"

namespace kairos::host::cli {

namespace {

namespace fs = std::filesystem;

constexpr const char* explanation = R"(
Every callback that is found, or those of the given names, files and directories, runs in short trainings, evaluations,
predictions and replays: without epochs or validation, with NaN and infinities, with another callback that stops the run or
fails in any hook, twice in one run, with paths that cannot be written, with every hook checked (KAIROS_CHECK_PLUGINS=1), and
ended by a signal and resumed after any epoch. Each run is a process of its own. A callback that needs options takes
those of the first example on its page that has the required ones, a line "    kairos … --plugin …" of README.md beside the plugin's
file or one directory above; what it writes stays in the check's directory. Other options, and those that name commands to run, are
given with --plugin, as in

    kairos plugins check CSVLogger --plugin CSVLogger:filename=log.csv

Below each fault is the command that shows it; the files stay then.
exit code    0; 7 if a callback has a fault, or cannot be checked.
)";

struct Checked {
  const Plugin* plugin;
  const CallbackManifest* callback;
};

[[noreturn]] void refuse(const std::string& where, const std::string& what, const std::string& found,
                         const std::string& cure) {
  throw Error(ErrorKind::Usage, {"KAIROS-U001", "kairos plugins check: " + where, what, found, "", cure});
}

/// The files of plugins that the operands name.
std::vector<PluginSpec> files_of(const std::vector<std::string>& operands) {
  std::vector<PluginSpec> files;
  for (const std::string& operand : operands) {
    std::error_code error;
    if (!fs::is_directory(operand, error)) {
      const PluginSpec spec = parse_plugin_spec(operand);
      if (!spec.options.empty() || !spec.instance.empty())
        refuse(operand, "a callback is named without options", "", "Give its options with --plugin");
      if (spec.is_file()) files.push_back(spec);
      continue;
    }
    const std::size_t before = files.size();
    for (const fs::directory_entry& entry : fs::directory_iterator(operand, error))
      if (entry.path().extension() == ".so") files.push_back({entry.path().string(), "", "", {}});
    if (error) refuse(operand, "the directory cannot be read", error.message(), "Check the path");
    if (files.size() == before)
      refuse(operand, "the directory has no plugin", "", "Name one with files *.so");
  }
  std::ranges::sort(files, {}, &PluginSpec::target);
  return files;
}

/// In the order of the catalog.
std::vector<Checked> chosen(const Catalog& catalog, const std::vector<std::string>& operands,
                            const std::vector<PluginSpec>& files) {
  std::vector<Checked> all;
  for (const Plugin& plugin : catalog.plugins())
    for (const CallbackManifest& callback : plugin.manifest.callbacks) all.push_back({&plugin, &callback});
  if (operands.empty()) return all;
  std::vector<const CallbackManifest*> named;
  const auto whole_file = [&](const PluginSpec& spec) {
    const fs::path file = fs::absolute(spec.target).lexically_normal();
    for (const Refusal& refusal : catalog.refusals())
      if (refusal.file == file) throw Error(ErrorKind::Plugin, refusal.diagnosis);
    for (const Checked& one : all)
      if (one.plugin->file == file) named.push_back(one.callback);
  };
  for (const PluginSpec& spec : files) {
    if (spec.callback.empty())
      whole_file(spec);
    else
      named.push_back(catalog.find(spec).callback);
  }
  for (const std::string& operand : operands) {
    std::error_code error;
    if (fs::is_directory(operand, error) || parse_plugin_spec(operand).is_file()) continue;
    named.push_back(catalog.find(operand).callback);
  }
  std::erase_if(all,
                [&](const Checked& one) { return std::ranges::find(named, one.callback) == named.end(); });
  return all;
}

/// The required option that has no value; "" if there is none.
std::string missing_option(const CallbackManifest& callback, const PluginSpec& spec) {
  const std::vector<PluginOption> options = with_names(callback, spec.options, spec.target);
  for (const OptionSpec& option : callback.options)
    if ((option.flags & KAIROS_OPTION_REQUIRED) != 0 &&
        std::ranges::none_of(
            options, [&](const PluginOption& one) { return find_option(callback, one.key) == &option; }))
      return option.name;
  return "";
}

/// What is checked of a callback.
struct Chosen {
  PluginSpec spec;
  std::string optimizer;  ///< that an example names; "" for that of the command line
};

/// Whether a path of an example leads out of the directory of a run: writing there could replace what the
/// user has.
bool leads_out(const fs::path& path, const fs::path& directory) {
  if (path.is_absolute()) {
    const fs::path inside = path.lexically_normal().lexically_relative(directory);
    return inside.empty() || *inside.begin() == "..";
  }
  const fs::path normal = path.lexically_normal();
  return !normal.empty() && *normal.begin() == "..";
}

/// A file that the example reads, and that its page shows, is written into the directory; and so is a secret,
/// without which no run could go on from its record. Files that it writes stay in the directory.
void write_files_of_page(const PluginPage& page, const CallbackManifest& callback, const fs::path& directory,
                         PluginSpec& spec) {
  for (PluginOption& option : spec.options) {
    const OptionSpec* const declared = find_option(callback, option.key);
    if (declared == nullptr) continue;
    if ((declared->flags & KAIROS_OPTION_SECRET) != 0) {
      const fs::path file = directory / (std::string(callback.short_name()) + '-' + declared->name);
      std::ofstream(file, std::ios::binary) << option.value;
      option = {declared->name, "file:" + file.string(), Written::Quoted};
    }
    if (declared->type == KAIROS_TYPE_PATH && !is_only_read(*declared) && !means_unset(*declared, option) &&
        leads_out(option.value, directory)) {
      const std::string name = fs::path(option.value).filename().string();
      const bool is_name = !name.empty() && name != "." && name != "..";
      option = {declared->name, (directory / (is_name ? name : declared->name)).string(), Written::Quoted};
    }
    if ((declared->flags & KAIROS_OPTION_READS) == 0) continue;
    const std::optional<std::string> content = file_in_page(page, option.value);
    if (!content || fs::path(option.value).filename() != option.value) continue;
    const fs::path file = directory / option.value;
    std::ofstream(file, std::ios::binary) << *content;
    option = {declared->name, file.string(), Written::Quoted};
  }
}

/// The first example with all required options on the plugin's page; empty if there is none.
std::optional<Chosen> example_of(const Checked& one, const Catalog& catalog, const fs::path& directory) {
  if ((one.callback->capabilities & KAIROS_CAN_RUN_COMMANDS) != 0) return {};  // no commands from a file
  const std::optional<PluginPage> page = page_of(one.plugin->file);
  if (!page) return {};
  for (const auto& [text, optimizer] : plugin_examples(*page, directory)) {
    try {
      PluginSpec spec = parse_plugin_spec(text);
      if (spec.is_file()) spec.target = one.plugin->file.string();  // wherever the page has it
      if (catalog.find(spec).callback != one.callback) continue;
      spec.options = with_names(*one.callback, spec.options, spec.target);
      if (!missing_option(*one.callback, spec).empty()) continue;
      print(fmt::format("{}: with the options of an example, --plugin {} ({})\n", one.callback->short_name(),
                        text, page->file.string()));
      write_files_of_page(*page, *one.callback, directory, spec);
      return Chosen{std::move(spec), optimizer};
    } catch (const Error&) {
      continue;  // an example of another plugin, or one that this host does not understand
    }
  }
  return {};
}

/// With the file that the callback is in, and an end of the run when it fails.
PluginSpec completed(const Checked& one, PluginSpec spec) {
  spec.target = one.plugin->file.string();
  spec.callback = one.callback->id;
  spec.instance.clear();
  if (std::ranges::none_of(spec.options, [](const PluginOption& option) { return option.key == "on_error"; }))
    spec.options.push_back({"on_error", "fatal", Written::Quoted});
  return spec;
}

/// Twelve images of two pixels, of three classes.
void write_data(const fs::path& file) {
  NamedArray x{"x", {{12, 1, 2, 1}, {}}}, y{"y", {{12}, {}}};
  for (int i = 0; i < 12; ++i) {
    const auto label = static_cast<float>(i % 3);
    x.array.values.push_back(label + 0.1F * static_cast<float>(i % 5));
    x.array.values.push_back(1 - label + 0.1F * static_cast<float>(i % 7));
    y.array.values.push_back(label);
  }
  write_npz(file, {x, y});
}

/// Beside the plugins that are searched (console.cpp).
fs::path troublemaker() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  fs::path file = program.parent_path().parent_path() / "lib" / "kairos" / "check" / "troublemaker.so";
  if (!fs::exists(file, error))
    throw Error(ErrorKind::Plugin,
                {"KAIROS-L001", file.string(), "the plugin cannot be opened", "no such file",
                 "the plugin that the check needs", "Install the plugins of Kairos, of which it is one"});
  return file;
}

CheckPlace make_place(const Settings& settings) {
  fs::path trouble = troublemaker();
  std::string name = (fs::temp_directory_path() / "kairos-check-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr)
    throw Error(ErrorKind::File, {"KAIROS-F062", name, "cannot create a directory there", "", "",
                                  "Name another place with TMPDIR"});
  CheckPlace place{name,
                   fs::path(name) / "points.npz",
                   fs::path(name) / "logs.csv",
                   std::move(trouble),
                   settings.text("model"),
                   settings.text("optimizer")};
  write_data(place.data);
  std::ofstream(place.logs) << "epoch,loss,accuracy,val_loss,val_accuracy\n0,1,0.5,1,0.5\n1,nan,nan,nan,nan\n"
                               "2,inf,inf,inf,inf\n3,-inf,-inf,-inf,-inf\n4,NA,NA,NA,NA\n5,0.5,0.6,0.5,0.6\n";
  return place;
}

class Check {
 public:
  Check(const Settings& settings, const Catalog& catalog)
      : catalog_(catalog),
        place_(make_place(settings)),
        root_(place_.directory),
        limit_(settings.number("timeout")) {}
  ~Check() {
    std::error_code ignored;
    if (faults_ == 0) fs::remove_all(root_, ignored);
  }
  Check(const Check&) = delete;
  Check& operator=(const Check&) = delete;

  void check(const CallbackManifest& callback, const Chosen& chosen) {
    const PluginSpec& spec = chosen.spec;
    const std::string name(callback.short_name());
    if (const std::string option = missing_option(callback, spec); !option.empty()) {
      ++faults_;
      print(
          fmt::format("{}: not checked, because {} is required and no example shows it. Give it, as in "
                      "--plugin {}:{}=VALUE\n",
                      name, option, name, option));
      return;
    }
    place_.directory = root_ / std::to_string(count_++);
    fs::create_directory(place_.directory);
    const int before = faults_;
    CheckPlace place = place_;
    if (!chosen.optimizer.empty()) place.optimizer = chosen.optimizer;
    const std::vector<CheckCase> cases = check_cases(callback, spec, place);
    std::size_t runs = 0;
    for (const CheckCase& one : cases) {
      const fs::path output = place_.directory / (std::to_string(runs++) + ".txt");
      const ChildResult result = run(one.run, output, limit_);
      if (result.signal != 0) {
        signal_ = result.signal;
        return;
      }
      const std::string fault = fault_of(one, result);
      if (fault.empty()) continue;
      ++faults_;
      print(fmt::format("{}: {}: {}\n    {}\n", name, one.name, fault, printable(one.run).command()));
      if (runs == 1) break;  // Without a training that works, no other case says anything.
    }
    const int found = faults_ - before;
    print(fmt::format("{}: {} {}, {}\n", name, runs, runs == 1 ? "run" : "runs",
                      found == 0   ? "no fault"
                      : found == 1 ? "1 fault"
                                   : fmt::format("{} faults", found)));
    std::error_code ignored;
    if (found == 0) fs::remove_all(place_.directory, ignored);
  }

  /// A file that is not loaded; no fault, as another one with its ids may be used in its place.
  static void refused(const Refusal& refusal) {
    print(fmt::format("{}: not checked: {}\n", refusal.file.string(), refusal.diagnosis.text()));
  }

  [[nodiscard]] const fs::path& root() const { return root_; }
  /// Whether a training with these options is refused before it begins.
  [[nodiscard]] bool is_refused(const CallbackManifest& callback, const PluginSpec& spec) {
    place_.directory = root_ / ("first-" + std::to_string(count_));
    fs::create_directory(place_.directory);
    const CheckCase first = check_cases(callback, spec, place_).front();
    const ChildResult result = run(first.run, place_.directory / "output.txt", limit_);
    if (result.signal != 0) signal_ = result.signal;
    std::error_code ignored;
    fs::remove_all(place_.directory, ignored);
    return result.signal == 0 && result.exit_code == exit_code(ErrorKind::Plugin);
  }
  /// By a signal to this program.
  [[nodiscard]] bool ended() const { return signal_ != 0; }

  [[nodiscard]] int end() const {
    if (faults_ > 0) print("The files of the runs with faults are in " + root_.string() + "\n");
    if (signal_ != 0) return exit_code_of_signal(signal_);
    return faults_ == 0 ? exit_success : exit_code(ErrorKind::Callback);
  }

 private:
  /// Without secrets.
  [[nodiscard]] ChildRun printable(ChildRun run) const {
    for (std::size_t i = 1; i < run.arguments.size(); ++i)
      if (run.arguments[i - 1] == "--plugin" && !run.arguments[i].starts_with(place_.troublemaker.string()))
        run.arguments[i] = storable_spec(run.arguments[i], catalog_);  // the catalog does not have that one
    return run;
  }

  const Catalog& catalog_;
  CheckPlace place_;
  fs::path root_;
  std::chrono::duration<double> limit_;
  int faults_ = 0;
  int count_ = 0;
  int signal_ = 0;
};

/// The specs of a callback that the user gave; else one without options, or that of an example if it needs
/// some.
std::vector<Chosen> specs_of(const Checked& one, const std::vector<PluginSpec>& given, const Catalog& catalog,
                             Check& check) {
  std::vector<Chosen> specs;
  for (const PluginSpec& spec : given)
    if (catalog.find(spec).callback == one.callback) specs.push_back({completed(one, spec), ""});
  if (!specs.empty()) return specs;
  PluginSpec plain = completed(one, {});
  if (!missing_option(*one.callback, plain).empty() || check.is_refused(*one.callback, plain))
    if (const std::optional<Chosen> example = example_of(one, catalog, check.root()))
      return {{completed(one, example->spec), example->optimizer}};
  return {{std::move(plain), ""}};
}

}  // namespace

int run_plugins_check(Arguments arguments) {
  const auto [operands, settings] = read_command_line(Command::PluginsCheck, arguments);
  if (settings.help_wanted())
    return print(settings.help("check that callbacks survive what happens in runs", "[NAME|FILE.so|DIR…]") +
                 explanation),
           0;
  const std::vector<PluginSpec> given = parse_specs(settings.items("plugin"));
  std::vector<PluginSpec> files = files_of(operands);
  std::vector<PluginSpec> scanned = files;
  scanned.insert(scanned.end(), given.begin(), given.end());
  const Catalog catalog = scan_catalog(settings.items("plugin_dir"), scanned);
  const std::vector<Checked> all = chosen(catalog, operands, files);
  if (all.empty() && catalog.refusals().empty())
    refuse("no plugin is found", "there is nothing to check", "",
           "Name a file, or a directory with --plugin-dir");
  for (const PluginSpec& spec : given) {
    const CallbackManifest* callback = catalog.find(spec).callback;
    if (std::ranges::none_of(all, [&](const Checked& one) { return one.callback == callback; }))
      refuse("--plugin " + spec.target, "this callback is not checked", "", "Name it, or leave --plugin out");
  }
  Check check(settings, catalog);
  if (operands.empty())
    for (const Refusal& refusal : catalog.refusals()) Check::refused(refusal);
  if (all.empty()) return exit_code(ErrorKind::Callback);  // nothing was checked
  for (const Checked& one : all) {
    if (check.ended()) break;
    for (const Chosen& chosen : specs_of(one, given, catalog, check))
      if (!check.ended()) check.check(*one.callback, chosen);
  }
  return check.end();
}

}  // namespace kairos::host::cli
