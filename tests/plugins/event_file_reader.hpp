// SPDX-License-Identifier: MIT
// Reads TensorBoard's event files as TensorBoard does, without the plugin's code and without protobuf.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/temporary_directory.hpp"

namespace kairos::tests {

/// One field of a protobuf message.
struct WireField {
  std::uint64_t number = 0;
  std::uint64_t integer = 0;  ///< of varint and fixed fields
  std::string_view bytes;     ///< of length-delimited fields
};

inline std::uint64_t take_varint(std::string_view& in) {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (in.empty()) break;
    const auto byte = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    value |= std::uint64_t{byte & 0x7Fu} << shift;
    if (byte < 0x80) return value;
  }
  throw std::runtime_error("a number is truncated");
}

inline std::uint64_t take_fixed(std::string_view& in, std::size_t count) {
  if (in.size() < count) throw std::runtime_error("a field is truncated");
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < count; ++i)
    value |= std::uint64_t{static_cast<unsigned char>(in[i])} << (8 * i);
  in.remove_prefix(count);
  return value;
}

inline std::vector<WireField> wire_fields(std::string_view message) {
  std::vector<WireField> fields;
  while (!message.empty()) {
    const std::uint64_t key = take_varint(message);
    WireField field{key >> 3, 0, {}};
    switch (key & 7) {
      case 0:
        field.integer = take_varint(message);
        break;
      case 1:
        field.integer = take_fixed(message, 8);
        break;
      case 5:
        field.integer = take_fixed(message, 4);
        break;
      case 2: {
        const std::uint64_t count = take_varint(message);
        if (count > message.size()) throw std::runtime_error("a field is truncated");
        field.bytes = message.substr(0, count);
        message.remove_prefix(count);
        break;
      }
      default:
        throw std::runtime_error("unknown wire type");
    }
    fields.push_back(field);
  }
  return fields;
}

struct ReadEvent {
  double wall_time = 0;
  std::int64_t step = 0;
  std::string file_version;
  bool session_start = false;
  std::string tag;
  std::string plugin;
  std::uint64_t data_class = 0, dtype = 0;
  float value = 0;
};

inline void read_metadata(std::string_view message, ReadEvent& event) {
  for (const WireField& field : wire_fields(message)) {
    if (field.number == 4) event.data_class = field.integer;
    if (field.number != 1) continue;
    for (const WireField& part : wire_fields(field.bytes))
      if (part.number == 1) event.plugin = part.bytes;
  }
}

inline void read_tensor(std::string_view message, ReadEvent& event) {
  for (const WireField& field : wire_fields(message)) {
    if (field.number == 1) event.dtype = field.integer;
    if (field.number == 2 && !field.bytes.empty()) throw std::runtime_error("a scalar has no dimension");
    if (field.number != 4) continue;
    if (field.bytes.size() != sizeof event.value) throw std::runtime_error("a scalar has four bytes");
    std::memcpy(&event.value, field.bytes.data(), sizeof event.value);
  }
}

inline ReadEvent read_event_message(std::string_view message) {
  ReadEvent event;
  for (const WireField& field : wire_fields(message)) {
    if (field.number == 1) std::memcpy(&event.wall_time, &field.integer, sizeof event.wall_time);
    if (field.number == 2) event.step = static_cast<std::int64_t>(field.integer);
    if (field.number == 3) event.file_version = field.bytes;
    if (field.number == 7)
      for (const WireField& part : wire_fields(field.bytes))
        event.session_start = part.number == 1 && part.integer == 1;
    if (field.number != 5) continue;
    for (const WireField& value : wire_fields(field.bytes))
      for (const WireField& part : wire_fields(value.bytes)) {
        if (part.number == 1) event.tag = part.bytes;
        if (part.number == 8) read_tensor(part.bytes, event);
        if (part.number == 9) read_metadata(part.bytes, event);
      }
  }
  return event;
}

/// CRC-32C computed bit by bit, rotated and offset.
inline std::uint32_t slow_masked_crc(std::string_view bytes) {
  std::uint32_t crc = ~0u;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1u) != 0 ? (crc >> 1) ^ 0x82F63B78u : crc >> 1;
  }
  crc = ~crc;
  return (crc >> 15 | crc << 17) + 0xA282EAD8u;
}

/// All events of a file; throws unless every record is complete and every checksum correct.
inline std::vector<ReadEvent> read_event_file(const std::filesystem::path& file) {
  const std::string content = content_of(file);
  std::string_view rest = content;
  std::vector<ReadEvent> events;
  while (!rest.empty()) {
    const std::string_view length_text = rest.substr(0, 8);
    const std::uint64_t length = take_fixed(rest, 8);
    if (take_fixed(rest, 4) != slow_masked_crc(length_text)) throw std::runtime_error("sum of a length");
    const std::string_view data = rest.substr(0, length);
    if (data.size() != length) throw std::runtime_error("a record is truncated");
    rest.remove_prefix(length);
    if (take_fixed(rest, 4) != slow_masked_crc(data)) throw std::runtime_error("sum of a record");
    events.push_back(read_event_message(data));
  }
  return events;
}

inline std::vector<std::filesystem::path> files_in(const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

using Curve = std::vector<std::pair<std::int64_t, float>>;

/// The curves that TensorBoard shows for a directory: files with "tfevents" in their names, in the order of
/// these, without events that a START purges.
inline std::map<std::string, Curve> curves_of(const std::filesystem::path& directory) {
  std::map<std::string, Curve> curves;
  for (const std::filesystem::path& file : files_in(directory)) {
    if (file.filename().string().find("tfevents") == std::string::npos) continue;
    for (const ReadEvent& event : read_event_file(file)) {
      if (event.session_start)
        for (auto& [tag, curve] : curves)
          std::erase_if(curve, [&](const auto& point) { return point.first >= event.step; });
      if (!event.tag.empty()) curves[event.tag].emplace_back(event.step, event.value);
    }
  }
  return curves;
}

}  // namespace kairos::tests
