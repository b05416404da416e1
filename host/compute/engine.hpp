// SPDX-License-Identifier: MIT
// Owns what oneDNN needs to run anything: one engine and one stream.
#pragma once

struct dnnl_engine;
struct dnnl_stream;

namespace kairos::host {

/// One per model; nothing here is shared between models. Made without cost: oneDNN is started when the first
/// kernel asks for it, so a model of small layers never pays for it.
///
/// Whoever drives the training may set FTZ and DAZ on its thread before the first batch: moments of dead
/// units become denormal in ordinary training and slow the updates down by an order of magnitude. Results
/// change only below 1e-38.
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
