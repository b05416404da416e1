// SPDX-License-Identifier: MIT
// Operations of keras.ops whose output values are input values at other places of the same sample.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "nn/layers/operation_layer.hpp"

namespace kairos::host {

namespace {

/// A selection of the values of a sample: a shape, and the stride of each dimension.
struct Selection {
  Shape shape;
  std::vector<std::int64_t> strides;
  std::int64_t first = 0;

  explicit Selection(const Shape& of) : shape(of), strides(of.size()) {
    std::int64_t stride = 1;
    for (std::size_t d = of.size(); d-- > 0; stride *= of[d]) strides[d] = stride;
  }
  [[nodiscard]] std::vector<std::int64_t> offsets() const {
    std::vector<std::int64_t> all{first};
    for (std::size_t d = 0; d < shape.size(); ++d) {
      std::vector<std::int64_t> next;
      for (const std::int64_t before : all)
        for (std::int64_t i = 0; i < shape[d]; ++i) next.push_back(before + i * strides[d]);
      all = std::move(next);
    }
    return all;
  }
};

class IndexingOperation : public OperationLayer {
 public:
  using OperationLayer::OperationLayer;

  Shape build(std::span<const Shape> inputs, const BuildContext&) final {
    const Selection selection = select(inputs.front());
    if (size_of(selection.shape) < 1) refuse_shape(inputs.front(), "samples of which a value is selected");
    size_ = size_of(inputs.front());
    offsets_ = selection.offsets();
    return selection.shape;
  }
  void forward(const GraphPass& pass, const LayerValues& v) final {
    float* y = v.output;
    for (std::int64_t row = 0; row < pass.batch; ++row)
      for (const std::int64_t offset : offsets_) *y++ = v.inputs.front()[row * size_ + offset];
  }
  void backward(const GraphPass& pass, const LayerGradients& g) final {
    float* const into = g.input_gradients.front();
    if (into == nullptr) return;
    std::fill_n(into, pass.batch * size_, 0.0F);
    const float* dy = g.output_gradient;
    for (std::int64_t row = 0; row < pass.batch; ++row)
      for (const std::int64_t offset : offsets_) into[row * size_ + offset] += *dy++;
  }

 protected:
  [[nodiscard]] virtual Selection select(const Shape& shape) const = 0;

 private:
  std::int64_t size_ = 0;
  std::vector<std::int64_t> offsets_;
};

/// Transpose, Swapaxes and Moveaxis. The batch stays first.
class AxesOperation final : public IndexingOperation {
 public:
  AxesOperation(ConfigReader& config, std::string_view class_name) : IndexingOperation(config, class_name) {
    if (class_name == "Transpose") {
      axes_ = read_integers(config, "axes");
      if (axes_.empty() || axes_.front() != 0)
        config.bad_value("axes", "axes of which the first is the batch, 0");
      return;
    }
    const bool swaps = class_name == "Swapaxes";
    from_ = read_integers(config, swaps ? "axis1" : "source");
    to_ = read_integers(config, swaps ? "axis2" : "destination");
    if (from_.size() != 1 || to_.size() != 1 || from_[0] == 0 || to_[0] == 0)
      config.bad_value(swaps ? "axis1" : "source", "one axis after the batch");
    swaps_ = swaps;
  }

 protected:
  [[nodiscard]] Selection select(const Shape& shape) const override {
    const std::vector<std::size_t> order = axes_.empty() ? moved(shape) : given(shape);
    const Selection all(shape);
    Selection made(shape);
    for (std::size_t d = 0; d < order.size(); ++d) {
      made.shape[d] = all.shape[order[d]];
      made.strides[d] = all.strides[order[d]];
    }
    return made;
  }

 private:
  [[nodiscard]] std::size_t at(std::int64_t axis, const Shape& shape) const {
    const std::int64_t found = sample_axis(axis, shape.size());
    if (found < 0) refuse_shape(shape, "samples with an axis " + std::to_string(axis) + " after the batch");
    return static_cast<std::size_t>(found);
  }
  [[nodiscard]] std::vector<std::size_t> given(const Shape& shape) const {
    std::vector<std::size_t> order, sorted;
    for (std::size_t i = 1; i < axes_.size(); ++i) order.push_back(at(axes_[i], shape));
    sorted = order;
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t i = 0; i < sorted.size(); ++i)
      if (sorted[i] != i || sorted.size() != shape.size()) refuse_shape(shape, "each axis once in axes");
    if (order.size() != shape.size()) refuse_shape(shape, "each axis once in axes");
    return order;
  }
  [[nodiscard]] std::vector<std::size_t> moved(const Shape& shape) const {
    std::vector<std::size_t> order(shape.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const std::size_t from = at(from_[0], shape), to = at(to_[0], shape);
    if (swaps_) {
      std::swap(order[from], order[to]);
      return order;
    }
    order.erase(order.begin() + static_cast<std::ptrdiff_t>(from));
    order.insert(order.begin() + static_cast<std::ptrdiff_t>(to), from);
    return order;
  }

  std::vector<std::int64_t> axes_, from_, to_;
  bool swaps_ = false;
};

/// x[:, 0], x[:, ::2], x[..., -1] and the like: slices, integers, an ellipsis and new axes.
class GetItem final : public IndexingOperation {
 public:
  GetItem(ConfigReader& config, std::string_view class_name, const OperationArgument& key)
      : IndexingOperation(config, class_name), where_(config.where()) {
    nlohmann::json json = nlohmann::json::parse(key.json);
    if (is_of(json, "__tuple__")) json = json.value("items", nlohmann::json::array());
    if (!json.is_array()) json = nlohmann::json::array({json});
    std::size_t ellipses = 0;
    for (const nlohmann::json& one : json) ellipses += is_of(one, "__ellipsis__") ? 1 : 0;
    if (json.empty() || ellipses > 1) refuse(json);
    for (const nlohmann::json& one : json) parts_.push_back(read(one));
    const Part& batch = parts_.front();
    if (batch.kind == Kind::Ellipsis) return;
    if (batch.kind != Kind::Slice || batch.begin || batch.end || batch.step != 1) refuse(json);
    parts_.erase(parts_.begin());
  }

 protected:
  [[nodiscard]] Selection select(const Shape& shape) const override {
    const Selection all(shape);
    Selection made{Shape{}};
    std::size_t d = 0, used = 0;
    for (const Part& part : parts_) used += part.kind == Kind::Slice || part.kind == Kind::Index ? 1 : 0;
    if (used > shape.size()) refuse_shape(shape, "as many dimensions as the index has");
    const auto keep = [&](std::int64_t count, std::int64_t stride) {
      made.shape.push_back(count);
      made.strides.push_back(stride);
    };
    bool open = false;
    for (const Part& part : parts_) {
      if (part.kind == Kind::NewAxis) keep(1, 0);
      if (part.kind == Kind::Ellipsis) {
        open = true;
        for (std::size_t rest = shape.size() - used; rest > 0; --rest, ++d) keep(shape[d], all.strides[d]);
      }
      if (part.kind != Kind::Slice && part.kind != Kind::Index) continue;
      const Range range = range_of(part, shape, d);
      made.first += range.first * all.strides[d];
      if (part.kind == Kind::Slice) keep(range.count, range.step * all.strides[d]);
      ++d;
    }
    for (; !open && d < shape.size(); ++d) keep(shape[d], all.strides[d]);
    return made;
  }

 private:
  enum class Kind { Slice, Index, Ellipsis, NewAxis };
  struct Part {
    Kind kind;
    std::optional<std::int64_t> begin, end;  ///< `begin` is the index of Kind::Index
    std::int64_t step = 1;
  };
  struct Range {
    std::int64_t first, count, step;
  };

  [[noreturn]] void refuse(const nlohmann::json& found) const {
    throw Error(ErrorKind::Model,
                {"KAIROS-M102", where_, "the index of the operation is not supported", brief_json(found),
                 "slices, integers, an ellipsis and None, of which the first keeps the batch",
                 "Write it as x[:, …]"});
  }
  static bool is_of(const nlohmann::json& json, const char* class_name) {
    return json.is_object() && json.contains("class_name") && json["class_name"] == class_name;
  }

  [[nodiscard]] Part read(const nlohmann::json& json) const {
    if (json.is_null()) return {Kind::NewAxis, {}, {}, 1};
    if (is_of(json, "__ellipsis__")) return {Kind::Ellipsis, {}, {}, 1};
    constexpr std::int64_t largest = 2147483647;
    if (json.is_number_integer() && json >= -largest && json <= largest)
      return {Kind::Index, json.get<std::int64_t>(), {}, 1};
    if (!is_of(json, "__slice__") || !json.contains("config") || !json["config"].is_object()) refuse(json);
    Part part{Kind::Slice, {}, {}, 1};
    const auto number = [&](const char* name) -> std::optional<std::int64_t> {
      const nlohmann::json value = json["config"].value(name, nlohmann::json());
      if (value.is_null()) return std::nullopt;
      if (!value.is_number_integer() || value < -largest || value > largest) refuse(json);
      return value.get<std::int64_t>();
    };
    part.begin = number("start");
    part.end = number("stop");
    part.step = number("step").value_or(1);
    if (part.step == 0) refuse(json);
    return part;
  }

  /// As Python's slice.indices.
  [[nodiscard]] Range range_of(const Part& part, const Shape& shape, std::size_t d) const {
    const std::int64_t n = shape[d];
    if (part.kind == Kind::Index) {
      const std::int64_t at = *part.begin < 0 ? *part.begin + n : *part.begin;
      if (at < 0 || at >= n)
        refuse_shape(shape, "a position " + std::to_string(*part.begin) + " along an axis");
      return {at, 1, 1};
    }
    const bool up = part.step > 0;
    const auto bound = [&](std::optional<std::int64_t> given, std::int64_t absent) {
      if (!given) return absent;
      const std::int64_t at = *given < 0 ? *given + n : *given;
      return std::clamp<std::int64_t>(at, up ? 0 : -1, up ? n : n - 1);
    };
    const std::int64_t begin = bound(part.begin, up ? 0 : n - 1), end = bound(part.end, up ? n : -1);
    const std::int64_t length = up ? end - begin : begin - end;
    const std::int64_t size = up ? part.step : -part.step;
    return {begin, length <= 0 ? 0 : (length + size - 1) / size, part.step};
  }

  std::string where_;
  std::vector<Part> parts_;  ///< after the batch
};

std::unique_ptr<Layer> make_axes(std::string_view class_name, ConfigReader& config,
                                 const std::vector<OperationArgument>& arguments) {
  require_arguments(config, class_name, arguments, 1, false);
  return std::make_unique<AxesOperation>(config, class_name);
}

std::unique_ptr<Layer> make_get_item(std::string_view class_name, ConfigReader& config,
                                     const std::vector<OperationArgument>& arguments) {
  std::vector<OperationArgument> input = arguments;
  if (input.size() == 2) input.pop_back();
  require_arguments(config, class_name, input, 1, false);
  if (arguments.size() != 2 || arguments[1].json.empty())
    require_arguments(config, class_name, {}, 2, false);  // always refuses
  return std::make_unique<GetItem>(config, class_name, arguments[1]);
}

}  // namespace

std::vector<OperationType> indexing_operations() {
  return {
      {"Transpose", make_axes}, {"Swapaxes", make_axes}, {"Moveaxis", make_axes}, {"GetItem", make_get_item}};
}

}  // namespace kairos::host
