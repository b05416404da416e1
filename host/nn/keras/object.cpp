// SPDX-License-Identifier: MIT
// Reads and writes Keras' serialized objects.
#include "nn/keras/object.hpp"

#include <cctype>
#include <nlohmann/json.hpp>
#include <utility>

#include "kairos/host/error.hpp"
#include "nn/keras/config_reader.hpp"

namespace kairos::host {

namespace {

[[noreturn]] void refuse_custom(const std::string& where, const std::string& found) {
  throw Error(ErrorKind::Model, {"KAIROS-M004", where, "classes from outside Keras cannot be loaded", found,
                                 "a Keras class", "Replace it with a Keras class"});
}

}  // namespace

void require_keras_class(const nlohmann::json& object, const std::string& class_name,
                         const std::string& where) {
  if (const auto module = object.find("module"); module != object.end() && module->is_string()) {
    const std::string& text = module->get_ref<const std::string&>();
    const bool known =
        text.rfind("keras", 0) == 0 || text.rfind("tensorflow", 0) == 0 || text.rfind("tf_keras", 0) == 0;
    if (!known && text != "builtins") refuse_custom(where, "module " + brief_json(*module));
  }
  if (const auto registered = object.find("registered_name");
      registered != object.end() && registered->is_string()) {
    const std::string& text = registered->get_ref<const std::string&>();
    if (!text.empty() && text != class_name && text.rfind("Keras>", 0) != 0)
      refuse_custom(where, brief_json(*registered));
  }
}

void check_entry_keys(const nlohmann::json& object, const std::string& class_name, const std::string& where,
                      UnknownKeys* unknown) {
  if (unknown != nullptr) ConfigReader(object, where, {"entry", class_name, unknown}).finish();
}

KerasObject::KerasObject(const nlohmann::json& value, std::string where, std::vector<std::string> known,
                         UnknownKeys* unknown)
    : config_(std::make_unique<nlohmann::json>(nlohmann::json::object())),
      where_(std::move(where)),
      known_(std::move(known)) {
  if (value.is_string()) {
    class_name_ = value.get<std::string>();
    return;
  }
  const auto name = value.is_object() ? value.find("class_name") : value.end();
  if (!value.is_object() || name == value.end() || !name->is_string())
    throw Error(ErrorKind::Model, {"KAIROS-M005", where_, "this is neither a name nor a Keras object",
                                   brief_json(value), "a name, or {\"class_name\": …, \"config\": …}",
                                   "Write one of the two, with a name such as \"" + known_.front() + "\""});
  class_name_ = name->get<std::string>();
  require_keras_class(value, class_name_, where_);
  check_entry_keys(value, class_name_, where_, unknown);
  if (const auto config = value.find("config"); config != value.end() && !config->is_null())
    *config_ = *config;
}

KerasObject::~KerasObject() = default;

void KerasObject::unknown(std::string_view code, std::string_view what) const {
  throw Error(ErrorKind::Model,
              {std::string(code), where_, "there is no " + std::string(what) + " \"" + class_name_ + "\"", "",
               "", suggest(class_name_, known_)});
}

nlohmann::json keras_object(std::string_view module, std::string_view class_name, nlohmann::json config) {
  return {{"module", module},
          {"class_name", class_name},
          {"config", std::move(config)},
          {"registered_name", nullptr}};
}

std::string snake_case(std::string_view name) {
  const auto is = [&](int (*kind)(int), std::size_t i) {
    return i < name.size() && kind(static_cast<unsigned char>(name[i])) != 0;
  };
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    // Before a word, also after capitals or a digit: rms_normalization, conv2d_transpose.
    if (i > 0 && is(std::isupper, i) && (is(std::islower, i - 1) || is(std::islower, i + 1))) out += '_';
    out += static_cast<char>(std::tolower(static_cast<unsigned char>(name[i])));
  }
  return out;
}

}  // namespace kairos::host
