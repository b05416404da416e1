// SPDX-License-Identifier: MIT
// Codes F: files and directories that cannot be read or written.
#include "cli/codes/tables.hpp"

namespace kairos::host::cli {

namespace {

constexpr CodeEntry entries[] = {
    {"KAIROS-F001", "File or directory cannot be opened",
     "The file or directory does not exist, or the user may not read it.",
     "Check the path and the permissions."},
    {"KAIROS-F002", "Not a regular file",
     "The path leads to a directory, a device, a FIFO or a socket. Only regular files can be read: their "
     "size is known and they can be read again.",
     "Give the path of a file."},
    {"KAIROS-F003", "File is empty",
     "The file has no bytes. Usually the program that should have written it failed.",
     "Check what should have written it."},
    {"KAIROS-F004", "Reading failed",
     "The operating system reported an error while the file was read, or had no descriptor or memory left "
     "for it.",
     "Check the device that holds the file, and the limits of open files and memory."},
    {"KAIROS-F005", "Writing failed",
     "A file could not be written, flushed to the disk or renamed to its final name. Unless the message says "
     "otherwise, an earlier file of this name is unchanged.",
     "Check free space, permissions and file size limits, then run again."},
    {"KAIROS-F006", "Directory of a file cannot be created",
     "The directory in which a file is to be written does not exist and could not be created.",
     "Choose another place, or create the directory."},
    {"KAIROS-F007", "File too large", "The file is larger than any file of its kind should be.",
     "Check that this is the file you mean."},
    {"KAIROS-F008", "Output name is not a file",
     "A directory, device or FIFO has the name of the file to be written. It cannot be replaced atomically.",
     "Choose another name."},
    {"KAIROS-F009", "Invalid names in an output file",
     "An HDF5 file or zip archive could not be built, usually because two arrays have the same name or a "
     "name is empty.",
     "Rename the layer, weight or array."},
    {"KAIROS-F010", "Invalid JSON", "The file is not valid JSON. The message gives line and column.",
     "Correct the file there."},
    {"KAIROS-F011", "JSON nested too deeply",
     "Objects and lists are nested deeper than the limit, which protects the parser's stack.",
     "Check that this is the file you mean."},
    {"KAIROS-F012", "JSON too large", "The JSON text is larger than the limit.",
     "Check that this is the file you mean."},
    {"KAIROS-F013", "NaN or Infinity in JSON",
     "The file contains NaN or Infinity, which JSON does not have, at a place where they have no meaning.",
     "Write a finite number or null instead."},
    {"KAIROS-F014", "File became shorter",
     "A file was cut off while the run read it. What was read before may not fit what follows.",
     "Make sure that nothing else writes to the file, and run again."},
    {"KAIROS-F020", "Unknown kind of model file",
     "The ending of a model file selects its format, and this ending is not known.",
     "Use .keras, .h5, .hdf5, .weights.h5 or .npz, or .json for an architecture."},
    {"KAIROS-F021", "HDF5 file damaged",
     "The HDF5 library cannot read the file, crashes on it, or does not finish reading it. HDF5 files of "
     "data are read in a separate process, so a damaged file does not end the run without a message.",
     "Copy or write the file again."},
    {"KAIROS-F022", "HDF5 link or external storage",
     "The file refers to another place instead of holding the values: a soft or external link, or external "
     "or virtual storage. Following it would read files that nobody named.",
     "Write the file again with everything in it."},
    {"KAIROS-F023", "Type of an HDF5 value not supported",
     "An HDF5 array or attribute has a type that cannot be read here, such as text or records instead of "
     "numbers.",
     "Write the array as float32."},
    {"KAIROS-F024", "Array or group missing",
     "An array or group that should be in the file is missing, or the path of the array was left out.",
     "Use the suggested path (file.h5:/path/to/array), or write the file again."},
    {"KAIROS-F025", "HDF5 file declares too much",
     "Sizes declared in the file are larger than what its stored bytes can hold.",
     "Copy or write the file again."},
    {"KAIROS-F026", "Format cannot hold this content",
     "The format of the output file cannot hold what is to be saved, such as a whole model in an .npz file, "
     "or a model whose architecture is not available in Keras' JSON.",
     "Choose another ending, or save weights only."},
    {"KAIROS-F027", "Reader process cannot be started",
     "HDF5 data are read in a separate process, and it could not be started.",
     "Raise the limits of processes or memory."},
    {"KAIROS-F028", "HDF5 compression not supported",
     "The array is compressed with a filter other than gzip, shuffle or fletcher32. HDF5 would have to load "
     "a library for it.",
     "Write the file without compression or with gzip."},
    {"KAIROS-F029", "HDF5 file not in Keras' layout",
     "The file is valid HDF5, but its groups are not those of a Keras model or weights file.",
     "Check that this is the file you mean, or save the model again."},
    {"KAIROS-F040", ".keras archive damaged",
     "The file is not a complete zip archive, or an entry cannot be decompressed.",
     "Copy or write the file again."},
    {"KAIROS-F041", "Entry of a .keras archive missing",
     "The archive has no config.json or no model.weights.h5.", "Save the model again with Keras or Kairos."},
    {"KAIROS-F042", "Compression ratio not plausible",
     "An entry of the archive declares more than 64 times the size of the file. Such archives are used to "
     "exhaust memory.",
     "Write the file again without compression."},
    {"KAIROS-F043", "Archive entry with a path outside",
     "The name of an entry is absolute or contains `..`, so that extracting the archive would write outside "
     "of its directory.",
     "Do not trust this file."},
    {"KAIROS-F044", ".keras archive with other content",
     "config.json or model.weights.h5 in the archive is not what Keras 3 writes.",
     "Save the model again with Keras or Kairos."},
    {"KAIROS-F045", "Two archive entries with the same name",
     "The archive contains config.json or model.weights.h5 twice. Programs differ in which one they read.",
     "Save the model again with Keras or Kairos."},
    {"KAIROS-F050", "Not a history file",
     "The JSON file does not have the form of a History, or a line of a .jsonl file not that of an epoch. A "
     "damaged "
     "last line, as a crash leaves it, is no error.",
     "Give a file that `--history FILE.json` wrote, or the history.jsonl of a run directory."},
    {"KAIROS-F060", "Standard output cannot be written", "Writing to standard output failed.",
     "Check for a full disk."},
    {"KAIROS-F061", "Output file cannot be created",
     "No file can be made at the place of an output. This is checked before training.",
     "Choose another place, or give a file name and not a directory."},
    {"KAIROS-F062", "Output directory cannot be created",
     "The directory of a run, or of the results of a replay, cannot be created or written to.",
     "Choose another place."},
    {"KAIROS-F063", "Run directory in use",
     "Another process holds the lock of this run directory, or of the directory in which a callback such as "
     "BackupAndRestore keeps run checkpoints. Two runs would overwrite each other's files.",
     "Wait for the other run to end, or choose another directory."},
    {"KAIROS-F065", "Unusable log file for replay",
     "The CSV or history that `kairos replay --logs` reads has a malformed row, a field that is not a "
     "number, or epochs that do not follow each other.",
     "Correct the file where the message says, and give the logs of one run."},
    {"KAIROS-F080", "File changed while in use",
     "A file was written to while the run read it; changing its modification time counts. Data read before "
     "and after may not belong together.",
     "Leave the files as they are until the run has ended, and run again."},
    {"KAIROS-F081", "File replaced while in use",
     "Another file has taken the place of one that the run had opened or listed.",
     "Leave the files as they are until the run has ended, and run again."},
    {"KAIROS-F082", "Reader process was killed",
     "The process that reads HDF5 data received SIGKILL, usually from the kernel because memory ran out.",
     "Free memory, and run again."},
    {"KAIROS-F083", "HDF5 array never written",
     "The array has a shape but no values, because the program that should have written them ended before; "
     "or it is null, with neither.",
     "Run the program that writes them again."},
    {"KAIROS-F084", "File does not fit into memory",
     "The declared size of a model file or of its values exceeds the available memory.",
     "Check that this is the file you mean, or use a machine with more memory."},
    {"KAIROS-F085", "Current directory removed",
     "The directory in which the program was started does not exist any more or cannot be entered, so that "
     "relative paths have no meaning.",
     "Change to another directory."},
    {"KAIROS-F086", "Memory ran out",
     "The system gave the program no more memory, because all is in use or because the process is limited "
     "(`ulimit -v`, a container).",
     "Read the data while it is used with `--stream true`, choose a smaller `--batch-size`, or raise the "
     "limit."},
    {"KAIROS-F087", "No history to plot",
     "`kairos plot` needs the history of a run: the directory of `--run-dir` with its history.json or "
     "history.jsonl, or such "
     "a file. There is none at this place, or no epoch was trained.",
     "Name the directory that was given as `--run-dir`."},
    {"KAIROS-F090", "Run checkpoint damaged",
     "No run checkpoint of the run directory is whole: bytes are missing, or a checksum is wrong.",
     "Remove the folder `run_checkpoint` and begin the run again, from a model that a callback saved if "
     "there "
     "is one."},
    {"KAIROS-F091", "Run checkpoint of a newer release",
     "The run directory was written by a release of Kairos whose run checkpoints this one cannot read.",
     "Go on with that release."},
    {"KAIROS-F092", "No run at this place",
     "`kairos runs list` needs a directory with run directories in it, `kairos runs compare` the directories "
     "of runs. What is "
     "wrong with a single run does not matter: it is shown as unreadable.",
     "Name directories that were given as `--run-dir`, or the one they are in."},
    {"KAIROS-F095", "Run checkpoint cannot be written",
     "The folder `run_checkpoint` of the run directory was removed, or its disk is full or fails. Training "
     "goes on; at "
     "the end of a run it is an error.",
     "Make the run directory writable, and free some space."},
    {"KAIROS-F096", "Program cannot be started again",
     "`kairos plugins check` runs each case in a process of its own, and the system does not start one.",
     "Check that the program is still where it was, and that processes may be started."},
};

}  // namespace

std::span<const CodeEntry> file_codes() {
  return entries;
}

}  // namespace kairos::host::cli
