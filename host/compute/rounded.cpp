// SPDX-License-Identifier: MIT
// Uses oneDNN's reorder, which uses the processor's instruction.
#include "compute/rounded.hpp"

#include "compute/run_primitive.hpp"
#include "compute/team_size.hpp"

namespace kairos::host {

namespace {

using dnnl::memory;

/// Below this many values one thread is faster.
constexpr std::int64_t one_thread_limit_values = 131072;

memory::desc line(std::int64_t count, memory::data_type type) {
  return {{count}, type, memory::format_tag::a};
}

}  // namespace

struct Rounded::Rounding {
  Rounding(ComputeEngine& owner, std::int64_t count)
      : threads(count < one_thread_limit_values ? 1 : omp_get_max_threads()),
        engine(owner.engine(), true),
        from(line(count, memory::data_type::f32), engine, nullptr),
        to(line(count, memory::data_type::bf16), engine, nullptr) {
    const TeamSize team(threads);
    reorder = dnnl::reorder(from, to);
  }

  int threads;
  dnnl::engine engine;
  memory from, to;
  dnnl::reorder reorder;
};

Rounded::Rounded(ComputeEngine& engine) : engine_(engine) {}

Rounded::~Rounded() = default;

void Rounded::copy(std::int64_t count, const float* from) {
  if (count == 0) return;
  if (const auto wanted = static_cast<std::size_t>(count); wanted > values_.size()) values_.resize(wanted);
  std::unique_ptr<Rounding>& entry = by_count_[count];
  if (!entry) entry = std::make_unique<Rounding>(engine_, count);
  const TeamSize team(entry->threads);
  set_data(entry->from, from);
  set_data(entry->to, values_.data());
  const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, entry->from.get()}, {DNNL_ARG_TO, entry->to.get()}};
  run_primitive(entry->reorder, engine_.stream(), arguments, "rounding to bf16");
}

}  // namespace kairos::host
