// SPDX-License-Identifier: MIT
// RNN: cells, run one after another in each timestep. Because a cell depends on the cells before it in the
// same step and on itself in the previous one, each is computed as a recurrent layer over the whole sequence.
#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>

#include "compute/random.hpp"
#include "nn/keras/dtype_policy.hpp"
#include "nn/keras/inner_layer.hpp"
#include "nn/keras/object.hpp"
#include "nn/layers/layer_types.hpp"
#include "nn/layers/recurrent_layer.hpp"
#include "nn/layers/sequence_arguments.hpp"

namespace kairos::host {

namespace {

struct CellClass {
  const char *cell, *layer, *folder;
};
constexpr std::array cell_classes{CellClass{"SimpleRNNCell", "SimpleRNN", "simple_rnn_cell"},
                                  CellClass{"LSTMCell", "LSTM", "lstm_cell"},
                                  CellClass{"GRUCell", "GRU", "gru_cell"}};
/// What a recurrent layer has and a cell has not.
constexpr std::array layer_keys{
    "return_sequences", "return_state", "go_backwards",         "stateful",
    "unroll",           "time_major",   "zero_output_for_mask", "activity_regularizer"};

class RnnLayer final : public Layer {
 public:
  explicit RnnLayer(ConfigReader& config) : Layer(config, "RNN"), sequence_(config) {
    const char* const expected = "SimpleRNNCell, LSTMCell, GRUCell, or StackedRNNCells of them";
    const nlohmann::json* const cell = config.take("cell");
    if (cell == nullptr) config.bad_value("cell", expected);
    nlohmann::json cells = *cell;
    if (cell->is_object() && cell->value("class_name", nlohmann::json()) == "StackedRNNCells") {
      const nlohmann::json stack = cell->value("config", nlohmann::json::object());
      if (!stack.is_object()) config.bad_value("cell", expected);
      cells = stack.value("cells", nlohmann::json());
      const nlohmann::json name = stack.value("name", nlohmann::json("stacked_rnn_cells"));
      if (!name.is_string()) config.bad_value("cell", expected);
      stack_name_ = name.get<std::string>();
    }
    if (cells.is_object()) cells = nlohmann::json::array({cells});
    if (!cells.is_array() || cells.empty()) config.bad_value("cell", expected);
    for (std::size_t i = 0; i < cells.size(); ++i)
      add_cell(config, cells[i], i, i + 1 == cells.size(), expected);
  }

  /// The inputs are the sequence and, if there are more, the initial states of all cells.
  [[nodiscard]] bool takes_several_inputs() const override { return true; }
  void set_call(const CallArguments& call) override {
    for (const std::unique_ptr<Layer>& layer : inner_) layer->set_call(call);
  }
  [[nodiscard]] MaskRule mask_rule(bool) const override {
    return sequence_.return_sequences ? MaskRule::Pass : MaskRule::Stop;
  }
  void use_memory_limit(MemoryLimit& limit) override {
    Layer::use_memory_limit(limit);
    for (const std::unique_ptr<Layer>& layer : inner_) layer->use_memory_limit(limit);
  }

  Shape build(std::span<const Shape> inputs, const BuildContext& context) override {
    if (inputs.front().size() != 2) refuse_shape(inputs.front(), "(timesteps, features)");
    if (inputs.size() > 1 && inputs.size() != 1 + first_state(inner_.size()))
      refuse_shape(inputs.back(), std::to_string(first_state(inner_.size())) + " initial states, or none");
    steps_ = inputs.front().front();
    Shape sequence = inputs.front();
    for (std::size_t i = 0; i < inner_.size(); ++i) {
      if (!trainable()) inner_[i]->freeze();
      std::vector<Shape> own{sequence};
      for (std::size_t k = first_state(i); inputs.size() > 1 && k < first_state(i + 1); ++k)
        own.push_back(inputs[1 + k]);
      sizes_.push_back(size_of(inner_[i]->build(own, {context.engine, joined_key(context.key, i)})));
      sequence.back() = cells_[i]->units();
    }
    adopt_parameters(inner_);
    if (!stack_name_.empty())
      for (Parameter& parameter : parameters()) parameter.name = stack_name_ + "/" + parameter.name;
    if (sequence_.return_state) return {output_size()};
    return sequence_.return_sequences ? sequence : Shape{sequence.back()};
  }
  [[nodiscard]] std::vector<Shape> output_parts() const override {
    if (!sequence_.return_state) return {};
    std::vector<Shape> parts{sequence_.return_sequences ? Shape{steps_, cells_.back()->units()}
                                                        : Shape{cells_.back()->units()}};
    for (const RecurrentLayer* const cell : cells_)
      parts.insert(parts.end(), static_cast<std::size_t>(cell->state_count()), Shape{cell->units()});
    return parts;
  }

  void reserve(std::int64_t batch) override {
    work_.resize(inner_.size());
    reversed_mask_.reserve(batch * steps_);
    for (std::size_t i = 0; i < inner_.size(); ++i) {
      inner_[i]->reserve(batch);
      work_[i].output.reserve(batch * sizes_[i]);
      work_[i].gradient.reserve(batch * sizes_[i]);
      work_[i].sequence.reserve(batch * sequence_size(i));
      work_[i].sequence_gradient.reserve(batch * sequence_size(i));
    }
  }

  [[nodiscard]] std::vector<WeightGroup> weight_groups() const override {
    const auto count = [](RecurrentLayer& cell) { return cell.parameters().size(); };
    if (stack_name_.empty()) return {{"cell", cells_.front()->name(), count(*cells_.front())}};
    std::vector<WeightGroup> groups{{"cell", stack_name_, 0}};
    std::map<std::string, int> used;
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      std::string folder = class_of(i).folder;
      if (const int before = used[folder]++; before > 0) folder += "_" + std::to_string(before);
      groups.push_back({"cell/cells/" + folder, cells_[i]->name(), count(*cells_[i])});
    }
    return groups;
  }

  void forward(const GraphPass& pass, const LayerValues& v) override {
    if (sequence_.go_backwards && v.input_masks.front() != nullptr)
      for (std::int64_t row = 0; row < pass.batch; ++row)
        std::reverse_copy(v.input_masks.front() + row * steps_, v.input_masks.front() + (row + 1) * steps_,
                          reversed_mask_.data() + row * steps_);
    for (std::size_t i = 0; i < inner_.size(); ++i) {
      const Arguments arguments = arguments_of(v.inputs, v.input_masks, i);
      const bool direct = is_last(i) && !sequence_.return_state;
      inner_[i]->forward(pass, {arguments.inputs(), direct ? v.output : work_[i].output.data(),
                                arguments.input_masks(), nullptr});
      if (sequence_.return_state)
        copy_rows(pass.batch, sequence_size(i), work_[i].output.data(), sizes_[i], work_[i].sequence.data(),
                  sequence_size(i));
    }
    if (!sequence_.return_state) return;
    std::int64_t at = sequence_size(inner_.size() - 1);
    copy_rows(pass.batch, at, work_.back().sequence.data(), at, v.output, output_size());
    for (std::size_t i = 0; i < inner_.size(); at += state_size(i++))
      copy_rows(pass.batch, state_size(i), work_[i].output.data() + sequence_size(i), sizes_[i],
                v.output + at, output_size());
  }

  void backward(const GraphPass& pass, const LayerGradients& g) override {
    if (sequence_.return_state) begin_gradients(pass.batch, g.output_gradient);
    for (std::size_t i = inner_.size(); i-- > 0;) {
      const Arguments arguments = arguments_of(g.inputs, g.input_masks, i);
      std::array<float*, 3> into{};
      into[0] = i == 0 ? g.input_gradients[0] : work_[i - 1].sequence_gradient.data();
      for (std::size_t k = 1; k < arguments.count; ++k) into[k] = g.input_gradients[first_state(i) + k];
      const bool direct = is_last(i) && !sequence_.return_state;
      float* const gradient = direct                   ? g.output_gradient
                              : sequence_.return_state ? work_[i].gradient.data()
                                                       : work_[i].sequence_gradient.data();
      inner_[i]->backward(pass, {arguments.inputs(), direct ? g.output : work_[i].output.data(), gradient,
                                 std::span(into).first(arguments.count), arguments.input_masks()});
      if (i > 0 && sequence_.return_state)
        copy_rows(pass.batch, sequence_size(i - 1), work_[i - 1].sequence_gradient.data(),
                  sequence_size(i - 1), work_[i - 1].gradient.data(), sizes_[i - 1]);
    }
  }

 protected:
  void write_config(nlohmann::json& config) const override {
    sequence_.write(config);
    nlohmann::json cells = nlohmann::json::array();
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      nlohmann::json own = cells_[i]->config();
      for (const char* const key : layer_keys) own.erase(key);
      cells.push_back(keras_object("keras.layers", class_of(i).cell, std::move(own)));
    }
    nlohmann::json inner_config = {{"name", stack_name_},
                                   {"trainable", trainable()},
                                   {"dtype", float32_policy_json()},
                                   {"cells", cells}};
    config["cell"] = stack_name_.empty()
                         ? cells.front()
                         : keras_object("keras.layers", "StackedRNNCells", std::move(inner_config));
  }

 private:
  /// Arrays of one cell, used where its output is not that of the layer.
  struct Work {
    FloatBuffer output, gradient;             ///< [batch, output with states]
    FloatBuffer sequence, sequence_gradient;  ///< [batch, output]
  };
  struct Arguments {
    std::array<const float*, 3> values{};
    std::array<Mask, 3> masks{};
    std::size_t count = 1;

    [[nodiscard]] std::span<const float* const> inputs() const { return std::span(values).first(count); }
    [[nodiscard]] std::span<const Mask> input_masks() const { return std::span(masks).first(count); }
  };

  void add_cell(ConfigReader& config, const nlohmann::json& cell, std::size_t i, bool last,
                const char* expected) {
    const nlohmann::json name =
        cell.is_object() ? cell.value("class_name", nlohmann::json()) : nlohmann::json();
    const auto* const known = std::find_if(cell_classes.begin(), cell_classes.end(),
                                           [&](const CellClass& one) { return name == one.cell; });
    if (known == cell_classes.end() || !cell.contains("config") || !cell["config"].is_object())
      config.bad_value("cell", expected);
    nlohmann::json layer = cell;
    layer["class_name"] = known->layer;
    if (const auto registered = layer.find("registered_name");
        registered != layer.end() && *registered == known->cell)
      *registered = known->layer;
    nlohmann::json& inner = layer["config"];
    inner["return_sequences"] = sequence_.return_sequences || !last;
    inner["return_state"] = sequence_.return_state;
    inner["go_backwards"] = sequence_.go_backwards && i == 0;
    inner["zero_output_for_mask"] = sequence_.zero_output_for_mask && last;
    const nlohmann::json holder{{"cell", layer}};
    ConfigReader reader(holder, config.where(), config.inside("layer", "RNN"));
    inner_.push_back(read_inner_layer(reader, "cell"));
    cells_.push_back(static_cast<RecurrentLayer*>(inner_.back().get()));
    cells_.back()->act_as_cell();
  }

  [[nodiscard]] const CellClass& class_of(std::size_t i) const {
    return *std::find_if(cell_classes.begin(), cell_classes.end(),
                         [&](const CellClass& one) { return cells_[i]->class_name() == one.layer; });
  }
  [[nodiscard]] bool is_last(std::size_t i) const { return i + 1 == inner_.size(); }
  /// Number of states of the cells before cell `i`.
  [[nodiscard]] std::size_t first_state(std::size_t i) const {
    std::size_t count = 0;
    for (std::size_t k = 0; k < i; ++k) count += static_cast<std::size_t>(cells_[k]->state_count());
    return count;
  }
  [[nodiscard]] std::int64_t state_size(std::size_t i) const {
    return sequence_.return_state ? cells_[i]->state_count() * cells_[i]->units() : 0;
  }
  [[nodiscard]] std::int64_t sequence_size(std::size_t i) const { return sizes_[i] - state_size(i); }
  [[nodiscard]] std::int64_t output_size() const {
    std::int64_t size = sequence_size(inner_.size() - 1);
    for (std::size_t i = 0; i < inner_.size(); ++i) size += state_size(i);
    return size;
  }

  [[nodiscard]] Arguments arguments_of(std::span<const float* const> inputs, std::span<const Mask> masks,
                                       std::size_t i) {
    Arguments own;
    own.values[0] = i == 0                   ? inputs[0]
                    : sequence_.return_state ? work_[i - 1].sequence.data()
                                             : work_[i - 1].output.data();
    own.masks[0] = i > 0 && sequence_.go_backwards && masks[0] != nullptr ? reversed_mask_.data() : masks[0];
    for (std::size_t k = first_state(i); inputs.size() > 1 && k < first_state(i + 1); ++k)
      own.values[own.count++] = inputs[1 + k];
    return own;
  }

  static void copy_rows(std::int64_t rows, std::int64_t n, const float* from, std::int64_t from_stride,
                        float* to, std::int64_t to_stride) {
    for (std::int64_t row = 0; row < rows; ++row)
      std::copy_n(from + row * from_stride, n, to + row * to_stride);
  }

  /// The gradients of the last output and of all states.
  void begin_gradients(std::int64_t batch, const float* gradient) {
    std::int64_t at = sequence_size(inner_.size() - 1);
    copy_rows(batch, at, gradient, output_size(), work_.back().gradient.data(), sizes_.back());
    for (std::size_t i = 0; i < inner_.size(); at += state_size(i++))
      copy_rows(batch, state_size(i), gradient + at, output_size(),
                work_[i].gradient.data() + sequence_size(i), sizes_[i]);
  }

  SequenceArguments sequence_;
  std::string stack_name_;  ///< of StackedRNNCells; empty for a single cell
  std::vector<std::unique_ptr<Layer>> inner_;
  std::vector<RecurrentLayer*> cells_;  ///< the same
  std::int64_t steps_ = 0;
  std::vector<std::int64_t> sizes_;  ///< values of a sample's output of each cell, with its states
  std::vector<Work> work_;
  FloatBuffer reversed_mask_;
};

}  // namespace

LayerType rnn_layer_type() {
  return {"RNN", "rnn", {"cell"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<RnnLayer>(config);
          }};
}

}  // namespace kairos::host
