// SPDX-License-Identifier: MIT
// Lists all files before decoding any, so that an unexpected file is found at once.
#include "data/image_folder.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>

#include "base/available_memory.hpp"
#include "base/cpu_quota.hpp"
#include "base/large_pages.hpp"
#include "data/reading_threads.hpp"
#include "data/resize.hpp"
#include "io/file_kind.hpp"
#include "io/text_encoding.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void refuse(const char* code, const std::string& where, const std::string& what,
                         const std::string& found, const std::string& expected, const std::string& cure) {
  throw Error(ErrorKind::Data, {code, where, what, found, expected, cure});
}

/// Files and directories that operating systems, archives and version control leave in directories.
bool is_metadata(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.starts_with('.') || name == "Thumbs.db" || name == "desktop.ini" || name == "__MACOSX";
}

/// Formats that Keras reads too; it ignores files with any other ending.
bool is_other_image(const fs::path& path) {
  std::string ending = path.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return ending == ".gif" || ending == ".bmp";
}

/// "a, b and 3 more"
std::string list_of(const std::vector<fs::path>& files) {
  constexpr std::size_t listed = 3;
  std::string text;
  for (std::size_t i = 0; i < std::min(listed, files.size()); ++i)
    text += (i > 0 ? ", " : "") + shown_bytes(files[i].string());
  return text + (files.size() > listed ? " and " + std::to_string(files.size() - listed) + " more" : "");
}

std::vector<fs::path> entries_of(const fs::path& directory) {
  std::error_code error;
  std::vector<fs::path> entries;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error))
    if (!is_metadata(entry->path())) entries.push_back(entry->path());
  if (error)
    throw Error(ErrorKind::File,
                {"KAIROS-F001", directory.string(), "cannot open the directory", error.message(),
                 "a readable directory", "Change its permissions so that you can read it"});
  std::sort(entries.begin(), entries.end());
  return entries;
}

/// The name of the directory is the class.
void add_class(std::map<std::string, fs::path>& classes, const fs::path& directory, TextEncoding encoding) {
  const std::string name = directory.filename().string();
  if (const auto fault = text_fault(name, encoding))
    refuse("KAIROS-D332", shown_bytes(directory.string()),
           std::string("a class name is not ") + encoding_name(encoding) + " text",
           byte_text(name[*fault]) + " at offset " + std::to_string(*fault) + " of the name", "",
           encoding == TextEncoding::Utf8
               ? "Set `encoding=latin1` or `encoding=cp1252`, or rename the directory"
               : "Choose another encoding, or rename the directory");
  classes.emplace(as_utf8(name, encoding), directory);
}

void check_memory(const std::string& name, std::uint64_t images, std::uint64_t row_size) {
  std::uint64_t needed = 0;
  if (__builtin_mul_overflow(row_size * sizeof(float), images, &needed)) needed = UINT64_MAX;
  require_memory(
      name, needed,
      {.code = "KAIROS-D079", .cure = "Choose a smaller image size or fewer images, or stream them"});
}

}  // namespace

ImageFolder::ImageFolder(const DataSpec& spec)
    : name_(spec.file.string()), size_(spec.image_size), mode_(spec.color_mode) {
  check(spec);
  list(spec);
  check_found();
  if (spec.image_order_seed) mix(*spec.image_order_seed);
}

std::vector<std::int64_t> ImageFolder::shape() const {
  return {size(), size_.height, size_.width, static_cast<std::int64_t>(mode_)};
}

std::vector<std::string> ImageFolder::files() const {
  std::vector<std::string> files;
  for (const ListedImage& image : images_) files.push_back(image.path.string());
  return files;
}

float ImageFolder::label(std::int64_t index) const {
  return static_cast<float>(images_[static_cast<std::size_t>(index)].label);
}

void ImageFolder::decode(std::int64_t index, std::span<float> out) const {
  const ListedImage& image = images_[static_cast<std::size_t>(index)];
  InputFile file(image.path);
  if (image.stamp) file.check_is(*image.stamp);
  resize_bilinear(read_image(file, mode_), size_, out);
}

void ImageFolder::check(const DataSpec& spec) const {
  if (!spec.target.empty() || !spec.targets.empty() || !spec.sample_weight.empty() ||
      !spec.sample_weights.empty())
    refuse("KAIROS-D076", name_, "a directory of images takes no targets or sample weights", "",
           "none: the sub-directories are the classes", "Leave them out; `class_weight` weights classes");
  constexpr std::int64_t longest = 1 << 14;
  if (spec.image_size.height > longest || spec.image_size.width > longest)
    refuse("KAIROS-D077", name_, "the image size is too large",
           std::to_string(spec.image_size.height) + " x " + std::to_string(spec.image_size.width),
           "at most 16384 x 16384", "Choose a smaller `image_size`");
  if (spec.image_size.height < 1 || spec.image_size.width < 1)
    refuse("KAIROS-D094", name_, "the image size is unknown", "",
           "a height and a width, or a model that begins with input(height,width,channels)",
           "Set `image_size`, for example to 64x64");
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
             "Put the images of each class into a separate sub-directory");
    add_images(spec.file, 0);
    return;
  }
  for (fs::path& path : loose) {
    if (kind_of(path) == FileKind::Image)
      refuse("KAIROS-D078", path.string(), "an image is next to the class directories", "",
             "sub-directories, one for each class", "Move it into a class directory, or remove it");
    left_out_.push_back(std::move(path));
  }
  class_names_ = spec.class_names;
  if (class_names_.empty())
    for (const auto& [name, path] : classes) class_names_.push_back(name);
  for (const auto& [name, path] : classes) {
    const auto known = std::find(class_names_.begin(), class_names_.end(), name);
    if (known == class_names_.end())
      refuse("KAIROS-D033", path.string(), "the model was not trained on this label", "\"" + name + "\"",
             "one of its labels", suggest(name, class_names_));
    add_images(path, static_cast<std::size_t>(known - class_names_.begin()));
  }
}

/// The same order for the same seed on every machine: each image gets a pseudo-random number, and these are
/// sorted.
void ImageFolder::mix(std::uint64_t seed) {
  std::vector<std::pair<std::uint64_t, ListedImage>> numbered;
  for (std::size_t i = 0; i < images_.size(); ++i) {
    std::uint64_t number = (seed + 1) * 0x9e3779b97f4a7c15 + i;  // followed by splitmix64
    number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9;
    number = (number ^ number >> 27) * 0x94d049bb133111eb;
    numbered.emplace_back(number ^ number >> 31, std::move(images_[i]));
  }
  std::stable_sort(numbered.begin(), numbered.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (std::size_t i = 0; i < images_.size(); ++i) images_[i] = std::move(numbered[i].second);
}

/// Directories below a class are part of it, as in Keras; links to directories are not followed.
void ImageFolder::add_images(const fs::path& directory, std::size_t label) {
  for (fs::path& path : entries_of(directory)) {
    std::error_code ignored;
    if (fs::is_directory(fs::symlink_status(path, ignored))) {
      add_images(path, label);
    } else if (kind_of(path) == FileKind::Image) {
      const std::optional<FileStamp> stamp = stamp_of(path);
      images_.push_back({std::move(path), label, stamp});
    } else {
      (is_other_image(path) ? unreadable_ : left_out_).push_back(std::move(path));
    }
  }
}

/// Keras' image_dataset_from_directory ignores files that are no images, silently. It reads GIF and BMP, so
/// leaving these out would be different data.
void ImageFolder::check_found() {
  if (!unreadable_.empty())
    refuse("KAIROS-D075", name_,
           unreadable_.size() == 1
               ? "an image has a format that cannot be read"
               : std::to_string(unreadable_.size()) + " images have a format that cannot be read",
           list_of(unreadable_), endings({FileKind::Image}),
           "Convert them to PNG and remove the originals, or remove them");
  if (left_out_.empty()) return;
  const std::string files =
      left_out_.size() == 1 ? "a file is" : std::to_string(left_out_.size()) + " files are";
  if (images_.empty())
    refuse("KAIROS-D075", name_, "the directory has no image that can be read", list_of(left_out_),
           endings({FileKind::Image}), "Convert the images to PNG");
  notes_.push_back(name_ + ": " + files + " left out, because only " + endings({FileKind::Image}) +
                   " are read: " + list_of(left_out_));
}

Dataset read_image_folder(const DataSpec& spec) {
  const ImageFolder folder(spec);
  Dataset data;
  data.origin = spec.file.string();
  data.class_names = folder.class_names();
  data.files = folder.files();
  data.notes = folder.notes();
  Array array{folder.shape(), {}};
  const auto row_size = static_cast<std::size_t>(array.row_size());
  const auto count = static_cast<std::size_t>(folder.size());
  check_memory(data.origin, count, row_size);
  resize_large(array.values, count * row_size);
  // Each thread decodes a part of the images in order, so that the first failing image is the one that is
  // reported.
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
