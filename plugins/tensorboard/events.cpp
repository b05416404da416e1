// SPDX-License-Identifier: MIT
// Messages through protobuf.
#include "events.hpp"

#include <bit>
#include <limits>

#include "event.pb.h"

namespace kairos::plugins::tensorboard {

namespace {

constexpr int float32 = 1;
constexpr int scalar_class = 1;
constexpr int session_start = 1;

std::string raw_bytes(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  std::string out;
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>((bits >> shift) & 0xFF));
  return out;
}

template <class Message>
bool parse(Message& message, std::string_view bytes) {
  return bytes.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max()) &&
         message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

}  // namespace

std::string file_version_event(double wall_time) {
  wire::Event event;
  event.set_wall_time(wall_time);
  event.set_file_version("brain.Event:2");
  return event.SerializeAsString();
}

std::string scalar_event(double wall_time, std::int64_t step, std::string_view tag, float value) {
  wire::Value head;
  head.set_tag(tag.data(), tag.size());
  head.mutable_metadata()->mutable_plugin_data()->set_plugin_name("scalars");
  head.mutable_metadata()->set_data_class(scalar_class);
  wire::Value body;
  body.mutable_tensor()->set_dtype(float32);
  body.mutable_tensor()->mutable_shape();
  body.mutable_tensor()->set_content(raw_bytes(value));

  wire::Event event;
  event.set_wall_time(wall_time);
  event.set_step(step);
  // Put together by hand, which protobuf reads as one message: TensorBoard's own writer has the metadata
  // before the tensor, and the files are to be equal to its files byte for byte.
  event.mutable_summary()->add_value(head.SerializeAsString() + body.SerializeAsString());
  return event.SerializeAsString();
}

std::string session_start_event(double wall_time, std::int64_t step) {
  wire::Event event;
  event.set_wall_time(wall_time);
  event.set_step(step);
  event.mutable_session_log()->set_status(session_start);
  return event.SerializeAsString();
}

std::optional<EventFacts> read_event(std::string_view bytes) {
  wire::Event event;
  if (!parse(event, bytes)) return std::nullopt;
  EventFacts facts{event.step(), event.session_log().status() == session_start, {}};
  for (const std::string& value_bytes : event.summary().value()) {
    wire::Value value;
    if (!parse(value, value_bytes)) return std::nullopt;
    facts.tags.push_back(value.tag());
  }
  return facts;
}

}  // namespace kairos::plugins::tensorboard
