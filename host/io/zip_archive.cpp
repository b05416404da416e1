// SPDX-License-Identifier: MIT
// Opens through a descriptor that was already checked, and builds in memory: otherwise libzip would write
// through its own temporary file and hide the reason of write errors.
#include "io/zip_archive.hpp"

#include <unistd.h>

#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

struct FreeSource {
  void operator()(zip_source_t* source) const noexcept { zip_source_free(source); }
};
using Source = std::unique_ptr<zip_source_t, FreeSource>;

[[noreturn]] void cannot_build(const std::filesystem::path& path, const std::string& reason) {
  throw Error(ErrorKind::File, {"KAIROS-F009", path.string(), "cannot build the archive", reason, "",
                                "Give each array a unique name"});
}

/// libzip keeps a pointer to the bytes until the archive is closed.
void add_entry(zip_t* archive, const ZipContent& content, const std::filesystem::path& path) {
  Source source(zip_source_buffer(archive, content.bytes.data(), content.bytes.size(), 0));
  if (!source) cannot_build(path, zip_strerror(archive));
  const zip_int64_t index = zip_file_add(archive, content.name.c_str(), source.get(), ZIP_FL_ENC_UTF_8);
  if (index < 0) cannot_build(path, zip_strerror(archive));
  static_cast<void>(source.release());  // the archive owns it now
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

ZipArchive open_zip(const InputFile& file, std::string& reason) {
  const int descriptor = ::dup(file.descriptor());
  int error = 0;
  ZipArchive archive(zip_fdopen(descriptor, 0, &error));
  if (archive) return archive;
  ::close(descriptor);
  zip_error_t detail;
  zip_error_init_with_code(&detail, error);
  reason = zip_error_strerror(&detail);
  zip_error_fini(&detail);
  return archive;
}

std::string ZipBudget::fault(const zip_stat_t& entry) {
  constexpr std::uint64_t deflate_limit = 1032, of_any_stream = 64;
  if ((entry.valid & ZIP_STAT_COMP_SIZE) == 0 || (entry.valid & ZIP_STAT_SIZE) == 0)
    return "an entry without a size";
  if (entry.comp_size > file_left_) return "entries that share their bytes, or exceed the file";
  file_left_ -= entry.comp_size;
  const bool stored = (entry.valid & ZIP_STAT_COMP_METHOD) != 0 && entry.comp_method == ZIP_CM_STORE;
  if (stored ? entry.size != entry.comp_size : entry.size / deflate_limit > entry.comp_size + of_any_stream)
    return std::to_string(entry.size) + " bytes from " + std::to_string(entry.comp_size) + " stored";
  return "";
}

std::string build_zip(const std::filesystem::path& path, const std::vector<ZipContent>& entries) {
  zip_error_t error;
  zip_error_init(&error);
  const Source target(zip_source_buffer_create(nullptr, 0, 0, &error));
  if (!target) cannot_build(path, zip_error_strerror(&error));
  ZipArchive archive(zip_open_from_source(target.get(), ZIP_TRUNCATE, &error));
  if (!archive) cannot_build(path, zip_error_strerror(&error));
  zip_source_keep(target.get());  // keeps a reference after the archive is closed
  for (const ZipContent& entry : entries) add_entry(archive.get(), entry, path);
  if (zip_close(archive.get()) != 0) cannot_build(path, zip_strerror(archive.get()));
  static_cast<void>(archive.release());
  return read_back(target.get(), path);
}

}  // namespace kairos::host
