// SPDX-License-Identifier: MIT
// Messages through protobuf.
#include "events.hpp"

#include <bit>
#include <initializer_list>
#include <limits>

#include "event.pb.h"

namespace kairos::plugins::tensorboard {

namespace {

// TensorFlow's numbers of types, and TensorBoard's numbers of data classes.
constexpr int float32 = 1;
constexpr int float64 = 2;
constexpr int text = 7;
constexpr int scalar_class = 1;
constexpr int tensor_class = 2;
constexpr int blob_class = 3;
constexpr int session_start = 1;

template <class Bits>
void append_little_endian(std::string& out, Bits bits) {
  for (std::size_t i = 0; i < sizeof bits; ++i) out.push_back(static_cast<char>((bits >> (8 * i)) & 0xFF));
}

void append(std::string& out, float value) {
  append_little_endian(out, std::bit_cast<std::uint32_t>(value));
}
void append(std::string& out, double value) {
  append_little_endian(out, std::bit_cast<std::uint64_t>(value));
}

wire::Tensor tensor_of(int dtype, std::initializer_list<std::size_t> shape) {
  wire::Tensor tensor;
  tensor.set_dtype(dtype);
  tensor.mutable_shape();
  for (const std::size_t size : shape)
    tensor.mutable_shape()->add_dim()->set_size(static_cast<std::int64_t>(size));
  return tensor;
}

wire::Metadata metadata_of(const char* plugin, int data_class) {
  wire::Metadata metadata;
  metadata.mutable_plugin_data()->set_plugin_name(plugin);
  metadata.set_data_class(data_class);
  return metadata;
}

std::string summary_event(const Point& point, wire::Metadata metadata, wire::Tensor tensor) {
  wire::Value head;
  head.set_tag(point.tag.data(), point.tag.size());
  *head.mutable_metadata() = std::move(metadata);
  wire::Value body;
  *body.mutable_tensor() = std::move(tensor);

  wire::Event event;
  event.set_wall_time(point.wall_time);
  event.set_step(point.step);
  // Two messages are concatenated, which protobuf reads as one. TensorBoard's own writer puts the metadata
  // before the tensor, and the files must equal its files byte for byte.
  event.mutable_summary()->add_value(head.SerializeAsString() + body.SerializeAsString());
  return event.SerializeAsString();
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

std::string scalar_event(const Point& point, float value) {
  wire::Tensor tensor = tensor_of(float32, {});
  append(*tensor.mutable_content(), value);
  return summary_event(point, metadata_of("scalars", scalar_class), std::move(tensor));
}

std::string histogram_event(const Point& point, const Histogram& histogram) {
  wire::Tensor tensor = tensor_of(float64, {histogram.size(), 3});
  for (const Bucket& bucket : histogram)
    for (const double number : {bucket.left, bucket.right, bucket.count})
      append(*tensor.mutable_content(), number);
  return summary_event(point, metadata_of("histograms", tensor_class), std::move(tensor));
}

std::string image_event(const Point& point, const Images& images) {
  wire::Tensor tensor = tensor_of(text, {2 + images.files.size()});
  tensor.add_strings(std::to_string(images.width));
  tensor.add_strings(std::to_string(images.height));
  for (const std::string& file : images.files) tensor.add_strings(file);
  return summary_event(point, metadata_of("images", blob_class), std::move(tensor));
}

std::string text_event(const Point& point, std::string_view markdown) {
  wire::Tensor tensor = tensor_of(text, {});
  tensor.add_strings(markdown.data(), markdown.size());
  return summary_event(point, metadata_of("text", tensor_class), std::move(tensor));
}

std::string keras_graph_event(const Point& point, std::string_view json) {
  wire::Tensor tensor = tensor_of(text, {});
  tensor.add_strings(json.data(), json.size());
  // Like TensorFlow, without a data class and with a scalar, which readers convert.
  wire::Metadata metadata;
  metadata.mutable_plugin_data()->set_plugin_name("graph_keras_model");
  metadata.mutable_plugin_data()->set_content("1");
  return summary_event(point, std::move(metadata), std::move(tensor));
}

std::string graph_event(double wall_time, std::string_view graph_def) {
  wire::Event event;
  event.set_wall_time(wall_time);
  event.set_graph_def(graph_def.data(), graph_def.size());
  return event.SerializeAsString();
}

std::string hparams_event(const Point& point, std::string_view content) {
  wire::Metadata metadata = metadata_of("hparams", tensor_class);
  metadata.mutable_plugin_data()->set_content(content.data(), content.size());
  // The data are in the metadata. Readers skip a summary without a tensor.
  return summary_event(point, std::move(metadata), tensor_of(float32, {0}));
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
  EventFacts facts{event.step(), event.session_log().status() == session_start, "", ""};
  for (const std::string& value_bytes : event.summary().value()) {
    wire::Value value;
    if (!parse(value, value_bytes)) return std::nullopt;
    facts.tag = value.tag();
    facts.plugin = value.metadata().plugin_data().plugin_name();
  }
  return facts;
}

}  // namespace kairos::plugins::tensorboard
