// SPDX-License-Identifier: MIT
// Archives of arrays, through libzip.
#include <set>
#include <string_view>

#include "base/atomic_file.hpp"
#include "base/input_file.hpp"
#include "io/npy.hpp"
#include "io/npy_format.hpp"
#include "io/npy_text.hpp"
#include "io/zip_archive.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

[[noreturn]] void refuse(const char* code, const std::string& where, const char* what,
                         const std::string& found, const char* expected, const char* cure) {
  throw Error(ErrorKind::Data, {code, where, what, found, expected, cure});
}

[[noreturn]] void refuse_size(const std::string& origin, const std::string& found) {
  refuse("KAIROS-D341", origin, "the sizes in the archive contradict each other", found,
         "a separate entry for each array, of the size of its shape", "Save the archive with numpy.savez");
}

/// An entry while it is decompressed. libzip verifies the checksum at its end.
class EntrySource final : public ByteSource {
 public:
  EntrySource(zip_file_t* entry, const std::string& origin) : entry_(entry), origin_(origin) {}

  std::size_t read(std::span<std::byte> bytes) override {
    std::size_t done = 0;
    while (done < bytes.size()) {
      const zip_int64_t n = zip_fread(entry_, bytes.data() + done, bytes.size() - done);
      if (n < 0)
        refuse("KAIROS-D007", origin_, "the archive is damaged", zip_file_strerror(entry_), "",
               "Copy or write the file again");
      if (n == 0) break;
      done += static_cast<std::size_t>(n);
    }
    return done;
  }
  /// Requests one more byte, so that the checksum is verified even if the array already has all its values.
  /// Data beyond that are not decompressed: they may be endless.
  void finish() {
    std::byte beyond{};
    if (read({&beyond, 1}) > 0) refuse_size(origin_, "more bytes than its array needs");
  }

 private:
  zip_file_t* entry_;
  const std::string& origin_;
};

ZipArchive open_archive(const InputFile& file, const std::string& name) {
  std::string reason;
  ZipArchive archive = open_zip(file, reason);
  if (!archive)
    refuse("KAIROS-D007", name, "this is not a complete NPZ archive", reason, "a zip file of .npy arrays",
           "Copy it again, or save it with numpy.savez");
  return archive;
}

zip_stat_t inspect(zip_t* archive, zip_uint64_t index, const std::string& name) {
  zip_stat_t status;
  zip_stat_init(&status);
  if (zip_stat_index(archive, index, 0, &status) != 0 || (status.valid & ZIP_STAT_NAME) == 0 ||
      (status.valid & ZIP_STAT_SIZE) == 0)
    refuse("KAIROS-D007", name, "the archive is damaged", zip_strerror(archive), "",
           "Copy or write the file again");
  return status;
}

/// The name of an entry without ".npy".
std::string array_name(const zip_stat_t& info, const std::string& file) {
  constexpr std::string_view ending = ".npy";
  const std::string_view entry = info.name;
  if (!entry.ends_with(ending))
    refuse("KAIROS-D008", file + ":" + info.name, "an entry of the archive is not an array",
           "\"" + std::string(entry) + "\"", "names that end in .npy", "Save the archive with numpy.savez");
  return std::string(entry.substr(0, entry.size() - ending.size()));
}

zip_uint64_t entries_of(zip_t* archive, const std::string& name) {
  const auto entries = static_cast<zip_uint64_t>(zip_get_num_entries(archive, 0));
  if (entries == 0)
    refuse("KAIROS-D008", name, "the archive is empty", "no entry", "at least one array",
           "Save the archive with numpy.savez");
  return entries;
}

Array read_entry(zip_t* archive, zip_uint64_t index, const zip_stat_t& info, const std::string& origin) {
  const ZipEntry entry(zip_fopen_index(archive, index, 0));
  if (!entry)
    refuse("KAIROS-D007", origin, "an entry of the archive cannot be read", zip_strerror(archive), "",
           "Save the archive with numpy.savez");
  EntrySource source(entry.get(), origin);
  const NpyHeader header = read_npy_header(source, info.size, origin);
  if (header.begin + header.count * header.width != info.size)
    refuse_size(origin, std::to_string(info.size) + " bytes for an array of " +
                            std::to_string(header.begin + header.count * header.width));
  Array array = decode_npy(source, header, origin);
  source.finish();
  return array;
}

std::map<std::string, Array> read_arrays(const InputFile& file, const std::set<std::string>* wanted) {
  constexpr std::uint64_t deflate_limit = 1032;
  const std::string& name = file.name();
  const ZipArchive archive = open_archive(file, name);
  std::map<std::string, Array> arrays;
  std::set<std::string> seen;
  std::uint64_t budget =
      file.size() * deflate_limit;  // for all entries together: several may share their bytes
  ZipBudget packed(file.size());
  const zip_uint64_t entries = entries_of(archive.get(), name);
  for (zip_uint64_t i = 0; i < entries; ++i) {
    const zip_stat_t info = inspect(archive.get(), i, name);
    const std::string origin = name + ":" + info.name;
    const std::string key = array_name(info, name);
    if (info.size > budget)
      refuse("KAIROS-D009", origin, "the archive declares more than it can hold",
             std::to_string(info.size) + " bytes in a file of " + std::to_string(file.size()), "",
             "Copy or write the file again");
    budget -= info.size;
    if (const std::string fault = packed.fault(info); !fault.empty()) refuse_size(origin, fault);
    if (!seen.insert(key).second)
      refuse("KAIROS-D008", origin, "the archive has two arrays of this name", "\"" + key + "\"",
             "one of each name", "Save the archive with numpy.savez");
    if (wanted == nullptr || wanted->contains(key))
      arrays.emplace(key, read_entry(archive.get(), i, info, origin));
  }
  return arrays;
}

std::vector<std::string> read_names(const InputFile& file) {
  const ZipArchive archive = open_archive(file, file.name());
  std::vector<std::string> names;
  const zip_uint64_t entries = entries_of(archive.get(), file.name());
  for (zip_uint64_t i = 0; i < entries; ++i)
    names.push_back(array_name(inspect(archive.get(), i, file.name()), file.name()));
  return names;
}

}  // namespace

std::map<std::string, Array> read_npz(const std::filesystem::path& path) {
  const InputFile file(path);
  std::map<std::string, Array> arrays = unless_changed(file, [&] { return read_arrays(file, nullptr); });
  file.check_unchanged();
  return arrays;
}

namespace {

TextArray read_text_entry(const InputFile& file, const std::string& wanted) {
  const ZipArchive archive = open_archive(file, file.name());
  const zip_uint64_t entries = entries_of(archive.get(), file.name());
  for (zip_uint64_t i = 0; i < entries; ++i) {
    const zip_stat_t info = inspect(archive.get(), i, file.name());
    if (array_name(info, file.name()) != wanted) continue;
    const std::string origin = file.name() + ":" + info.name;
    const ZipEntry entry(zip_fopen_index(archive.get(), i, 0));
    if (!entry) return {};  // reported when the array is read
    EntrySource source(entry.get(), origin);
    const NpyHeader header = read_npy_header(source, info.size, origin, NpyTypes::NumbersAndText);
    if (header.kind != 'U' && header.kind != 'S') return {};
    TextArray array = decode_npy_text(source, header, origin);
    source.finish();
    return array;
  }
  return {};
}

}  // namespace

NpzFile::NpzFile(const std::filesystem::path& path)
    : file_(path), names_(unless_changed(file_, [&] { return read_names(file_); })) {}

std::map<std::string, Array> NpzFile::read(const std::set<std::string>& wanted) const {
  std::map<std::string, Array> arrays = unless_changed(file_, [&] { return read_arrays(file_, &wanted); });
  file_.check_unchanged();
  return arrays;
}

TextArray NpzFile::read_text(const std::string& name) const {
  return unless_changed(file_, [&] { return read_text_entry(file_, name); });
}

void write_npz(const std::filesystem::path& path, const std::vector<NamedArray>& arrays) {
  std::vector<ZipContent> entries;
  entries.reserve(arrays.size());
  for (const NamedArray& named : arrays)
    entries.push_back({named.name + ".npy", npy_header(named.array).append(npy_body(named.array))});
  write_file(path, build_zip(path, entries));
}

}  // namespace kairos::host
