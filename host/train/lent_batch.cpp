// SPDX-License-Identifier: MIT
// Two copies of each tensor that is written to: one that callbacks before have left, one for the next.
#include "train/lent_batch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "base/shape.hpp"

namespace kairos::host {

namespace {

/// As shape_text, of a batch of `samples`.
std::string batch_text(std::int64_t samples, const std::vector<std::int64_t>& sample) {
  std::vector<std::int64_t> shape{samples};
  shape.insert(shape.end(), sample.begin(), sample.end());
  return shape_text(shape);
}

}  // namespace

LentBatch::LentBatch(const Model& model)
    : model_(model),
      kinds_{{{Role::Input, "input", {}, {}},
              {Role::Target, "target", {}, {}},
              {Role::SampleWeight, "sample weight of target", {}, {}}}} {
  for (const Port& port : model.inputs()) add(kinds_[0], port, {});
  const std::span<const Port> targets = model.targets();
  for (std::size_t i = 0; i < targets.size(); ++i) {
    add(kinds_[1], targets[i], model.soft_target(i));
    add(kinds_[2], {targets[i].name, {}}, {});
  }
}

void LentBatch::add(Kind& kind, const Port& port, std::vector<std::int64_t> soft_sample) {
  Part& part = kind.parts.emplace_back();
  part.sample = port.shape;
  part.soft_sample = std::move(soft_sample);
  kind.refs.push_back({port.name, {}, nullptr, false});
  kind.refs.back().shape.reserve(1 + std::max({part.sample.size(), part.soft_sample.size(), std::size_t{1}}));
}

void LentBatch::begin(BatchSource& source, std::int64_t index) {
  source_ = &source;
  index_ = index;
  read_ = nullptr;
  if (!std::exchange(listed_, false)) return;
  for (Kind& kind : kinds_)
    for (Part& part : kind.parts) {
      part.now = part.before = {};
      part.changing = false;
    }
}

void LentBatch::bind() {
  if (read_ == nullptr) read_ = &source_->at(index_);
}

const Batch& LentBatch::batch() {
  bind();
  const auto is_changed = [](const Part& part) { return part.now.copy != as_read; };
  const bool changed = listed_ && std::any_of(kinds_.begin(), kinds_.end(), [&](const Kind& kind) {
                         return std::any_of(kind.parts.begin(), kind.parts.end(), is_changed);
                       });
  if (!changed) return *read_;
  changed_ = *read_;
  const auto& [inputs, targets, weights] = kinds_;
  const bool weighs = std::any_of(weights.parts.begin(), weights.parts.end(), is_changed);
  if (weighs) changed_.weights.resize(weights.parts.size());
  changed_.soft.assign(targets.parts.size(), false);
  for (std::size_t i = 0; i < inputs.parts.size(); ++i) changed_.inputs[i] = inputs.refs[i].data;
  for (std::size_t i = 0; i < targets.parts.size(); ++i) {
    changed_.targets[i] = targets.refs[i].data;
    changed_.soft[i] = targets.parts[i].now.soft;
    if (is_changed(weights.parts[i])) {
      const std::vector<std::int64_t>& shape = weights.refs[i].shape;
      changed_.weights[i] = {weights.refs[i].data, shape.size() == 1 ? 1 : shape[1]};
    }
  }
  return changed_;
}

LentBatch::Kind& LentBatch::kind_of(Role role) {
  return kinds_[role == Role::Input ? 0 : role == Role::Target ? 1 : 2];
}

const float* LentBatch::values_read(Role role, std::size_t index) {
  if (role == Role::Input) return read_->inputs[index];
  if (role == Role::Target) return read_->targets[index];
  return read_->weights.empty() || read_->weights[index].values == nullptr ? ones_.data()
                                                                           : read_->weights[index].values;
}

/// Makes the reference that of the form in use.
void LentBatch::show(Kind& kind, std::size_t index) {
  Part& part = kind.parts[index];
  TensorRef& ref = kind.refs[index];
  const std::vector<std::int64_t>& sample = part.now.soft ? part.soft_sample : part.sample;
  ref.shape.assign(1, read_->size);
  ref.shape.insert(ref.shape.end(), sample.begin(), sample.end());
  const auto& copies = part.now.soft ? part.soft_copies : part.copies;
  // The values as read are not written to: `writable` is called before.
  ref.data = part.now.copy == as_read ? const_cast<float*>(values_read(kind.role, index))
                                      : const_cast<float*>(copies[part.now.copy].data());
}

/// Lists the tensors of this batch as they were read.
void LentBatch::list() {
  bind();
  if (std::exchange(listed_, true)) return;
  if (ones_.size() < static_cast<std::size_t>(read_->size))
    ones_.assign(static_cast<std::size_t>(read_->size), 1);
  for (std::size_t i = 0; i < read_->weights.size(); ++i) {
    const WeightView& view = read_->weights[i];
    Part& part = kinds_[2].parts[i];
    part.sample.clear();
    if (view.values != nullptr && view.per_sample != 1) part.sample.push_back(view.per_sample);
  }
  for (Kind& kind : kinds_)
    for (std::size_t i = 0; i < kind.parts.size(); ++i) show(kind, i);
}

std::span<const TensorRef> LentBatch::tensors(Role role) {
  if (role != Role::Input && role != Role::Target && role != Role::SampleWeight) return {};
  list();
  return kind_of(role).refs;
}

/// Moves a tensor to the copy that this callback may write to. Of another form than before, its values are
/// unspecified.
void LentBatch::change(Kind& kind, std::size_t index, bool soft) {
  Part& part = kind.parts[index];
  const bool begins_with_old = !part.changing && part.now.soft == soft;
  const float* const old = kind.refs[index].data;
  if (!part.changing) {
    part.before = part.now;
    part.changing = true;
    part.now.copy = part.before.copy == 0 ? 1 : 0;
  }
  part.now.soft = soft;
  const std::int64_t n = read_->size * product(soft ? part.soft_sample : part.sample);
  std::vector<float>& copy = (soft ? part.soft_copies : part.copies)[part.now.copy];
  // Never shrinks, so what was lent in this hook stays valid.
  if (copy.size() < static_cast<std::size_t>(n)) copy.resize(static_cast<std::size_t>(n));
  if (begins_with_old) std::copy_n(old, n, copy.data());
  show(kind, index);
}

const TensorRef& LentBatch::writable(Role role, std::size_t index) {
  list();
  Kind& kind = kind_of(role);
  change(kind, index, kind.parts[index].now.soft);
  return kind.refs[index];
}

std::string LentBatch::shape_fault(Role role, std::size_t index, std::span<const std::int64_t> shape) {
  list();
  const Kind& kind = kind_of(role);
  const Part& part = kind.parts[index];
  const auto is = [&](const std::vector<std::int64_t>& sample) {
    return shape.size() == sample.size() + 1 && shape[0] == read_->size &&
           std::equal(sample.begin(), sample.end(), shape.begin() + 1);
  };
  if (is(part.sample) || (!part.soft_sample.empty() && is(part.soft_sample))) return "";
  std::string expected = batch_text(read_->size, part.sample);
  if (!part.soft_sample.empty())
    expected += " class numbers or " + batch_text(read_->size, part.soft_sample) + " probabilities";
  return fmt::format("the values for {} \"{}\" are {} in place of {}", kind.noun, kind.refs[index].name,
                     shape_text({shape.begin(), shape.end()}), expected);
}

std::string LentBatch::replace(Role role, std::size_t index, std::span<const std::int64_t> shape,
                               const float* values) {
  list();
  Kind& kind = kind_of(role);
  const Part& part = kind.parts[index];
  const bool soft = !part.soft_sample.empty() && shape.size() == part.soft_sample.size() + 1;
  if (std::string fault = value_fault(kind, index, soft, values); !fault.empty()) return fault;
  change(kind, index, soft);
  const std::int64_t n = product(shape);
  std::memmove(kind.refs[index].data, values, static_cast<std::size_t>(n) * sizeof(float));
  return "";
}

std::string LentBatch::value_fault(const Kind& kind, std::size_t index, bool soft,
                                   const float* values) const {
  const Part& part = kind.parts[index];
  const std::int64_t per_sample = product(soft ? part.soft_sample : part.sample);
  for (std::int64_t sample = 0; sample < read_->size; ++sample, values += per_sample) {
    std::string fault;
    for (std::int64_t i = 0; i < per_sample && fault.empty(); ++i) {
      if (!std::isfinite(values[i])) fault = fmt::format("{} is not finite", values[i]);
      if (kind.role == Role::SampleWeight && values[i] < 0) fault = fmt::format("{} is negative", values[i]);
    }
    if (fault.empty() && kind.role == Role::Input) fault = model_.input_fault(index, values);
    if (fault.empty() && kind.role == Role::Target)
      fault = soft ? model_.soft_target_fault(index, values) : model_.target_fault(index, values);
    if (!fault.empty())
      return fmt::format("{} \"{}\", sample {}: {}", kind.noun, kind.refs[index].name, sample, fault);
  }
  return "";
}

std::string LentBatch::fault() {
  for (const Kind& kind : kinds_)
    for (std::size_t i = 0; i < kind.parts.size(); ++i) {
      const Part& part = kind.parts[i];
      if (!part.changing) continue;
      if (std::string fault = value_fault(kind, i, part.now.soft, kind.refs[i].data); !fault.empty())
        return fault;
    }
  return "";
}

void LentBatch::keep() {
  for (Kind& kind : kinds_)
    for (Part& part : kind.parts) part.changing = false;
}

void LentBatch::take_back() {
  for (Kind& kind : kinds_)
    for (std::size_t i = 0; i < kind.parts.size(); ++i) {
      if (!std::exchange(kind.parts[i].changing, false)) continue;
      kind.parts[i].now = kind.parts[i].before;
      show(kind, i);
    }
}

std::span<const std::int64_t> LentBatch::rows() {
  bind();
  rows_.resize(static_cast<std::size_t>(read_->size));
  source_->rows_of_last(rows_);
  return rows_;
}

}  // namespace kairos::host
