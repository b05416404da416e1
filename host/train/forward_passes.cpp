// SPDX-License-Identifier: MIT
// The sums behind the logs are set aside for each pass.
#include "train/forward_passes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "base/shape.hpp"
#include "kairos/host/ranks.hpp"

namespace kairos::host {

namespace {

/// Runs `work` with sums of its own.
template <class Work>
bool with_own_sums(Model& model, Work&& work) {
  const std::string sums = model.log_sums();
  bool ended = false;
  try {
    model.reset_logs();
    ended = work();
  } catch (...) {  // also the end of the thread
    model.restore_log_sums(sums);
    throw;
  }
  model.restore_log_sums(sums);
  return ended;
}

/// The weights that training does not update, as they were.
class KeptBuffers {
 public:
  explicit KeptBuffers(Model& model) : model_(model) {
    for (const TensorRef& buffer : model.tensors(Role::Buffer))
      values_.emplace_back(buffer.data, buffer.data + buffer.size());
  }
  ~KeptBuffers() {
    if (!restores_) return;
    const std::span<const TensorRef> buffers = model_.tensors(Role::Buffer);
    for (std::size_t i = 0; i < values_.size(); ++i)
      std::copy(values_[i].begin(), values_[i].end(), buffers[i].data);
  }
  KeptBuffers(const KeptBuffers&) = delete;
  KeptBuffers& operator=(const KeptBuffers&) = delete;
  void release() noexcept { restores_ = false; }

 private:
  Model& model_;
  std::vector<std::vector<float>> values_;
  bool restores_ = true;
};

std::int64_t values_per_sample(const GivenInput& input) {
  return product({input.shape.begin() + 1, input.shape.end()});
}

}  // namespace

ForwardPasses::ForwardPasses(Model& model, const FitOptions& options, Prepared& prepared,
                             const RunControl& training)
    : model_(model),
      interrupted_(options.interrupted),
      batch_size_(options.batch_size),
      shuffle_(options.shuffle),
      seed_(options.seed),
      control_(&training),
      is_alone_(options.ranks == nullptr || options.ranks->world() == 1) {
  training_.of_loop = &prepared.training();
  validation_.of_loop = prepared.validation();
}

ForwardPasses::ForwardPasses(Model& model, const PassOptions& options)
    : model_(model), interrupted_(options.interrupted), batch_size_(options.batch_size) {}

std::string ForwardPasses::fault() const {
  if (!is_alone_) return "a training on several ranks makes no passes for callbacks";
  return model_.log_sums().empty()
             ? "the model cannot set the sums of its logs aside; implement Model::log_sums and "
               "restore_log_sums"
             : "";
}

std::optional<std::int64_t> ForwardPasses::batches(DataSide which, std::int64_t batch_size) const {
  const BatchSource* const source = (which == DataSide::Training ? training_ : validation_).of_loop;
  if (source == nullptr) return std::nullopt;
  if (batch_size == 0) return source->count();
  const std::int64_t whole = source->samples() / batch_size;
  return whole + (source->samples() % batch_size == 0 ? 0 : 1);
}

const Batch& ForwardPasses::batch(DataSide which, std::int64_t batch_size, std::int64_t index) {
  Side& from = side(which);
  const bool trains = which == DataSide::Training;
  const std::int64_t size = batch_size == 0 ? from.of_loop->batch_size() : batch_size;
  std::int64_t pass = 0;
  if (trains)
    if (const std::optional<RunPosition> now = control_->position(); now && now->pass > 0) pass = now->pass;
  if (from.own == nullptr || from.batch_size != size) {
    from.own.reset();  // before the next one takes memory
    from.own = from.of_loop->again(size);
    from.batch_size = size;
    from.pass = -1;
  }
  if (from.pass != pass || index < from.last) {
    from.own->reorder(trains ? shuffle_ : Shuffle::None, seed_, pass);
    from.pass = pass;
  }
  from.last = index;
  return from.own->at(index);
}

bool ForwardPasses::evaluate(DataSide which, std::int64_t first, std::int64_t count,
                             std::span<double> values) {
  return with_own_sums(model_, [&] {
    for (std::int64_t i = first; i < first + count; ++i) {
      if (interrupted()) return false;
      model_.test_batch(batch(which, 0, i));
    }
    model_.read_logs(values);
    return true;
  });
}

std::string ForwardPasses::shape_fault(std::span<const GivenInput> inputs) const {
  const std::span<const Port> ports = model_.inputs();
  for (std::size_t i = 0; i < ports.size(); ++i) {
    std::vector<std::int64_t> expected{inputs.front().shape.front()};
    expected.insert(expected.end(), ports[i].shape.begin(), ports[i].shape.end());
    const std::vector<std::int64_t> found(inputs[i].shape.begin(), inputs[i].shape.end());
    if (found != expected)
      return fmt::format("the values for input \"{}\" are {} in place of {}", ports[i].name,
                         shape_text(found), shape_text(expected));
  }
  return "";
}

std::string ForwardPasses::value_fault(std::span<const GivenInput> inputs) const {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const float* sample = inputs[i].values;
    for (std::int64_t k = 0; k < inputs[i].shape.front(); ++k, sample += values_per_sample(inputs[i]))
      if (const std::string fault = model_.input_fault(i, sample); !fault.empty())
        return fmt::format("input \"{}\", sample {}: {}", model_.inputs()[i].name, k, fault);
  }
  return "";
}

void ForwardPasses::size_outputs(std::int64_t samples) {
  const std::span<const Port> ports = model_.outputs();
  outputs_.resize(ports.size());
  output_refs_.clear();
  for (std::size_t i = 0; i < ports.size(); ++i) {
    TensorRef ref{ports[i].name, {samples}, nullptr, false};
    ref.shape.insert(ref.shape.end(), ports[i].shape.begin(), ports[i].shape.end());
    outputs_[i].resize(static_cast<std::size_t>(ref.size()));
    ref.data = outputs_[i].data();
    output_refs_.push_back(std::move(ref));
  }
}

bool ForwardPasses::predict(std::span<const GivenInput> inputs) {
  const std::int64_t samples = inputs.front().shape.front();
  size_outputs(samples);
  std::vector<const float*> found(outputs_.size());
  Batch part;
  part.inputs.resize(inputs.size());
  for (std::int64_t first = 0; first < samples; first += part.size) {
    if (interrupted()) return false;
    part.size = std::min(batch_size_, samples - first);
    for (std::size_t i = 0; i < inputs.size(); ++i)
      part.inputs[i] = inputs[i].values + first * values_per_sample(inputs[i]);
    model_.predict_batch(part, found);
    for (std::size_t i = 0; i < found.size(); ++i) {
      const std::int64_t row = output_refs_[i].size() / samples;
      std::copy_n(found[i], part.size * row, output_refs_[i].data + first * row);
    }
  }
  return true;
}

bool ForwardPasses::statistics(std::int64_t count) {
  KeptBuffers before(model_);
  for (std::int64_t i = 0; i < count; ++i) {
    if (interrupted()) return false;
    model_.measure_statistics(batch(DataSide::Training, 0, i), i == 0);
  }
  before.release();
  return true;
}

std::optional<double> ForwardPasses::trial_step(std::int64_t index, std::int64_t batch_size) {
  if (interrupted()) return std::nullopt;
  const Batch& one = batch(DataSide::Training, batch_size, index);
  std::vector<double> values(model_.log_keys().size());
  static_cast<void>(with_own_sums(model_, [&] {
    model_.begin_step(1);
    model_.train_batch(one, nullptr);
    model_.read_logs(values);
    return true;
  }));
  return values.front();
}

}  // namespace kairos::host
