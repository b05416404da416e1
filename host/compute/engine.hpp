// SPDX-License-Identifier: MIT
// Owns oneDNN's engine and stream.
#pragma once

struct dnnl_engine;
struct dnnl_stream;

namespace kairos::host {

/// One per model; models share nothing here. Construction is free: oneDNN is started by the first kernel that
/// uses it, so a model of small layers never pays for it. The training loop may set FTZ and DAZ on its thread
/// before the first batch: the moments of dead units become denormal in ordinary training and slow updates
/// down by an order of magnitude. Results change only below 1e-38.
class ComputeEngine {
 public:
  ComputeEngine() = default;
  ~ComputeEngine();
  ComputeEngine(const ComputeEngine&) = delete;
  ComputeEngine& operator=(const ComputeEngine&) = delete;

  /// Throws Error(Internal) if oneDNN does not start.
  dnnl_engine* engine();
  dnnl_stream* stream();

 private:
  void start();

  dnnl_engine* engine_ = nullptr;
  dnnl_stream* stream_ = nullptr;
};

}  // namespace kairos::host
