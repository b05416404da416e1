// SPDX-License-Identifier: MIT
// Owning handles for HDF5, and suppression of its error output. For hdf5_*.cpp only.
#pragma once

#include <hdf5.h>

#include <mutex>
#include <string>
#include <utility>

namespace kairos::host {

/// Closes its handle; `valid()` is false if opening failed.
class Hdf5Handle {
 public:
  using Close = herr_t (*)(hid_t);
  Hdf5Handle() = default;
  Hdf5Handle(hid_t id, Close close) noexcept : id_(id), close_(close) {}
  ~Hdf5Handle() { reset(); }
  Hdf5Handle(Hdf5Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  Hdf5Handle& operator=(Hdf5Handle&& other) noexcept {
    if (this != &other) {
      reset();
      id_ = std::exchange(other.id_, -1);
      close_ = other.close_;
    }
    return *this;
  }

  [[nodiscard]] hid_t id() const noexcept { return id_; }
  [[nodiscard]] bool valid() const noexcept { return id_ >= 0; }

 private:
  void reset() noexcept {
    if (id_ >= 0) close_(id_);
    id_ = -1;
  }
  hid_t id_ = -1;
  Close close_ = nullptr;
};

/// HDF5 is not thread-safe: held while writing with it, and while forking a process that will use it.
[[nodiscard]] std::unique_lock<std::mutex> hdf5_turn();

/// For its lifetime, HDF5 prints no errors; afterwards the previous setting of the embedding program is
/// restored.
class QuietHdf5 {
 public:
  QuietHdf5() {
    H5Eget_auto2(H5E_DEFAULT, &function_, &data_);
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  }
  ~QuietHdf5() { H5Eset_auto2(H5E_DEFAULT, function_, data_); }
  QuietHdf5(const QuietHdf5&) = delete;
  QuietHdf5& operator=(const QuietHdf5&) = delete;

 private:
  H5E_auto2_t function_ = nullptr;
  void* data_ = nullptr;
};

/// HDF5's description of the last failure, innermost first: "file signature not found".
[[nodiscard]] std::string hdf5_reason();

}  // namespace kairos::host
