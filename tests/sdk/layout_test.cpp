// SPDX-License-Identifier: MIT
// The layout of the ABI in C++, mostly tested at compile time.
#include <kairos/abi.h>

#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#define KAIROS_SIZE(type, bytes)                            \
  static_assert(sizeof(type) == (bytes), "size of " #type); \
  static_assert(std::is_standard_layout_v<type> && std::is_trivial_v<type>, #type " is plain data");
#define KAIROS_FIELD(type, field, bytes) \
  static_assert(offsetof(type, field) == (bytes), "offset of " #type "." #field);
#include "layout.inc"
#undef KAIROS_SIZE
#undef KAIROS_FIELD

namespace {

// DLPack's three structs, so that types are compared and not only numbers.
struct DlDevice {
  std::int32_t device_type;
  std::int32_t device_id;
};
struct DlDataType {
  std::uint8_t code;
  std::uint8_t bits;
  std::uint16_t lanes;
};
struct DlTensor {
  void* data;
  DlDevice device;
  std::int32_t ndim;
  DlDataType dtype;
  std::int64_t* shape;
  std::int64_t* strides;
  std::uint64_t byte_offset;
};

template <class Ours, class Theirs, class A, class B>
constexpr bool same_type(A Ours::*, B Theirs::*) {
  return std::is_same_v<A, B>;
}

static_assert(sizeof(kairos_view) == sizeof(DlTensor));
static_assert(alignof(kairos_view) == alignof(DlTensor));
static_assert(offsetof(kairos_view, data) == offsetof(DlTensor, data) &&
              same_type(&kairos_view::data, &DlTensor::data));
static_assert(offsetof(kairos_view, device) == offsetof(DlTensor, device));
static_assert(offsetof(kairos_view, rank) == offsetof(DlTensor, ndim) &&
              same_type(&kairos_view::rank, &DlTensor::ndim));
static_assert(offsetof(kairos_view, dtype) == offsetof(DlTensor, dtype));
static_assert(offsetof(kairos_view, shape) == offsetof(DlTensor, shape) &&
              same_type(&kairos_view::shape, &DlTensor::shape));
static_assert(offsetof(kairos_view, strides) == offsetof(DlTensor, strides) &&
              same_type(&kairos_view::strides, &DlTensor::strides));
static_assert(offsetof(kairos_view, byte_offset) == offsetof(DlTensor, byte_offset));
static_assert(same_type(&kairos_device::type, &DlDevice::device_type) &&
              same_type(&kairos_device::id, &DlDevice::device_id));
static_assert(same_type(&kairos_dtype::code, &DlDataType::code) &&
              same_type(&kairos_dtype::bits, &DlDataType::bits) &&
              same_type(&kairos_dtype::lanes, &DlDataType::lanes));

}  // namespace

TEST_CASE("A manifest header has eight bytes, so the text is at a fixed offset", "[sdk][layout]") {
  const struct {
    kairos_manifest_header header;
    char text[3];
  } manifest = {{2, 0}, "{}"};
  CHECK(reinterpret_cast<const char*>(&manifest) + 8 == manifest.text);
}

TEST_CASE("The numbers of statuses, types and phases never change", "[sdk][layout]") {
  const int statuses[] = {KAIROS_OK,       KAIROS_E_INVALID,     KAIROS_E_NOT_FOUND, KAIROS_E_RANGE,
                          KAIROS_E_STATE,  KAIROS_E_UNSUPPORTED, KAIROS_E_DENIED,    KAIROS_E_IO,
                          KAIROS_E_MEMORY, KAIROS_E_DATA,        KAIROS_E_EXCEPTION, KAIROS_E_INTERNAL,
                          KAIROS_E_BUSY};
  for (int i = 0; i < 13; ++i) CHECK(statuses[i] == i);
  const int types[] = {KAIROS_TYPE_ABSENT, KAIROS_TYPE_BOOL,      KAIROS_TYPE_INT,  KAIROS_TYPE_FLOAT,
                       KAIROS_TYPE_STRING, KAIROS_TYPE_ENUM,      KAIROS_TYPE_PATH, KAIROS_TYPE_DURATION,
                       KAIROS_TYPE_METRIC, KAIROS_TYPE_EXPRESSION};
  for (int i = 0; i < 10; ++i) CHECK(types[i] == i);
  const int phases[] = {KAIROS_PHASE_MEASURE, KAIROS_PHASE_DECIDE, KAIROS_PHASE_REPORT, KAIROS_PHASE_PERSIST};
  for (int i = 0; i < 4; ++i) CHECK(phases[i] == i + 1);
  const unsigned long long bits[] = {
      KAIROS_CAN_STOP,        KAIROS_CAN_SET_OPTIMIZER, KAIROS_CAN_WRITE_WEIGHTS, KAIROS_CAN_WRITE_GRADIENTS,
      KAIROS_CAN_SAVE_MODEL,  KAIROS_CAN_WRITE_BATCH,   KAIROS_CAN_CONTROL_STEP,  KAIROS_CAN_SAVE_RUN,
      KAIROS_CAN_RUN_COMMANDS};
  for (int i = 0; i < 9; ++i) CHECK(bits[i] == 1ull << i);
  const int contents[] = {KAIROS_SAVE_MODEL, KAIROS_SAVE_WEIGHTS, KAIROS_SAVE_RUN};
  for (int i = 0; i < 3; ++i) CHECK(contents[i] == i);
  const unsigned flags[] = {
      KAIROS_OPTION_REQUIRED, KAIROS_OPTION_MIN_EXCLUSIVE, KAIROS_OPTION_MAX_EXCLUSIVE, 1u << 3,
      KAIROS_OPTION_READS,    KAIROS_OPTION_WRITES,        KAIROS_OPTION_DIRECTORY,     KAIROS_OPTION_SAVES};
  for (int i = 0; i < 8; ++i) CHECK(flags[i] == 1u << i);
  const int modes[] = {KAIROS_MODE_FIT, KAIROS_MODE_EVALUATE, KAIROS_MODE_PREDICT};
  for (int i = 0; i < 3; ++i) CHECK(modes[i] == i + 1);
  const int roles[] = {KAIROS_ROLE_WEIGHT, KAIROS_ROLE_GRADIENT,      KAIROS_ROLE_BUFFER,
                       KAIROS_ROLE_INPUT,  KAIROS_ROLE_TARGET,        KAIROS_ROLE_OUTPUT,
                       KAIROS_ROLE_SLOT,   KAIROS_ROLE_SAMPLE_WEIGHT, KAIROS_ROLE_SAMPLE_LOSS};
  for (int i = 0; i < 9; ++i) CHECK(roles[i] == i + 1);
  const int artifacts[] = {KAIROS_ARTIFACT_TEXT, KAIROS_ARTIFACT_IMAGE, KAIROS_ARTIFACT_HISTOGRAM,
                           KAIROS_ARTIFACT_TABLE, KAIROS_ARTIFACT_FILE};
  for (int i = 0; i < 5; ++i) CHECK(artifacts[i] == i + 1);
  const int lists[] = {KAIROS_INFO_SETTINGS, KAIROS_INFO_ENVIRONMENT, KAIROS_INFO_CLASSES,
                       KAIROS_INFO_COLUMNS};
  for (int i = 0; i < 4; ++i) CHECK(lists[i] == i + 1);
  CHECK(KAIROS_FILE_READ == 1);
  CHECK(KAIROS_FILE_WRITE == 2);
  CHECK(KAIROS_PLUGIN_MAGIC == 0x5249414Bu);
}
