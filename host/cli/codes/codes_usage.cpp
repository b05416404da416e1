// SPDX-License-Identifier: MIT
// Codes U: the command line and RUN.json.
#include "cli/codes/tables.hpp"

namespace kairos::host::cli {

namespace {

constexpr CodeEntry entries[] = {
    {"KAIROS-U001", "Unknown command or flag",
     "The command line contains a command, a flag or a separate word that this command does not know. "
     "Nothing has run.",
     "Use the suggested spelling, or see `kairos COMMAND --help`."},
    {"KAIROS-U002", "Flag without exactly one value",
     "A flag has no value, an empty value, a value that it does not take, or is given twice. Guessing one "
     "would start a run with other settings than intended.",
     "Give the flag once, followed by its value."},
    {"KAIROS-U003", "Value of a setting not readable",
     "The value of a setting has the wrong form, such as a word for a number, or is none of the choices. The "
     "message names the setting and the form that is expected.",
     "Write the value in the form that the message shows."},
    {"KAIROS-U004", "Unknown key in a configuration",
     "The file given with `--config` is not a JSON object, holds a key that is not a setting, holds a key "
     "twice, sets one setting under two names, or has a comment that does not end. Unknown keys are refused "
     "because they are usually misspelled settings.",
     "Correct or remove the key. `kairos fit --print-config` prints a valid file."},
    {"KAIROS-U005", "Required setting missing",
     "The command needs a setting that neither the command line nor the configuration contains, such as the "
     "model, the data or the loss.",
     "Add the setting that the message names."},
    {"KAIROS-U006", "Ending does not fit the content",
     "The ending of an output file selects its format, and this format cannot hold what is to be written. "
     "This is checked before training so that no result is lost.",
     "Choose one of the endings that the message lists."},
    {"KAIROS-U007", "Argument is not UTF-8",
     "An argument of the command line contains bytes that are not UTF-8. It could not be stored in the "
     "configuration of the run without changing it.",
     "Rename the file, or use a terminal with a UTF-8 locale."},
    {"KAIROS-U008", "Resumed state without its epoch",
     "`--callback-state` continues an earlier run, but `--initial-epoch` is 0. The state does not know its "
     "epoch, and counting from 0 again would overwrite what the earlier run logged.",
     "Set `--initial-epoch` to the number of epochs that the earlier run trained; its history.json lists "
     "them."},
    {"KAIROS-U010", "Value out of range",
     "A setting has a readable value outside its range, such as a batch size of 0 or a validation split that "
     "leaves no samples on one side.",
     "Choose a value in the range that the message gives."},
    {"KAIROS-U012", "Validation setting without validation data",
     "A setting that only affects validation is given, but there are no samples to validate on. It would "
     "have no effect.",
     "Add `--validation-data`, `--validation-input` or `--validation-split`, or remove the setting."},
    {"KAIROS-U013", "Streaming option not applicable",
     "An option of streamed reading, such as the buffer size or the shuffle window, has an unusable value or "
     "is given for data that are read into memory.",
     "Add `--stream true`, correct the value, or leave the option out."},
    {"KAIROS-U014", "Class names do not apply",
     "A list of class names does not match the data, the output of the model or the kind of output file; or "
     "the number of classes in the data differs from the number of outputs of the trained model. Class "
     "numbers could then differ from those of training.",
     "Give the class_names.json of the run that trained the model, or leave `--class-names` out."},
    {"KAIROS-U015", "Option for another kind of data",
     "An option applies to one kind of data only, for example `--image-size` to directories of images, and "
     "the data are of another kind.",
     "Leave the option out, or give data of that kind."},
    {"KAIROS-U016", "Output would replace another file",
     "A result would be written over a file that this run reads or over another result, possibly under "
     "another name for the same file.",
     "Choose another name for the result."},
    {"KAIROS-U017", "Too many threads",
     "OMP_NUM_THREADS asks for more threads than are allowed. The OpenMP runtime starts that many and "
     "crashes when memory runs out.",
     "Set it to the number of cores, or unset it."},
    {"KAIROS-U018", "Validation samples without targets",
     "Files of samples to validate on are given, but the targets of training come from a separate file, so "
     "the validation samples have none.",
     "Give a file of their targets with `--validation-target`."},
    {"KAIROS-U019", "Class weights not applicable",
     "Class weights need a model with one output whose target is one class per sample. With several outputs, "
     "a target per timestep or a target that is not a class, they are not defined.",
     "Use sample weights (`--sample-weight`) instead."},
    {"KAIROS-U020", "Unknown ending of the history file",
     "The ending of the history file selects its format, and this ending is not known.",
     "Name the file .json, .csv or .txt."},
    {"KAIROS-U030", "Malformed file of replay cases",
     "The file of cases for `kairos replay` is not of the documented form: a key is missing or unknown, or a "
     "value has the wrong type. The message gives the place.",
     "Correct the file there. Give a history or CSV log with `--logs` instead of as a file of cases."},
    {"KAIROS-U031", "Callbacks given twice to replay",
     "A file of cases names its callbacks, so an additional `--plugin` would be ambiguous.",
     "Leave `--plugin` out, or give logs with `--logs`."},
    {"KAIROS-U040", "Wrong number of files",
     "The command takes a fixed number of files or directories, and more or fewer are given.",
     "Give the files that the message shows."},
    {"KAIROS-U041", "Architecture missing or given twice",
     "`kairos convert` needs exactly one architecture: from the input file, or from `--model` when the input "
     "file holds weights only.",
     "Add or remove `--model`."},
    {"KAIROS-U042", "Architecture without weights to convert",
     "The input of `kairos convert` is an architecture, and the output is to hold weights. There are none to "
     "write.",
     "Convert a file that holds the weights, with the architecture as `--model`."},
    {"KAIROS-U055", "Output inside a data directory",
     "A result would be written into a directory that the run reads as data, such as a directory of images. "
     "Later runs would read it as data.",
     "Choose a place outside of that directory."},
    {"KAIROS-U057", "Program has privileges of another user",
     "The program is set-uid or set-gid, or has file capabilities. Whoever starts it chooses which plugins "
     "it loads and where it writes, so those rights would be open to everyone.",
     "Remove them with `chmod ug-s` and `setcap -r`."},
    {"KAIROS-U065", "Model without trained weights",
     "`evaluate` or `predict` is given an architecture only. Its weights would be random, and so would the "
     "results.",
     "Add `--weights`, or give a model file that holds weights, such as one written with `--save-model`."},
    {"KAIROS-U066", "Split without a validation share",
     "`--split` says how samples are chosen for validation, but no share is held out.",
     "Add `--validation-split 0.2`, or leave `--split` out."},
    {"KAIROS-U070", "Unknown text encoding", "The encoding of the data is none of those that can be read.",
     "Use utf-8, latin1 or cp1252, or convert the file with `iconv`."},
    {"KAIROS-U071", "Unknown error code", "`kairos explain` is asked for a code that is not in the table.",
     "Run `kairos explain` without arguments for a list of all codes."},
    {"KAIROS-U090", "Run goes on with other data, model or options",
     "A run is to go on from a copy of it, but the data, the model or an option differs from what the run "
     "began "
     "with, so that the result would be that of neither run.",
     "Give what the message expects, or begin a new run."},
    {"KAIROS-U091", "Setting differs from that of the resumed run",
     "`--resume` goes on with the settings in the run.json of the run directory. Only settings that do not "
     "change "
     "what is trained may differ, such as `--epochs`, `--verbose`, `--save-model` and `--checkpoint-every`.",
     "Leave the flag out, or begin a new run in another directory."},
    {"KAIROS-U092", "No run to resume",
     "`--resume` or `--checkpoint-every` is given for a run without a directory, for two directories, or for "
     "a "
     "directory without a run checkpoint.",
     "Name the run directory of the run."},
    {"KAIROS-U093", "Initial epoch is not that of the earlier run",
     "The run directory, or the one that the callback state comes from, holds a run checkpoint of another "
     "epoch than "
     "`--initial-epoch`: the states of callbacks, the order of the data and the numbers in the logs would "
     "not fit the "
     "weights.",
     "Use `--resume`, which needs no epoch, or give the epoch that the message expects."},
    {"KAIROS-U094", "Two run directories", "`--resume` and `--run-dir` name different directories.",
     "Leave `--run-dir` out."},
    {"KAIROS-U095", "File names commands to run",
     "A configuration, the record of a run to resume, or a file of cases for `kairos replay` has a callback "
     "that runs commands, such as ShellHook. Whoever wrote the file would decide what is run.",
     "Read the commands, then add `--allow-shell`; or give the callback with `--plugin`. The flag is about "
     "what "
     "a text says: a file can also name a plugin that comes with it, or its directory, whose code is run "
     "without it. Do not use a file from someone whose plugins you would not load."},
    {"KAIROS-U110", "No MPI",
     "`--distributed` needs MPI. The program loads it from a file of its own, libkairos_mpi.so, which is "
     "only built "
     "where MPI is installed.",
     "Install the packages libopenmpi-dev and openmpi-bin, and build Kairos again."},
    {"KAIROS-U111", "Setting of ranks in a run of one process",
     "The setting applies to training on several ranks and would have no effect.",
     "Add `--distributed`, or leave the setting out."},
    {"KAIROS-U112", "More ranks than samples",
     "Each rank trains on its part of every batch, and a batch has fewer samples than there are ranks.",
     "Start fewer ranks, or use larger batches."},
    {"KAIROS-U113", "Ranks differ",
     "A rank of a distributed training has another program, another plugin, other settings, other data, "
     "another model "
     "or another run checkpoint than rank 0. Their gradients would not belong together.",
     "Start all ranks with the same program, plugins, settings and files, such as those on a shared file "
     "system."},
};

}  // namespace

std::span<const CodeEntry> usage_codes() {
  return entries;
}

}  // namespace kairos::host::cli
