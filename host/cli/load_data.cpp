// SPDX-License-Identifier: MIT
// The settings of validation data are those of training data with a prefix.
#include "cli/load_data.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "cli/class_names.hpp"
#include "cli/column_names.hpp"
#include "data/array_file.hpp"
#include "io/file_kind.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host::cli {

namespace {

std::vector<PortSource> sources_of(const Settings& settings, const std::string& key) {
  std::vector<PortSource> sources;
  for (NamedText& one : settings.named(key)) sources.push_back({std::move(one.name), std::move(one.value)});
  return sources;
}

/// One value without a name is `plain`; all others are `named`.
void take(const Settings& settings, const std::string& key, std::string& plain,
          std::vector<PortSource>& named) {
  named = sources_of(settings, key);
  plain.clear();
  if (named.size() != 1 || !named.front().port.empty()) return;
  plain = std::move(named.front().source);
  named.clear();
}

[[noreturn]] void needs_stream(const char* key, const Settings& settings, const std::string& cure) {
  throw Error(ErrorKind::Usage, {"KAIROS-U013", flag_of(key), "this setting requires a stream",
                                 settings.text(key), "--stream true", cure});
}

bool wants_stream(const Settings& settings) {
  return settings.choice("stream") == "true";
}

/// Size and channels of images: from the settings, else from the input of the model, else RGB as in Keras.
void set_image_format(const Settings& settings, const std::vector<std::int64_t>& shape, DataSpec& spec) {
  const bool known = shape.size() == 3 && shape[0] > 0 && shape[1] > 0;
  if (known) spec.image_size = {shape[0], shape[1]};
  if (known && shape[2] == 1) spec.color_mode = ColorMode::Grayscale;
  if (settings.has("image_size")) {
    const Size size = settings.size("image_size");
    spec.image_size = {size.height, size.width};
  }
  if (settings.has("color_mode"))
    spec.color_mode = settings.choice<ColorMode>(
        "color_mode", {{"grayscale", ColorMode::Grayscale}, {"rgb", ColorMode::Rgb}});
}

DataSpec spec_of(const Settings& settings, const PortFacts& ports, const std::string& prefix) {
  DataSpec spec;
  spec.file = settings.text(prefix + "data");
  spec.inputs = sources_of(settings, prefix + "input");
  take(settings, prefix + "target", spec.target, spec.targets);
  take(settings, prefix + "sample_weight", spec.sample_weight, spec.sample_weights);
  spec.header = settings.choice<HeaderPolicy>(
      "header",
      {{"detect", HeaderPolicy::Detect}, {"true", HeaderPolicy::Present}, {"false", HeaderPolicy::Absent}});
  if (settings.has("delimiter")) spec.delimiter = settings.character("delimiter");
  spec.encoding = text_encoding(settings.text("encoding"));
  spec.input_columns = ports.input_columns;
  set_image_format(settings, ports.input_shape, spec);
  if (settings.has("class_names")) spec.class_names = read_class_names(settings.text("class_names"));
  spec.input_ports = ports.inputs;
  spec.output_ports = ports.outputs;
  return spec;
}

bool any_file(const std::string& plain, const std::vector<PortSource>& named) {
  return names_file(plain) || std::any_of(named.begin(), named.end(),
                                          [](const PortSource& one) { return names_file(one.source); });
}

/// Columns and arrays have the same names in training and validation data. A file of training targets has no
/// rows for the validation samples.
void inherit_roles(const Settings& settings, DataSpec& spec) {
  const bool has_target = settings.has("validation_target");
  const bool has_weight = settings.has("validation_sample_weight");
  std::error_code ignored;
  DataSpec training;
  take(settings, "target", training.target, training.targets);
  take(settings, "sample_weight", training.sample_weight, training.sample_weights);
  training.inputs = sources_of(settings, "input");
  if (spec.inputs.empty() && !any_file("", training.inputs)) spec.inputs = training.inputs;
  if (!has_target && !any_file(training.target, training.targets)) {
    spec.target = training.target;
    spec.targets = training.targets;
  } else if (!has_target && kind_of(spec.file) != FileKind::Npz && !is_directory(spec.file, ignored)) {
    throw Error(ErrorKind::Usage,
                {"KAIROS-U018", "--validation-data", "the validation samples have no target",
                 "--target, a file for the training samples", "",
                 "Name a file with their targets with --validation-target"});
  }
  if (!has_weight && !any_file(training.sample_weight, training.sample_weights)) {
    spec.sample_weight = training.sample_weight;
    spec.sample_weights = training.sample_weights;
  }
}

/// A share that is held out has the targets and weights of the training data.
std::string no_share_cure(std::string_view key) {
  const bool names_files = key == "validation_target" || key == "validation_sample_weight";
  return names_files ? "Name them with --validation-data or --validation-input"
                     : "Name them with --validation-data or --validation-input, or hold some out with "
                       "--validation-split";
}

[[noreturn]] void no_validation_samples(const char* key) {
  throw Error(ErrorKind::Usage,
              {"KAIROS-U012", flag_of(key), "there are no validation samples", "", "", no_share_cure(key)});
}

enum class DataKind { Table, Images, Other };

DataKind data_kind_of(const std::string& data) {
  if (is_table(kind_of(data))) return DataKind::Table;
  std::error_code ignored;
  const bool file = std::filesystem::path(data).has_extension() || hdf5_location(data) ||
                    std::filesystem::is_regular_file(data, ignored);
  // A directory that does not exist is reported when it is read.
  return file && !std::filesystem::is_directory(data, ignored) ? DataKind::Other : DataKind::Images;
}

/// Throws Error(Usage) for a setting of one kind of data unless some data is of that kind.
void require_kind(const Settings& settings, DataKind kind, const char* flag, const char* expected) {
  for (const char* key : {"data", "validation_data"})
    if (settings.declares(key) && settings.has(key) && data_kind_of(settings.text(key)) == kind) return;
  throw Error(ErrorKind::Usage, {"KAIROS-U015", flag, "this option does not apply to this kind of data",
                                 settings.has("data") ? "--data " + settings.text("data") : "--input",
                                 expected, "Leave it out"});
}

std::vector<std::string> data_names(const Settings& settings) {
  std::vector<std::string> files;
  for (const char* key : {"data", "validation_data"})
    if (settings.declares(key)) files.push_back(settings.text(key));
  for (const char* key : {"input", "validation_input", "target", "validation_target"})
    if (settings.declares(key))
      for (NamedText& one : settings.named(key)) files.push_back(std::move(one.value));
  return files;
}

/// Whether some data has names or labels in text.
bool has_text(const Settings& settings) {
  return std::ranges::any_of(data_names(settings), [](const std::string& file) {
    return !file.empty() && data_kind_of(file) != DataKind::Other;
  });
}

/// Throws Error(Usage) for --encoding if no data may have names or labels in text. Arrays may: this is known
/// when they are read.
void require_text(const Settings& settings) {
  const bool may_have_labels = std::ranges::any_of(data_names(settings), [](const std::string& file) {
    const FileKind kind = kind_of(file);
    return kind == FileKind::Npy || kind == FileKind::Npz || kind == FileKind::Hdf5Array;
  });
  const bool numbers_labels = settings.declares("loss");  // predict does not
  if (!(numbers_labels && may_have_labels) && !has_text(settings))
    require_kind(settings, DataKind::Table, "--encoding", "a table, an image directory, or labels as text");
}

DataSpec training_spec(const Settings& settings, const PortFacts& ports, Purpose purpose) {
  DataSpec spec = spec_of(settings, ports, "");
  spec.target_use = purpose == Purpose::Predict ? TargetUse::Optional : TargetUse::Required;
  // Predictions need no class numbers.
  if (purpose != Purpose::Predict && !settings.has("class_names"))
    spec.class_names = class_names_beside_model(settings);
  // The order decides which images --validation-split holds out.
  if (purpose == Purpose::Train) spec.image_order_seed = static_cast<std::uint64_t>(settings.integer("seed"));
  return spec;
}

}  // namespace

void require_use_of_class_names(const Settings& settings, const Dataset& data) {
  if (settings.has("class_names") && data.class_names.empty())
    throw Error(ErrorKind::Usage,
                {"KAIROS-U014", "--class-names " + settings.text("class_names"),
                 "the target has no text labels to be numbered", "numbers", "", "Leave it out"});
}

void require_data(const Settings& settings) {
  if (!settings.has("data") && !settings.has("input"))
    throw Error(ErrorKind::Usage,
                {"KAIROS-U005", "--data", "this setting is missing", "", "",
                 "Name a .csv, .npy, .npz or IDX file, file.h5:/path, or an image directory"});
  constexpr const char* table = "a .csv, .tsv, .txt or .data file";
  constexpr const char* images = "an image directory";
  if (settings.choice("header") != "detect") require_kind(settings, DataKind::Table, "--header", table);
  if (text_encoding(settings.text("encoding")) != TextEncoding::Utf8) require_text(settings);
  if (settings.has("delimiter")) require_kind(settings, DataKind::Table, "--delimiter", table);
  if (settings.has("image_size")) require_kind(settings, DataKind::Images, "--image-size", images);
  if (settings.has("color_mode")) require_kind(settings, DataKind::Images, "--color-mode", images);
}

bool reads_table(const Settings& settings) {
  return settings.has("data") && data_kind_of(settings.text("data")) == DataKind::Table;
}

std::optional<Diagnosis> missing_target(const Settings& settings) {
  try {
    static_cast<void>(open_stream(spec_of(settings, {}, "")));
  } catch (const Error& error) {
    if (error.diagnosis().code == "KAIROS-D022") return error.diagnosis();
  }
  return std::nullopt;
}

namespace {

/// Arrays rarely have labels as text, which is not known before they are read.
void check_labels(const Settings& settings, const DataSpec& spec, const Dataset& data) {
  if (spec.encoding != TextEncoding::Utf8 && data.class_names.empty() && !has_text(settings))
    require_kind(settings, DataKind::Table, "--encoding", "a table, an image directory, or labels as text");
}

}  // namespace

LoadedData load(const Settings& settings, const PortFacts& ports, Purpose purpose) {
  const DataSpec spec = training_spec(settings, ports, purpose);
  LoadedData loaded = load_data(spec);
  check_labels(settings, spec, loaded.train);
  tell_columns(loaded.train, ports);
  return loaded;
}

std::unique_ptr<SampleSource> open_data(const Settings& settings, const PortFacts& ports, Purpose purpose) {
  if (!wants_stream(settings)) return nullptr;
  const DataSpec spec = training_spec(settings, ports, purpose);
  std::unique_ptr<SampleSource> stream = open_stream(spec);
  check_labels(settings, spec, stream->layout());
  tell_columns(stream->layout(), ports);
  return stream;
}

StreamOptions stream_options(const Settings& settings, Purpose purpose) {
  constexpr std::int64_t megabyte = 1 << 20;
  StreamOptions options;
  if (settings.has("buffer_size")) options.buffer_bytes = settings.integer("buffer_size") * megabyte;
  if (purpose == Purpose::Train) options.shuffle_window = settings.integer("shuffle_window");
  if (wants_stream(settings)) return options;
  if (settings.has("buffer_size"))
    needs_stream("buffer_size", settings, "Leave it out: data in memory needs no buffer");
  if (options.shuffle_window != 0)
    needs_stream("shuffle_window", settings, "Leave it out: data in memory is shuffled as a whole");
  return options;
}

std::optional<Dataset> load_validation(const Settings& settings, const PortFacts& ports, LoadedData& loaded) {
  if (settings.has("validation_data") || settings.has("validation_input")) {
    PortFacts trained = ports;
    trained.input_columns = columns_in_training(loaded.train, ports);
    DataSpec spec = spec_of(settings, trained, "validation_");
    inherit_roles(settings, spec);
    spec.class_names = loaded.train.class_names;
    Dataset data = load_data(spec).train;
    tell_columns(data, trained);
    return data;
  }
  for (const char* key : {"validation_target", "validation_sample_weight"})
    if (settings.has(key)) no_validation_samples(key);
  if (!loaded.validation && !settings.has("validation_split")) {
    for (const char* key : {"validation_batch_size", "validation_steps"})
      if (settings.integer(key) != 0) no_validation_samples(key);
    if (settings.text("validation_freq") != "1") no_validation_samples("validation_freq");
  }
  return std::exchange(loaded.validation, std::nullopt);
}

}  // namespace kairos::host::cli
