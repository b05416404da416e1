// SPDX-License-Identifier: MIT
// Reads equations and maps them to matrix products, after keras/src/layers/core/einsum_dense.py.
#include "nn/layers/einsum_equation.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>

#include "kairos/host/array.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

constexpr std::string_view three_dots = "...";

[[noreturn]] void refuse_equation(const std::string& where, const std::string& what, const std::string& found,
                                  const std::string& expected) {
  throw Error(ErrorKind::Model, {"KAIROS-M004", where, what, found, expected,
                                 "Use an equation that is a matrix product, such as \"abc,cd->abd\""});
}

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
};

Named named(const EinsumEquation& e, const std::string& where, const Shape& input,
            const Shape& output_shape) {
  const std::size_t rank = input.size() + 1;  // Keras counts the batch
  if (rank < e.input.size() || (e.dots == EinsumEquation::Dots::None && rank != e.input.size()))
    throw Error(ErrorKind::Model,
                {"KAIROS-M008", where, "the input shape is not supported", "shape " + shape_text(input),
                 "a dimension for each letter of \"" + e.input + "\", the first of which is the batch",
                 "Change the layer before it"});
  const std::string rest = dotted(rank - e.input.size());
  const bool left = e.dots == EinsumEquation::Dots::Left;
  Named n{left ? rest + e.input : e.input + rest, e.kernel, left ? rest + e.output : e.output + rest, {}};
  if (n.output.empty() || n.output.front() != n.input.front() || has(n.kernel, n.input.front()))
    refuse_equation(where, "the batch must be the first dimension of input and output",
                    "\"" + e.input + "," + e.kernel + "->" + e.output + "\"",
                    "the same first letter, which the kernel does not have");
  for (std::size_t i = 0; i < rank; ++i) n.sizes[n.input[i]] = i == 0 ? 1 : input[i - 1];
  const std::string given = left && !rest.empty() ? e.output : e.output.substr(1);
  if (given.size() != output_shape.size())
    refuse_equation(where, "\"output_shape\" does not fit the equation", shape_text(output_shape),
                    std::to_string(given.size()) + " dimensions");
  for (std::size_t i = 0; i < given.size(); ++i) {
    const auto found = n.sizes.find(given[i]);
    const std::int64_t size = output_shape[i];
    if (found == n.sizes.end() && size > 0)
      n.sizes[given[i]] = size;
    else if (found == n.sizes.end() || (size > 0 && size != found->second))
      refuse_equation(where, "\"output_shape\" does not fit the input", shape_text(output_shape),
                      found == n.sizes.end()
                          ? std::string("a size for the dimension \"") + given[i] + "\""
                          : std::to_string(found->second) + " for the dimension \"" + given[i] + "\"");
  }
  return n;
}

void check_letters(const Named& n, const std::string& where) {
  const std::string shown = "\"" + n.input + "," + n.kernel + "->" + n.output + "\"";
  for (const char letter : n.kernel)
    if (!has(n.input, letter) && !has(n.output, letter))
      refuse_equation(where, std::string("the kernel's dimension \"") + letter + "\" is in no other part",
                      shown, "a dimension of the input or of the output");
  for (const char letter : n.output)
    if (!has(n.input, letter) && !has(n.kernel, letter))
      refuse_equation(where, std::string("the output's dimension \"") + letter + "\" is in no other part",
                      shown, "a dimension of the input or of the kernel");
  for (const char letter : n.input)
    if (!has(n.kernel, letter) && !has(n.output, letter))
      refuse_equation(where,
                      std::string("a sum over the dimension \"") + letter + "\" alone is not supported",
                      shown, "a dimension of the kernel or of the output");
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
  return e;
}

EinsumPlan plan_einsum(const EinsumEquation& equation, const std::string& where, const Shape& input,
                       const Shape& output_shape, const std::optional<std::string>& bias_axes) {
  const Named n = named(equation, where, input, output_shape);
  check_letters(n, where);
  EinsumPlan plan;
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
  for (const char letter : *bias_axes) {
    if (!has(equation.output, letter) || letter == n.output.front())
      refuse_equation(where, "\"bias_axes\" has a dimension that cannot have a bias",
                      "\"" + *bias_axes + "\"", "letters of the output other than the batch");
    first = std::min(first, n.output.find(letter));
  }
  for (const char letter : n.output.substr(first))
    plan.bias.push_back(has(*bias_axes, letter) ? n.sizes.at(letter) : 1);
  return plan;
}

}  // namespace kairos::host
