// SPDX-License-Identifier: MIT
// Sorts the layers of a Functional model as Keras does (keras/src/ops/function.py, map_graph): by depth from
// the outputs, and layers of equal depth in the order in which a traversal from the outputs reaches them.
// Files and get_weights() use this order.
#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "kairos/host/error.hpp"
#include "nn/architecture.hpp"

namespace kairos::host {

namespace {

constexpr std::size_t never = std::numeric_limits<std::size_t>::max();

class LayerOrder {
 public:
  explicit LayerOrder(const Architecture& architecture) : architecture_(architecture) {
    for (const ArchitectureLayer& layer : architecture_.layers) {
      first_call_.push_back(calls_);
      for (std::size_t call = 0; call < std::max<std::size_t>(layer.calls.size(), 1); ++call)
        owner_.push_back(first_call_.size() - 1);
      calls_ = owner_.size();
    }
    met_.assign(architecture_.layers.size(), never);
    state_.assign(calls_, State::New);
    layer_depth_.assign(architecture_.layers.size(), 0);
    call_depth_.assign(calls_, 0);
  }

  void run() {
    for (const ValueSource& output : architecture_.outputs.values) walk(number(output));
    require_all_used();
    measure_depths();
  }

  /// The old index of each layer, in the new order.
  [[nodiscard]] std::vector<std::size_t> layers() const {
    std::vector<std::size_t> order(architecture_.layers.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    // An unused input comes before all others of its depth, which is the last.
    const auto met = [this](std::size_t layer) { return met_[layer] == never ? 0 : met_[layer] + 1; };
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return layer_depth_[a] != layer_depth_[b] ? layer_depth_[a] > layer_depth_[b] : met(a) < met(b);
    });
    return order;
  }

  /// The calls of all layers but inputs, deepest first; layers by their old index.
  [[nodiscard]] std::vector<Architecture::Step> steps() const {
    std::vector<std::size_t> calls;
    for (const std::size_t call : finished_)
      if (!architecture_.layers[owner_[call]].is_input()) calls.push_back(call);
    std::stable_sort(calls.begin(), calls.end(),
                     [this](std::size_t a, std::size_t b) { return call_depth_[a] > call_depth_[b]; });
    std::vector<Architecture::Step> steps;
    for (const std::size_t call : calls) steps.push_back({owner_[call], call - first_call_[owner_[call]]});
    return steps;
  }

 private:
  enum class State { New, Open, Done };

  [[nodiscard]] std::size_t number(const ValueSource& source) const {
    return first_call_[source.layer] + source.call;
  }

  [[nodiscard]] std::vector<ValueSource> inputs_of(std::size_t call) const {
    const ArchitectureLayer& layer = architecture_.layers[owner_[call]];
    return layer.is_input() ? std::vector<ValueSource>{}
                            : layer.calls[call - first_call_[owner_[call]]].inputs.values;
  }

  /// Depth first, without recursion: a file may contain an arbitrarily long chain.
  void walk(std::size_t from) {
    struct Visit {
      std::size_t call;
      std::vector<ValueSource> inputs;
      std::size_t next = 0;
    };
    std::vector<Visit> open;
    const auto enter = [&](std::size_t call) {
      if (state_[call] == State::Done) return;
      if (state_[call] == State::Open) refuse_cycle(owner_[call]);
      if (met_[owner_[call]] == never) met_[owner_[call]] = met_count_++;
      state_[call] = State::Open;
      open.push_back({call, inputs_of(call)});
    };
    enter(from);
    while (!open.empty()) {
      if (Visit& top = open.back(); top.next < top.inputs.size()) {
        enter(number(top.inputs[top.next++]));
        continue;
      }
      state_[open.back().call] = State::Done;
      finished_.push_back(open.back().call);
      open.pop_back();
    }
  }

  void measure_depths() {
    for (std::size_t i = finished_.size(); i-- > 0;) {
      const std::size_t call = finished_[i];
      std::size_t& of_layer = layer_depth_[owner_[call]];
      call_depth_[call] = of_layer = std::max(call_depth_[call], of_layer);
      for (const ValueSource& input : inputs_of(call)) {
        std::size_t& before = call_depth_[number(input)];
        before = std::max(before, call_depth_[call] + 1);
      }
    }
  }

  void require_all_used() const {
    std::vector<char> is_model_input(architecture_.layers.size());
    for (const ValueSource& input : architecture_.inputs.values) is_model_input[input.layer] = 1;
    for (std::size_t call = 0; call < calls_; ++call) {
      const ArchitectureLayer& layer = architecture_.layers[owner_[call]];
      if (state_[call] == State::Done || (layer.is_input() && is_model_input[owner_[call]] != 0)) continue;
      throw Error(ErrorKind::Model,
                  {"KAIROS-M062", layer_noun(layer.name, layer.class_name),
                   layer.calls.size() > 1 ? "one of its calls does not lead to an output of the model"
                                          : "it does not lead to an output of the model",
                   "", "", "Remove it, or make it an output"});
    }
  }

  [[noreturn]] void refuse_cycle(std::size_t layer) const {
    const ArchitectureLayer& entry = architecture_.layers[layer];
    throw Error(
        ErrorKind::Model,
        {"KAIROS-M061", layer_noun(entry.name, entry.class_name), "its output leads back to its input",
         "a cycle", "layers that feed only later ones", "Write the model again with model.to_json()"});
  }

  const Architecture& architecture_;
  std::vector<std::size_t> first_call_;  ///< index of each layer's first call among all calls
  std::vector<std::size_t> owner_;       ///< layer of each call
  std::size_t calls_ = 0;
  std::vector<State> state_;
  std::vector<std::size_t> met_;  ///< when the traversal first reached a layer
  std::size_t met_count_ = 0;
  std::vector<std::size_t> finished_;
  std::vector<std::size_t> layer_depth_, call_depth_;
};

void renumber(ValueGroup& group, const std::vector<std::size_t>& to) {
  for (ValueSource& source : group.values) source.layer = to[source.layer];
}

}  // namespace

void order_layers(Architecture& architecture) {
  LayerOrder order(architecture);
  order.run();
  const std::vector<std::size_t> from = order.layers();
  std::vector<std::size_t> to(from.size());
  for (std::size_t i = 0; i < from.size(); ++i) to[from[i]] = i;

  architecture.steps = order.steps();  // reads the layers, so before they move
  std::vector<ArchitectureLayer> layers;
  for (const std::size_t old : from) layers.push_back(std::move(architecture.layers[old]));
  architecture.layers = std::move(layers);
  for (ArchitectureLayer& layer : architecture.layers)
    for (LayerCall& call : layer.calls) renumber(call.inputs, to);
  renumber(architecture.inputs, to);
  renumber(architecture.outputs, to);
  for (Architecture::Step& step : architecture.steps) step.layer = to[step.layer];
}

}  // namespace kairos::host
