// SPDX-License-Identifier: MIT
// Names that are nearly hooks. A member function of such a name would never be called, so it does not
// compile.
#pragma once

// M(name, hook that is meant)
#define KAIROS_DETAIL_NEAR_MISSES(M)                       \
  KAIROS_DETAIL_NEAR_PAIR(M, train)                        \
  KAIROS_DETAIL_NEAR_PAIR(M, epoch)                        \
  KAIROS_DETAIL_NEAR_PAIR(M, train_batch)                  \
  KAIROS_DETAIL_NEAR_PAIR(M, test)                         \
  KAIROS_DETAIL_NEAR_PAIR(M, test_batch)                   \
  KAIROS_DETAIL_NEAR_PAIR(M, predict)                      \
  KAIROS_DETAIL_NEAR_PAIR(M, predict_batch)                \
  KAIROS_DETAIL_NEAR_STEM(M, batch, train_batch)           \
  KAIROS_DETAIL_NEAR_STEM(M, fit, train)                   \
  KAIROS_DETAIL_NEAR_STEM(M, training, train)              \
  KAIROS_DETAIL_NEAR_STEM(M, train_epoch, epoch)           \
  KAIROS_DETAIL_NEAR_STEM(M, val, test)                    \
  KAIROS_DETAIL_NEAR_STEM(M, validation, test)             \
  KAIROS_DETAIL_NEAR_STEM(M, validation_batch, test_batch) \
  KAIROS_DETAIL_NEAR_STEM(M, evaluate, test)               \
  KAIROS_DETAIL_NEAR_STEM(M, evaluation, test)             \
  KAIROS_DETAIL_NEAR_STEM(M, prediction, predict)          \
  M(onTrainBegin, on_train_begin)                          \
  M(onTrainEnd, on_train_end)                              \
  M(onEpochBegin, on_epoch_begin)                          \
  M(onEpochEnd, on_epoch_end)                              \
  M(onBatchBegin, on_train_batch_begin)                    \
  M(onBatchEnd, on_train_batch_end)                        \
  M(onTrainBatchBegin, on_train_batch_begin)               \
  M(onTrainBatchEnd, on_train_batch_end)                   \
  M(on_backward, on_backward_end)                          \
  M(on_backward_ends, on_backward_end)                     \
  M(on_backward_ended, on_backward_end)                    \
  M(on_backwards_end, on_backward_end)                     \
  M(on_after_backward, on_backward_end)                    \
  M(on_checkpoint, on_checkpoint_saved)                    \
  M(on_checkpoint_save, on_checkpoint_saved)               \
  M(on_checkpoints_saved, on_checkpoint_saved)             \
  M(on_save_checkpoint, on_checkpoint_saved)               \
  M(on_faults, on_fault)                                   \
  M(on_failure, on_fault)                                  \
  M(on_error, on_fault)                                    \
  M(on_exception, on_fault)                                \
  M(on_interrupts, on_interrupt)                           \
  M(on_interrupted, on_interrupt)                          \
  M(on_signal, on_interrupt)                               \
  M(on_artifacts, on_artifact)                             \
  M(on_artifact_published, on_artifact)                    \
  M(on_setup, setup)                                       \
  M(set_up, setup)                                         \
  M(on_teardown, teardown)                                 \
  M(tear_down, teardown)

// Other words for the begin and the end of something that has hooks.
#define KAIROS_DETAIL_NEAR_PAIR(M, stem)    \
  M(on_##stem##_start, on_##stem##_begin)   \
  M(on_##stem##_starts, on_##stem##_begin)  \
  M(on_##stem##_started, on_##stem##_begin) \
  M(on_##stem##_begins, on_##stem##_begin)  \
  M(on_##stem##_began, on_##stem##_begin)   \
  M(on_##stem##_ends, on_##stem##_end)      \
  M(on_##stem##_ended, on_##stem##_end)     \
  M(on_##stem##_stop, on_##stem##_end)      \
  M(on_##stem##_finish, on_##stem##_end)    \
  M(on_##stem##_finished, on_##stem##_end)

// Other words for what has hooks under another name.
#define KAIROS_DETAIL_NEAR_STEM(M, stem, hook) \
  M(on_##stem##_begin, on_##hook##_begin)      \
  M(on_##stem##_start, on_##hook##_begin)      \
  M(on_##stem##_end, on_##hook##_end)          \
  M(on_##stem##_ends, on_##hook##_end)
