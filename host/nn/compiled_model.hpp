// SPDX-License-Identifier: MIT
// The Model that `compile` creates: a graph with an optimizer and losses.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/model_file.hpp"
#include "kairos/host/compile.hpp"
#include "kairos/host/model.hpp"
#include "nn/architecture.hpp"
#include "nn/gradient_exchange.hpp"
#include "nn/gradient_group.hpp"
#include "nn/graph.hpp"
#include "nn/head.hpp"
#include "nn/metrics.hpp"
#include "nn/optimizer.hpp"

namespace kairos::host {

class CompiledModel final : public Model, private StepControl {
 public:
  /// `architecture` is what the graph was built from; `unknown` collects unknown keys of an optimizer that
  /// comes from a file. Throws Error(Model) if the options do not fit the graph.
  CompiledModel(std::unique_ptr<Graph> graph, Architecture architecture, const CompileOptions& options,
                UnknownKeys* unknown);
  ~CompiledModel() override;

  std::span<const TensorRef> tensors(Role role) override;
  void tensors_written(Role role) override;
  [[nodiscard]] std::optional<double> hyper(std::string_view name) const override {
    return optimizer_->hyper(name);
  }
  bool set_hyper(std::string_view name, double value) override { return optimizer_->set_hyper(name, value); }
  [[nodiscard]] std::string hyper_fault(std::string_view name) const override {
    return optimizer_->hyper_fault(name);
  }
  [[nodiscard]] StepControl* step_control() override { return this; }
  void set_iterations(std::int64_t iterations) override;
  [[nodiscard]] std::int64_t training_batches() const override { return batch_number_; }
  [[nodiscard]] std::optional<double> batch_loss() const override { return batch_loss_; }
  [[nodiscard]] std::optional<std::int64_t> classes(std::size_t index) const override;
  [[nodiscard]] std::int64_t iterations() const override { return optimizer_->iterations(); }
  [[nodiscard]] std::string training_state() override;
  void restore_training_state(std::string_view bytes) override;
  void save(const std::filesystem::path& file, SaveContent content) override;
  [[nodiscard]] std::function<void()> save_later(const std::filesystem::path& file,
                                                 SaveContent content) override;
  void weights_presented(std::string_view label) override { presented_ = label; }
  [[nodiscard]] std::string save_fault(const std::filesystem::path& file, SaveContent content) const override;
  void load_weights(const std::filesystem::path& file) override;
  [[nodiscard]] std::string architecture() const override;
  /// As load_weights; `path` is only used in messages.
  void take_weights(const ModelFile& file, const std::filesystem::path& path);

  [[nodiscard]] std::span<const Port> inputs() const override { return graph_->inputs(); }
  [[nodiscard]] std::span<const Port> outputs() const override { return graph_->outputs(); }
  [[nodiscard]] std::span<const InputColumns> input_columns() const override { return input_columns_; }
  void set_input_columns(std::vector<InputColumns> columns) override;
  [[nodiscard]] std::span<const Port> targets() const override { return targets_; }
  [[nodiscard]] std::string input_fault(std::size_t input, const float* sample) const override {
    return graph_->input_fault(input, sample);
  }
  [[nodiscard]] std::string target_fault(std::size_t output, const float* target) const override;

  [[nodiscard]] std::vector<std::int64_t> soft_target(std::size_t output) const override;
  [[nodiscard]] std::string soft_target_fault(std::size_t output, const float* target) const override;

  [[nodiscard]] std::vector<std::string> training_doubts() const override;

  [[nodiscard]] std::span<const LogKey> log_keys() const override { return log_keys_; }
  void reset_logs() override;
  void read_logs(std::span<double> values) override;
  [[nodiscard]] std::string log_sums() override;
  void restore_log_sums(std::string_view bytes) override;

  void begin_step(std::int64_t left) override { group_.begin(left); }
  [[nodiscard]] bool step_is_open() const override { return group_.is_open(); }
  void train_batch(const Batch& batch, GradientObserver* observer) override;
  void finish_training() override { optimizer_->finish(); }
  void use_ranks(Ranks* ranks) override;
  void test_batch(const Batch& batch) override;
  void measure_statistics(const Batch& batch, bool first) override;
  void predict_batch(const Batch& batch, std::span<const float*> outputs) override;

 private:
  /// The output and the weight of a head's loss, and its sum since reset_logs.
  struct OutputLoss {
    std::size_t output;
    double weight;
    double loss_sum = 0;
    double loss = 0;           ///< of the batch last evaluated, alone
    double share = 1;          ///< of its divisor in that of the batch of all ranks
    double whole_divisor = 0;  ///< of that batch
  };
  /// The copy that `save_later` made; reused by the next call.
  struct KeptCopy {
    ModelFile file;
    std::atomic<bool> taken = true;  ///< until the file is written
  };

  /// The file that the weights come from, and their label there; empty if they have none.
  struct LoadedLabel {
    std::string file, label;
    std::int64_t trained_from = -1;  ///< number of the first training batch since; -1 for none
  };
  /// Empty if the weights were trained since. Steps that were undone do not count.
  [[nodiscard]] std::string loaded_label() const {
    const bool trained = loaded_.trained_from >= 0 && batch_number_ > loaded_.trained_from;
    return trained ? "" : loaded_.label;
  }

  [[nodiscard]] std::string accumulation_fault() const override;
  void accumulate(std::int64_t batches) override { group_.set_size(batches); }
  void discard() override { discarded_ = true; }
  void freeze(std::size_t weight, bool frozen) override;
  void scale_rate(std::size_t weight, double factor) override;

  /// What a loss of a batch is divided by.
  enum class Divisor { Nothing, Samples, Own };
  [[nodiscard]] Divisor divisor_of(std::size_t head) const;
  [[nodiscard]] GradientShare gradient_share(const Batch& batch) const;
  void find_shares(const Batch& batch);
  void share_gradients(const Batch& batch);
  void average_state(const Batch& batch);
  [[nodiscard]] std::uint64_t draw_number() const;
  void write_logs(std::span<double> values);
  /// Calls `work()` while the sums of the logs are those of all ranks.
  void with_all_sums(const std::function<void()>& work);
  void make_step(GradientObserver* observer);

  void make_heads();
  void list_log_keys();
  void compute_gradient(std::size_t head, const Batch& batch);
  void collect_parameters();
  void list_batch_tensors();
  void set_batch_tensors(const Batch& batch);
  [[nodiscard]] std::span<const TensorRef> sample_weights();
  [[nodiscard]] std::span<const TensorRef> sample_losses();
  void require_loss() const;
  double evaluate(const Batch& batch);
  [[nodiscard]] double penalties() const;
  void count_loss(double loss, const Batch& batch);
  [[nodiscard]] std::string training_config() const;
  void copy_to(ModelFile& file, SaveContent content);
  void take_input_columns(std::vector<InputColumns> stored);
  /// Visits every sum of the logs but the number of samples.
  void visit_sums(const SumVisitor& visit);

  std::unique_ptr<Graph> graph_;
  Architecture architecture_;
  CompileOptions options_;
  std::unique_ptr<Optimizer> optimizer_;
  std::vector<CompileOptions> output_options_;
  std::vector<Head> heads_;                ///< one per output with a loss
  std::vector<OutputLoss> output_losses_;  ///< one per head
  std::vector<Port> targets_;
  std::vector<InputColumns> input_columns_;
  std::vector<LogKey> log_keys_;
  std::vector<double> raw_logs_;          ///< head by head
  std::vector<std::size_t> log_indices_;  ///< index of each of them in log_keys_
  std::vector<Parameter*> parameters_;    ///< each once, even if its layer is shared
  std::vector<Parameter*> trained_;
  std::vector<Parameter*> frozen_;  ///< of those
  GradientGroup group_;
  bool discarded_ = false;  ///< the step that is about to be made

  std::vector<TensorRef> weights_, gradients_, buffers_;
  std::vector<TensorRef> input_refs_, target_refs_, output_refs_;
  std::vector<TensorRef> weight_refs_, loss_refs_;  ///< of samples; filled when they are asked for
  std::vector<WeightView> last_weights_;            ///< of the last batch, one per head
  FloatBuffer ones_;

  std::string presented_;  ///< label of weights that are in the model in place of those that are trained
  LoadedLabel loaded_;
  std::shared_ptr<KeptCopy> copy_;  ///< null before the first save_later

  Ranks* ranks_ = nullptr;
  GradientExchange exchange_;
  std::vector<double> own_sums_, all_sums_, shared_numbers_;

  double loss_sum_ = 0;
  std::int64_t samples_ = 0;
  std::int64_t batch_number_ = 0;     ///< of the next training batch since the model was made
  std::optional<double> batch_loss_;  ///< of the last batch; empty after a prediction
};

}  // namespace kairos::host
