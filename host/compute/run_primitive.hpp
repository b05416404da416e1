// SPDX-License-Identifier: MIT
// Runs oneDNN's primitives over arrays of ours, without an allocation.
#pragma once

#include <oneapi/dnnl/dnnl.hpp>
#include <span>
#include <string>

#include "kairos/host/error.hpp"

namespace kairos::host {

/// oneDNN takes addresses without const; it writes only to what is an output of the primitive.
inline void point(dnnl::memory& memory, const void* data) {
  dnnl_memory_set_data_handle(memory.get(), const_cast<void*>(data));
}

/// Throws Error(Internal) unless oneDNN has succeeded; `noun` says what did not work.
inline void check_product(dnnl_status_t status, const char* noun) {
  if (status != dnnl_success)
    throw Error(ErrorKind::Internal, {"KAIROS-I104", noun, "a product could not be computed",
                                      "oneDNN status " + std::to_string(status), "", ""});
}

/// The C function, because the C++ one collects its arguments in a map of its own first. Throws as
/// check_product.
inline void run_primitive(const dnnl::primitive& primitive, dnnl_stream* stream,
                          std::span<const dnnl_exec_arg_t> arguments, const char* noun) {
  check_product(
      dnnl_primitive_execute(primitive.get(), stream, static_cast<int>(arguments.size()), arguments.data()),
      noun);
}

}  // namespace kairos::host
