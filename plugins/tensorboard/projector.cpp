// SPDX-License-Identifier: MIT
// Tab-separated values, and a message in protobuf's text form.
#include "projector.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <kairos/error.hpp>
#include <map>
#include <system_error>

#include "text_file.hpp"
#include "unique_names.hpp"
#include "word_list.hpp"

namespace kairos::plugins::tensorboard {

namespace fs = std::filesystem;

namespace {

/// The weight's name without its last part, as a file name.
std::string file_name(const std::string& weight) {
  std::string name = weight.substr(0, weight.rfind('/'));
  for (char& c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    if (!plain && c != '_' && c != '.') c = '_';
  }
  return name;
}

std::string vectors_name(const Embedding& embedding) {
  return embedding.file + ".tsv";
}
std::string labels_name(const Embedding& embedding) {
  return embedding.file + "_metadata.tsv";
}

std::string last_name(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

std::vector<Embedding> all_embeddings(const Architecture& architecture, std::span<const Weight> weights) {
  std::vector<Embedding> found;
  UniqueNames files;
  const std::vector<Owner> owners = owners_of(architecture, weights);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (owners[i].node == architecture.nodes.size() || weights[i].shape.size() != 2) continue;
    const Node& node = architecture.nodes[owners[i].node];
    if (node.class_name == "Embedding" && owners[i].name == "embeddings")
      found.push_back({last_name(node.path),
                       i,
                       weights[i].name,
                       weights[i].shape[0],
                       weights[i].shape[1],
                       files.claim(file_name(weights[i].name)),
                       "",
                       {}});
  }
  return found;
}

std::vector<std::string> layer_names_of(const std::vector<Embedding>& embeddings) {
  std::vector<std::string> names;
  for (const Embedding& embedding : embeddings) names.push_back(embedding.layer);
  return names;
}

[[noreturn]] void refuse_layer(const char* option, const std::string& name,
                               const std::vector<Embedding>& embeddings) {
  throw Error(std::string(option) + " names \"" + name +
              "\", which is not an Embedding layer of this model; expected one of " +
              listed(layer_names_of(embeddings), "none") + ". Name one of them, or omit the option");
}

void require_layer(const char* option, const std::string& name, const std::vector<Embedding>& embeddings) {
  const auto same = [&](const Embedding& embedding) { return embedding.layer == name; };
  if (std::none_of(embeddings.begin(), embeddings.end(), same)) refuse_layer(option, name, embeddings);
}

fs::path find_file(const std::string& name, const fs::path& directory) {
  std::error_code ignored;
  const fs::path beside = directory / name;  // absolute names stay unchanged
  return fs::exists(beside, ignored) ? beside : fs::path(name);
}

/// Checks the number of labels as the projector counts them: a file with several columns begins with a
/// header, a file with one column does not.
void check_labels(const std::string& text, const fs::path& file, const Embedding& embedding) {
  std::int64_t lines = 0;
  std::size_t from = 0;
  while (from < text.size()) {
    const std::size_t end = std::min(text.find('\n', from), text.size());
    const std::string_view line = std::string_view(text).substr(from, end - from);
    if (line.find_first_not_of(" \r") == std::string_view::npos)
      throw Error(KAIROS_E_DATA, "\"" + file.string() + "\" has an empty line " + std::to_string(lines + 1) +
                                     ", after which the projector would shift the labels. Give every row a "
                                     "label");
    ++lines;
    from = end + 1;
  }
  const bool has_header = text.substr(0, text.find('\n')).find('\t') != std::string::npos;
  const std::int64_t rows = lines - (has_header ? 1 : 0);
  if (rows != embedding.rows)
    throw Error(KAIROS_E_DATA, "\"" + file.string() + "\" has " + std::to_string(rows) + " labels" +
                                   (has_header ? " below its header" : "") + ", and the layer \"" +
                                   embedding.layer + "\" has " + std::to_string(embedding.rows) +
                                   " rows. Give each row one label; only a file with several columns has a "
                                   "header");
}

void add_labels(std::vector<Embedding>& embeddings, std::string_view metadata, const fs::path& directory) {
  std::map<std::string, std::string> files;
  for (const std::string& word : words_of(metadata)) {
    const auto [layer, file] = pair_of(word);
    if (!layer.empty()) require_layer("embeddings_metadata", layer, embeddings);
    if (file.empty() || !files.emplace(layer, file).second)
      throw Error("embeddings_metadata is \"" + std::string(metadata) +
                  "\"; expected one file for all layers, or layer=file for each. Write for example "
                  "embeddings_metadata=\"" +
                  embeddings.front().layer + "=labels.tsv\"");
  }
  for (Embedding& embedding : embeddings) {
    const auto own = files.find(embedding.layer);
    const auto found = own != files.end() ? own : files.find("");
    if (found == files.end()) continue;
    const fs::path file = find_file(found->second, directory);
    embedding.labels = read_text_file(file);
    embedding.labels_file = file;
    check_labels(embedding.labels, file, embedding);
  }
}

/// A string of protobuf's text form.
std::string text_form(std::string_view text) {
  constexpr const char* octal = "01234567";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      out += {'\\', c};
    else if (byte < 0x20 || byte == 0x7F)
      out += {'\\', octal[byte >> 6], octal[(byte >> 3) & 7], octal[byte & 7]};
    else
      out += c;
  }
  return out + '"';
}

}  // namespace

std::vector<Embedding> choose_embeddings(const Architecture& architecture, std::span<const Weight> weights,
                                         std::string_view layer_names, std::string_view metadata,
                                         const fs::path& directory) {
  const std::vector<Embedding> all = all_embeddings(architecture, weights);
  const std::vector<std::string> wanted = words_of(layer_names);
  for (const std::string& name : wanted) require_layer("embeddings_layer_names", name, all);
  std::vector<Embedding> chosen;
  for (const Embedding& embedding : all)
    if (wanted.empty() || std::find(wanted.begin(), wanted.end(), embedding.layer) != wanted.end())
      chosen.push_back(embedding);
  if (chosen.empty())
    throw Error("embeddings_freq is set, and this model has no Embedding layer. Omit embeddings_freq");
  add_labels(chosen, metadata, directory);
  return chosen;
}

std::vector<fs::path> projector_files(const fs::path& directory, std::span<const Embedding> embeddings) {
  std::vector<fs::path> files;
  for (const Embedding& embedding : embeddings) {
    files.push_back(directory / vectors_name(embedding));
    if (!embedding.labels.empty()) files.push_back(directory / labels_name(embedding));
  }
  if (!embeddings.empty()) files.push_back(directory / "projector_config.pbtxt");
  return files;
}

void write_vectors(const fs::path& directory, const Embedding& embedding, std::span<const float> values) {
  std::string text;
  std::array<char, 32> digits{};
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), values[i]);
    text.append(digits.data(), written.ptr);
    text += (static_cast<std::int64_t>(i) + 1) % embedding.columns == 0 ? '\n' : '\t';
  }
  write_text_file(directory / vectors_name(embedding), text);
}

void write_projector(const fs::path& directory, std::span<const Embedding> embeddings) {
  std::string config;
  for (const Embedding& embedding : embeddings) {
    config += "embeddings {\n  tensor_name: " + text_form(embedding.weight_name) + "\n";
    if (!embedding.labels.empty()) {
      write_text_file(directory / labels_name(embedding), embedding.labels);
      config += "  metadata_path: " + text_form(labels_name(embedding)) + "\n";
    }
    for (const std::int64_t size : {embedding.rows, embedding.columns})
      config += "  tensor_shape: " + std::to_string(size) + "\n";
    config += "  tensor_path: " + text_form(vectors_name(embedding)) + "\n}\n";
  }
  write_text_file(directory / "projector_config.pbtxt", config);
}

}  // namespace kairos::plugins::tensorboard
