// SPDX-License-Identifier: MIT
// The flags of training and of validation data differ by their prefix only.
#include "cli/data_settings.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <system_error>
#include <utility>

#include "cli/class_numbers.hpp"
#include "cli/known_columns.hpp"
#include "data/array_file.hpp"
#include "io/file_kind.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host::cli {

namespace {

HeaderPolicy header_policy(const std::string& text) {
  if (text == "detect") return HeaderPolicy::Detect;
  if (text == "true") return HeaderPolicy::Present;
  if (text == "false") return HeaderPolicy::Absent;
  throw Error(ErrorKind::Usage,
              {"KAIROS-U003", "--header", "the value is none of the choices", "\"" + text + "\"",
               "detect, true or false", suggest(text, {"detect", "true", "false"})});
}

char delimiter_of(const std::string& text) {
  if (text.empty()) return '\0';
  if (text == "\\t" || text == "tab") return '\t';
  if (text.size() == 1) return text.front();
  throw Error(ErrorKind::Usage, {"KAIROS-U003", "--delimiter", "the value is no single character",
                                 "\"" + text + "\"", "one character, or tab", "Write --delimiter ';'"});
}

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

[[noreturn]] void bad_stream(const std::string& flag, const std::string& found, const std::string& expected,
                             const std::string& cure) {
  throw Error(ErrorKind::Usage,
              {"KAIROS-U013", flag, "the setting of a stream does not fit", found, expected, cure});
}

bool wants_stream(const Settings& settings) {
  const std::string text = settings.text("stream");
  if (text == "true" || text == "True") return true;
  if (text == "false" || text == "False") return false;
  throw Error(ErrorKind::Usage, {"KAIROS-U003", "--stream", "the value is none of the choices",
                                 "\"" + text + "\"", "true or false", suggest(text, {"true", "false"})});
}

/// "28x28", or "28,28" as a list in a configuration becomes.
ImageSize image_size_of(const std::string& text) {
  ImageSize size;
  const char* end = text.data() + text.size();
  const auto [cross, first] = std::from_chars(text.data(), end, size.height);
  if (first == std::errc() && cross != end && (*cross == 'x' || *cross == ',')) {
    const auto [stop, second] = std::from_chars(cross + 1, end, size.width);
    if (second == std::errc() && stop == end && size.height > 0 && size.width > 0) return size;
  }
  throw Error(ErrorKind::Usage, {"KAIROS-U003", "--image-size", "the value cannot be read",
                                 "\"" + text + "\"", "HEIGHTxWIDTH", "Write --image-size 28x28"});
}

/// Size and colours of pictures: as the flags say, else as the model takes them, else in colour as Keras
/// does.
void set_image_format(const Settings& settings, const std::vector<std::int64_t>& shape, DataSpec& spec) {
  const bool known = shape.size() == 3 && shape[0] > 0 && shape[1] > 0;
  if (known) spec.image_size = {shape[0], shape[1]};
  if (known && shape[2] == 1) spec.color_mode = ColorMode::Grayscale;
  if (settings.has("image_size")) spec.image_size = image_size_of(settings.text("image_size"));
  if (!settings.has("color_mode")) return;
  const std::string mode = settings.text("color_mode");
  if (mode != "grayscale" && mode != "rgb")
    throw Error(ErrorKind::Usage,
                {"KAIROS-U003", "--color-mode", "the value is none of the choices", "\"" + mode + "\"",
                 "grayscale or rgb", suggest(mode, {"grayscale", "rgb"})});
  spec.color_mode = mode == "rgb" ? ColorMode::Rgb : ColorMode::Grayscale;
}

DataSpec spec_of(const Settings& settings, const PortFacts& ports, const std::string& prefix) {
  DataSpec spec;
  spec.file = settings.text(prefix + "data");
  spec.inputs = sources_of(settings, prefix + "input");
  for (const PortSource& input : spec.inputs)
    if (input.port.empty())
      throw Error(ErrorKind::Usage,
                  {"KAIROS-U003", prefix.empty() ? "--input" : "--validation-input", "an input has no name",
                   "\"" + input.source + "\"", "NAME=COLUMN or NAME=FILE", "Write NAME=" + input.source});
  take(settings, prefix + "target", spec.target, spec.targets);
  take(settings, prefix + "sample_weight", spec.sample_weight, spec.sample_weights);
  spec.header = header_policy(settings.text("header"));
  spec.delimiter = delimiter_of(settings.text("delimiter"));
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

/// Columns and arrays are called alike in training and validation; a file of training targets has no rows for
/// the samples of validation.
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
                {"KAIROS-U012", "--validation-data", "the samples to validate on have no target",
                 "--target, which is a file for the training samples", "",
                 "Name a file of their targets with --validation-target"});
  }
  if (!has_weight && !any_file(training.sample_weight, training.sample_weights)) {
    spec.sample_weight = training.sample_weight;
    spec.sample_weights = training.sample_weights;
  }
}

[[noreturn]] void nothing_to_validate_on(const std::string& key) {
  std::string flag = "--" + key;
  std::replace(flag.begin(), flag.end(), '_', '-');
  throw Error(ErrorKind::Usage, {"KAIROS-U012", flag, "there are no samples to validate on", "", "",
                                 "Name them with --validation-data or --validation-input"});
}

enum class DataKind { Table, Pictures, Other };

DataKind data_kind_of(const std::string& data) {
  if (is_table(kind_of(data))) return DataKind::Table;
  std::error_code ignored;
  const bool file = std::filesystem::path(data).has_extension() || hdf5_location(data) ||
                    std::filesystem::is_regular_file(data, ignored);
  // A directory that is not there is missed where it is read.
  return file && !std::filesystem::is_directory(data, ignored) ? DataKind::Other : DataKind::Pictures;
}

/// Throws Error(Usage) for a setting that only matters to data of that kind, where there are none.
void require_kind(const Settings& settings, DataKind kind, const char* flag, const char* expected) {
  for (const char* key : {"data", "validation_data"})
    if (settings.declares(key) && settings.has(key) && data_kind_of(settings.text(key)) == kind) return;
  throw Error(ErrorKind::Usage, {"KAIROS-U015", flag, "the data are not of the kind that the setting is for",
                                 settings.has("data") ? "--data " + settings.text("data") : "--input",
                                 expected, "Leave it out"});
}

/// Throws Error(Usage) for --encoding where no data have names or labels.
void require_text(const Settings& settings) {
  std::vector<NamedText> files;
  for (const char* key :
       {"data", "validation_data", "input", "validation_input", "target", "validation_target"})
    if (settings.declares(key))
      for (NamedText& one : settings.named(key)) files.push_back(std::move(one));
  const bool any = std::any_of(files.begin(), files.end(), [](const NamedText& one) {
    return !one.value.empty() && data_kind_of(one.value) != DataKind::Other;
  });
  if (!any) require_kind(settings, DataKind::Table, "--encoding", "a table or a directory of pictures");
}

DataSpec training_spec(const Settings& settings, const PortFacts& ports, Purpose purpose) {
  DataSpec spec = spec_of(settings, ports, "");
  spec.target_use = purpose == Purpose::Predict ? TargetUse::Optional : TargetUse::Required;
  // Predictions need no numbers of labels.
  const bool words_possible = data_kind_of(settings.text("data")) != DataKind::Other;
  if (purpose != Purpose::Predict && words_possible && !settings.has("class_names"))
    spec.class_names = class_names_beside_model(settings);
  // Before --validation-split takes the last ones.
  if (purpose == Purpose::Train) spec.image_order_seed = static_cast<std::uint64_t>(settings.integer("seed"));
  return spec;
}

}  // namespace

void require_use_of_class_names(const Settings& settings, const Dataset& data) {
  if (settings.has("class_names") && data.class_names.empty())
    throw Error(ErrorKind::Usage, {"KAIROS-U014", "--class-names " + settings.text("class_names"),
                                   "the target has no labels in words that the names could be those of",
                                   "numbers", "", "Leave it out"});
}

void require_data(const Settings& settings) {
  if (!settings.has("data") && !settings.has("input"))
    throw Error(ErrorKind::Usage,
                {"KAIROS-U005", "--data", "this setting is missing", "", "",
                 "Name a .csv, .npy, .npz or IDX file, file.h5:/path, or a directory of pictures"});
  constexpr const char* table = "a .csv, .tsv, .txt or .data file";
  constexpr const char* pictures = "a directory of pictures";
  if (settings.text("header") != "detect") require_kind(settings, DataKind::Table, "--header", table);
  if (text_encoding(settings.text("encoding")) != TextEncoding::Utf8) require_text(settings);
  if (settings.has("delimiter")) require_kind(settings, DataKind::Table, "--delimiter", table);
  if (settings.has("image_size")) require_kind(settings, DataKind::Pictures, "--image-size", pictures);
  if (settings.has("color_mode")) require_kind(settings, DataKind::Pictures, "--color-mode", pictures);
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

LoadedData load(const Settings& settings, const PortFacts& ports, Purpose purpose) {
  LoadedData loaded = load_data(training_spec(settings, ports, purpose));
  tell_columns(loaded.train, ports);
  return loaded;
}

std::unique_ptr<SampleSource> open_data(const Settings& settings, const PortFacts& ports, Purpose purpose) {
  if (!wants_stream(settings)) return nullptr;
  std::unique_ptr<SampleSource> stream = open_stream(training_spec(settings, ports, purpose));
  tell_columns(stream->layout(), ports);
  return stream;
}

StreamOptions stream_options(const Settings& settings, Purpose purpose) {
  constexpr std::int64_t megabyte = 1 << 20, most = std::int64_t{1} << 30;
  const bool sized = settings.has("buffer_size"), streams = wants_stream(settings);
  const std::int64_t megabytes = sized ? settings.integer("buffer_size") : 64;
  if (megabytes < 1 || megabytes > most)
    bad_stream("--buffer-size", std::to_string(megabytes), "megabytes, 1 or more",
               "Leave it out for 64 megabytes");
  if (sized && !streams)
    bad_stream("--buffer-size", std::to_string(megabytes), "--stream true beside it",
               "Leave it out: data in memory need no buffer");
  StreamOptions options;
  options.buffer_bytes = megabytes * megabyte;
  if (purpose == Purpose::Train) options.shuffle_window = settings.integer("shuffle_window");
  if (options.shuffle_window != 0 && !streams)
    bad_stream("--shuffle-window", std::to_string(options.shuffle_window), "--stream true beside it",
               "Leave it out: data in memory are shuffled as a whole");
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
    if (settings.has(key)) nothing_to_validate_on(key);
  if (!loaded.validation && !settings.has("validation_split")) {
    for (const char* key : {"validation_batch_size", "validation_steps"})
      if (settings.integer(key) != 0) nothing_to_validate_on(key);
    if (settings.text("validation_freq") != "1") nothing_to_validate_on("validation_freq");
  }
  return std::exchange(loaded.validation, std::nullopt);
}

}  // namespace kairos::host::cli
