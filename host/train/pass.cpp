// SPDX-License-Identifier: MIT
// An interruption after the last batch comes too late to end the pass.
#include "train/pass.hpp"

#include "train/lent_batch.hpp"

namespace kairos::host {

bool test(const Pass& pass, KeptLogs& logs) {
  ModelLogs running(pass.model);
  KeptLogs of_all_ranks(pass.model);
  const auto agree = [&](const char* hook) {
    if (pass.agreement != nullptr) pass.agreement->after(hook);
  };
  LentBatch lent(pass.model);
  pass.model.reset_logs();
  pass.callbacks.test_begin(pass.steps);
  agree("on_test_begin");
  for (std::int64_t step = 0; step < pass.steps; ++step) {
    lent.begin(pass.batches, step);
    pass.callbacks.test_batch_begin(step, pass.batches.size(step), &lent);
    pass.model.test_batch(lent.batch());
    if (pass.reads_every_batch) of_all_ranks.keep(pass.model);
    pass.callbacks.test_batch_end(pass.reads_every_batch ? static_cast<LogSource&>(of_all_ranks) : running);
    agree("on_test_batch_end");
    if (step + 1 < pass.steps && pass.interruption.requested()) return false;
  }
  logs.keep(pass.model);
  pass.callbacks.test_end(logs);
  agree("on_test_end");
  return true;
}

bool predict(const Pass& pass, std::vector<NamedArray>& outputs) {
  outputs.clear();
  for (const Port& port : pass.model.outputs()) {
    outputs.push_back({port.name, {port.shape, {}}});
    outputs.back().array.shape.insert(outputs.back().array.shape.begin(), 0);
  }
  std::vector<const float*> values(outputs.size());
  LentBatch lent(pass.model);
  pass.callbacks.predict_begin();
  for (std::int64_t step = 0; step < pass.steps; ++step) {
    const std::int64_t size = pass.batches.size(step);
    lent.begin(pass.batches, step);
    pass.callbacks.predict_batch_begin(step, size, &lent);
    pass.model.predict_batch(lent.batch(), values);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      Array& out = outputs[i].array;
      out.values.insert(out.values.end(), values[i], values[i] + size * out.row_size());
      out.shape.front() += size;
    }
    pass.callbacks.predict_batch_end();
    if (step + 1 < pass.steps && pass.interruption.requested()) return false;
  }
  pass.callbacks.predict_end();
  return true;
}

}  // namespace kairos::host
