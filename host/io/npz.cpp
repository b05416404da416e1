// SPDX-License-Identifier: MIT
// Archives of arrays, through libzip.
#include <unistd.h>
#include <zip.h>

#include <memory>
#include <string_view>

#include "io/atomic_file.hpp"
#include "io/input_file.hpp"
#include "io/npy.hpp"
#include "io/npy_format.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

struct Discard {
  void operator()(zip_t* archive) const noexcept { zip_discard(archive); }
};
struct CloseEntry {
  void operator()(zip_file_t* entry) const noexcept { zip_fclose(entry); }
};
struct FreeSource {
  void operator()(zip_source_t* source) const noexcept { zip_source_free(source); }
};
using Archive = std::unique_ptr<zip_t, Discard>;
using Entry = std::unique_ptr<zip_file_t, CloseEntry>;
using Source = std::unique_ptr<zip_source_t, FreeSource>;

[[noreturn]] void refuse(const char* code, const std::string& where, const char* what,
                         const std::string& found, const char* expected, const char* cure) {
  throw Error(ErrorKind::Data, {code, where, what, found, expected, cure});
}

/// One entry while it is decompressed. libzip compares the check sum when the end is reached.
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
  /// Reads to the end, so that the check sum is compared although the array has all its values.
  void finish() {
    std::byte rest[512];
    while (read(rest) > 0) {
    }
  }

 private:
  zip_file_t* entry_;
  const std::string& origin_;
};

Archive open_archive(const InputFile& file, const std::string& name) {
  const int descriptor = ::dup(file.descriptor());
  int error = 0;
  Archive archive(zip_fdopen(descriptor, 0, &error));
  if (!archive) {
    ::close(descriptor);
    zip_error_t reason;
    zip_error_init_with_code(&reason, error);
    const std::string text = zip_error_strerror(&reason);
    zip_error_fini(&reason);
    refuse("KAIROS-D007", name, "this is not a complete NPZ archive", text, "a zip file of .npy arrays",
           "Copy it again, or save it with numpy.savez");
  }
  return archive;
}

struct EntryInfo {
  std::string name;        ///< "x.npy"
  std::uint64_t size = 0;  ///< as declared
};

EntryInfo inspect(zip_t* archive, zip_uint64_t index, const std::string& name) {
  zip_stat_t status;
  zip_stat_init(&status);
  if (zip_stat_index(archive, index, 0, &status) != 0 || (status.valid & ZIP_STAT_NAME) == 0 ||
      (status.valid & ZIP_STAT_SIZE) == 0)
    refuse("KAIROS-D007", name, "the archive is damaged", zip_strerror(archive), "",
           "Copy or write the file again");
  return {status.name, status.size};
}

}  // namespace

std::map<std::string, Array> read_npz(const std::filesystem::path& path) {
  constexpr std::uint64_t deflate_limit = 1032;
  constexpr std::string_view ending = ".npy";
  const InputFile file(path);
  const std::string name = path.string();
  const Archive archive = open_archive(file, name);
  std::map<std::string, Array> arrays;
  std::uint64_t budget =
      file.size() * deflate_limit;  // for all entries together: several may share their bytes
  const auto entries = static_cast<zip_uint64_t>(zip_get_num_entries(archive.get(), 0));
  for (zip_uint64_t i = 0; i < entries; ++i) {
    const EntryInfo info = inspect(archive.get(), i, name);
    const std::string origin = name + ":" + info.name;
    if (!std::string_view(info.name).ends_with(ending))
      refuse("KAIROS-D008", origin, "an entry of the archive is not an array", "\"" + info.name + "\"",
             "names that end in .npy", "Save the archive with numpy.savez");
    if (info.size > budget)
      refuse("KAIROS-D009", origin, "the archive declares more than it can hold",
             std::to_string(info.size) + " bytes in a file of " + std::to_string(file.size()), "",
             "Copy or write the file again");
    budget -= info.size;
    const Entry entry(zip_fopen_index(archive.get(), i, 0));
    if (!entry)
      refuse("KAIROS-D007", origin, "an entry of the archive cannot be read", zip_strerror(archive.get()), "",
             "Save the archive with numpy.savez");
    EntrySource source(entry.get(), origin);
    Array array = decode_npy(source, info.size, origin);
    source.finish();
    const std::string key = info.name.substr(0, info.name.size() - ending.size());
    if (!arrays.emplace(key, std::move(array)).second)
      refuse("KAIROS-D008", origin, "the archive has two arrays of this name", "\"" + key + "\"",
             "one of each name", "Save the archive with numpy.savez");
  }
  if (arrays.empty())
    refuse("KAIROS-D008", name, "the archive is empty", "no entry", "at least one array",
           "Save the archive with numpy.savez");
  return arrays;
}

namespace {

[[noreturn]] void cannot_build(const std::filesystem::path& path, const std::string& reason) {
  throw Error(ErrorKind::File, {"KAIROS-F009", path.string(), "cannot build the archive", reason, "",
                                "Give each array a name of its own"});
}

/// Adds one array. libzip keeps a pointer to `bytes` until the archive is closed.
void add_entry(zip_t* archive, const std::string& name, const std::string& bytes,
               const std::filesystem::path& path) {
  Source content(zip_source_buffer(archive, bytes.data(), bytes.size(), 0));
  if (!content) cannot_build(path, zip_strerror(archive));
  const zip_int64_t index = zip_file_add(archive, (name + ".npy").c_str(), content.get(), ZIP_FL_ENC_UTF_8);
  if (index < 0) cannot_build(path, zip_strerror(archive));
  static_cast<void>(content.release());  // the archive owns it now
  const auto entry = static_cast<zip_uint64_t>(index);
  constexpr zip_uint16_t dos_epoch_date = 0x21;  // 1980-01-01: equal content gives equal bytes
  if (zip_set_file_compression(archive, entry, ZIP_CM_STORE, 0) != 0 ||
      zip_file_set_dostime(archive, entry, 0, dos_epoch_date, 0) != 0)
    cannot_build(path, zip_strerror(archive));
}

std::string read_back(zip_source_t* source, const std::filesystem::path& path) {
  zip_stat_t status;
  zip_stat_init(&status);
  if (zip_source_stat(source, &status) != 0 || zip_source_open(source) != 0)
    cannot_build(path, zip_error_strerror(zip_source_error(source)));
  std::string bytes(status.size, '\0');
  const zip_int64_t n = zip_source_read(source, bytes.data(), bytes.size());
  zip_source_close(source);
  if (n < 0 || static_cast<std::size_t>(n) != bytes.size()) cannot_build(path, "short read");
  return bytes;
}

}  // namespace

void write_npz(const std::filesystem::path& path, const std::vector<NamedArray>& arrays) {
  // Built in memory: libzip would otherwise write through a temporary file of its own and hide why writing
  // failed.
  zip_error_t error;
  zip_error_init(&error);
  Source target(zip_source_buffer_create(nullptr, 0, 0, &error));
  if (!target) cannot_build(path, zip_error_strerror(&error));
  std::vector<std::string> contents;
  contents.reserve(arrays.size());
  Archive archive(zip_open_from_source(target.get(), ZIP_TRUNCATE, &error));
  if (!archive) cannot_build(path, zip_error_strerror(&error));
  zip_source_keep(target.get());  // one reference stays with us when the archive is closed
  for (const NamedArray& named : arrays) {
    contents.push_back(npy_header(named.array).append(npy_body(named.array)));
    add_entry(archive.get(), named.name, contents.back(), path);
  }
  if (zip_close(archive.get()) != 0) cannot_build(path, zip_strerror(archive.get()));
  static_cast<void>(archive.release());
  write_file(path, read_back(target.get(), path));
}

}  // namespace kairos::host
