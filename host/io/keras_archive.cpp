// SPDX-License-Identifier: MIT
// Translates between Keras 3's compile_config and the training_config of HDF5 files; limits what is
// decompressed.
#include "io/keras_archive.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/atomic_file.hpp"
#include "base/available_memory.hpp"
#include "base/json.hpp"
#include "io/architecture.hpp"
#include "io/hdf5/isolated.hpp"
#include "io/hdf5/layouts.hpp"
#include "io/input_columns.hpp"
#include "io/zip_archive.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

using Json = nlohmann::ordered_json;  // keeps keys in Keras' order

constexpr const char* config_name = "config.json";
constexpr const char* metadata_name = "metadata.json";
constexpr const char* weights_name = "model.weights.h5";
constexpr const char* save_again = "Save it again with model.save";

[[noreturn]] void refuse_archive(const char* code, const std::string& where, const char* what,
                                 const std::string& found, const std::string& expected, const char* cure) {
  throw Error(ErrorKind::File, {code, where, what, found, expected, cure});
}

/// A name that leads outside of the directory of extraction is a sign of a hostile file.
bool leads_out(std::string_view name) {
  if (name.starts_with('/') || name.find('\\') != std::string_view::npos) return true;
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t end = std::min(name.find('/', begin), name.size());
    if (name.substr(begin, end - begin) == "..") return true;
    begin = end + 1;
  }
  return false;
}

class Archive {
 public:
  explicit Archive(const InputFile& file) : name_(file.name()), file_(file), packed_(file_.size()) {
    std::string reason;
    archive_ = open_zip(file_, reason);
    if (!archive_)
      refuse_archive("KAIROS-F040", name_, "this is not a complete .keras archive", reason,
                     "a zip file that Keras or Kairos wrote", "Copy or write the file again");
    check_names();
    constexpr std::uint64_t inflation_limit = 64;
    budget_ = file_.size() * inflation_limit;
  }

  /// Throws Error(File) if the file was modified since it was opened.
  void check_unchanged() const { file_.check_unchanged(); }

  /// "model.keras:config.json"
  [[nodiscard]] std::string place(const char* entry) const { return name_ + ":" + entry; }

  [[nodiscard]] bool holds(const char* entry) const { return zip_name_locate(archive_.get(), entry, 0) >= 0; }

  [[nodiscard]] std::string read(const char* entry) {
    const zip_int64_t found = zip_name_locate(archive_.get(), entry, 0);
    if (found < 0)
      refuse_archive("KAIROS-F041", place(entry), "an entry of the archive is missing", "",
                     "config.json and model.weights.h5", save_again);
    const auto index = static_cast<zip_uint64_t>(found);
    const std::uint64_t size = declared_size(index, entry);
    const ZipEntry open(zip_fopen_index(archive_.get(), index, 0));
    if (!open) damaged(entry, zip_strerror(archive_.get()));
    std::string bytes(size, '\0');
    std::size_t done = 0;
    for (;;) {  // libzip verifies the checksum at the end, so one more byte is requested
      char beyond = 0;
      const bool full = done == bytes.size();
      const zip_int64_t n =
          zip_fread(open.get(), full ? &beyond : bytes.data() + done, full ? 1 : bytes.size() - done);
      if (n < 0) damaged(entry, zip_file_strerror(open.get()));
      if (n > 0 && full) damaged(entry, "more bytes than declared");
      if (n == 0) break;
      done += static_cast<std::size_t>(n);
    }
    if (done != bytes.size()) damaged(entry, "fewer bytes than declared");
    return bytes;
  }

 private:
  void check_names() const {
    const auto entries =
        static_cast<zip_uint64_t>(std::max<zip_int64_t>(zip_get_num_entries(archive_.get(), 0), 0));
    std::array<std::size_t, 3> seen{};
    const std::array<std::string_view, 3> known{config_name, metadata_name, weights_name};
    for (zip_uint64_t i = 0; i < entries; ++i) {
      const char* name = zip_get_name(archive_.get(), i, 0);
      if (name == nullptr) damaged("", zip_strerror(archive_.get()));
      if (leads_out(name))
        refuse_archive("KAIROS-F043", name_, "the name of an entry points outside of the archive",
                       "\"" + std::string(name) + "\"", "names inside the archive", "Do not trust this file");
      for (std::size_t k = 0; k < known.size(); ++k)
        if (known[k] == name && ++seen[k] == 2)
          refuse_archive("KAIROS-F045", name_, "the archive has two entries of this name",
                         "\"" + std::string(name) + "\"", "one of each name", save_again);
    }
  }

  std::uint64_t declared_size(zip_uint64_t index, const char* entry) {
    zip_stat_t status;
    zip_stat_init(&status);
    if (zip_stat_index(archive_.get(), index, 0, &status) != 0 || (status.valid & ZIP_STAT_SIZE) == 0)
      damaged(entry, zip_strerror(archive_.get()));
    if (status.size > budget_)
      refuse_archive("KAIROS-F042", place(entry), "the archive declares more than it can plausibly hold",
                     std::to_string(status.size) + " bytes in a file of " + std::to_string(file_.size()),
                     "at most 64 times the size of the file", "Write the file again without compression");
    budget_ -= status.size;
    if (const std::string fault = packed_.fault(status); !fault.empty()) damaged(entry, fault);
    require_memory(place(entry), status.size, whole_file_error);
    return status.size;
  }

  [[noreturn]] void damaged(const char* entry, const std::string& reason) const {
    refuse_archive("KAIROS-F040", place(entry), "the archive is damaged", reason, "",
                   "Copy or write the file again");
  }

  std::string name_;
  const InputFile& file_;
  ZipArchive archive_;
  std::uint64_t budget_ = 0;  ///< for all entries together: several may share their bytes
  ZipBudget packed_;
};

/// compile_config in the form of an HDF5 file: the optimizer under another key and without its module.
std::string training_config(const Json& compile_config) {
  Json config = compile_config;
  const auto optimizer = config.find("optimizer");
  if (optimizer != config.end()) {
    if (optimizer->is_object()) {
      Json kept;
      for (const char* key : {"class_name", "config"})
        if (optimizer->contains(key)) kept[key] = (*optimizer)[key];
      config["optimizer_config"] = std::move(kept);
    } else if (optimizer->is_string()) {
      config["optimizer_config"] = {{"class_name", *optimizer}, {"config", Json::object()}};
    }
    config.erase("optimizer");
  }
  return config.dump();
}

Json compile_config(const std::string& training_config_json, const std::string& origin) {
  static_cast<void>(
      parse_json(training_config_json, origin));  // limits the depth; the code below may recurse
  Json training = Json::parse(training_config_json);
  Json config = Json::object();
  if (const auto optimizer = training.find("optimizer_config");
      optimizer != training.end() && optimizer->is_object())
    config["optimizer"] = {{"module", "keras.optimizers"},
                           {"class_name", optimizer->value("class_name", Json())},
                           {"config", optimizer->value("config", Json::object())},
                           {"registered_name", nullptr}};
  for (const char* key : {"loss", "loss_weights", "metrics", "weighted_metrics"})
    config[key] = training.contains(key) ? training[key] : Json();
  config["run_eagerly"] = training.value("run_eagerly", Json(false));
  config["steps_per_execution"] = training.value("steps_per_execution", Json(1));
  config["jit_compile"] = training.value("jit_compile", Json(false));
  return config;
}

std::string date_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::localtime_r(&now, &parts);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d@%H:%M:%S", &parts)};
}

std::string config_json(const ModelFile& file, const std::string& origin) {
  static_cast<void>(parse_json(file.architecture_json, origin));
  Json config = Json::parse(file.architecture_json);
  if (!config.is_object() || !config.contains("module"))
    refuse_archive("KAIROS-F026", origin, "the architecture is not in Keras 3's JSON", "no \"module\"",
                   "what model.to_json() of Keras 3 writes", "Convert the model with kairos convert");
  for (const char* key : {"keras_version", "backend", "compile_config"}) config.erase(key);
  if (!file.training_config_json.empty())
    config["compile_config"] = compile_config(file.training_config_json, origin);
  return config.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// What Kairos keeps in the metadata. Keras does not need them, so an error in other parts is no reason to
/// reject a model.
void read_metadata(Archive& archive, ModelFile& file) {
  if (!archive.holds(metadata_name)) return;
  const std::string text = archive.read(metadata_name);
  if (text.find(input_columns_key) == std::string::npos && text.find(weights_label_key) == std::string::npos)
    return;
  static_cast<void>(parse_json(text, archive.place(metadata_name)));
  const Json metadata = Json::parse(text);
  if (!metadata.is_object()) return;
  if (metadata.contains(input_columns_key))
    file.input_columns = input_columns_of(metadata[input_columns_key], archive.place(metadata_name));
  const auto label = metadata.find(weights_label_key);
  if (label != metadata.end() && label->is_string()) file.weights_label = label->get<std::string>();
}

ModelFile read_model(Archive archive, WeightsReader read_weights) {
  const std::string text = archive.read(config_name);
  static_cast<void>(parse_json(text, archive.place(config_name)));
  Json config = Json::parse(text);
  if (!config.is_object() || !config.contains("class_name"))
    refuse_archive("KAIROS-F044", archive.place(config_name),
                   "this is not the configuration of a Keras model", "",
                   "{\"module\", \"class_name\", \"config\", …}", save_again);
  const std::string weights = archive.read(weights_name);
  archive.check_unchanged();
  ModelFile file = read_weights(weights, archive.place(weights_name));
  if (file.layout != WeightsLayout::Keyed)
    refuse_archive("KAIROS-F044", archive.place(weights_name), "the weights are not in Keras 3's layout",
                   "a legacy HDF5 file", "groups below /layers", save_again);
  if (const auto compiled = config.find("compile_config"); compiled != config.end()) {
    if (compiled->is_object()) file.training_config_json = training_config(*compiled);
    config.erase("compile_config");
  }
  file.architecture_json = config.dump(-1, ' ', false, Json::error_handler_t::replace);
  read_metadata(archive, file);
  return file;
}

}  // namespace

ModelFile read_keras_archive(const std::filesystem::path& path) {
  return read_keras_archive(path, static_cast<WeightsReader>(read_hdf5_isolated));
}

ModelFile read_keras_archive(const std::filesystem::path& path, WeightsReader read_weights) {
  const InputFile file(path);
  return unless_changed(file, [&] { return read_model(Archive(file), read_weights); });
}

void write_keras_archive(const std::filesystem::path& path, const ModelFile& file) {
  const std::string origin = path.string();
  Json metadata{{"keras_version", architecture_facts(file.architecture_json, origin).keras_version},
                {"date_saved", date_now()}};
  if (!file.input_columns.empty()) metadata[input_columns_key] = input_columns_json(file.input_columns);
  if (!file.weights_label.empty()) metadata[weights_label_key] = file.weights_label;
  write_file(path, build_zip(path, {{metadata_name, metadata.dump()},
                                    {config_name, config_json(file, origin)},
                                    {weights_name, hdf5_keras3_image(path, file)}}));
}

}  // namespace kairos::host
