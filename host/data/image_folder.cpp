// SPDX-License-Identifier: MIT
// Lists first and decodes then, so that a name that does not belong there costs no time.
#include "data/image_folder.hpp"

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/available_memory.hpp"
#include "base/cpu_quota.hpp"
#include "base/large_pages.hpp"
#include "data/reading_threads.hpp"
#include "data/resize.hpp"
#include "io/text_encoding.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void refuse(const char* code, const std::string& where, const std::string& what,
                         const std::string& found, const std::string& expected, const std::string& cure) {
  throw Error(ErrorKind::Data, {code, where, what, found, expected, cure});
}

/// What systems and version control leave in directories.
bool is_litter(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.starts_with('.') || name == "Thumbs.db" || name == "desktop.ini";
}

std::vector<fs::path> entries_of(const fs::path& directory) {
  std::error_code error;
  std::vector<fs::path> entries;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error))
    if (!is_litter(entry->path())) entries.push_back(entry->path());
  if (error)
    throw Error(ErrorKind::File,
                {"KAIROS-F001", directory.string(), "cannot open the directory", error.message(),
                 "a readable directory", "Give yourself the right to read it"});
  std::sort(entries.begin(), entries.end());
  return entries;
}

/// By the name of its directory.
void add_class(std::map<std::string, fs::path>& classes, const fs::path& directory, TextEncoding encoding) {
  const std::string name = directory.filename().string();
  if (const auto fault = text_fault(name, encoding))
    refuse("KAIROS-D332", shown_bytes(directory.string()),
           std::string("the name of a class is not ") + encoding_name(encoding) + " text",
           byte_text(name[*fault]) + " at offset " + std::to_string(*fault) + " of the name", "",
           encoding == TextEncoding::Utf8
               ? "Say what it is with --encoding latin1 or --encoding cp1252, or rename the directory"
               : "Give another --encoding, or rename the directory");
  classes.emplace(as_utf8(name, encoding), directory);
}

void check_memory(const std::string& name, std::uint64_t pictures, std::uint64_t row_size) {
  const std::uint64_t memory = available_memory();
  std::uint64_t needed = 0;
  if (!__builtin_mul_overflow(row_size * sizeof(float), pictures, &needed) && needed <= memory) return;
  refuse("KAIROS-D079", name, "the pictures do not fit into memory",
         std::to_string(pictures) + " of " + std::to_string(row_size * sizeof(float)) + " bytes each",
         "at most " + std::to_string(memory) + " bytes",
         "Choose a smaller --image-size, or fewer pictures, or stream them");
}

}  // namespace

ImageFolder::ImageFolder(const DataSpec& spec)
    : name_(spec.file.string()), size_(spec.image_size), mode_(spec.color_mode) {
  check(spec);
  list(spec);
  if (spec.image_order_seed) mix(*spec.image_order_seed);
}

std::vector<std::int64_t> ImageFolder::shape() const {
  return {size(), size_.height, size_.width, static_cast<std::int64_t>(mode_)};
}

std::vector<std::string> ImageFolder::files() const {
  std::vector<std::string> files;
  for (const Picture& picture : pictures_) files.push_back(picture.path.string());
  return files;
}

float ImageFolder::label(std::int64_t index) const {
  return static_cast<float>(pictures_[static_cast<std::size_t>(index)].label);
}

void ImageFolder::decode(std::int64_t index, std::span<float> out) const {
  const Picture& picture = pictures_[static_cast<std::size_t>(index)];
  InputFile file(picture.path);
  if (picture.stamp) file.check_is(*picture.stamp);
  resize_bilinear(read_image(file, mode_), size_, out);
}

void ImageFolder::check(const DataSpec& spec) const {
  if (!spec.target.empty() || !spec.targets.empty() || !spec.sample_weight.empty() ||
      !spec.sample_weights.empty())
    refuse("KAIROS-D076", name_, "targets or weights are named beside a directory of pictures", "",
           "none: the sub-directories are the classes", "Leave them out; --class-weight weighs classes");
  constexpr std::int64_t longest = 1 << 14;
  if (spec.image_size.height > longest || spec.image_size.width > longest)
    refuse("KAIROS-D077", name_, "the pictures are to be too large",
           std::to_string(spec.image_size.height) + " x " + std::to_string(spec.image_size.width),
           "at most 16384 x 16384", "Give a smaller --image-size");
  if (spec.image_size.height < 1 || spec.image_size.width < 1)
    refuse("KAIROS-D094", name_, "the size of the pictures is not known", "",
           "a height and a width, or a model that begins with input(height,width,channels)",
           "Give it, such as --image-size 64x64");
}

void ImageFolder::list(const DataSpec& spec) {
  std::map<std::string, fs::path> classes;
  std::vector<fs::path> loose;
  for (fs::path& path : entries_of(spec.file)) {
    std::error_code ignored;
    if (fs::is_directory(path, ignored))
      add_class(classes, path, spec.encoding);
    else
      loose.push_back(std::move(path));
  }
  if (classes.empty()) {
    if (spec.target_use == TargetUse::Required)
      refuse("KAIROS-D078", name_, "the directory has no classes", "no sub-directories", "one for each class",
             "Put the pictures of each class into a sub-directory of its own");
    add_pictures(spec.file, 0);
    return;
  }
  if (!loose.empty())
    refuse("KAIROS-D078", loose.front().string(), "a file stands beside the classes", "",
           "sub-directories, one for each class", "Move it into its class, or take it out");
  class_names_ = spec.class_names;
  if (class_names_.empty())
    for (const auto& [name, path] : classes) class_names_.push_back(name);
  for (const auto& [name, path] : classes) {
    const auto known = std::find(class_names_.begin(), class_names_.end(), name);
    if (known == class_names_.end())
      refuse("KAIROS-D033", path.string(), "the model was not trained on this label", "\"" + name + "\"",
             "one of the labels that it knows", suggest(name, class_names_));
    add_pictures(path, static_cast<std::size_t>(known - class_names_.begin()));
  }
}

/// The same order for the same seed on every machine: each picture is given a number, and these are sorted.
void ImageFolder::mix(std::uint64_t seed) {
  std::vector<std::pair<std::uint64_t, Picture>> numbered;
  for (std::size_t i = 0; i < pictures_.size(); ++i) {
    std::uint64_t number = (seed + 1) * 0x9e3779b97f4a7c15 + i;  // then splitmix64
    number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9;
    number = (number ^ number >> 27) * 0x94d049bb133111eb;
    numbered.emplace_back(number ^ number >> 31, std::move(pictures_[i]));
  }
  std::stable_sort(numbered.begin(), numbered.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (std::size_t i = 0; i < pictures_.size(); ++i) pictures_[i] = std::move(numbered[i].second);
}

/// Directories below a class are part of it, as in Keras; links to directories are not followed.
void ImageFolder::add_pictures(const fs::path& directory, std::size_t label) {
  for (fs::path& path : entries_of(directory)) {
    std::error_code ignored;
    if (fs::is_directory(fs::symlink_status(path, ignored))) {
      add_pictures(path, label);
    } else if (is_image_name(path)) {
      const std::optional<FileStamp> stamp = stamp_of(path);
      pictures_.push_back({std::move(path), label, stamp});
    } else {
      refuse("KAIROS-D075", path.string(), "this is no picture that can be read",
             path.has_extension() ? "\"" + path.extension().string() + "\"" : "no ending",
             ".png, .jpg or .jpeg", "Convert it, or take it out of the directory");
    }
  }
}

Dataset read_image_folder(const DataSpec& spec) {
  const ImageFolder folder(spec);
  Dataset data;
  data.origin = spec.file.string();
  data.class_names = folder.class_names();
  data.files = folder.files();
  Array array{folder.shape(), {}};
  const auto row_size = static_cast<std::size_t>(array.row_size());
  const auto count = static_cast<std::size_t>(folder.size());
  check_memory(data.origin, count, row_size);
  resize_large(array.values, count * row_size);
  // Each thread has a part of the pictures in order, so that the fault that is told is that of the first one.
  const std::size_t parts = std::clamp<std::size_t>(usable_processors(), 1, std::max<std::size_t>(count, 1));
  each_part_in_parallel(parts, [&](std::size_t part) {
    for (std::size_t i = count * part / parts; i < count * (part + 1) / parts; ++i)
      folder.decode(static_cast<std::int64_t>(i), std::span(array.values).subspan(i * row_size, row_size));
  });
  data.inputs.push_back({"", std::move(array)});
  if (data.class_names.empty()) return data;
  NamedArray target{"", {{folder.size()}, {}}};
  for (std::int64_t i = 0; i < folder.size(); ++i) target.array.values.push_back(folder.label(i));
  data.targets.push_back(std::move(target));
  return data;
}

}  // namespace kairos::host
