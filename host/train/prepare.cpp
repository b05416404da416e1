// SPDX-License-Identifier: MIT
// Matches data to the model, and reports every error that can be found before training.
#include "train/prepare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <utility>

#include "base/shape.hpp"
#include "kairos/host/error.hpp"
#include "train/target_output.hpp"

namespace kairos::host {

namespace {

/// A single array of its kind has no number.
std::string label(const NamedArray& named, const char* kind, std::size_t index, std::size_t count) {
  if (!named.name.empty()) return std::string(kind) + " \"" + named.name + "\"";
  return kind + (count > 1 ? " " + std::to_string(index) : std::string());
}

std::string sample_text(const std::vector<std::int64_t>& shape) {
  return shape.empty() ? "one number" : shape_text(shape);
}

/// An array fits a port if its rows have the port's shape, or are flat with the same number of values.
bool fits(const Array& array, const Port& port) {
  const std::span<const std::int64_t> row = std::span(array.shape).subspan(1);
  return std::ranges::equal(row, port.shape) ||
         (row.size() <= 1 && array.row_size() == product(port.shape)) ||
         (port.shape.size() <= 1 && row.size() == 2 && row.back() == 1 && row.front() == product(port.shape));
}

/// One whole number per sample, each of them a valid class of an output with one value per class.
bool are_class_numbers(const Array& array, const Port& port) {
  if (array.row_size() != 1 || port.shape.size() != 1 || port.shape.front() < 2) return false;
  const auto classes = static_cast<float>(port.shape.front());
  return std::ranges::all_of(
      array.values, [&](float value) { return value >= 0 && value < classes && value == std::floor(value); });
}

std::string fix_of_target(const Array& array, const Port& port) {
  if (are_class_numbers(array, port))
    return "If they are class numbers, use `loss=sparse_categorical_crossentropy`";
  return "Choose the loss and the last layer for this target, or another `target`";
}

void check_shape(const Dataset& data, const NamedArray& named, const Port& port, const char* kind,
                 std::size_t index) {
  if (fits(named.array, port)) return;
  std::vector<std::int64_t> row(named.array.shape.begin() + 1, named.array.shape.end());
  const bool is_target = std::string(kind) == "target";
  const std::size_t count = (is_target ? data.targets : data.inputs).size();
  throw Error(ErrorKind::Data, {"KAIROS-D101", data.origin_of(named),
                                "the " + label(named, kind, index, count) + " does not fit the model's " +
                                    (is_target ? "output" : "input") + " \"" + port.name + "\"",
                                sample_text(row) + " per sample", sample_text(port.shape),
                                is_target ? fix_of_target(named.array, port)
                                          : "Change the model's input shape or the columns of the data"});
}

std::vector<std::string> names_of(std::span<const Port> ports) {
  std::vector<std::string> names;
  for (const Port& port : ports) names.push_back(port.name);
  return names;
}

/// Rejects a name that no port has, and a name that two arrays share. False if no array has a name.
bool check_names(const Dataset& data, const std::vector<NamedArray>& arrays, std::span<const Port> ports,
                 const char* kind) {
  const auto has_name = [](const NamedArray& array) { return !array.name.empty(); };
  if (std::none_of(arrays.begin(), arrays.end(), has_name)) return false;
  const std::vector<std::string> names = names_of(ports);
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    const auto same = [&](const NamedArray& other) { return other.name == arrays[i].name; };
    if (std::find(names.begin(), names.end(), arrays[i].name) == names.end())
      throw Error(ErrorKind::Data,
                  {"KAIROS-D102", data.origin, std::string("the model has no port for the ") + kind,
                   "\"" + arrays[i].name + "\"", "", suggest(arrays[i].name, names)});
    if (std::count_if(arrays.begin(), arrays.end(), same) > 1)
      throw Error(ErrorKind::Data,
                  {"KAIROS-D106", data.origin, std::string("two ") + kind + "s have the same name",
                   "\"" + arrays[i].name + "\"", "each name once", "Remove or rename one of them"});
  }
  return true;
}

/// Rejects an array for an output without a loss: it would have no effect.
void refuse_without_loss(const Model& model, const Dataset& data, const std::vector<NamedArray>& arrays,
                         const char* kind) {
  const std::vector<std::string> outputs = names_of(model.outputs()), targets = names_of(model.targets());
  for (const NamedArray& array : arrays)
    if (std::find(outputs.begin(), outputs.end(), array.name) != outputs.end() &&
        std::find(targets.begin(), targets.end(), array.name) == targets.end())
      throw Error(
          ErrorKind::Data,
          {"KAIROS-D110", data.origin, std::string("there is a ") + kind + " for an output without a loss",
           "\"" + array.name + "\"", "", std::string("Give the output a loss, or remove its ") + kind});
}

/// Arrays in the order of the ports.
std::vector<const NamedArray*> by_port(const Dataset& data, const std::vector<NamedArray>& arrays,
                                       std::span<const Port> ports, const char* kind) {
  const bool named = check_names(data, arrays, ports, kind);
  if (arrays.size() != ports.size())
    throw Error(ErrorKind::Data, {"KAIROS-D100", data.origin,
                                  std::string("the number of ") + kind + "s does not fit the model",
                                  std::to_string(arrays.size()), std::to_string(ports.size()),
                                  std::string("Give one ") + kind + " for each of the model's ports"});
  std::vector<const NamedArray*> ordered;
  for (const Port& port : ports) {
    const auto own = [&](const NamedArray& array) { return array.name == port.name; };
    ordered.push_back(named ? &*std::find_if(arrays.begin(), arrays.end(), own) : &arrays[ordered.size()]);
  }
  return ordered;
}

/// Throws for the first row with a fault; `fault_of(row)` is "" if there is none.
template <class FaultOf>
void check_rows(const Dataset& data, const NamedArray& named, const char* code, const std::string& what,
                const char* fix, FaultOf fault_of) {
  const Array& array = named.array;
  for (std::int64_t row = 0; row < array.rows(); ++row)
    if (const std::string fault = fault_of(array.values.data() + row * array.row_size()); !fault.empty())
      throw Error(ErrorKind::Data, {code, data.place(named, row), what + ": " + fault, "", "", fix});
}

void check_inputs(const Model& model, const Dataset& data, const std::vector<const NamedArray*>& inputs) {
  for (std::size_t input = 0; input < inputs.size(); ++input)
    check_rows(data, *inputs[input], "KAIROS-D108",
               "the model cannot take the input \"" + model.inputs()[input].name + "\"",
               "Correct the data, or change the layer",
               [&](const float* sample) { return model.input_fault(input, sample); });
}

void check_targets(const Model& model, const Dataset& data, const std::vector<const NamedArray*>& targets) {
  for (std::size_t output = 0; output < targets.size(); ++output)
    check_rows(data, *targets[output], "KAIROS-D103", "the target does not fit the loss",
               "Correct the label there, give the last layer as many units as there are classes, or choose a "
               "loss for such targets with `loss`",
               [&](const float* target) { return model.target_fault(output, target); });
}

/// The arrays for the ports, in their order and of their shapes.
std::vector<const NamedArray*> fitting_arrays(const Dataset& data, const std::vector<NamedArray>& arrays,
                                              std::span<const Port> ports, const char* kind) {
  std::vector<const NamedArray*> ordered = by_port(data, arrays, ports, kind);
  for (std::size_t i = 0; i < ordered.size(); ++i) check_shape(data, *ordered[i], ports[i], kind, i);
  return ordered;
}

/// Class of one row: an integer label, or the index of the largest value of a one-hot row.
std::int64_t class_of(const float* target, std::int64_t size) {
  if (size <= 1) return std::llround(*target);
  return std::max_element(target, target + size) - target;
}

/// The class name, or its number if it has none; a name with blanks or commas is quoted, so that a list of
/// classes is unambiguous.
std::string class_text(const Dataset& data, std::int64_t label) {
  if (label < 0 || label >= std::ssize(data.class_names)) return std::to_string(label);
  const std::string& name = data.class_names[static_cast<std::size_t>(label)];
  if (name.find_first_of(", ") == std::string::npos) return name;
  const char quote = name.find('"') == std::string::npos ? '"' : '\'';
  return quote + name + quote;
}

void multiply_class_weights(Array& weights, const NamedArray& labels, const Dataset& data,
                            const std::map<std::int64_t, double>& class_weight, const RowSet& rows) {
  const Array& target = labels.array;
  for (std::int64_t i = 0; i < rows.size(); ++i) {
    const std::int64_t row = rows.at(i);
    const std::int64_t label = class_of(target.values.data() + row * target.row_size(), target.row_size());
    const auto weight = class_weight.find(label);
    if (weight == class_weight.end()) {
      std::string known;
      for (const auto& [one, unused] : class_weight)
        known += (known.empty() ? "" : ", ") + class_text(data, one);
      throw Error(ErrorKind::Data, {"KAIROS-D104", data.place(labels, row), "the class has no weight",
                                    "class " + class_text(data, label), "one of " + known,
                                    "Add " + class_text(data, label) + "=… to `class_weight`"});
    }
    float* out = weights.values.data() + row * weights.row_size();
    for (std::int64_t k = 0; k < weights.row_size(); ++k) out[k] *= static_cast<float>(weight->second);
  }
}

/// By position where the target has another name than every output.
std::size_t output_of(const Model& model, std::size_t target) {
  return output_of_target(model, target).value_or(target);
}

/// Weights in the order of the targets, null for a target without weights. A single array without a name is
/// for all outputs, several are one per output, named ones are for the outputs with their names.
std::vector<const NamedArray*> weights_by_target(const Model& model, const Dataset& data) {
  const std::span<const Port> outputs = model.outputs();
  const std::vector<NamedArray>& weights = data.sample_weights;
  std::vector<const NamedArray*> ordered(model.targets().size(), nullptr);
  if (weights.empty()) return ordered;
  const bool named = check_names(data, weights, outputs, "sample weight");
  refuse_without_loss(model, data, weights, "sample weight");
  if (!named && weights.size() != 1 && weights.size() != outputs.size())
    throw Error(ErrorKind::Data,
                {"KAIROS-D100", data.origin, "the number of sample weights does not fit the model",
                 std::to_string(weights.size()), "1 or " + std::to_string(outputs.size()),
                 "Give one for all outputs, or one for each"});
  for (std::size_t target = 0; target < ordered.size(); ++target) {
    const std::size_t output = output_of(model, target);
    const auto own = [&](const NamedArray& array) { return array.name == outputs[output].name; };
    const auto found = std::find_if(weights.begin(), weights.end(), own);
    if (!named)
      ordered[target] = &weights[weights.size() == 1 ? 0 : output];
    else if (found != weights.end())
      ordered[target] = &*found;
  }
  return ordered;
}

[[noreturn]] void refuse_class_weights(const Port& output) {
  throw Error(ErrorKind::Usage,
              {"KAIROS-U019", "`class_weight`", "class weights need one class per sample",
               "an output \"" + output.name + "\" of shape " + shape_text(output.shape) + " per sample",
               "one dimension", "Weight its timesteps with `sample_weights`"});
}

void check_weight_shape(const Dataset& data, const NamedArray& named, const Port& output) {
  const Array& weights = named.array;
  const bool per_sample = weights.row_size() == 1;
  const bool per_step =
      weights.shape.size() == 2 && output.shape.size() >= 2 && weights.shape[1] == output.shape.front();
  if (per_sample || per_step) return;
  std::string expected = "(" + std::to_string(data.size()) + ",)";
  if (output.shape.size() >= 2)
    expected += " or (" + std::to_string(data.size()) + ", " + std::to_string(output.shape.front()) + ")";
  throw Error(ErrorKind::Data, {"KAIROS-D105", data.origin_of(named),
                                "the sample weights are neither per sample nor per timestep",
                                shape_text(weights.shape), expected, "Give one weight for each sample"});
}

[[noreturn]] void bad_option(const std::string& field, const std::string& found, const std::string& expected,
                             const std::string& cure) {
  throw Error(ErrorKind::Usage,
              {"KAIROS-U010", "`" + field + "`", "the value is outside its range", found, expected, cure});
}

}  // namespace

Columns match_columns(const Model& model, const Dataset& data, Targets targets) {
  Columns columns;
  const std::vector<const NamedArray*> inputs = fitting_arrays(data, data.inputs, model.inputs(), "input");
  check_inputs(model, data, inputs);
  for (const NamedArray* input : inputs) columns.inputs.push_back(&input->array);
  if (targets == Targets::Ignored) return columns;
  if (data.targets.empty())
    throw Error(ErrorKind::Data, {"KAIROS-D107", data.origin, "there is no target to learn from", "", "",
                                  "Name its column or file in `target`, or add an array y to the NPZ file"});
  refuse_without_loss(model, data, data.targets, "target");
  const std::vector<const NamedArray*> given = fitting_arrays(data, data.targets, model.targets(), "target");
  check_targets(model, data, given);
  for (const NamedArray* target : given) columns.targets.push_back(&target->array);
  return columns;
}

std::vector<Array> combined_weights(const Model& model, const Dataset& data, const Columns& columns,
                                    const std::map<std::int64_t, double>& class_weight, const RowSet& rows) {
  if (data.sample_weights.empty() && class_weight.empty()) return {};
  if (!class_weight.empty() && columns.targets.size() > 1)
    throw Error(ErrorKind::Usage,
                {"KAIROS-U019", "`class_weight`", "class weights need a model with one output",
                 std::to_string(columns.targets.size()) + " outputs", "1",
                 "Weight the samples of each output with `sample_weights`"});
  const std::vector<const NamedArray*> given = weights_by_target(model, data);
  std::vector<Array> combined;
  for (std::size_t target = 0; target < columns.targets.size(); ++target) {
    const NamedArray* own = given[target];
    const Port& output = model.outputs()[output_of(model, target)];
    if (own != nullptr) check_weight_shape(data, *own, output);
    if (!class_weight.empty() && output.shape.size() > 1) refuse_class_weights(output);
    combined.push_back(
        own != nullptr
            ? own->array
            : Array{{data.size()}, std::vector<float>(static_cast<std::size_t>(data.size()), 1.0F)});
    if (!class_weight.empty())
      multiply_class_weights(combined.back(), data.targets.front(), data, class_weight, rows);
  }
  return combined;
}

void check_fit_options(const FitOptions& o) {
  if (o.epochs < 0) bad_option("epochs", std::to_string(o.epochs), "0 or more", "Give the number of epochs");
  if (o.initial_epoch < 0)
    bad_option("initial_epoch", std::to_string(o.initial_epoch), "0 or more",
               "`initial_epoch` counts from 0");
  if (o.batch_size < 1)
    bad_option("batch_size", std::to_string(o.batch_size), "1 or more", "Keras' default is 32");
  if (o.validation_split && !(*o.validation_split > 0 && *o.validation_split < 1))
    bad_option("validation_split", fmt::format("{}", *o.validation_split),
               "a share between 0 and 1, both excluded", "Omit it to train without validation");
  if (o.validation_freq < 1)
    bad_option("validation_freq", std::to_string(o.validation_freq), "1 or more",
               "1 validates after every epoch");
  if (!o.validation_epochs.empty() && *o.validation_epochs.begin() < 1)
    bad_option("validation_epochs", std::to_string(*o.validation_epochs.begin()), "epochs from 1 on",
               "`validation_epochs` counts from 1");
  if (o.steps_per_epoch < 0)
    bad_option("steps_per_epoch", std::to_string(o.steps_per_epoch), "1 or more",
               "Omit it to use all batches");
  if (o.validation_steps < 0)
    bad_option("validation_steps", std::to_string(o.validation_steps), "1 or more",
               "Omit it to use all batches");
  if (o.validation_batch_size < 0)
    bad_option("validation_batch_size", std::to_string(o.validation_batch_size), "1 or more",
               "Omit it to use `batch_size`");
  for (const auto& [label, weight] : o.class_weight)
    if (!(weight >= 0) || !std::isfinite(weight))
      bad_option("class_weight", fmt::format("{}={}", label, weight), "a weight of 0 or more",
                 "Give each class a finite weight");
}

void check_pass_options(const PassOptions& options) {
  if (options.batch_size < 1)
    bad_option("batch_size", std::to_string(options.batch_size), "1 or more", "Keras' default is 32");
  if (options.steps < 0)
    bad_option("steps", std::to_string(options.steps), "0 or more", "Omit it to use all batches");
}

void check_stream_options(const StreamOptions& options) {
  if (options.buffer_bytes < 1)
    bad_option("buffer_bytes", std::to_string(options.buffer_bytes), "1 or more", "Omit it for 64 megabytes");
  if (options.shuffle_window < 0)
    bad_option("shuffle_window", std::to_string(options.shuffle_window), "0 or more",
               "0 draws samples from the whole file");
}

}  // namespace kairos::host
