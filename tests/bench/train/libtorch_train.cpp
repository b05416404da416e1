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
#include <utility>

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

using Net = torch::nn::Sequential;
namespace nn = torch::nn;

void add_convolution(Net& net, nn::Conv2dOptions options) {
  const std::int64_t filters = options.out_channels();
  net->push_back(nn::Conv2d(options.bias(false)));
  net->push_back(nn::BatchNorm2d(nn::BatchNorm2dOptions(filters).eps(1e-3).momentum(0.01)));
}

void add_convolution(Net& net, std::int64_t channels, std::int64_t filters, std::int64_t stride) {
  add_convolution(net, nn::Conv2dOptions(channels, filters, 3).stride(stride).padding(1));
  net->push_back(nn::ReLU());
}

void add_separable(Net& net, std::int64_t channels, std::int64_t filters, std::int64_t stride) {
  add_convolution(net, nn::Conv2dOptions(channels, channels, 3).stride(stride).padding(1).groups(channels));
  net->push_back(nn::ReLU6());
  add_convolution(net, nn::Conv2dOptions(channels, filters, 1));
  net->push_back(nn::ReLU6());
}

Net image_network(const std::string& name) {
  Net net;
  std::int64_t channels = 3;
  const auto add = [&](auto* layer, std::int64_t filters, std::int64_t stride) {
    layer(net, channels, filters, stride);
    channels = filters;
  };
  void (*const plain)(Net&, std::int64_t, std::int64_t, std::int64_t) = add_convolution;
  if (name == "mobilenet") {
    add_convolution(net, nn::Conv2dOptions(3, 32, 3).padding(1));
    net->push_back(nn::ReLU6());
    channels = 32;
    add(add_separable, 64, 1);
    add(add_separable, 128, 2);
    add(add_separable, 128, 1);
    add(add_separable, 256, 2);
    add(add_separable, 256, 1);
  } else {
    for (const auto& [filters, stride] :
         {std::pair{32, 1}, {32, 1}, {32, 1}, {64, 2}, {64, 1}, {128, 2}, {128, 1}})
      add(plain, filters, stride);
  }
  net->push_back(nn::AdaptiveAvgPool2d(1));
  net->push_back(nn::Flatten());
  net->push_back(nn::Linear(channels, 10));
  return net;
}

Net network(const std::string& name) {
  if (name == "a")
    return Net(nn::Linear(784, 512), nn::ReLU(), nn::Linear(512, 512), nn::ReLU(), nn::Linear(512, 10));
  if (name == "b")
    return Net(nn::Linear(20, 64), nn::ReLU(), nn::Linear(64, 64), nn::ReLU(), nn::Linear(64, 1));
  if (name == "d") return Net(LastOutput(32, 128), nn::Linear(128, 1));
  if (name == "c")
    return Net(nn::Conv2d(1, 32, 3), nn::ReLU(), nn::Conv2d(32, 64, 3), nn::ReLU(), nn::MaxPool2d(2),
               nn::Flatten(), nn::Linear(64 * 12 * 12, 128), nn::ReLU(), nn::Linear(128, 10));
  if (name == "autoencoder")
    return Net(nn::Linear(784, 256), nn::Sigmoid(), nn::Linear(256, 64), nn::Sigmoid(), nn::Linear(64, 256),
               nn::Sigmoid(), nn::Linear(256, 784));
  return image_network(name);
}

std::unique_ptr<torch::optim::Optimizer> optimizer_of(const std::string& name, Net& net) {
  namespace optim = torch::optim;
  if (name == "sgd") return std::make_unique<optim::SGD>(net->parameters(), optim::SGDOptions(0.01));
  if (name == "rmsprop")
    return std::make_unique<optim::RMSprop>(net->parameters(),
                                            optim::RMSpropOptions(0.001).alpha(0.9).eps(1e-7));
  return std::make_unique<optim::Adam>(net->parameters(), optim::AdamOptions(0.001).eps(1e-7));
}

/// Images are [samples, channels, height, width], in the memory layout of Kairos, which is also the faster
/// one of LibTorch.
torch::Tensor inputs(Work& work) {
  std::vector<std::int64_t> shape{work.samples};
  shape.insert(shape.end(), work.input.begin(), work.input.end());
  const torch::Tensor x = torch::from_blob(work.x.data(), shape);
  return work.input.size() == 3 ? x.permute({0, 3, 1, 2}) : x;
}

torch::Tensor loss_of(const Work& work, const torch::Tensor& output, const torch::Tensor& target) {
  if (work.outputs == 0) return torch::binary_cross_entropy_with_logits(output, target);
  return work.classifies() ? torch::nn::functional::cross_entropy(output, target)
                           : torch::nn::functional::mse_loss(output, target);
}

/// Softmax and the last sigmoid are part of the loss, as usual in LibTorch.
double train_epoch(const Work& work, torch::nn::Sequential& net, torch::optim::Optimizer& optimizer,
                   const torch::Tensor& x, const torch::Tensor& y) {
  double sum = 0;
  for (std::int64_t first = 0; first < work.samples; first += work.batch) {
    const std::int64_t count = std::min(work.batch, work.samples - first);
    const torch::Tensor output = net->forward(x.narrow(0, first, count));
    const torch::Tensor target = y.narrow(0, first, count);
    const torch::Tensor loss = loss_of(work, output, target);
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
  const torch::Tensor x = inputs(work);
  const auto width = static_cast<std::int64_t>(work.y.size()) / work.samples;
  torch::Tensor y = torch::from_blob(work.y.data(), {work.samples, width});
  if (work.classifies()) y = y.squeeze(1).to(torch::kLong);
  torch::nn::Sequential net = network(work.name);
  initialize(net);
  const std::unique_ptr<torch::optim::Optimizer> optimizer = optimizer_of(work.optimizer, net);
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
