// SPDX-License-Identifier: MIT
// Lists first and decodes then, so that a name that does not belong there costs no time.
#include "data/image_folder.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "data/in_parallel.hpp"
#include "data/resize.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace fs = std::filesystem;

namespace {

struct Picture {
  fs::path path;
  std::size_t label = 0;
};

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

/// Directories below a class are part of it, as in Keras; links to directories are not followed.
void add_pictures(const fs::path& directory, std::size_t label, std::vector<Picture>& pictures) {
  for (fs::path& path : entries_of(directory)) {
    std::error_code ignored;
    if (fs::is_directory(fs::symlink_status(path, ignored))) {
      add_pictures(path, label, pictures);
    } else if (is_image_name(path)) {
      pictures.push_back({std::move(path), label});
    } else {
      refuse("KAIROS-D075", path.string(), "this is no picture that can be read",
             path.has_extension() ? "\"" + path.extension().string() + "\"" : "no ending",
             ".png, .jpg or .jpeg", "Convert it, or take it out of the directory");
    }
  }
}

class FolderReader {
 public:
  explicit FolderReader(const DataSpec& spec) : spec_(spec), name_(spec.file.string()) {}

  Dataset read() {
    check_spec();
    list();
    if (spec_.image_order_seed) mix(*spec_.image_order_seed);
    Dataset data;
    data.origin = name_;
    data.class_names = class_names_;
    data.inputs.push_back({"", decode()});
    if (class_names_.empty()) return data;
    NamedArray target{"", {{static_cast<std::int64_t>(pictures_.size())}, {}}};
    for (const Picture& picture : pictures_) target.array.values.push_back(static_cast<float>(picture.label));
    data.targets.push_back(std::move(target));
    return data;
  }

 private:
  void check_spec() const {
    if (!spec_.target.empty() || !spec_.targets.empty() || !spec_.sample_weight.empty() ||
        !spec_.sample_weights.empty())
      refuse("KAIROS-D076", name_, "targets or weights are named beside a directory of pictures", "",
             "none: the sub-directories are the classes", "Leave them out; --class-weight weighs classes");
    constexpr std::int64_t longest = 1 << 14;
    if (spec_.image_size.height > longest || spec_.image_size.width > longest)
      refuse("KAIROS-D077", name_, "the pictures are to be too large",
             std::to_string(spec_.image_size.height) + " x " + std::to_string(spec_.image_size.width),
             "at most 16384 x 16384", "Give a smaller --image-size");
    if (spec_.image_size.height < 1 || spec_.image_size.width < 1)
      refuse("KAIROS-D077", name_, "the size of the pictures is not known", "",
             "a height and a width, or a model that begins with input(height,width,channels)",
             "Give it, such as --image-size 64x64");
  }

  void list() {
    std::map<std::string, fs::path> classes;
    std::vector<fs::path> loose;
    for (fs::path& path : entries_of(spec_.file)) {
      std::error_code ignored;
      if (fs::is_directory(path, ignored))
        classes.emplace(path.filename().string(), path);
      else
        loose.push_back(std::move(path));
    }
    if (classes.empty()) {
      if (spec_.target_use == TargetUse::Required)
        refuse("KAIROS-D078", name_, "the directory has no classes", "no sub-directories",
               "one for each class", "Put the pictures of each class into a sub-directory of its own");
      add_pictures(spec_.file, 0, pictures_);
      return;
    }
    if (!loose.empty())
      refuse("KAIROS-D078", loose.front().string(), "a file stands beside the classes", "",
             "sub-directories, one for each class", "Move it into its class, or take it out");
    class_names_ = spec_.class_names;
    if (class_names_.empty())
      for (const auto& [name, path] : classes) class_names_.push_back(name);
    for (const auto& [name, path] : classes) {
      const auto known = std::find(class_names_.begin(), class_names_.end(), name);
      if (known == class_names_.end())
        refuse("KAIROS-D033", path.string(), "the model was not trained on this label", "\"" + name + "\"",
               "one of the labels that it knows", suggest(name, class_names_));
      add_pictures(path, static_cast<std::size_t>(known - class_names_.begin()), pictures_);
    }
  }

  /// The same order for the same seed on every machine: each picture is given a number, and these are sorted.
  void mix(std::uint64_t seed) {
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

  void check_memory(std::size_t row_size) const {
    const auto pages = static_cast<std::uint64_t>(std::max(0L, ::sysconf(_SC_PHYS_PAGES)));
    const std::uint64_t memory = pages * static_cast<std::uint64_t>(std::max(1L, ::sysconf(_SC_PAGESIZE)));
    std::uint64_t needed = 0;
    if (!__builtin_mul_overflow(row_size * sizeof(float), pictures_.size(), &needed) && needed <= memory)
      return;
    refuse(
        "KAIROS-D079", name_, "the pictures do not fit into memory",
        std::to_string(pictures_.size()) + " of " + std::to_string(row_size * sizeof(float)) + " bytes each",
        "at most " + std::to_string(memory) + " bytes", "Choose a smaller --image-size, or fewer pictures");
  }

  /// Each thread has a part of the pictures in order, so that the fault that is told is that of the first
  /// one.
  Array decode() const {
    const ImageSize size = spec_.image_size;
    const ColorMode mode = spec_.color_mode;
    const auto count = static_cast<std::int64_t>(pictures_.size());
    Array array{{count, size.height, size.width, static_cast<std::int64_t>(mode)}, {}};
    const auto row_size = static_cast<std::size_t>(array.row_size());
    check_memory(row_size);
    array.values.resize(pictures_.size() * row_size);
    const std::size_t parts = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1,
                                                      std::max<std::size_t>(pictures_.size(), 1));
    in_parallel(parts, [&](std::size_t part) {
      for (std::size_t i = pictures_.size() * part / parts; i < pictures_.size() * (part + 1) / parts; ++i)
        resize_bilinear(read_image(pictures_[i].path, mode), size,
                        std::span(array.values).subspan(i * row_size, row_size));
    });
    return array;
  }

  const DataSpec& spec_;
  std::string name_;
  std::vector<std::string> class_names_;
  std::vector<Picture> pictures_;
};

}  // namespace

Dataset read_image_folder(const DataSpec& spec) {
  return FolderReader(spec).read();
}

}  // namespace kairos::host
