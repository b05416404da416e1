// SPDX-License-Identifier: MIT
// Every offset and count in the file is checked against the file before it is used.
#include "plugin/elf/image.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <limits>
#include <system_error>

#include "plugin/refusal.hpp"

namespace kairos::host {

namespace {

constexpr std::uint64_t largest_file = 1ull << 30;
constexpr std::uint64_t largest_table = 64ull << 20;  // of a table that is read completely
constexpr std::uint64_t largest_note_segment = 64ull << 10;
constexpr std::uint64_t most_segments = 128;
/// The beginning holds headers, notes and the tables of symbols; elsewhere little is wanted from one place.
constexpr std::uint64_t beginning_size = 16ull << 10, window_size = 4ull << 10;

#if defined(__x86_64__)
constexpr std::uint16_t this_machine = EM_X86_64;
#elif defined(__aarch64__)
constexpr std::uint16_t this_machine = EM_AARCH64;
#elif defined(__riscv)
constexpr std::uint16_t this_machine = EM_RISCV;
#elif defined(__powerpc64__)
constexpr std::uint16_t this_machine = EM_PPC64;
#else
#error "Plugins are not supported on this architecture yet: add its EM_ number here"
#endif
static_assert(std::endian::native == std::endian::little, "the reader of ELF files is little-endian");

const char* kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

std::string opening_failure(int error, const std::filesystem::path& file) {
  std::error_code ignored;
  if (error == ENOENT && std::filesystem::is_symlink(file, ignored))
    return "a symbolic link to " + std::filesystem::read_symlink(file, ignored).string() +
           ", which does not exist";
  return std::generic_category().message(error);
}

constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

/// A record at any alignment; the caller has checked that it is inside the file.
template <class T>
T record(const std::vector<std::byte>& bytes, std::uint64_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

}  // namespace

FileIdentity identity_of(const struct stat& status) {
  constexpr std::int64_t second = 1'000'000'000;
  return {status.st_dev, status.st_ino, static_cast<std::uint64_t>(status.st_size),
          status.st_mtim.tv_sec * second + status.st_mtim.tv_nsec,
          status.st_ctim.tv_sec * second + status.st_ctim.tv_nsec};
}

std::string machine_name(std::uint16_t machine) {
  switch (machine) {
    case EM_386:
      return "x86 (32-bit)";
    case EM_X86_64:
      return "x86-64";
    case EM_ARM:
      return "ARM (32-bit)";
    case EM_AARCH64:
      return "AArch64";
    case EM_RISCV:
      return "RISC-V";
    case EM_PPC64:
      return "PowerPC64";
    case EM_S390:
      return "s390";
    case EM_MIPS:
      return "MIPS";
    default:
      return fmt::format("machine {}", machine);
  }
}

void ElfImage::truncated(const std::string& found, const std::string& expected) const {
  throw refusal(RefusalCode::Truncated, {name_, found, expected});
}

void ElfImage::malformed(const std::string& found) const {
  throw refusal(RefusalCode::Malformed, {name_, found});
}

ElfImage::ElfImage(const std::filesystem::path& file) : name_(file.string()) {
  descriptor_ = ::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (descriptor_ < 0) {
    const int error = errno;
    // A socket cannot be opened at all.
    if (error == ENXIO) throw refusal(RefusalCode::NotRegular, {name_, "a socket or a device"});
    throw refusal(RefusalCode::CannotOpen, {name_, opening_failure(error, file)});
  }
  try {
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0)
      throw refusal(RefusalCode::CannotOpen, {name_, std::generic_category().message(errno)});
    if (!S_ISREG(status.st_mode)) throw refusal(RefusalCode::NotRegular, {name_, kind_of(status.st_mode)});
    identity_ = identity_of(status);
    if (identity_.size > largest_file)
      throw refusal(RefusalCode::TooLarge, {name_, fmt::format("{} bytes", identity_.size),
                                            fmt::format("at most {} bytes", largest_file)});
    Elf64_Ehdr header{};
    const std::vector<std::byte> start = read(0, std::min<std::uint64_t>(identity_.size, sizeof header));
    if (!start.empty()) std::memcpy(&header, start.data(), start.size());
    if (start.size() >= SELFMAG && std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
      throw refusal(RefusalCode::NotElf, {name_, "a file that does not begin with the ELF magic number"});
    if (start.size() < sizeof header)
      throw refusal(RefusalCode::TooShort, {name_, fmt::format("{} bytes", start.size())});
    check_header(header);
    check_segments(header);
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

ElfImage::~ElfImage() {
  ::close(descriptor_);
}

void ElfImage::check_header(const Elf64_Ehdr& header) const {
  if (header.e_ident[EI_CLASS] != ELFCLASS64)
    throw refusal(RefusalCode::OtherClass,
                  {name_, header.e_ident[EI_CLASS] == ELFCLASS32 ? "32-bit" : "an unknown class"});
  if (header.e_ident[EI_DATA] != ELFDATA2LSB)
    throw refusal(RefusalCode::OtherByteOrder,
                  {name_, header.e_ident[EI_DATA] == ELFDATA2MSB ? "big-endian" : "an unknown byte order"});
  if (header.e_machine != this_machine)
    throw refusal(RefusalCode::OtherArchitecture,
                  {name_, machine_name(header.e_machine), machine_name(this_machine)});
  if (header.e_type != ET_DYN)
    throw refusal(RefusalCode::NotSharedObject,
                  {name_, header.e_type == ET_REL    ? "an object file"
                          : header.e_type == ET_EXEC ? "an executable"
                          : header.e_type == ET_CORE ? "a core dump"
                                                     : fmt::format("ELF type {}", header.e_type)});
}

void ElfImage::check_segments(const Elf64_Ehdr& header) {
  if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum == 0 || header.e_phnum > most_segments)
    malformed(fmt::format("{} program headers of {} bytes", header.e_phnum, header.e_phentsize));
  const std::uint64_t table_size = header.e_phnum * sizeof(Elf64_Phdr);
  const std::vector<std::byte> table = read(header.e_phoff, table_size);
  segments_.resize(header.e_phnum);
  std::memcpy(segments_.data(), table.data(), table_size);
  for (const Elf64_Phdr& segment : segments_) {
    if (segment.p_type != PT_LOAD && segment.p_type != PT_DYNAMIC && segment.p_type != PT_NOTE) continue;
    if (segment.p_offset > identity_.size || segment.p_filesz > identity_.size - segment.p_offset)
      truncated(fmt::format("{} bytes", identity_.size),
                fmt::format("a segment of {} bytes at {}", segment.p_filesz, segment.p_offset));
    if (segment.p_type == PT_LOAD &&
        (segment.p_filesz > segment.p_memsz ||
         segment.p_vaddr > std::numeric_limits<std::uint64_t>::max() - segment.p_memsz))
      malformed("a segment larger in the file than in memory");
  }
  // The section table is not needed, and stripping may remove it. One beyond the end of the file means an
  // incomplete copy.
  const std::uint64_t sections_size = std::uint64_t{header.e_shnum} * header.e_shentsize;
  if (header.e_shoff != 0 &&
      (header.e_shoff > identity_.size || sections_size > identity_.size - header.e_shoff))
    truncated(fmt::format("{} bytes", identity_.size),
              fmt::format("a table of sections of {} bytes at {}", sections_size, header.e_shoff));
}

std::vector<std::byte> ElfImage::read(std::uint64_t offset, std::uint64_t count) const {
  if (offset > identity_.size || count > identity_.size - offset)
    truncated(fmt::format("{} bytes", identity_.size), fmt::format("{} bytes at {}", count, offset));
  if (count > largest_table) malformed(fmt::format("a table of {} bytes", count));
  std::vector<std::byte> bytes(count);
  read_into(bytes, offset);
  return bytes;
}

void ElfImage::read_into(std::span<std::byte> bytes, std::uint64_t offset) const {
  if (bytes.empty()) return;
  const auto holds = [&](const Window& window) {
    return offset >= window.offset && offset - window.offset <= window.size &&
           bytes.size() <= window.size - (offset - window.offset);
  };
  auto window = std::find_if(windows_.begin(), windows_.end(), holds);
  if (window == windows_.end()) {
    // The first window stays; of the other two, the one used less recently is replaced.
    window = windows_.begin() + (windows_[0].size == 0 ? 0 : 3 - last_);
    const std::uint64_t room = window == windows_.begin() ? beginning_size : window_size;
    if (bytes.size() > room) return read_past_window(bytes, offset);
    if (!window->bytes) window->bytes = std::make_unique_for_overwrite<std::byte[]>(room);
    window->offset = offset;
    window->size = std::min(room, identity_.size - offset);
    read_past_window({window->bytes.get(), window->size}, offset);
  }
  if (window != windows_.begin()) last_ = window - windows_.begin();
  std::memcpy(bytes.data(), window->bytes.get() + (offset - window->offset), bytes.size());
}

void ElfImage::read_past_window(std::span<std::byte> bytes, std::uint64_t offset) const {
  for (std::uint64_t done = 0; done < bytes.size();) {
    const ssize_t n =
        ::pread(descriptor_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw refusal(RefusalCode::CannotRead, {name_, std::generic_category().message(errno)});
    if (n == 0)
      truncated(fmt::format("a file that has shrunk to {} bytes", offset + done),
                fmt::format("{} bytes", identity_.size));
    done += static_cast<std::uint64_t>(n);
  }
}

std::uint64_t ElfImage::extent(std::uint64_t address) const {
  for (const Elf64_Phdr& segment : segments_)
    if (segment.p_type == PT_LOAD && address >= segment.p_vaddr &&
        address - segment.p_vaddr < segment.p_filesz)
      return segment.p_filesz - (address - segment.p_vaddr);
  return 0;
}

std::uint64_t ElfImage::offset_of(std::uint64_t address, std::uint64_t count) const {
  for (const Elf64_Phdr& segment : segments_) {
    if (segment.p_type != PT_LOAD || address < segment.p_vaddr) continue;
    const std::uint64_t inside = address - segment.p_vaddr;
    if (inside < segment.p_filesz && count <= segment.p_filesz - inside) return segment.p_offset + inside;
  }
  malformed(fmt::format("a table of {} bytes at address {:#x}, which no segment holds", count, address));
}

void ElfImage::require(std::uint64_t address, std::uint64_t count) const {
  static_cast<void>(offset_of(address, count));
}

std::vector<std::byte> ElfImage::memory(std::uint64_t address, std::uint64_t count) const {
  return read(offset_of(address, count), count);
}

StackDemand ElfImage::stack_demand() const noexcept {
  StackDemand demand = StackDemand::Unsaid;
  for (const Elf64_Phdr& segment : segments_) {
    if (segment.p_type != PT_GNU_STACK) continue;
    if ((segment.p_flags & PF_X) != 0) return StackDemand::Executable;
    demand = StackDemand::None;
  }
  return demand;
}

std::vector<ElfNote> ElfImage::notes() const {
  std::vector<ElfNote> all;
  for (const Elf64_Phdr& segment : segments_) {
    if (segment.p_type != PT_NOTE) continue;
    if (segment.p_filesz > largest_note_segment)
      malformed(fmt::format("notes of {} bytes", segment.p_filesz));
    const std::vector<std::byte> bytes = read(segment.p_offset, segment.p_filesz);
    const std::uint64_t alignment = segment.p_align == 8 ? 8 : 4;
    std::uint64_t position = 0;
    while (bytes.size() - position >= sizeof(Elf64_Nhdr)) {
      const auto header = record<Elf64_Nhdr>(bytes, position);
      const std::uint64_t name = position + sizeof header;
      const std::uint64_t description = round_up(name + header.n_namesz, alignment);
      if (description > bytes.size() || header.n_descsz > bytes.size() - description)
        malformed("a note that is longer than its segment");
      const auto at = [&bytes](std::uint64_t offset) {
        return bytes.begin() + static_cast<std::ptrdiff_t>(offset);
      };
      ElfNote note;
      if (header.n_namesz != 0)
        note.owner.assign(reinterpret_cast<const char*>(bytes.data() + name), header.n_namesz - 1);
      note.type = header.n_type;
      note.description.assign(at(description), at(description + header.n_descsz));
      note.description_address = segment.p_vaddr + description;
      all.push_back(std::move(note));
      position = std::min<std::uint64_t>(round_up(description + header.n_descsz, alignment), bytes.size());
    }
  }
  return all;
}

}  // namespace kairos::host
