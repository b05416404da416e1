// SPDX-License-Identifier: MIT
// Gradient descent with momentum, plain or Nesterov.
#include <nlohmann/json.hpp>

#include "compute/kernels/updates.hpp"
#include "nn/optimizers/optimizer_types.hpp"

namespace kairos::host {

namespace {

class Sgd final : public Optimizer {
 public:
  explicit Sgd(ConfigReader& config)
      : Optimizer(config, 0.01),
        momentum_(add_hyper(config, "momentum", 0, fraction_range)),
        nesterov_(config.boolean("nesterov", false)),
        has_momentum_(value(momentum_) != 0) {
    if (has_momentum_) add_slot_type({"momentum", 0, 0});
  }

  [[nodiscard]] std::string_view class_name() const override { return "SGD"; }
  [[nodiscard]] std::string_view instance_name() const override { return "SGD"; }

 protected:
  void update(const Part& part) const override {
    const UpdateKernels& kernels = update_kernels();
    if (has_momentum_)
      (nesterov_ ? kernels.nesterov : kernels.momentum)(part.n, learning_rate(),
                                                        static_cast<float>(value(momentum_)), part.gradient,
                                                        slot(part, 0), part.values);
    else
      kernels.sgd(part.n, learning_rate(), part.gradient, part.values);
  }

  void check_hyper(std::string_view name, double wanted) const override {
    if (!has_momentum_ && wanted != 0)
      refuse_hyper(name, wanted, "0, because the optimizer was created without momentum",
                   "Start with a momentum above 0");
  }

  void write_config(nlohmann::json& config) const override { config["nesterov"] = nesterov_; }

 private:
  std::size_t momentum_;
  bool nesterov_;
  bool has_momentum_;
};

}  // namespace

OptimizerType sgd_optimizer_type() {
  return {"SGD",
          [](ConfigReader& config) -> std::unique_ptr<Optimizer> { return std::make_unique<Sgd>(config); }};
}

}  // namespace kairos::host
