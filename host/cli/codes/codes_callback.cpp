// SPDX-License-Identifier: MIT
// Codes C: callbacks that fail while a run is going, and misuse of Callbacks.
#include "cli/codes/tables.hpp"

namespace kairos::host::cli {

namespace {

constexpr CodeEntry entries[] = {
    {"KAIROS-C001", "Callback failed during the run",
     "A hook returned an error, and the failure policy of this callback is `fatal`. What the run was asked "
     "to save has been saved.",
     "Fix the reason that the message quotes, or add `on_error=disable` to continue without the callback "
     "when it fails."},
    {"KAIROS-C006", "Saved callback state damaged",
     "The saved state of the callbacks cannot be decoded. Nothing of it is used.",
     "Resume from an older checkpoint."},
    {"KAIROS-C007", "Saved state does not fit the callback",
     "A callback cannot load its saved state: the version of the state is unknown to it, the stored weights "
     "belong to another model, or it rejected the state.",
     "Resume with the plugin that saved the state, or start without it."},
    {"KAIROS-C009", "Crash inside a plugin",
     "The process received a fatal signal while a hook or a background task of this plugin ran, or on a "
     "thread "
     "that runs its code. The message is written from the signal handler; the process then ends by the "
     "signal.",
     "Run without this callback, and report the crash to its author."},
    {"KAIROS-C010", "Plugin called exit",
     "A plugin called exit or quick_exit. The run saves its results and ends with an error, because it is "
     "not complete.",
     "Return an error from the hook instead, or request a stop."},
    {"KAIROS-C011", "Plugin called exit and the run did not stop",
     "A plugin called exit on another thread, and the training thread did not reach the end of a batch in "
     "time. The process ended without waiting longer.",
     "Return an error from the hook instead; do not call exit from threads of a plugin."},
    {"KAIROS-C012", "Plugin ended the training thread",
     "A hook called pthread_exit on the thread that trains. The run cannot continue.",
     "Return from the hook instead."},
    {"KAIROS-C013", "Hook returned in a forked child",
     "A hook called fork, and the child returned from the hook. The child is ended so that it does not train "
     "on and write the same files.",
     "Let the child call exec or _exit."},
    {"KAIROS-C020", "Plugin broke the rules of the ABI",
     "While KAIROS_CHECK_PLUGINS=1 checked every hook, a plugin changed a tensor that it had not borrowed "
     "for "
     "writing, changed the process, used a kairos_call after its hook, or called the host on the wrong "
     "thread "
     "or in a hook that does not allow it.",
     "Correct the plugin. Without KAIROS_CHECK_PLUGINS nothing is compared."},
    {"KAIROS-C030", "Callbacks called out of order",
     "A training loop that hosts callbacks made a call that is not allowed at this stage. No callback was "
     "called.",
     "Make the calls in the order that the message lists; see host/include/kairos/host/callbacks.hpp."},
    {"KAIROS-C031", "Wrong number of log values",
     "A call passed another number of log values than CallbacksOptions::keys declares.",
     "Give one value for each key, in the order of the keys."},
    {"KAIROS-C032", "Validation was not declared",
     "The loop calls the hooks of a validation, but CallbacksOptions::validates is false. Callbacks were set "
     "up for a run without one.",
     "Set CallbacksOptions::validates."},
    {"KAIROS-C033", "Epochs not in order",
     "epoch_begin was called with a number that is not above that of the last epoch.",
     "Count the epochs of a run upwards from 0."},
    {"KAIROS-C034", "Batches not in order",
     "A batch hook was called with a number that is not above that of the last batch of the pass.",
     "Count the batches of a pass upwards from 0."},
    {"KAIROS-C035", "Callbacks used on another thread",
     "A call came from another thread than the one that made the callbacks. Hooks run on one thread.",
     "Make and use the callbacks on the thread that trains."},
    {"KAIROS-C036", "Callbacks already finished", "A call was made after finish.",
     "Make a new Callbacks object for another run."},
    {"KAIROS-C040", "Ranks decided differently",
     "In distributed training, callbacks changed the learning rate or the weights in one way on one rank and "
     "in another "
     "way on another. The models of the ranks would not be the same any more.",
     "Let the callback decide from its logs, which are the same on all ranks, or on one rank alone."},
    {"KAIROS-C041", "Ranks are out of step",
     "In distributed training, a callback exchanged values with the other ranks on one rank, while another "
     "rank went on or exchanged "
     "other values.",
     "Let the callback call `broadcast` and `all_reduce` on every rank, in the same hooks, with as many "
     "values."},
};

}  // namespace

std::span<const CodeEntry> callback_codes() {
  return entries;
}

}  // namespace kairos::host::cli
