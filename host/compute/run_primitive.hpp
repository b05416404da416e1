// SPDX-License-Identifier: MIT
// Runs oneDNN's primitives on our arrays without allocating.
#pragma once

#include <omp.h>

#include <oneapi/dnnl/dnnl.hpp>
#include <span>
#include <string>
#include <string_view>

#include "compute/held_signals.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

/// oneDNN takes non-const pointers, but writes only to the outputs of a primitive.
inline void set_data(dnnl::memory& memory, const void* data) {
  dnnl_memory_set_data_handle(memory.get(), const_cast<void*>(data));
}

/// Throws Error(Internal) unless oneDNN succeeded; `noun` names what failed.
inline void check_product(dnnl_status_t status, const char* noun) {
  if (status != dnnl_success)
    throw Error(ErrorKind::Internal, {"KAIROS-I104", noun, "a product could not be computed",
                                      "oneDNN status " + std::to_string(status), "", ""});
}

/// Whether the primitive calls oneDNN's gemm, whose kernels need blocked signals (see held_signals.hpp). Its
/// brgemm kernels do not move the stack pointer.
inline bool runs_gemm(const dnnl::primitive& primitive) {
  const char* name = "gemm";  // the safe assumption if oneDNN does not say
  const_dnnl_primitive_desc_t desc = nullptr;
  if (dnnl_primitive_get_primitive_desc(primitive.get(), &desc) == dnnl_success)
    dnnl_primitive_desc_query(desc, dnnl_query_impl_info_str, 0, &name);
  const std::string_view text = name;
  return text.find("gemm") != std::string_view::npos && !text.starts_with("brgemm");
}

/// Uses the C function, because the C++ one first copies its arguments into a map.
inline dnnl_status_t execute_primitive(const dnnl::primitive& primitive, dnnl_stream* stream,
                                       std::span<const dnnl_exec_arg_t> arguments) {
  const auto execute = [&] {
    return dnnl_primitive_execute(primitive.get(), stream, static_cast<int>(arguments.size()),
                                  arguments.data());
  };
  if (!runs_gemm(primitive)) return execute();
  const TeamHeldSignals held(omp_get_max_threads());
  return execute();
}

/// Throws as check_product.
inline void run_primitive(const dnnl::primitive& primitive, dnnl_stream* stream,
                          std::span<const dnnl_exec_arg_t> arguments, const char* noun) {
  check_product(execute_primitive(primitive, stream, arguments), noun);
}

}  // namespace kairos::host
