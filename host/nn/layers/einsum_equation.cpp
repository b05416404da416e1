// SPDX-License-Identifier: MIT
// Reads equations and maps them to matrix products, after keras/src/layers/core/einsum_dense.py.
#include "nn/layers/einsum_equation.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>

#include "compute/permutation.hpp"

namespace kairos::host {

namespace {

constexpr std::string_view three_dots = "...";

/// Removes dots from one end; whether there were any.
bool drop_dots(std::string& letters, bool left) {
  if (left ? !letters.starts_with(three_dots) : !letters.ends_with(three_dots)) return false;
  letters.erase(left ? 0 : letters.size() - three_dots.size(), three_dots.size());
  return true;
}

bool is_letters(const std::string& text) {
  std::string sorted = text;
  std::sort(sorted.begin(), sorted.end());
  return !text.empty() && std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end() &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; });
}

bool has(const std::string& letters, char letter) {
  return letters.find(letter) != std::string::npos;
}

/// The first letter of `some` that is in neither of the other parts.
std::string lone_letter(const std::string& some, const std::string& one, const std::string& other) {
  for (const char letter : some)
    if (!has(one, letter) && !has(other, letter)) return {letter};
  return "";
}

/// Refuses what is no matrix product.
void check_letters(const ConfigReader& config, const EinsumEquation& e) {
  const std::array parts{&e.input, &e.kernel, &e.output};
  for (std::size_t i = 0; i < parts.size(); ++i)
    if (const std::string lone = lone_letter(*parts[i], *parts[(i + 1) % 3], *parts[(i + 2) % 3]);
        !lone.empty())
      config.bad_value("equation",
                       "\"" + lone + "\" in two of the parts, because sums over one are not supported");
  if (e.dots == EinsumEquation::Dots::Left) return;  // they stand for the batch
  if (e.output.front() != e.input.front() || has(e.kernel, e.input.front()))
    config.bad_value("equation", "the batch as the first dimension of input and output alone");
}

/// Names for the dimensions that dots stand for, which are no letters.
std::string dotted(std::size_t count) {
  std::string names;
  for (std::size_t i = 0; i < count; ++i) names += static_cast<char>('\x01' + i);
  return names;
}

/// Equation with a name for each dimension, and its sizes.
struct Named {
  std::string input, kernel, output;
  std::map<char, std::int64_t> sizes;
  std::string misfit;
};

/// What does not fit if kernel or output would be too large to allocate.
std::string size_misfit(const Named& n) {
  constexpr std::int64_t most = std::int64_t{1} << 31;
  for (const std::string* const part : {&n.kernel, &n.output}) {
    std::int64_t size = 1;
    for (const char letter : *part)
      if (__builtin_mul_overflow(size, n.sizes.at(letter), &size) || size > most)
        return "an output_shape with at most " + std::to_string(most) + " values in kernel and output";
  }
  return "";
}

Named named(const EinsumEquation& e, const Shape& input, const Shape& output_shape) {
  const std::size_t rank = input.size() + 1;  // Keras counts the batch
  Named n;
  if (rank < e.input.size() || (e.dots == EinsumEquation::Dots::None && rank != e.input.size())) {
    n.misfit = "a dimension for each letter of \"" + e.input + "\", the first of which is the batch";
    return n;
  }
  const std::string rest = dotted(rank - e.input.size());
  const bool left = e.dots == EinsumEquation::Dots::Left;
  if (left && rest.empty() && (e.output.front() != e.input.front() || has(e.kernel, e.input.front()))) {
    n.misfit = "more dimensions, as the dots of the equation stand for the batch";
    return n;
  }
  if (std::max({rank, e.kernel.size(), e.output.size() + rest.size()}) > most_dimensions) {
    n.misfit = "at most " + std::to_string(most_dimensions) + " dimensions with the batch in each part";
    return n;
  }
  n.input = left ? rest + e.input : e.input + rest;
  n.kernel = e.kernel;
  n.output = left ? rest + e.output : e.output + rest;
  for (std::size_t i = 0; i < rank; ++i) n.sizes[n.input[i]] = i == 0 ? 1 : input[i - 1];
  const std::string given = left && !rest.empty() ? e.output : e.output.substr(1);
  if (given.size() != output_shape.size()) {
    n.misfit = "an input whose output has the " + std::to_string(output_shape.size()) +
               " dimensions of output_shape";
    return n;
  }
  for (std::size_t i = 0; i < given.size(); ++i) {
    const auto found = n.sizes.find(given[i]);
    const std::int64_t size = output_shape[i];
    const std::string letter = std::string("\"") + given[i] + "\"";
    if (found == n.sizes.end() && size > 0)
      n.sizes[given[i]] = size;
    else if (found == n.sizes.end())
      n.misfit = "a size for " + letter + " in output_shape";
    else if (size > 0 && size != found->second)
      n.misfit = std::to_string(size) + " for " + letter + ", as output_shape has";
  }
  return n;
}

/// The places of `letters` in `all`.
std::vector<std::size_t> places(const std::string& letters, const std::string& all) {
  std::vector<std::size_t> order;
  for (const char letter : letters) order.push_back(all.find(letter));
  return order;
}

}  // namespace

EinsumEquation read_einsum(ConfigReader& config) {
  std::string text = config.text("equation", "");
  const char* const expected =
      "an equation such as \"abc,cd->abd\", \"...x,xy->...y\" or \"ab...,bc->ac...\", with no letter twice "
      "in a "
      "part";
  text.erase(std::remove(text.begin(), text.end(), ' '), text.end());
  const std::size_t comma = text.find(','), arrow = text.find("->");
  if (comma == std::string::npos || arrow == std::string::npos || arrow < comma)
    config.bad_value("equation", expected);
  EinsumEquation e{text.substr(0, comma), text.substr(comma + 1, arrow - comma - 1), text.substr(arrow + 2)};
  if (drop_dots(e.input, true))
    e.dots = EinsumEquation::Dots::Left;
  else if (drop_dots(e.input, false))
    e.dots = EinsumEquation::Dots::Right;
  if (e.dots != EinsumEquation::Dots::None && !drop_dots(e.output, e.dots == EinsumEquation::Dots::Left))
    config.bad_value("equation", expected);
  for (const std::string* const part : {&e.input, &e.kernel, &e.output})
    if (!is_letters(*part)) config.bad_value("equation", expected);
  check_letters(config, e);
  return e;
}

std::optional<std::string> read_bias_axes(ConfigReader& config, const EinsumEquation& equation) {
  if (config.take("bias_axes") == nullptr) return std::nullopt;
  std::string axes = config.text("bias_axes", "");
  const bool batch_is_letter = equation.dots != EinsumEquation::Dots::Left;
  for (const char letter : axes)
    if (!has(equation.output, letter) || (batch_is_letter && letter == equation.output.front()))
      config.bad_value("bias_axes", "letters of the output other than the batch");
  if (!is_letters(axes)) config.bad_value("bias_axes", "letters of the output other than the batch");
  return axes;
}

EinsumPlan plan_einsum(const EinsumEquation& equation, const Shape& input, const Shape& output_shape,
                       const std::optional<std::string>& bias_axes) {
  const Named n = named(equation, input, output_shape);
  EinsumPlan plan;
  plan.misfit = n.misfit.empty() ? size_misfit(n) : n.misfit;
  if (!plan.misfit.empty()) return plan;
  for (const char letter : n.kernel) plan.kernel.push_back(n.sizes.at(letter));
  for (const char letter : n.output.substr(1)) plan.output.push_back(n.sizes.at(letter));
  std::string shared, summed, rows, columns;
  for (const char letter : n.kernel) {
    const bool of_input = has(n.input, letter), of_output = has(n.output, letter);
    (of_input ? (of_output ? shared : summed) : columns) += letter;
    (of_input ? (of_output ? plan.shared : plan.summed) : plan.columns) *= n.sizes.at(letter);
  }
  for (const char letter : n.output)
    if (!has(n.kernel, letter)) rows += letter;
  plan.input_order = places(shared + rows + summed, n.input);
  plan.kernel_order = places(shared + summed + columns, n.kernel);
  plan.output_order = places(shared + rows + columns, n.output);
  if (!bias_axes) return plan;
  std::size_t first = n.output.size();
  for (const char letter : *bias_axes) first = std::min(first, n.output.find(letter));
  for (const char letter : n.output.substr(first))
    plan.bias.push_back(has(*bias_axes, letter) ? n.sizes.at(letter) : 1);
  return plan;
}

}  // namespace kairos::host
