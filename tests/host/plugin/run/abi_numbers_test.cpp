// SPDX-License-Identifier: MIT
// A number that the host does not know is refused, whatever function it is given to. The table has a row for
// every integer parameter of the ABI functions; tests/sdk/check_numbers.py compares it with the headers.
#include <catch2/catch.hpp>
#include <cstdint>
#include <limits>
#include <string>

#include "host/plugin/run/number_rows.hpp"
#include "host/temporary_directory.hpp"

using namespace kairos::host;
using namespace kairos::tests;
using namespace kairos::tests::tried;

namespace {

const Row rows[] = {
    // A failure stays one: 0 becomes a bug, all other numbers are passed on.
    {"kairos_host.fail.status", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) {
       return v.host->fail(v.call, static_cast<kairos_status>(n), text("why"));
     },
     [](std::int64_t n) { return n == 0 ? KAIROS_E_INTERNAL : n; }},
    {"kairos_host.log.level", "on_epoch_end", level_of,
     [](std::int64_t n) { return n >= 0 && n <= 3 ? n : KAIROS_LOG_INFO; }},
    {"kairos_host.option.index", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) {
       kairos_value out;
       return v.host->option(v.host, static_cast<std::uint32_t>(n), &out);
     },
     only({0, 1, 2}, KAIROS_E_RANGE)},
    {"kairos_logs.key.index", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) {
       kairos_log_key out{};
       out.size = sizeof out;
       return v.logs().key(v.call, static_cast<std::uint32_t>(n), &out);
     },
     only({0, 1, 2, 3}, KAIROS_E_RANGE)},
    {"kairos_logs.value.index", "on_test_batch_end",
     [](const Visit& v, Bench&, std::int64_t n) {
       double out = 0;
       return v.logs().value(v.call, static_cast<std::uint32_t>(n), &out);
     },
     [](std::int64_t n) {
       // 0 is loss, 1 val_loss, 2 and 3 declared keys; inside a fit a test has the second one alone.
       return n == 1 ? KAIROS_OK : n >= 0 && n <= 3 ? KAIROS_E_NOT_FOUND : KAIROS_E_RANGE;
     }},
    {"kairos_logs.declare.direction", "setup",
     [](const Visit& v, Bench&, std::int64_t n) { return declare(v, n); }, only({0, 1, 2}, KAIROS_E_INVALID)},
    {"kairos_logs.publish.index", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) {
       return v.logs().publish(v.call, static_cast<std::uint32_t>(n), 1.0);
     },
     [](std::int64_t n) {
       return n == 2 || n == 3 ? KAIROS_OK : n == 0 || n == 1 ? KAIROS_E_DENIED : KAIROS_E_RANGE;
     }},
    {"kairos_tensors.count.role", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) {
       return std::int64_t{v.tensors().count(v.call, static_cast<std::int32_t>(n))};
     },
     [](std::int64_t n) { return n == KAIROS_ROLE_WEIGHT ? 1 : 0; }},
    {"kairos_tensors.borrow.role", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) { return borrow(v, n, 0, KAIROS_ACCESS_READ); },
     only({KAIROS_ROLE_WEIGHT}, KAIROS_E_RANGE)},
    {"kairos_tensors.borrow.index", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) {
       return borrow(v, KAIROS_ROLE_WEIGHT, n, KAIROS_ACCESS_READ);
     },
     only({0}, KAIROS_E_RANGE)},
    // Not flags: 3, which is read and write, is refused too.
    {"kairos_tensors.borrow.access", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) { return borrow(v, KAIROS_ROLE_WEIGHT, 0, n); },
     only({KAIROS_ACCESS_READ, KAIROS_ACCESS_WRITE}, KAIROS_E_INVALID)},
    {"kairos_tensors.find.role", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) {
       std::uint32_t index = 0;
       return v.tensors().find(v.call, static_cast<std::int32_t>(n), text("weight"), &index);
     },
     only({KAIROS_ROLE_WEIGHT}, KAIROS_E_NOT_FOUND)},
    {"kairos_model.save.content", "on_epoch_end",
     [](const Visit& v, Bench& b, std::int64_t n) {
       return v.model().save(v.call, text(b.file), static_cast<std::int32_t>(n));
     },
     only({0, 1}, KAIROS_E_UNSUPPORTED)},
    {"kairos_model.can_save.content", "setup",
     [](const Visit& v, Bench& b, std::int64_t n) {
       return v.model().can_save(v.call, text(b.file), static_cast<std::int32_t>(n));
     },
     only({0, 1}, KAIROS_E_UNSUPPORTED)},
    {"kairos_model.save_in_background.content", "on_epoch_end",
     [](const Visit& v, Bench& b, std::int64_t n) {
       return v.model().save_in_background(v.call, text(b.file), static_cast<std::int32_t>(n));
     },
     only({0, 1}, KAIROS_E_UNSUPPORTED)},
    {"kairos_model.snapshot.slot", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) { return snapshot(v, n); }, only({0, 1}, KAIROS_E_NOT_FOUND)},
    {"kairos_model.rollback.slot", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) {
       return v.model().rollback(v.call, static_cast<std::uint64_t>(n));
     },
     only({1}, KAIROS_E_NOT_FOUND)},
    // An unknown slot is ignored: the known one stays.
    {"kairos_model.drop.slot", "on_epoch_end",
     [](const Visit& v, Bench& b, std::int64_t n) {
       const auto slot = static_cast<std::uint64_t>(n);
       if (slot != b.slot) v.model().drop(v.call, slot);
       return v.model().rollback(v.call, b.slot);
     },
     [](std::int64_t) { return KAIROS_OK; }},
    {"kairos_weights.take.what", "on_epoch_end",
     [](const Visit& v, Bench& b, std::int64_t n) {
       return v.weights().take(v.call, static_cast<std::int32_t>(n), &b.slot);
     },
     // The model of these tests cannot remember a training.
     only({KAIROS_TAKE_WEIGHTS, KAIROS_TAKE_TRAINED}, KAIROS_E_UNSUPPORTED)},
    {"kairos_weights.take.slot", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) {
       auto slot = static_cast<std::uint64_t>(n);
       const kairos_status status = v.weights().take(v.call, KAIROS_TAKE_TRAINED, &slot);
       if (n == 0) v.weights().drop(v.call, slot);
       return status;
     },
     only({0, 1}, KAIROS_E_NOT_FOUND)},
    {"kairos_weights.put.slot", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) {
       return v.weights().put(v.call, static_cast<std::uint64_t>(n));
     },
     only({1}, KAIROS_E_NOT_FOUND)},
    {"kairos_weights.borrow.slot", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) { return lend(v, n, 0, KAIROS_ACCESS_READ); },
     only({0, 1}, KAIROS_E_NOT_FOUND)},
    {"kairos_weights.borrow.index", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) { return lend(v, 1, n, KAIROS_ACCESS_READ); },
     only({0}, KAIROS_E_RANGE)},
    {"kairos_weights.borrow.access", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) { return lend(v, 1, 0, n); },
     only({KAIROS_ACCESS_READ, KAIROS_ACCESS_WRITE}, KAIROS_E_INVALID)},
    {"kairos_weights.swap_in.slot", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) {
       return v.weights().swap_in(v.call, static_cast<std::uint64_t>(n), text("one"));
     },
     only({1}, KAIROS_E_NOT_FOUND)},
    // Slots that are not in, or do not exist, are ignored.
    {"kairos_weights.swap_out.slot", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) {
       return v.weights().swap_out(v.call, static_cast<std::uint64_t>(n));
     },
     [](std::int64_t) { return KAIROS_OK; }},
    {"kairos_weights.drop.slot", "on_epoch_end",
     [](const Visit& v, Bench& b, std::int64_t n) {
       const auto slot = static_cast<std::uint64_t>(n);
       if (slot != b.slot) v.weights().drop(v.call, slot);
       return v.weights().put(v.call, b.slot);
     },
     [](std::int64_t) { return KAIROS_OK; }},
    {"kairos_expressions.evaluate.option", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) { return evaluate(v, n, 1); }, only({1}, KAIROS_E_RANGE)},
    {"kairos_expressions.evaluate.count", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) { return evaluate(v, 1, n); }, only({1}, KAIROS_E_RANGE)},
    {"kairos_step.accumulate.batches", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) {
       return v.step().accumulate(v.call, static_cast<std::uint32_t>(n));
     },
     [](std::int64_t n) { return n == 0 ? KAIROS_E_RANGE : KAIROS_OK; }},
    {"kairos_step.freeze.weight", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) {
       return v.step().freeze(v.call, static_cast<std::uint32_t>(n), 1);
     },
     only({0}, KAIROS_E_RANGE)},
    {"kairos_step.freeze.frozen", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) {
       return v.step().freeze(v.call, 0, static_cast<std::int32_t>(n));
     },
     only({0, 1}, KAIROS_E_INVALID)},
    {"kairos_step.scale_rate.weight", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) {
       return v.step().scale_rate(v.call, static_cast<std::uint32_t>(n), 0.5);
     },
     only({0}, KAIROS_E_RANGE)},
    {"kairos_run.checkpoint.keep", "on_epoch_end",
     [](const Visit& v, Bench& b, std::int64_t n) {
       return v.run().checkpoint(v.call, text(b.file), static_cast<std::uint32_t>(n));
     },
     only({1, 2}, KAIROS_E_RANGE)},
    {"kairos_info.count.list", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) {
       return std::int64_t{v.info().count(v.call, static_cast<std::int32_t>(n))};
     },
     [](std::int64_t n) { return n == KAIROS_INFO_SETTINGS ? 1 : 0; }},
    {"kairos_info.entry.list", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) {
       kairos_str name{}, value{};
       return v.info().entry(v.call, static_cast<std::int32_t>(n), 0, &name, &value);
     },
     only({KAIROS_INFO_SETTINGS}, KAIROS_E_RANGE)},
    {"kairos_info.entry.index", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) {
       kairos_str name{}, value{};
       return v.info().entry(v.call, KAIROS_INFO_SETTINGS, static_cast<std::uint32_t>(n), &name, &value);
     },
     only({0}, KAIROS_E_RANGE)},
    {"kairos_forward.batches.source", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) {
       std::int64_t out = 0;
       return v.forward().batches(v.call, static_cast<std::int32_t>(n), 0, &out);
     },
     only({KAIROS_SOURCE_TRAINING, KAIROS_SOURCE_VALIDATION}, KAIROS_E_UNSUPPORTED)},
    {"kairos_forward.batches.batch_size", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) {
       std::int64_t out = 0;
       return v.forward().batches(v.call, KAIROS_SOURCE_TRAINING, n, &out);
     },
     [](std::int64_t n) { return n < 0 ? KAIROS_E_RANGE : KAIROS_OK; }},
    {"kairos_forward.evaluate.source", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) { return evaluate_data(v, n, 0, 1, 1); },
     only({KAIROS_SOURCE_TRAINING, KAIROS_SOURCE_VALIDATION}, KAIROS_E_UNSUPPORTED)},
    // There are 8 batches.
    {"kairos_forward.evaluate.first", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) { return evaluate_data(v, 1, n, 1, 1); },
     only({0, 1, 2, 3, 4, 5, 6, 7}, KAIROS_E_RANGE)},
    {"kairos_forward.evaluate.count", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) { return evaluate_data(v, 1, 0, n, 1); },
     only({1, 2, 3, 4, 5, 6, 7, 8}, KAIROS_E_RANGE)},
    // No more values are written than there are keys.
    {"kairos_forward.evaluate.capacity", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) { return evaluate_data(v, 1, 0, 1, n); },
     [](std::int64_t) { return KAIROS_OK; }},
    {"kairos_forward.predict.count", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) { return predict(v, n); }, only({1}, KAIROS_E_INVALID)},
    {"kairos_forward.output.index", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) {
       kairos_tensor out{};
       out.size = sizeof out;
       predict(v, 1);
       return v.forward().output(v.call, static_cast<std::uint32_t>(n), &out);
     },
     only({0}, KAIROS_E_RANGE)},
    {"kairos_forward.statistics.count", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) { return v.forward().statistics(v.call, n); },
     only({1, 2, 3, 4, 5, 6, 7, 8}, KAIROS_E_RANGE)},
    {"kairos_forward.trial_step.batch", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) { return try_step(v, n, 0); },
     only({0, 1, 2, 3, 4, 5, 6, 7}, KAIROS_E_RANGE)},
    {"kairos_forward.trial_step.batch_size", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) { return try_step(v, 0, n); },
     [](std::int64_t n) { return n < 0 ? KAIROS_E_RANGE : KAIROS_OK; }},
    {"kairos_ledger.start.calls", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) {
       return v.ledger().start(v.call, static_cast<std::uint64_t>(n));
     },
     [](std::int64_t n) { return n < 0 || n > 10000000 ? KAIROS_E_RANGE : KAIROS_OK; }},
    // No hook has ended since then.
    {"kairos_ledger.entry.index", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) {
       kairos_ledger_entry out{};
       out.size = sizeof out;
       return v.ledger().entry(v.call, static_cast<std::uint64_t>(n), &out);
     },
     only({}, KAIROS_E_RANGE)},
    {"kairos_ledger.remembered.index", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) {
       kairos_ledger_call out{};
       out.size = sizeof out;
       return v.ledger().remembered(v.call, static_cast<std::uint64_t>(n), &out);
     },
     only({}, KAIROS_E_RANGE)},
    {"kairos_options.is_set.index", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) { return was_set(v, n); }, only({0, 1, 2}, KAIROS_E_RANGE)},
    {"kairos_options.item.index", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) { return item_of(v, n, 0); },
     [](std::int64_t n) { return n == 2 ? KAIROS_OK : n == 0 || n == 1 ? KAIROS_E_INVALID : KAIROS_E_RANGE; }},
    {"kairos_options.item.item", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) { return item_of(v, 2, n); }, only({0, 1}, KAIROS_E_RANGE)},
    {"kairos_files.announce.access", "setup",
     [](const Visit& v, Bench& b, std::int64_t n) {
       return v.files().announce(v.call, text(b.file + ".announced"), static_cast<std::int32_t>(n));
     },
     only({KAIROS_FILE_READ, KAIROS_FILE_WRITE}, KAIROS_E_INVALID)},
    {"kairos_batch.random.stream", "on_train_batch_begin",
     [](const Visit& v, Bench&, std::int64_t n) {
       std::uint64_t out = 0;
       return v.batch().random(v.call, static_cast<std::uint64_t>(n), &out);
     },
     [](std::int64_t) { return KAIROS_OK; }},
    {"kairos_batch.replace.role", "on_train_batch_begin",
     [](const Visit& v, Bench&, std::int64_t n) { return replace(v, n, 0); },
     only({KAIROS_ROLE_INPUT, KAIROS_ROLE_TARGET, KAIROS_ROLE_SAMPLE_WEIGHT}, KAIROS_E_UNSUPPORTED)},
    {"kairos_batch.replace.index", "on_train_batch_begin",
     [](const Visit& v, Bench&, std::int64_t n) { return replace(v, KAIROS_ROLE_TARGET, n); },
     only({0}, KAIROS_E_RANGE)},
    {"kairos_batch.classes.target", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) {
       std::int64_t out = 0;
       return v.batch().classes(v.call, static_cast<std::uint32_t>(n), &out);
     },
     only({0}, KAIROS_E_RANGE)},
    {"kairos_dist.broadcast.root", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) {
       return v.dist().broadcast(v.call, static_cast<std::int32_t>(n), nullptr, 0);
     },
     only({0}, KAIROS_E_RANGE)},
    {"kairos_dist.broadcast.count", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) {
       return v.dist().broadcast(v.call, 0, nullptr, static_cast<std::uint64_t>(n));
     },
     only({0}, KAIROS_E_INVALID)},
    {"kairos_dist.all_reduce.operation", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) {
       return v.dist().all_reduce(v.call, static_cast<std::int32_t>(n), nullptr, 0);
     },
     only({KAIROS_REDUCE_SUM, KAIROS_REDUCE_MIN, KAIROS_REDUCE_MAX}, KAIROS_E_INVALID)},
    {"kairos_dist.all_reduce.count", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) {
       return v.dist().all_reduce(v.call, KAIROS_REDUCE_SUM, nullptr, static_cast<std::uint64_t>(n));
     },
     only({0}, KAIROS_E_INVALID)},
    // Any time to wait is allowed; there are no tasks.
    {"kairos_tasks.drain_for.nanoseconds", "on_epoch_end",
     [](const Visit& v, Bench&, std::int64_t n) { return v.tasks().drain_for(v.host, n); },
     [](std::int64_t) { return KAIROS_OK; }},
    // Without bytes, any number of them but 0 is refused.
    {"kairos_writer.write.count", "state_save",
     [](const Visit& v, Bench&, std::int64_t n) {
       const auto& out = *static_cast<const kairos_writer*>(v.event);
       return out.write(out.impl, nullptr, static_cast<std::uint64_t>(n));
     },
     only({0}, KAIROS_E_INVALID)},
    {"kairos_reader.read.count", "state_load",
     [](const Visit& v, Bench&, std::int64_t n) {
       const auto& in = *static_cast<const kairos_reader*>(v.event);
       std::uint64_t got = 0;
       return in.read(in.impl, nullptr, static_cast<std::uint64_t>(n), &got);
     },
     only({0}, KAIROS_E_INVALID)},
};

constexpr std::int64_t numbers[] = {-1,
                                    0,
                                    1,
                                    2,
                                    3,
                                    4,
                                    5,
                                    6,
                                    7,
                                    8,
                                    9,
                                    77,
                                    256 + 1,
                                    65536 + 1,
                                    std::numeric_limits<std::int32_t>::max(),
                                    std::numeric_limits<std::int32_t>::min()};

}  // namespace

TEST_CASE("Every integer parameter of the ABI refuses the numbers that the host does not know",
          "[host][plugin]") {
  const TemporaryDirectory directory;
  ProbeScript script;
  Bench bench;
  bench.file = (directory / "model.h5").string();
  std::size_t tried = 0;
  script.everywhere = [&](const Visit& visit) {
    if (visit.hook == "on_epoch_end") visit.model().snapshot(visit.call, &bench.slot);
    for (const Row& row : rows) {
      if (visit.hook != row.hook) continue;
      for (const std::int64_t number : numbers) {
        INFO(row.parameter << " = " << number);
        CHECK(row.ask(visit, bench, number) == row.expected(number));
      }
      ++tried;
    }
    return KAIROS_OK;
  };
  ProbeRun run({script.spec()});
  bench.messages = &run.messages;
  run.callbacks->setup({});
  run.callbacks->load_state(run.callbacks->save_state());
  run.fit();
  CHECK(tried == std::size(rows));
}

TEST_CASE("No number for the access lets a callback without the capability write weights", "[host][plugin]") {
  ProbeScript script;
  script.in["on_epoch_end"] = [](const Visit& visit) {
    for (const std::int64_t access : numbers) {
      INFO(access);
      CHECK(borrow(visit, KAIROS_ROLE_WEIGHT, 0, access) == (access == KAIROS_ACCESS_READ ? KAIROS_OK
                                                             : access == KAIROS_ACCESS_WRITE
                                                                 ? KAIROS_E_DENIED
                                                                 : KAIROS_E_INVALID));
    }
    return KAIROS_OK;
  };
  ProbeRun run({script.spec("ModestProbe")});
  run.callbacks->setup({});
  run.fit();
}
