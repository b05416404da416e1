// SPDX-License-Identifier: MIT
// Starts oneDNN on first use.
#include "compute/engine.hpp"

#include <oneapi/dnnl/dnnl.h>

#include <string>

#include "kairos/host/error.hpp"

namespace kairos::host {

ComputeEngine::~ComputeEngine() {
  if (stream_ != nullptr) dnnl_stream_destroy(stream_);
  if (engine_ != nullptr) dnnl_engine_destroy(engine_);
}

void ComputeEngine::start() {
  dnnl_status_t status = engine_ == nullptr ? dnnl_engine_create(&engine_, dnnl_cpu, 0) : dnnl_success;
  if (status == dnnl_success) status = dnnl_stream_create(&stream_, engine_, dnnl_stream_default_flags);
  if (status != dnnl_success)
    throw Error(ErrorKind::Internal,
                {"KAIROS-I101", "oneDNN", "the compute library did not start on this processor",
                 "status " + std::to_string(status), "", ""});
}

dnnl_engine* ComputeEngine::engine() {
  if (stream_ == nullptr) start();
  return engine_;
}

dnnl_stream* ComputeEngine::stream() {
  if (stream_ == nullptr) start();
  return stream_;
}

}  // namespace kairos::host
