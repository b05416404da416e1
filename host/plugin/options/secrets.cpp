// SPDX-License-Identifier: MIT
// Reads secrets, and keeps them out of messages and records.
#include "plugin/options/secrets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <utility>

#include "kairos/abi.h"
#include "kairos/host/error.hpp"
#include "plugin/options/given_text.hpp"
#include "plugin/options/options.hpp"

namespace kairos::host {

namespace {

constexpr std::string_view env_prefix = "env:";
constexpr std::string_view file_prefix = "file:";

[[noreturn]] void refuse(const std::string& where, std::string what, std::string found, std::string cure) {
  throw Error(ErrorKind::Plugin,
              {"KAIROS-O058", where, std::move(what), std::move(found), "", std::move(cure)});
}

std::string from_environment(const std::string& name, const std::string& where) {
  const char* const value = ::getenv(name.c_str());
  if (value == nullptr || *value == '\0')
    refuse(where, "the environment variable of the secret has no value", '"' + name + '"',
           "Set it, or give the secret as file:PATH");
  return value;
}

/// The file without the line end that editors add.
std::string from_file(const std::filesystem::path& file, const std::string& where) {
  constexpr std::streamsize most = 64 << 10;
  errno = 0;
  std::ifstream in(file, std::ios::binary);
  std::string text(static_cast<std::size_t>(most) + 1, '\0');
  in.read(text.data(), most + 1);
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (in.gcount() > most)
    refuse(where, "the file of the secret is too long", '"' + file.string() + "\", more than 65536 bytes",
           "Give a file that contains the secret and nothing else");
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  if (text.empty())
    refuse(where, "the file of the secret cannot be read",
           '"' + file.string() + "\"" +
               (errno == 0 ? ", which is empty" : std::string(": ") + std::strerror(errno)),
           "Check the path and its permissions");
  return text;
}

bool is_reference(std::string_view text) {
  return text.starts_with(env_prefix) || text.starts_with(file_prefix);
}

/// As it would be written in Python.
std::string python_literal(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

/// The value of an option as it may be stored. A path that the callback reads refers to the current
/// directory, which may be another one when the record is used.
std::string storable_value(const OptionSpec* option, const PluginOption& given) {
  if (option == nullptr || means_unset(*option, given)) return given.value;
  if (is_secret(*option) && !is_reference(given.value)) return std::string(hidden_secret);
  if (!is_only_read(*option) || given.value.empty()) return given.value;
  const std::filesystem::path path = given.value;
  return path.is_absolute() ? given.value
                            : (std::filesystem::current_path() / path).lexically_normal().string();
}

/// The values of the options of the spec as they may be stored. Of a callback that cannot be found, or that
/// does not take these options, each may be a secret: the run refuses it, but its text is printed all the
/// same.
std::vector<std::string> storable_values(const PluginSpec& spec, const Catalog& catalog) {
  std::vector<std::string> values;
  try {
    const CallbackManifest& callback = *catalog.find(spec).callback;
    for (const PluginOption& one : with_names(callback, spec.options, spec.target))
      values.push_back(storable_value(find_option(callback, one.key), one));
  } catch (const Error&) {
    values.clear();
    for (const PluginOption& one : spec.options)
      values.push_back(is_reference(one.value) ? one.value : std::string(hidden_secret));
  }
  return values;
}

}  // namespace

std::string spec_text(const PluginSpec& spec) {
  bool is_call = false;
  for (const PluginOption& option : spec.options)
    is_call = is_call || option.written == Written::Argument || option.key.empty();
  std::string text = spec.target;
  if (!spec.callback.empty()) text += "#" + spec.callback;
  if (!spec.instance.empty()) text += "@" + spec.instance;
  const char* separator = is_call ? "(" : ":";
  for (const PluginOption& option : spec.options) {
    text += separator + option.key + (option.key.empty() ? "" : "=") +
            (option.written == Written::Quoted ? python_literal(option.value) : option.value);
    separator = ",";
  }
  return text + (is_call ? ")" : "");
}

bool is_secret(const OptionSpec& option) noexcept {
  return (option.flags & KAIROS_OPTION_SECRET) != 0;
}

ReadSecret read_secret(const std::string& text, const std::string& where) {
  if (text == hidden_secret)
    refuse(where, "the secret was not stored", '"' + text + '"',
           "Give the secret again, or as env:NAME or file:PATH, which are stored");
  if (text.starts_with(env_prefix)) return {from_environment(text.substr(env_prefix.size()), where), {}};
  if (!text.starts_with(file_prefix)) return {text, {}};
  if (text == file_prefix)
    refuse(where, "the path of the secret is missing", '"' + text + '"',
           "Write file:PATH, such as file:token.txt");
  const std::filesystem::path file = std::filesystem::absolute(text.substr(file_prefix.size()));
  return {from_file(file, where), file};
}

void add_secrets(std::vector<std::string>& all, std::span<const std::string> more) {
  all.insert(all.end(), more.begin(), more.end());
  std::ranges::sort(all, [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  });
  all.erase(std::unique(all.begin(), all.end()), all.end());
}

std::string without_secrets(std::string_view text, std::span<const std::string> secrets) {
  std::string out(text);
  for (const std::string& secret : secrets) {
    if (secret.empty()) continue;
    for (std::size_t at = 0; (at = out.find(secret, at)) != std::string::npos; at += hidden_secret.size())
      out.replace(at, secret.size(), hidden_secret);
  }
  return out;
}

std::string storable_spec(const std::string& text, const Catalog& catalog) {
  PluginSpec spec = parse_plugin_spec(text);
  std::vector<std::string> values = storable_values(spec, catalog);
  bool changes = false;
  for (std::size_t i = 0; i < spec.options.size(); ++i) {
    if (spec.options[i].value == values[i]) continue;
    spec.options[i].value = std::move(values[i]);
    spec.options[i].written = Written::Quoted;
    changes = true;
  }
  return changes ? spec_text(spec) : text;
}

}  // namespace kairos::host
