// SPDX-License-Identifier: MIT
// Lengths precede contents, and a mark at the end confirms that everything arrived.
#include "io/model_stream.hpp"

#include <cstdint>
#include <span>

namespace kairos::host {

namespace {

enum class Tag : std::uint64_t {
  Model = 0x6b61'6972'6f73'0001,
  Error = 0x6b61'6972'6f73'0002,
  End = 0x6b61'6972'6f73'0003,
  Array = 0x6b61'6972'6f73'0004,
  Texts = 0x6b61'6972'6f73'0005
};

class Sender {
 public:
  explicit Sender(ByteSink& sink) : sink_(sink) {}
  void bytes(const void* data, std::size_t count) { good_ = good_ && sink_.write(data, count); }
  void number(std::uint64_t value) { bytes(&value, sizeof value); }
  void text(const std::string& value) {
    number(value.size());
    bytes(value.data(), value.size());
  }
  void arrays(const std::vector<NamedArray>& list) {
    number(list.size());
    for (const NamedArray& named : list) {
      text(named.name);
      array(named.array);
    }
  }
  void columns(const std::vector<InputColumns>& list) {
    number(list.size());
    for (const InputColumns& input : list) {
      text(input.port);
      number(input.names.size());
      for (const std::string& name : input.names) text(name);
    }
  }
  void array(const Array& one) {
    number(one.shape.size());
    bytes(one.shape.data(), one.shape.size() * sizeof(std::int64_t));
    number(one.values.size());
    bytes(one.values.data(), one.values.size() * sizeof(float));
  }

 private:
  ByteSink& sink_;
  bool good_ = true;
};

class Receiver {
 public:
  Receiver(ByteSource& source, std::uint64_t size) : source_(source), left_(size) {}
  [[nodiscard]] bool good() const noexcept { return good_; }

  template <class T>
  void items(T* data, std::size_t count) {
    const std::size_t bytes = count * sizeof(T);
    good_ = good_ && bytes <= left_ && source_.read(std::as_writable_bytes(std::span(data, count))) == bytes;
    left_ -= good_ ? bytes : 0;
  }
  std::uint64_t number() {
    std::uint64_t value = 0;
    items(&value, 1);
    return good_ ? value : 0;
  }
  /// A count of items of at least `width` bytes each; 0 if the rest is too short for that many.
  std::size_t count(std::size_t width) {
    const std::uint64_t value = number();
    good_ = good_ && value <= left_ / width;
    return good_ ? value : 0;
  }
  std::string text() {
    std::string value(count(1), '\0');
    items(value.data(), value.size());
    return value;
  }
  std::vector<NamedArray> arrays() {
    std::vector<NamedArray> list(count(3 * sizeof(std::uint64_t)));
    for (NamedArray& named : list) {
      named.name = text();
      array(named.array);
    }
    return list;
  }
  std::vector<InputColumns> columns() {
    std::vector<InputColumns> list(count(2 * sizeof(std::uint64_t)));
    for (InputColumns& input : list) {
      input.port = text();
      input.names.resize(count(sizeof(std::uint64_t)));
      for (std::string& name : input.names) name = text();
    }
    return list;
  }
  void array(Array& one) {
    one.shape.resize(count(sizeof(std::int64_t)));
    items(one.shape.data(), one.shape.size());
    one.values.resize(count(sizeof(float)));
    items(one.values.data(), one.values.size());
  }

 private:
  ByteSource& source_;
  std::uint64_t left_;
  bool good_ = true;
};

[[noreturn]] void throw_received(Receiver& in) {
  const auto kind = static_cast<ErrorKind>(in.number());
  Diagnosis diagnosis;
  for (std::string* field : {&diagnosis.code, &diagnosis.where, &diagnosis.what, &diagnosis.found,
                             &diagnosis.expected, &diagnosis.cure})
    *field = in.text();
  throw Error(kind, diagnosis);
}

}  // namespace

void send_model(ByteSink& sink, const ModelFile& file) {
  Sender out(sink);
  out.number(static_cast<std::uint64_t>(Tag::Model));
  out.text(file.architecture_json);
  out.text(file.training_config_json);
  out.number(file.layers.size());
  for (const LayerWeights& layer : file.layers) {
    out.text(layer.name);
    out.text(layer.class_name);
    out.arrays(layer.weights);
  }
  out.arrays(file.optimizer);
  out.number(file.iterations.has_value() ? 1 : 0);
  out.number(static_cast<std::uint64_t>(file.iterations.value_or(0)));
  out.number(static_cast<std::uint64_t>(file.layout));
  out.columns(file.input_columns);
  out.text(file.weights_label);
  out.number(static_cast<std::uint64_t>(Tag::End));
}

void send_array(ByteSink& sink, const Array& array) {
  Sender out(sink);
  out.number(static_cast<std::uint64_t>(Tag::Array));
  out.array(array);
  out.number(static_cast<std::uint64_t>(Tag::End));
}

void send_texts(ByteSink& sink, const TextArray& array) {
  Sender out(sink);
  out.number(static_cast<std::uint64_t>(Tag::Texts));
  out.number(array.is_text ? 1 : 0);
  out.number(array.is_utf8 ? 1 : 0);
  out.array({array.shape, {}});
  out.number(array.values.size());
  for (const std::string& value : array.values) out.text(value);
  out.number(static_cast<std::uint64_t>(Tag::End));
}

void send_error(ByteSink& sink, const Error& error) {
  Sender out(sink);
  const Diagnosis& diagnosis = error.diagnosis();
  out.number(static_cast<std::uint64_t>(Tag::Error));
  out.number(static_cast<std::uint64_t>(error.kind()));
  for (const std::string* field : {&diagnosis.code, &diagnosis.where, &diagnosis.what, &diagnosis.found,
                                   &diagnosis.expected, &diagnosis.cure})
    out.text(*field);
}

bool receive_model(ByteSource& source, std::uint64_t size, ModelFile& file) {
  Receiver in(source, size);
  const auto tag = static_cast<Tag>(in.number());
  if (tag == Tag::Error) throw_received(in);
  if (tag != Tag::Model) return false;
  file.architecture_json = in.text();
  file.training_config_json = in.text();
  file.layers.resize(in.count(3 * sizeof(std::uint64_t)));
  for (LayerWeights& layer : file.layers) {
    layer.name = in.text();
    layer.class_name = in.text();
    layer.weights = in.arrays();
  }
  file.optimizer = in.arrays();
  const bool counted = in.number() != 0;
  const auto iterations = static_cast<std::int64_t>(in.number());
  if (counted) file.iterations = iterations;
  file.layout = static_cast<WeightsLayout>(in.number());
  file.input_columns = in.columns();
  file.weights_label = in.text();
  return static_cast<Tag>(in.number()) == Tag::End && in.good();
}

bool receive_texts(ByteSource& source, std::uint64_t size, TextArray& array) {
  Receiver in(source, size);
  const auto tag = static_cast<Tag>(in.number());
  if (tag == Tag::Error) throw_received(in);
  if (tag != Tag::Texts) return false;
  array.is_text = in.number() != 0;
  array.is_utf8 = in.number() != 0;
  Array shape;
  in.array(shape);
  array.shape = std::move(shape.shape);
  array.values.resize(in.count(sizeof(std::uint64_t)));
  for (std::string& value : array.values) value = in.text();
  return static_cast<Tag>(in.number()) == Tag::End && in.good();
}

bool receive_array(ByteSource& source, std::uint64_t size, Array& array) {
  Receiver in(source, size);
  const auto tag = static_cast<Tag>(in.number());
  if (tag == Tag::Error) throw_received(in);
  if (tag != Tag::Array) return false;
  in.array(array);
  return static_cast<Tag>(in.number()) == Tag::End && in.good();
}

}  // namespace kairos::host
