// SPDX-License-Identifier: MIT
// The hooks in the order of kairos_hooks: X(name, event class, event struct). Undefines X at the end. No
// include guard: it is included several times.
X(setup, Run, kairos_run_event)
X(teardown, End, kairos_end_event)
X(on_train_begin, Run, kairos_run_event)
X(on_train_end, End, kairos_end_event)
X(on_epoch_begin, Epoch, kairos_epoch_event)
X(on_epoch_end, Epoch, kairos_epoch_event)
X(on_train_batch_begin, Batch, kairos_batch_event)
X(on_backward_end, Batch, kairos_batch_event)
X(on_train_batch_end, Batch, kairos_batch_event)
X(on_test_begin, Test, kairos_test_event)
X(on_test_end, Test, kairos_test_event)
X(on_test_batch_begin, Batch, kairos_batch_event)
X(on_test_batch_end, Batch, kairos_batch_event)
X(on_predict_begin, Run, kairos_run_event)
X(on_predict_end, End, kairos_end_event)
X(on_predict_batch_begin, Batch, kairos_batch_event)
X(on_predict_batch_end, Batch, kairos_batch_event)
X(on_checkpoint_saved, Checkpoint, kairos_checkpoint_event)
X(on_fault, Fault, kairos_fault_event)
X(on_interrupt, Interrupt, kairos_interrupt_event)
#undef X
