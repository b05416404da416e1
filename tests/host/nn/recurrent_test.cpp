// SPDX-License-Identifier: MIT
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "compute/team_size.hpp"
#include "host/error_text.hpp"
#include "host/nn/gradients.hpp"
#include "host/nn/graphs.hpp"
#include "nn/architecture.hpp"

using namespace kairos::host;
using kairos::tests::check_gradients;
using kairos::tests::error_of;
using kairos::tests::forward;
using kairos::tests::graph_of;
using kairos::tests::Objective;
using kairos::tests::random_values;

namespace {

double logistic(double x) {
  return 1 / (1 + std::exp(-x));
}

/// Keras' definition of a cell, for one sample, in double precision.
struct Reference {
  explicit Reference(Layer& of) : layer(of) {
    shape = layer.parameters()[0].shape;
    n = layer.parameters()[1].shape[0];
  }
  [[nodiscard]] double w(std::size_t parameter, std::int64_t row, std::int64_t column) const {
    const Parameter& p = layer.parameters()[parameter];
    return static_cast<double>(p.values.data()[row * p.shape.back() + column]);
  }
  /// input · kernel + bias, or state · recurrent kernel, for one column.
  [[nodiscard]] double from(std::size_t parameter, const std::vector<double>& x, std::int64_t column) const {
    double sum = 0;
    for (std::size_t k = 0; k < x.size(); ++k)
      sum += x[k] * w(parameter, static_cast<std::int64_t>(k), column);
    return sum;
  }

  std::vector<double> lstm(const std::vector<double>& x, const std::vector<double>& h,
                           std::vector<double>& c) const {
    std::vector<double> out(h.size());
    std::vector<double> cells(c);
    for (std::int64_t k = 0; k < n; ++k) {
      const auto gate = [&](std::int64_t g) {
        return from(0, x, g * n + k) + from(1, h, g * n + k) + w(2, 0, g * n + k);
      };
      const auto at = static_cast<std::size_t>(k);
      cells[at] = logistic(gate(1)) * c[at] + logistic(gate(0)) * std::tanh(gate(2));
      out[at] = logistic(gate(3)) * std::tanh(cells[at]);
    }
    c = cells;
    return out;
  }

  std::vector<double> gru_after(const std::vector<double>& x, const std::vector<double>& h) const {
    std::vector<double> out(h.size());
    for (std::int64_t k = 0; k < n; ++k) {
      const auto in = [&](std::int64_t g) { return from(0, x, g * n + k) + w(2, 0, g * n + k); };
      const auto inner = [&](std::int64_t g) { return from(1, h, g * n + k) + w(2, 1, g * n + k); };
      const double z = logistic(in(0) + inner(0)), r = logistic(in(1) + inner(1));
      out[static_cast<std::size_t>(k)] =
          z * h[static_cast<std::size_t>(k)] + (1 - z) * std::tanh(in(2) + r * inner(2));
    }
    return out;
  }

  std::vector<double> gru_before(const std::vector<double>& x, const std::vector<double>& h) const {
    std::vector<double> out(h.size()), reset(h.size());
    const auto in = [&](std::int64_t g, std::int64_t k) {
      return from(0, x, g * n + k) + w(2, 0, g * n + k);
    };
    for (std::int64_t k = 0; k < n; ++k)
      reset[static_cast<std::size_t>(k)] =
          logistic(in(1, k) + from(1, h, n + k)) * h[static_cast<std::size_t>(k)];
    for (std::int64_t k = 0; k < n; ++k) {
      const double z = logistic(in(0, k) + from(1, h, k));
      out[static_cast<std::size_t>(k)] =
          z * h[static_cast<std::size_t>(k)] + (1 - z) * std::tanh(in(2, k) + from(1, reset, 2 * n + k));
    }
    return out;
  }

  std::vector<double> simple(const std::vector<double>& x, const std::vector<double>& h) const {
    std::vector<double> out(h.size());
    for (std::int64_t k = 0; k < n; ++k)
      out[static_cast<std::size_t>(k)] = std::tanh(from(0, x, k) + from(1, h, k) + w(2, 0, k));
    return out;
  }

  std::vector<double> step(const std::string& cell, const std::vector<double>& x,
                           const std::vector<double>& h, std::vector<double>& c) const {
    if (cell == "lstm") return lstm(x, h, c);
    if (cell == "gru") return gru_after(x, h);
    return cell == "gru_before" ? gru_before(x, h) : simple(x, h);
  }

  Layer& layer;
  Shape shape;
  std::int64_t n;
};

/// All outputs of one sample; `mask` may be empty.
std::vector<double> expected_outputs(Layer& layer, const std::string& cell, const float* x,
                                     std::int64_t steps, std::int64_t features, bool backwards,
                                     const std::vector<float>& mask) {
  const Reference reference(layer);
  std::vector<double> h(static_cast<std::size_t>(reference.n)), c = h, all;
  for (std::int64_t t = 0; t < steps; ++t) {
    const std::int64_t source = backwards ? steps - 1 - t : t;
    if (mask.empty() || mask[static_cast<std::size_t>(source)] != 0)
      h = reference.step(cell, {x + source * features, x + (source + 1) * features}, h, c);
    all.insert(all.end(), h.begin(), h.end());
  }
  return all;
}

}  // namespace

TEST_CASE("Cells compute what Keras defines", "[host][nn]") {
  struct Case {
    const char* text;
    const char* cell;
    bool backwards;
  };
  const std::vector<Case> cases{
      {"lstm(UNITS,return_sequences=true)", "lstm", false},
      {"lstm(UNITS,return_sequences=true,go_backwards=true)", "lstm", true},
      {"gru(UNITS,return_sequences=true)", "gru", false},
      {"gru(UNITS,return_sequences=true,reset_after=false)", "gru_before", false},
      {"gru(UNITS,return_sequences=true,go_backwards=true)", "gru", true},
      {"simplernn(UNITS,return_sequences=true)", "simple", false},
  };
  // 33 units do not fill the last vector; the other case uses other loops for products.
  for (const Case& one : cases)
    for (const std::int64_t units : {1, 5, 33})
      for (const std::int64_t batch : {1, 4}) {
        std::string text = std::string("input(4,3) ") + one.text;
        text.replace(text.find("UNITS"), 5, std::to_string(units));
        INFO(text << " batch " << batch);
        const auto graph = graph_of(text);
        for (Parameter& parameter : graph->layer(0).parameters()) {
          const std::vector<float> values = random_values(parameter.size(), 77);
          std::copy(values.begin(), values.end(), parameter.values.data());
        }
        const std::vector<float> x = random_values(batch * 12, 5);
        const std::vector<float> y = forward(*graph, x, batch);
        for (std::int64_t sample = 0; sample < batch; ++sample) {
          const std::vector<double> expected =
              expected_outputs(graph->layer(0), one.cell, x.data() + sample * 12, 4, 3, one.backwards, {});
          for (std::size_t k = 0; k < expected.size(); ++k)
            REQUIRE(static_cast<double>(y[static_cast<std::size_t>(sample) * expected.size() + k]) ==
                    Approx(expected[k]).margin(2e-6));
        }
      }
}

TEST_CASE("A masked step repeats the previous output and keeps the state", "[host][nn]") {
  const std::vector<float> x{1, -1, 9, 9, 0.5F, 0.25F, 9, 9, -1, 2, 9, 9};  // steps of 9, 9 are masked
  const std::vector<float> mask{1, 0, 1, 0, 1, 0};
  for (const char* cell : {"lstm", "gru", "gru_before", "simple"})
    for (const bool backwards : {false, true}) {
      std::string text = cell;
      const bool before = text == "gru_before";
      if (before) text = "gru";
      if (text == "simple") text = "simplernn";
      text = "input(6,2) masking(9) " + text + "(3,return_sequences=true" +
             (before ? ",reset_after=false" : "") + (backwards ? ",go_backwards=true" : "");
      INFO(text);
      const auto repeats = graph_of(text + ")");
      const auto zeroes = graph_of(text + ",zero_output_for_mask=true)");
      const std::vector<double> expected =
          expected_outputs(repeats->layer(1), cell, x.data(), 6, 2, backwards, mask);
      const std::vector<float> y = forward(*repeats, x, 1), z = forward(*zeroes, x, 1);
      for (std::size_t k = 0; k < expected.size(); ++k) {
        const std::size_t step = backwards ? 5 - k / 3 : k / 3;
        CHECK(static_cast<double>(y[k]) == Approx(expected[k]).margin(2e-6));
        CHECK(static_cast<double>(z[k]) == Approx(mask[step] != 0 ? expected[k] : 0.0).margin(2e-6));
      }
      REQUIRE(repeats->output_mask(0) != nullptr);
      CHECK(std::vector<float>(repeats->output_mask(0), repeats->output_mask(0) + 6) == mask);
    }
  CHECK(graph_of("input(6,2) masking(9) lstm(3)")->output_mask(0) == nullptr);
}

TEST_CASE("Gradients of recurrent layers agree with finite differences", "[host][nn]") {
  for (const char* layer : {"lstm(3)",
                            "gru(3)",
                            "gru(3,reset_after=false)",
                            "simplernn(3)",
                            "lstm(3,return_sequences=true)",
                            "gru(3,return_sequences=true)",
                            "gru(3,return_sequences=true,reset_after=false)",
                            "simplernn(3,return_sequences=true)",
                            "lstm(3,go_backwards=true)",
                            "gru(3,go_backwards=true)",
                            "simplernn(3,go_backwards=true,return_sequences=true)",
                            "lstm(3,use_bias=false)",
                            "gru(3,use_bias=false)",
                            "gru(3,use_bias=false,reset_after=false)",
                            "lstm(3,softsign,recurrent_activation=softplus)",
                            "lstm(3,gelu,recurrent_activation=sigmoid)",
                            "lstm(3,softmax,recurrent_activation=softmax)",
                            "gru(3,softsign,recurrent_activation=silu)",
                            "gru(3,gelu,recurrent_activation=tanh,reset_after=false)",
                            "simplernn(3,gelu)",
                            "simplernn(3,softmax,return_sequences=true)",
                            "lstm(3,dropout=0.3,recurrent_dropout=0.4)",
                            "gru(3,dropout=0.3,recurrent_dropout=0.4)",
                            "gru(3,dropout=0.3,recurrent_dropout=0.4,reset_after=false)",
                            "simplernn(3,dropout=0.3,recurrent_dropout=0.4,return_sequences=true)"})
    for (const std::int64_t batch : {1, 3}) {
      INFO(layer << " batch " << batch);
      check_gradients(*graph_of(std::string("input(4,2) dense(2,tanh) ") + layer + " dense(2)"), batch);
    }
}

TEST_CASE("Gradients through masked steps agree with finite differences", "[host][nn]") {
  std::vector<float> x = random_values(3 * 5 * 2, 8);
  for (const std::size_t step : {1U, 4U, 5U, 6U, 9U}) x[2 * step] = x[2 * step + 1] = 9;
  for (const char* layer :
       {"lstm(3)", "gru(3)", "gru(3,reset_after=false)", "simplernn(3)", "lstm(3,return_sequences=true)",
        "lstm(3,return_sequences=true,zero_output_for_mask=true)", "lstm(3,gelu,zero_output_for_mask=true)",
        "gru(3,return_sequences=true,go_backwards=true)",
        "gru(3,return_sequences=true,zero_output_for_mask=true)", "gru(3,softsign,return_sequences=true)",
        "gru(3,return_sequences=true,reset_after=false)", "simplernn(3,return_sequences=true)",
        "lstm(3,recurrent_dropout=0.4,return_sequences=true)",
        "gru(3,recurrent_dropout=0.4,return_sequences=true)"}) {
    INFO(layer);
    check_gradients(*graph_of(std::string("input(5,2) masking(9) dense(2,tanh) ") + layer + " dense(2)"), 3,
                    1e-2F, {x});
  }
}

TEST_CASE("Gradients of cells that fill several tiles agree with finite differences", "[host][nn]") {
  // A few weights are enough to detect a wrong layout.
  for (const char* layer : {"lstm(48)", "gru(48)", "gru(48,reset_after=false)", "simplernn(48)"}) {
    INFO(layer);
    const auto graph = graph_of(std::string("input(3,40) ") + layer + " dense(1)");
    check_gradients(*graph, 16, 1e-2F, {}, 97);
  }
}

TEST_CASE("Dropout of a recurrent layer is one draw per batch, determined by step and seed", "[host][nn]") {
  const std::vector<float> x(2 * 6 * 4, 1.0F);
  const auto run = [&](const char* text, Mode mode, std::uint64_t step) {
    return forward(*graph_of(text), x, 2, mode, step);
  };
  const char* const text =
      "input(6,4) simplernn(5,linear,dropout=0.5,recurrent_initializer=zeros,return_sequences=true)";
  const std::vector<float> y = run(text, Mode::Train, 3);
  CHECK(y == run(text, Mode::Train, 3));
  CHECK(y != run(text, Mode::Train, 4));
  CHECK(y != run(text, Mode::Infer, 3));
  for (std::size_t sample = 0; sample < 2; ++sample)  // without a recurrent part all steps are equal
    for (std::size_t k = 5; k < 30; ++k) CHECK(y[sample * 30 + k] == y[sample * 30 + k % 5]);
}

TEST_CASE("The bias of the forget gate starts at 1", "[host][nn]") {
  const auto graph = graph_of("input(3,2) lstm(2)");
  const float* const bias = graph->layer(0).parameters()[2].values.data();
  CHECK(std::vector<float>(bias, bias + 8) == std::vector<float>{0, 0, 1, 1, 0, 0, 0, 0});
  const auto without = graph_of("input(3,2) lstm(2,unit_forget_bias=false)");
  CHECK(without->layer(0).parameters()[2].values.data()[2] == 0.0F);
  CHECK(graph_of("input(3,2) gru(2)")->layer(0).parameters()[2].shape == Shape{2, 6});
  CHECK(graph_of("input(3,2) gru(2,reset_after=false)")->layer(0).parameters()[2].shape == Shape{6});
  CHECK(graph->layer(0).parameters()[1].name == "lstm_cell/recurrent_kernel");
}

namespace {

/// Outputs and the gradients of all weights, computed by `threads` threads.
std::vector<float> trained_by(int threads, const std::string& layer, const std::vector<float>& x) {
  const TeamSize team(threads);
  const auto graph = graph_of("input(20,8) masking(9) dense(8,tanh) " + layer + " dense(2)");
  Objective(*graph, 35, {x}).backward();
  std::vector<float> values(graph->output(0), graph->output(0) + 35 * size_of(graph->outputs()[0].shape));
  for (std::size_t l = 0; l < graph->layer_count(); ++l)
    for (const Parameter& parameter : graph->layer(l).parameters())
      values.insert(values.end(), parameter.gradient.data(), parameter.gradient.data() + parameter.size());
  return values;
}

}  // namespace

TEST_CASE("Results with several threads differ only by rounding and are reproducible", "[host][nn]") {
  std::vector<float> x = random_values(35 * 20 * 8, 6);
  for (std::size_t step = 0; step < 35 * 20; step += 3)
    std::fill_n(x.begin() + static_cast<std::ptrdiff_t>(8 * step), 8, 9.0F);  // masked
  for (const char* layer :
       {"lstm(40)", "lstm(40,return_sequences=true,go_backwards=true)", "lstm(40,gelu)", "gru(48)",
        "gru(48,softsign)", "gru(48,reset_after=false,return_sequences=true)",
        "simplernn(120,return_sequences=true)", "lstm(40,dropout=0.3,recurrent_dropout=0.3)"}) {
    INFO(layer);
    const std::vector<float> alone = trained_by(1, layer, x), shared = trained_by(3, layer, x);
    CHECK(trained_by(3, layer, x) == shared);
    REQUIRE(shared.size() == alone.size());
    for (std::size_t i = 0; i < alone.size(); ++i)
      REQUIRE(shared[i] == Approx(alone[i]).epsilon(1e-4).margin(1e-4));
  }
}

TEST_CASE("Recurrent layers refuse unsupported arguments", "[host][nn]") {
  const std::vector<std::pair<const char*, const char*>> refused{
      {"input(3) lstm(2)",
       "KAIROS-M008: layer \"lstm\" (LSTM): the input shape is not supported; found shape (3), expected "
       "(timesteps, features). Change the shape of the input, or put a layer such as reshape before it."},
      {"input(3,2) gru(2,stateful=true)",
       "KAIROS-M004: layer \"gru\" (GRU): \"stateful\" is not supported; found true, expected false. Remove "
       "it from the layer: every batch starts from a state of 0."},
      {"input(3,2) simplernn(2,return_state=true)",
       "KAIROS-M063: layer \"simple_rnn\" (SimpleRNN): it has several outputs, but layers of a Sequential "
       "model have one; found 2 outputs, expected 1 output. Leave out return_state, or write the model with "
       "Model(inputs, outputs)."},
  };
  for (const auto& [text, sentence] : refused) CHECK(error_of([text = text] { graph_of(text); }) == sentence);
}

TEST_CASE("Recurrent layers are written and read back unchanged", "[host][nn]") {
  const std::string json =
      keras_json({{},
                  "input(9,8) "
                  "lstm(4,relu,recurrent_activation=hard_sigmoid,return_sequences=true,unit_forget_bias="
                  "false,unroll=true,dropout=0.25,l2=0.5) "
                  "gru(3,return_sequences=true,reset_after=false,go_backwards=true,recurrent_dropout=0.5,"
                  "seed=4) simplernn(2,zero_output_for_mask=true,use_bias=false)",
                  {}});
  CHECK(keras_json({{}, json, {}}) == json);
}
