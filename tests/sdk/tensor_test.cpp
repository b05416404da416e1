// SPDX-License-Identifier: MIT
// What kairos::Tensor, and kairos_c_values in C, check before they give out values.
#include <kairos/plugin.h>

#include <kairos/plugin.hpp>

#include <catch2/catch.hpp>
#include <cstdint>
#include <string>

namespace {

/// A tensor "w" of shape (2, 3) as every host of 1.x lends it, to be changed by a test.
struct Lent {
  Lent() {
    raw.size = sizeof raw;
    raw.access = KAIROS_ACCESS_WRITE;
    raw.name = {"w", 1};
    raw.view = {values, {1, 0}, 2, {2, 32, 1}, shape, nullptr, 0};
  }
  /// The text of the error that data() throws; empty if it throws none. C and C++ agree.
  [[nodiscard]] std::string refusal() const {
    CHECK(kairos_c_size(&raw) == kairos::Tensor(raw).size());
    try {
      return kairos::Tensor(raw).data() == values && kairos_c_values(&raw) == values ? "" : "other values";
    } catch (const kairos::Error& error) {
      CHECK(kairos_c_values(&raw) == nullptr);
      return error.status() == KAIROS_E_UNSUPPORTED ? error.what() : "another status";
    }
  }

  float values[6] = {1, 2, 3, 4, 5, 6};
  std::int64_t shape[2] = {2, 3};
  std::int64_t strides[2] = {3, 1};
  kairos_tensor raw{};
};

}  // namespace

TEST_CASE("A tensor of float32 on the CPU, row-major and compact, gives its values", "[sdk]") {
  Lent lent;
  CHECK(lent.refusal().empty());
  lent.raw.view.strides = lent.strides;
  CHECK(lent.refusal().empty());
  CHECK(kairos::Tensor(lent.raw).mutable_data() == lent.values);
  // The stride of an axis of size 1 has no meaning.
  lent.shape[0] = 1;
  lent.strides[0] = 99;
  CHECK(lent.refusal().empty());
}

TEST_CASE("A tensor of another dtype, device or layout gives no values, but its view", "[sdk]") {
  const struct {
    void (*change)(Lent&);
    const char* found;
  } table[] = {
      {[](Lent& l) { l.raw.view.dtype.code = 0; }, "dtype code 0, 32 bits, 1 lanes, on device type 1;"},
      {[](Lent& l) { l.raw.view.dtype.bits = 16; }, "dtype code 2, 16 bits, 1 lanes, on device type 1;"},
      {[](Lent& l) { l.raw.view.dtype.lanes = 4; }, "dtype code 2, 32 bits, 4 lanes, on device type 1;"},
      {[](Lent& l) { l.raw.view.device.type = 2; }, "dtype code 2, 32 bits, 1 lanes, on device type 2;"},
      {[](Lent& l) {
         l.strides[0] = 1;
         l.strides[1] = 2;
         l.raw.view.strides = l.strides;
       },
       "on device type 1, with strides;"},
      {[](Lent& l) {
         l.strides[0] = 4;
         l.raw.view.strides = l.strides;
       },
       "on device type 1, with strides;"}};
  for (const auto& row : table) {
    Lent lent;
    row.change(lent);
    INFO(row.found);
    CHECK(lent.refusal().find(std::string("the tensor \"w\" has ")) == 0);
    CHECK(lent.refusal().find(row.found) != std::string::npos);
    CHECK_THROWS_AS(kairos::Tensor(lent.raw).mutable_data(), kairos::Error);
    CHECK(kairos::Tensor(lent.raw).view().data == lent.values);
  }
}
