// SPDX-License-Identifier: MIT
// Data in memory and streams behind one interface, so that fit, evaluate and predict have one implementation.
#pragma once

#include <cstdint>
#include <memory>

#include "kairos/host/dataset.hpp"
#include "kairos/host/model.hpp"
#include "kairos/host/stream.hpp"
#include "train/batches.hpp"
#include "train/target_classes.hpp"

namespace kairos::host {

/// The data of one call.
class DataSource {
 public:
  DataSource() = default;
  virtual ~DataSource() = default;
  DataSource(const DataSource&) = delete;
  DataSource& operator=(const DataSource&) = delete;

  /// The data set; that of a stream has no values.
  [[nodiscard]] virtual const Dataset& layout() const = 0;
  /// Call once, before `classes` and `batches`. Throws Error(Data) for arrays, columns and values that do not
  /// fit the model (of a stream, those of the first batch), Error(Usage) for stream options outside their
  /// range.
  virtual void check(std::int64_t batch_size, Targets targets) = 0;
  /// The class of each sample; `how` limits what is read of a stream.
  [[nodiscard]] virtual TargetClasses classes(ReadTargets how) const = 0;
  /// Throws Error(Data) and Error(Usage) for weights that do not fit, Error(Data) for too little memory.
  [[nodiscard]] virtual std::unique_ptr<BatchSource> batches(BatchPlan plan) const = 0;
};

/// Borrows its arguments; batches borrow the data.
class MemoryData final : public DataSource {
 public:
  /// Validation data pass the training data, whose columns they must have.
  MemoryData(const Model& model, const Dataset& data, const Dataset* training = nullptr)
      : model_(model), data_(data), training_(training) {}
  [[nodiscard]] const Dataset& layout() const override { return data_; }
  void check(std::int64_t batch_size, Targets targets) override;
  [[nodiscard]] TargetClasses classes(ReadTargets how) const override;
  [[nodiscard]] std::unique_ptr<BatchSource> batches(BatchPlan plan) const override;

 private:
  const Model& model_;
  const Dataset& data_;
  const Dataset* training_;
  Columns columns_;
};

/// Borrows model, source and options; batches borrow model and source.
class StreamedData final : public DataSource {
 public:
  StreamedData(const Model& model, const SampleSource& source, const StreamOptions& options)
      : model_(model), source_(source), options_(options) {}
  [[nodiscard]] const Dataset& layout() const override { return source_.layout(); }
  void check(std::int64_t batch_size, Targets targets) override;
  [[nodiscard]] TargetClasses classes(ReadTargets how) const override;
  [[nodiscard]] std::unique_ptr<BatchSource> batches(BatchPlan plan) const override;

 private:
  const Model& model_;
  const SampleSource& source_;
  const StreamOptions& options_;
};

}  // namespace kairos::host
