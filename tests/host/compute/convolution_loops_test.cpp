// SPDX-License-Identifier: MIT
#include "compute/convolution_loops.hpp"

#include <catch2/catch.hpp>
#include <vector>

#include "compute/team_size.hpp"
#include "host/compute/convolution_cases.hpp"

using namespace kairos::host;
using kairos::tests::ConvolutionCase;

namespace {

const std::vector<ConvolutionCase> cases{
    {"no margins", {{7, 6}, {3, 3}, {1, 1}, {1, 1}, {0, 0}, {5, 4}}, 2, 16},
    {"margins all around", {{7, 6}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {7, 6}}, 3, 8},
    {"a margin behind only", {{5, 5}, {2, 2}, {1, 1}, {1, 1}, {0, 0}, {5, 5}}, 1, 5},
    {"a window that is not square", {{6, 9}, {1, 5}, {1, 1}, {1, 1}, {0, 2}, {6, 9}}, 4, 24},
    {"strides that leave a rest", {{8, 7}, {3, 2}, {2, 3}, {1, 1}, {0, 0}, {3, 2}}, 3, 9},
    {"strides and margins", {{7, 6}, {3, 3}, {2, 2}, {1, 1}, {1, 0}, {4, 3}}, 2, 8},
    {"one point", {{4, 4}, {1, 1}, {1, 1}, {1, 1}, {0, 0}, {4, 4}}, 5, 1},
};

}  // namespace

TEST_CASE("A convolution in loops and its gradients match their definitions", "[host][compute]") {
  constexpr std::int64_t batch = 11;  // more images than are summed together
  for (const ConvolutionCase& c : cases) {
    REQUIRE(ConvolutionLoops::supports(c.shape()));
    kairos::tests::check_definition<ConvolutionLoops>(
        c, batch, ConvolutionLoops::supports_backward_data(c.shape()), 1e-5);
  }
}

TEST_CASE("A convolution in loops gives the same bits with any number of threads", "[host][compute]") {
  // Large enough that several threads are used.
  const ConvolutionCase large{"large", {{20, 20}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {20, 20}}, 16, 32};
  kairos::tests::check_same_bits<ConvolutionLoops>(large, 9, [](int threads, const auto& work) {
    const TeamSize team(threads);
    work();
  });
}

TEST_CASE("Convolutions with groups, dilation or a large kernel are not computed in loops",
          "[host][compute]") {
  ConvolutionShape shape{{{9, 9}, {3, 3}, {1, 1}, {1, 1}, {0, 0}, {7, 7}}, 4, 8, 1};
  CHECK(ConvolutionLoops::supports(shape));
  CHECK_FALSE(ConvolutionLoops::prefers_backward_weights(shape));
  ConvolutionShape strided = shape;
  strided.window.stride = {2, 2};
  CHECK_FALSE(ConvolutionLoops::supports_backward_data(strided));
  ConvolutionShape dilated = shape;
  dilated.window.dilation = {2, 1};
  CHECK_FALSE(ConvolutionLoops::supports(dilated));
  ConvolutionShape grouped = shape;
  grouped.groups = 2;
  CHECK_FALSE(ConvolutionLoops::supports(grouped));
  ConvolutionShape wide = shape;
  wide.channels = 256;
  wide.filters = 256;
  CHECK_FALSE(ConvolutionLoops::supports(wide));
}
