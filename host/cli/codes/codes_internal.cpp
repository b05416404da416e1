// SPDX-License-Identifier: MIT
// Codes I: failures of Kairos itself.
#include "cli/codes/tables.hpp"

namespace kairos::host::cli {

namespace {

constexpr CodeEntry entries[] = {
    {"KAIROS-I001", "Unexpected failure",
     "The program caught an error without a specific code, such as a lack of memory.",
     "Unless memory has run out, report it with the command that led to it."},
    {"KAIROS-I002", "Undeclared setting",
     "A command read a setting that it does not declare. This is an error in Kairos.",
     "Report it with the command that led to it."},
    {"KAIROS-I003", "Run ended by an unexpected failure",
     "Training was ended by an error without a code, such as a lack of threads. What could be "
     "saved has been saved.",
     "Unless threads have run out, report it with the command that led to it."},
    {"KAIROS-I004", "Crash outside of all plugins",
     "The process received a fatal signal while no plugin was running on that thread. The message is written "
     "from the signal handler; the process then ends by the signal.",
     "Report it with the command that led to it."},
    {"KAIROS-I010", "Rows out of range",
     "The library asked a dataset for rows that it does not have. This is an error in Kairos or in the "
     "calling program.",
     "Check the row numbers passed to Dataset::rows, or report it."},
    {"KAIROS-I101", "oneDNN does not start",
     "The compute library could not create its engine or stream on this processor.",
     "Check the installation of oneDNN, and report the status that the message gives."},
    {"KAIROS-I104", "oneDNN failed in a product",
     "oneDNN reported an error while a kernel was created or executed.",
     "Report it with the command that led to it."},
    {"KAIROS-I110", "Library cannot be loaded",
     "A library that Kairos loads when it is first needed, such as HDF5 or oneDNN, is missing or lacks a "
     "function.",
     "Install the package that contains it."},
};

}  // namespace

std::span<const CodeEntry> internal_codes() {
  return entries;
}

}  // namespace kairos::host::cli
