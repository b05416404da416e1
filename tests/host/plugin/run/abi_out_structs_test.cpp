// SPDX-License-Identifier: MIT
// Structs that the host fills: it writes what both sides know, says how much that was, and nothing else.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <vector>

#include "host/plugin/probe.hpp"

using namespace kairos::host;
using namespace kairos::tests;
using Catch::Matchers::Contains;

namespace {

constexpr auto guard = std::byte{0xAB};

/// A struct of the plugin in memory that is larger than any capacity, filled with guards behind `size`.
struct Memory {
  explicit Memory(std::uint32_t capacity, std::size_t bytes) : all(bytes, guard) {
    std::memcpy(all.data(), &capacity, sizeof capacity);
  }
  [[nodiscard]] std::uint32_t size() const {
    std::uint32_t now = 0;
    std::memcpy(&now, all.data(), sizeof now);
    return now;
  }
  [[nodiscard]] bool is_untouched_from(std::size_t first) const {
    return std::all_of(all.begin() + static_cast<std::ptrdiff_t>(first), all.end(),
                       [](std::byte byte) { return byte == guard; });
  }
  std::vector<std::byte> all;
};

/// Tries every capacity from 0 to `own` + 64. `first_size` is the size in ABI 1.0.
void try_capacities(const Visit& visit, std::size_t first_size, std::size_t own,
                    const std::function<kairos_status(void*)>& fill) {
  for (std::uint32_t capacity = 0; capacity <= own + 64; ++capacity) {
    INFO("capacity " << capacity);
    Memory memory(capacity, own + 128);
    const kairos_status status = fill(memory.all.data());
    if (capacity < first_size) {
      CHECK(status == KAIROS_E_INVALID);
      CHECK_THAT(visit.reason(), Contains("set it to sizeof before the call"));
      CHECK(memory.size() == capacity);
      CHECK(memory.is_untouched_from(sizeof capacity));
    } else {
      CHECK(status == KAIROS_OK);
      CHECK(memory.size() == std::min<std::size_t>(capacity, own));
      CHECK(memory.is_untouched_from(memory.size()));
    }
  }
}

void run_in_epoch_end(const std::function<void(const Visit&)>& work) {
  ProbeScript script;
  int visits = 0;
  script.in["on_epoch_end"] = [&](const Visit& visit) {
    work(visit);
    ++visits;
    return KAIROS_OK;
  };
  ProbeRun run({script.spec()});
  run.callbacks->setup({});
  run.fit();
  CHECK(visits == 1);
}

}  // namespace

TEST_CASE("A tensor is lent in as many bytes as both sides know", "[host][plugin]") {
  run_in_epoch_end([](const Visit& visit) {
    try_capacities(visit, 88, sizeof(kairos_tensor), [&](void* out) {
      return visit.tensors().borrow(visit.call, KAIROS_ROLE_WEIGHT, 0, KAIROS_ACCESS_READ,
                                    static_cast<kairos_tensor*>(out));
    });
  });
}

TEST_CASE("A weight of a slot is lent in as many bytes as both sides know", "[host][plugin]") {
  run_in_epoch_end([](const Visit& visit) {
    try_capacities(visit, 88, sizeof(kairos_tensor), [&](void* out) {
      return visit.weights().borrow(visit.call, 0, 0, KAIROS_ACCESS_READ, static_cast<kairos_tensor*>(out));
    });
  });
}

TEST_CASE("A key of the logs is told in as many bytes as both sides know", "[host][plugin]") {
  run_in_epoch_end([](const Visit& visit) {
    try_capacities(visit, 24, sizeof(kairos_log_key), [&](void* out) {
      return visit.logs().key(visit.call, 0, static_cast<kairos_log_key*>(out));
    });
  });
}

TEST_CASE("The position of the training is told in as many bytes as both sides know", "[host][plugin]") {
  run_in_epoch_end([](const Visit& visit) {
    try_capacities(visit, 40, sizeof(kairos_position), [&](void* out) {
      return visit.run().position(visit.call, static_cast<kairos_position*>(out));
    });
  });
}

TEST_CASE("An output of a prediction is lent in as many bytes as both sides know", "[host][plugin]") {
  run_in_epoch_end([](const Visit& visit) {
    float value = 1;
    std::int64_t shape[] = {1, 1};
    const kairos_view view = {&value, {1, 0}, 2, {2, 32, 1}, shape, nullptr, 0};
    CHECK(visit.forward().predict(visit.call, &view, 1) == KAIROS_OK);
    try_capacities(visit, 88, sizeof(kairos_tensor), [&](void* out) {
      return visit.forward().output(visit.call, 0, static_cast<kairos_tensor*>(out));
    });
  });
}

TEST_CASE("A call that fails writes nothing into the struct of the plugin", "[host][plugin]") {
  run_in_epoch_end([](const Visit& visit) {
    Memory tensor(sizeof(kairos_tensor), 256);
    auto* const out = reinterpret_cast<kairos_tensor*>(tensor.all.data());
    CHECK(visit.tensors().borrow(visit.call, KAIROS_ROLE_WEIGHT, 9, KAIROS_ACCESS_READ, out) ==
          KAIROS_E_RANGE);
    CHECK(visit.tensors().borrow(visit.call, KAIROS_ROLE_WEIGHT, 0, 3, out) == KAIROS_E_INVALID);
    CHECK(tensor.size() == sizeof(kairos_tensor));
    CHECK(tensor.is_untouched_from(sizeof(std::uint32_t)));
    Memory key(sizeof(kairos_log_key), 256);
    CHECK(visit.logs().key(visit.call, 99, reinterpret_cast<kairos_log_key*>(key.all.data())) ==
          KAIROS_E_RANGE);
    CHECK(key.is_untouched_from(sizeof(std::uint32_t)));
  });
}
