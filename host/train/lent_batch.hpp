// SPDX-License-Identifier: MIT
// The batch of a loop, lent to callbacks before the model gets it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "kairos/host/current_batch.hpp"
#include "kairos/host/model.hpp"
#include "train/batches.hpp"

namespace kairos::host {

/// Reads a batch when it is first needed. What callbacks write goes to copies of its own: the data set, a
/// validation split of it and the read-ahead buffers of a stream never change. While no callback asks for
/// the batch, this costs nothing; it allocates only when a tensor is first written to, and for batches larger
/// than all before.
class LentBatch final : public CurrentBatch {
 public:
  /// Borrows the model.
  explicit LentBatch(const Model& model);

  /// Begins batch `index` of `source`, without the changes of the one before.
  void begin(BatchSource& source, std::int64_t index);
  /// The batch as callbacks have left it, borrowed until the next one begins. Throws what BatchSource::at
  /// throws.
  const Batch& batch();

  std::span<const TensorRef> tensors(Role role) override;
  [[nodiscard]] bool is_soft(std::size_t index) const override {
    return listed_ && kinds_[1].parts[index].now.soft;
  }
  const TensorRef& writable(Role role, std::size_t index) override;
  [[nodiscard]] std::string shape_fault(Role role, std::size_t index,
                                        std::span<const std::int64_t> shape) override;
  std::string replace(Role role, std::size_t index, std::span<const std::int64_t> shape,
                      const float* values) override;
  [[nodiscard]] std::string fault() override;
  void keep() override;
  void take_back() override;
  std::span<const std::int64_t> rows() override;

 private:
  static constexpr std::size_t as_read = 2;

  /// A form of a tensor: as it was read, or one of two copies; of class numbers also as probabilities.
  struct Form {
    std::size_t copy = as_read;
    bool soft = false;
  };
  /// The changes of a callback go to the copy that is not in use, so that the form before stays.
  struct Part {
    Form now, before;
    bool changing = false;  ///< since the last keep or take_back
    std::array<std::vector<float>, 2> copies, soft_copies;
    std::vector<std::int64_t> sample, soft_sample;  ///< shapes of one sample; the second may be empty
  };
  struct Kind {
    Role role;
    const char* noun;
    std::vector<Part> parts;
    std::vector<TensorRef> refs;  ///< one per part, as it is now
  };

  [[nodiscard]] Kind& kind_of(Role role);
  void add(Kind& kind, const Port& port, std::vector<std::int64_t> soft_sample);
  void bind();
  void list();
  void change(Kind& kind, std::size_t index, bool soft);
  void show(Kind& kind, std::size_t index);
  [[nodiscard]] const float* values_read(Role role, std::size_t index);
  [[nodiscard]] std::string value_fault(const Kind& kind, std::size_t index, bool soft,
                                        const float* values) const;

  const Model& model_;
  BatchSource* source_ = nullptr;
  std::int64_t index_ = 0;
  const Batch* read_ = nullptr;  ///< null until it is needed
  bool listed_ = false;          ///< the tensors are those of this batch
  std::array<Kind, 3> kinds_;
  std::vector<float> ones_;
  std::vector<std::int64_t> rows_;
  Batch changed_;
};

}  // namespace kairos::host
