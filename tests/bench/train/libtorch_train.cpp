// SPDX-License-Identifier: MIT
// The training benchmark on LibTorch, through its C++ API. A sixth argument "default" does not flush
// denormals.
#include <dlfcn.h>
#include <torch/torch.h>

#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <tuple>

#include "work.hpp"

namespace {

using kairos::bench::Work;

/// Returns the output of the last step only. Keras has one bias and initializes that of the forget gate with
/// 1; LibTorch has two biases, which are 0 otherwise.
struct LastOutputImpl : torch::nn::Module {
  LastOutputImpl(std::int64_t features, std::int64_t units)
      : lstm(register_module("lstm",
                             torch::nn::LSTM(torch::nn::LSTMOptions(features, units).batch_first(true)))) {}
  torch::Tensor forward(const torch::Tensor& x) { return std::get<0>(lstm->forward(x)).select(1, -1); }

  torch::nn::LSTM lstm;
};
TORCH_MODULE(LastOutput);

/// Keras' initial values.
void initialize(torch::nn::Sequential& net) {
  const torch::NoGradGuard guard;
  for (const auto& entry : net->named_parameters()) {
    torch::Tensor parameter = entry.value();
    const bool recurrent = entry.key().find("weight_hh") != std::string::npos;
    if (recurrent)
      torch::nn::init::orthogonal_(parameter);
    else if (parameter.dim() > 1)
      torch::nn::init::xavier_uniform_(parameter);
    else
      torch::nn::init::zeros_(parameter);
    if (entry.key().find("bias_ih") != std::string::npos)
      parameter.narrow(0, parameter.size(0) / 4, parameter.size(0) / 4).fill_(1);
  }
}

torch::nn::Sequential network(char name) {
  namespace nn = torch::nn;
  switch (name) {
    case 'a':
      return nn::Sequential(nn::Linear(784, 512), nn::ReLU(), nn::Linear(512, 512), nn::ReLU(),
                            nn::Linear(512, 10));
    case 'b':
      return nn::Sequential(nn::Linear(20, 64), nn::ReLU(), nn::Linear(64, 64), nn::ReLU(),
                            nn::Linear(64, 1));
    case 'd':
      return nn::Sequential(LastOutput(32, 128), nn::Linear(128, 1));
    default:
      return nn::Sequential(nn::Conv2d(1, 32, 3), nn::ReLU(), nn::Conv2d(32, 64, 3), nn::ReLU(),
                            nn::MaxPool2d(2), nn::Flatten(), nn::Linear(64 * 12 * 12, 128), nn::ReLU(),
                            nn::Linear(128, 10));
  }
}

/// Softmax is part of the loss, as usual in LibTorch.
double train_epoch(const Work& work, torch::nn::Sequential& net, torch::optim::Optimizer& optimizer,
                   const torch::Tensor& x, const torch::Tensor& y) {
  double sum = 0;
  for (std::int64_t first = 0; first < work.samples; first += work.batch) {
    const std::int64_t count = std::min(work.batch, work.samples - first);
    const torch::Tensor output = net->forward(x.narrow(0, first, count));
    const torch::Tensor target = y.narrow(0, first, count);
    const torch::Tensor loss = work.classifies() ? torch::nn::functional::cross_entropy(output, target)
                                                 : torch::nn::functional::mse_loss(output, target);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    sum += loss.item<double>() * static_cast<double>(count);
  }
  return sum / static_cast<double>(work.samples);
}

/// The BLAS that the dynamic linker found and its kernels: "OpenBLAS 0.3.21 …, Haswell".
std::string blas() {
  void* const product = dlsym(RTLD_DEFAULT, "sgemm_");
  Dl_info from{};
  if (product == nullptr || dladdr(product, &from) == 0) return "an unknown BLAS";
  std::string text = from.dli_fname;
  using Text = const char* (*)();
  const auto version = reinterpret_cast<Text>(dlsym(RTLD_DEFAULT, "openblas_get_config"));
  const auto kernel = reinterpret_cast<Text>(dlsym(RTLD_DEFAULT, "openblas_get_corename"));
  if (version != nullptr && kernel != nullptr) {
    const std::string all = version();  // "OpenBLAS 0.3.21 DYNAMIC_ARCH …"
    text = all.substr(0, all.find(' ', all.find(' ') + 1)) + ", " + kernel();
  }
  return text;
}

int run(Work work, bool flush) {
  torch::manual_seed(1);
  torch::set_num_threads(work.threads);
  if (flush) at::globalContext().setFlushDenormal(true);
  std::vector<std::int64_t> shape{work.samples};
  if (work.name == 'c')
    shape.insert(shape.end(), {1, 28, 28});  // one channel: the same order in both layouts
  else
    shape.insert(shape.end(), work.input.begin(), work.input.end());
  const torch::Tensor x = torch::from_blob(work.x.data(), shape);
  torch::Tensor y = torch::from_blob(work.y.data(), {work.samples, 1});
  if (work.classifies()) y = y.squeeze(1).to(torch::kLong);
  torch::nn::Sequential net = network(work.name);
  initialize(net);
  std::unique_ptr<torch::optim::Optimizer> optimizer;
  if (work.optimizer == "sgd")
    optimizer = std::make_unique<torch::optim::SGD>(net->parameters(), torch::optim::SGDOptions(0.01));
  else
    optimizer =
        std::make_unique<torch::optim::Adam>(net->parameters(), torch::optim::AdamOptions(0.001).eps(1e-7));
  double loss = train_epoch(work, net, *optimizer, x, y);
  const kairos::bench::Clock clock;
  for (std::int64_t epoch = 0; epoch < work.epochs; ++epoch) loss = train_epoch(work, net, *optimizer, x, y);
  kairos::bench::report(work, clock, loss, blas());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const bool flush = argc < 7 || std::strcmp(argv[6], "default") != 0;
    return run(kairos::bench::read_work(argc, argv), flush);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
