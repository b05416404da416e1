// SPDX-License-Identifier: MIT
// Samples that stay where the caller has them.
#include "kairos/host/borrowed_samples.hpp"

#include <algorithm>
#include <utility>

namespace kairos::host {

namespace {

using BorrowedArrays = std::vector<BorrowedArray>;

void copy_rows(const BorrowedArrays& from, std::int64_t first, std::int64_t count,
               std::vector<NamedArray>& into) {
  for (std::size_t i = 0; i < from.size(); ++i) {
    Array& array = into[i].array;
    const std::int64_t size = array.row_size();
    const std::int64_t stride = from[i].row_stride == 0 ? size : from[i].row_stride;
    for (std::int64_t row = 0; row < count; ++row)
      std::copy_n(from[i].values + (first + row) * stride, size, array.values.begin() + row * size);
  }
}

class BorrowedSource final : public SampleSource {
 public:
  BorrowedSource(BorrowedArrays inputs, BorrowedArrays targets, BorrowedArrays weights, std::string origin)
      : inputs_(std::move(inputs)), targets_(std::move(targets)), weights_(std::move(weights)) {
    layout_.origin = std::move(origin);
    for (const auto& [arrays, layout] :
         {std::pair(&inputs_, &layout_.inputs), std::pair(&targets_, &layout_.targets),
          std::pair(&weights_, &layout_.sample_weights)})
      for (const BorrowedArray& array : *arrays) layout->push_back({array.name, {array.shape, {}}});
    layout_.check();
  }

  [[nodiscard]] const Dataset& layout() const override { return layout_; }
  [[nodiscard]] std::unique_ptr<SampleReader> reader() const override {
    return std::make_unique<Reader>(*this);
  }

 private:
  class Reader final : public SampleReader {
   public:
    explicit Reader(const BorrowedSource& source) : source_(source) {}
    void read(std::int64_t first, std::int64_t count, Dataset& block) override {
      copy_rows(source_.inputs_, first, count, block.inputs);
      copy_rows(source_.weights_, first, count, block.sample_weights);
      read_targets(first, count, block);
    }
    bool read_targets(std::int64_t first, std::int64_t count, Dataset& block) override {
      copy_rows(source_.targets_, first, count, block.targets);
      return true;
    }

   private:
    const BorrowedSource& source_;
  };

  BorrowedArrays inputs_, targets_, weights_;
  Dataset layout_;
};

}  // namespace

std::unique_ptr<SampleSource> borrow_samples(std::vector<BorrowedArray> inputs,
                                             std::vector<BorrowedArray> targets,
                                             std::vector<BorrowedArray> sample_weights, std::string origin) {
  return std::make_unique<BorrowedSource>(std::move(inputs), std::move(targets), std::move(sample_weights),
                                          std::move(origin));
}

}  // namespace kairos::host
