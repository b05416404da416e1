// SPDX-License-Identifier: MIT
// A virtual file driver for HDF5 (H5FDpublic.h), and the image that it writes to.
#include "io/hdf5/image.hpp"

#include <H5FDpublic.h>
#include <sys/mman.h>

#include <bit>
#include <functional>
#include <memory>

namespace kairos::host {

namespace {

/// The driver information in the properties of a file.
struct Settings {
  Hdf5Image* image;
};

/// HDF5 fills in and owns the public part.
struct ImageFile {
  H5FD_t common{};
  Hdf5Image* image = nullptr;
};

Hdf5Image& image_of(const H5FD_t* file) {
  return *reinterpret_cast<const ImageFile*>(file)->image;
}

herr_t status(bool good) {
  return good ? 0 : -1;
}

H5FD_t* open_image(const char*, unsigned, hid_t access, haddr_t) {
  const auto* settings = static_cast<const Settings*>(H5Pget_driver_info(access));
  if (settings == nullptr) return nullptr;
  auto file = std::make_unique<ImageFile>();
  file->image = settings->image;
  return &file.release()->common;
}

herr_t close_image(H5FD_t* file) {
  delete reinterpret_cast<ImageFile*>(file);
  return 0;
}

int compare(const H5FD_t* a, const H5FD_t* b) {
  const std::less<const Hdf5Image*> before;
  return before(&image_of(a), &image_of(b)) ? -1 : before(&image_of(b), &image_of(a)) ? 1 : 0;
}

/// As in HDF5's core driver, so that the file layout is the same.
herr_t query(const H5FD_t*, unsigned long* flags) {
  *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE |
           H5FD_FEAT_AGGREGATE_SMALLDATA;
  return 0;
}

haddr_t get_end(const H5FD_t* file, H5FD_mem_t) {
  return image_of(file).size();
}

herr_t set_end(H5FD_t* file, H5FD_mem_t, haddr_t end) {
  return status(image_of(file).set_end(end));
}

herr_t read_image(H5FD_t* file, H5FD_mem_t, hid_t, haddr_t at, std::size_t size, void* bytes) {
  return status(image_of(file).read(at, {static_cast<std::byte*>(bytes), size}));
}

herr_t write_image(H5FD_t* file, H5FD_mem_t, hid_t, haddr_t at, std::size_t size, const void* bytes) {
  return status(image_of(file).write(at, {static_cast<const std::byte*>(bytes), size}));
}

H5FD_class_t driver_class() {
  H5FD_class_t driver{};
#ifdef H5FD_CLASS_VERSION
  // Since HDF5 1.14. Values from 256 to 511 are for drivers that are not known to The HDF Group.
  driver.version = H5FD_CLASS_VERSION;
  driver.value = 511;
#endif
  driver.name = "kairos_image";
  driver.maxaddr = static_cast<haddr_t>(INT64_MAX);
  driver.fc_degree = H5F_CLOSE_WEAK;
  driver.fapl_size = sizeof(Settings);
  driver.open = open_image;
  driver.close = close_image;
  driver.cmp = compare;
  driver.query = query;
  driver.get_eoa = get_end;
  driver.set_eoa = set_end;
  driver.get_eof = get_end;
  driver.read = read_image;
  driver.write = write_image;
  constexpr H5FD_mem_t map[] = H5FD_FLMAP_DICHOTOMY;
  std::copy(std::begin(map), std::end(map), driver.fl_map);
  return driver;
}

}  // namespace

Hdf5Image::~Hdf5Image() {
  if (memory_ != nullptr) ::munmap(memory_, room_);
}

bool Hdf5Image::become_driver_of(const Hdf5Handle& access) {
  static const H5FD_class_t driver = driver_class();
  // The embedding program may have closed the library in between. Writers are serialised by hdf5_turn().
  static hid_t id = -1;
  if (id < 0 || H5Iis_valid(id) <= 0) id = H5FDregister(&driver);
  const Settings settings{this};
  return id >= 0 && H5Pset_driver(access.id(), id, &settings) >= 0;
}

bool Hdf5Image::set_end(std::uint64_t end) {
  constexpr std::uint64_t least = std::uint64_t{1} << 20;
  if (end > room_) {
    const std::uint64_t wanted = std::max(least, std::bit_ceil(end));
    void* const place = memory_ == nullptr ? ::mmap(nullptr, wanted, PROT_READ | PROT_WRITE,
                                                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
                                           : ::mremap(memory_, room_, wanted, MREMAP_MAYMOVE);
    if (place == MAP_FAILED) return false;
    memory_ = static_cast<std::byte*>(place);
    room_ = wanted;
  }
  end_ = end;
  return true;
}

bool Hdf5Image::write(std::uint64_t at, std::span<const std::byte> bytes) {
  if (at > end_ || bytes.size() > end_ - at) return false;
  const std::less_equal<const std::byte*> not_behind;
  const bool is_lent = !bytes.empty() && !lent_.empty() && not_behind(lent_.data(), bytes.data()) &&
                       not_behind(bytes.data() + bytes.size(), lent_.data() + lent_.size());
  if (is_lent)
    arrays_.insert_or_assign(at, bytes);
  else
    std::copy(bytes.begin(), bytes.end(), memory_ + at);
  return true;
}

bool Hdf5Image::read(std::uint64_t at, std::span<std::byte> bytes) const {
  if (at > end_ || bytes.size() > end_ - at) return false;
  std::copy_n(memory_ + at, bytes.size(), bytes.begin());
  for (const auto& [begin, array] : arrays_) {
    const std::uint64_t first = std::max(at, begin);
    const std::uint64_t last = std::min(at + bytes.size(), begin + array.size());
    if (first < last)
      std::copy_n(array.begin() + static_cast<std::ptrdiff_t>(first - begin), last - first,
                  bytes.begin() + static_cast<std::ptrdiff_t>(first - at));
  }
  return true;
}

}  // namespace kairos::host
