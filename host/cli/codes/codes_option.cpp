// SPDX-License-Identifier: MIT
// Codes O: names, options, order and files of callbacks.
#include "cli/codes/tables.hpp"

namespace kairos::host::cli {

namespace {

constexpr CodeEntry entries[] = {
    {"KAIROS-O001", "Plugin not found",
     "No plugin of this name is in the directories that are searched, or the file was not part of the scan.",
     "Use the suggested name, or add its directory with `--plugin-dir`."},
    {"KAIROS-O002", "Plugin found but refused",
     "A file of this name exists, but it was refused. The message contains the code and the reason of the "
     "refusal.",
     "Follow the cure of that code; `kairos plugins inspect FILE` prints everything."},
    {"KAIROS-O003", "Ambiguous plugin name",
     "Several callbacks share this short name, or it is the id of one and a former id of another.",
     "Write the whole id, as the message shows."},
    {"KAIROS-O004", "File with several callbacks",
     "The .so holds several callbacks, and the specification does not say which one is meant.",
     "Write FILE.so#NAME."},
    {"KAIROS-O005", "Callback not in the file", "The name after '#' is not a callback of this .so.",
     "Use the suggested name; `kairos plugins inspect FILE` lists all."},
    {"KAIROS-O006", "'#' after an id",
     "'#' selects one callback of a .so file. An id already names exactly one callback.",
     "Write the id alone, or the path of a .so before the '#'."},
    {"KAIROS-O010", "Malformed plugin specification",
     "The text of `--plugin` does not follow the grammar `NAME[@INSTANCE][:key=value,…]`. The message gives "
     "the column.",
     "Correct the text there; put quotes around values that contain commas."},
    {"KAIROS-O014", "Learning rate cannot be set",
     "The callback sets the learning rate, but the optimizer computes it from a schedule. The callback would "
     "have no effect.",
     "Leave out the callback, or give the optimizer a number as its learning rate."},
    {"KAIROS-O015", "Two publishers of one log key",
     "Two callbacks publish the same log key, or one publishes a key of the model. Others could not tell "
     "whose "
     "value they get. Only `learning_rate`, which is the same for all, may have several publishers.",
     "Leave one of the two out. Where an option or the name of the instance decides the key, change that."},
    {"KAIROS-O016", "Published log key without a name",
     "The name of a log key that the callback publishes contains the value of an option, and that is not set "
     "or has characters that a log key cannot have.",
     "Set the option that the message names, or give it another value."},
    {"KAIROS-O017", "Log key with two directions",
     "The same log key is declared as one to minimize and as one to maximize.",
     "Report it to the author of the callback."},
    {"KAIROS-O020", "Unknown option", "The callback has no option of this name.",
     "Use the suggested name; `kairos plugins inspect NAME` lists all options."},
    {"KAIROS-O021", "Option set twice", "The same option is given twice, possibly under an alias.",
     "Leave one of them out."},
    {"KAIROS-O022", "Required option missing",
     "The callback declares an option as required, and it has no value.", "Add the option."},
    {"KAIROS-O023", "Value of the wrong type", "The value of an option is not of its declared type.",
     "Write a value of the form that the message shows."},
    {"KAIROS-O024", "Option out of range",
     "The value of an option is outside the bounds that the callback declares.",
     "Choose a value within the bounds."},
    {"KAIROS-O025", "Value is not one of the choices",
     "The option accepts a fixed list of words, and the value is none of them.",
     "Choose one of those that the message lists."},
    {"KAIROS-O026", "Metric not in this run",
     "The option names a log key that this run does not produce, such as `val_loss` without validation data. "
     "The callback would never act.",
     "Name one of the available keys, or add validation data."},
    {"KAIROS-O027", "Invalid expression",
     "The value is a formula that is malformed, too long, or uses an unknown variable or function. The "
     "message gives the column.",
     "Correct the formula, such as `0.1*0.5^floor(epoch/10)`."},
    {"KAIROS-O030", "Two instances of one name",
     "Two `--plugin` settings give their instances the same name after '@'. Messages and saved states could "
     "not tell them apart.",
     "Give one of them another name."},
    {"KAIROS-O031", "Callback fails to start",
     "A callback returned an error from its create or setup hook, usually because of the values of its "
     "options.",
     "Correct the option that the message names, or leave the callback out."},
    {"KAIROS-O040", "Callback would replace an input",
     "An option of a callback names a file to write that this run reads.", "Choose another name."},
    {"KAIROS-O041", "Callback would write into data",
     "An option of a callback names a file inside a directory that the run reads as data.",
     "Choose a place outside of it."},
    {"KAIROS-O042", "Callback collides with another result",
     "An option of a callback names a file that another callback or the run itself writes, or a file that is "
     "read by one and written by another.",
     "Choose another name."},
    {"KAIROS-O043", "Undeclared path on a used file",
     "An option of type path names a file that the run reads or writes, and the callback does not declare "
     "whether it reads or writes it. It is treated as written.",
     "Choose another name. If the callback only reads the file, its author should declare "
     "`Option<InputPath>` or KAIROS_OPTION_READS."},
    {"KAIROS-O050", "Option cannot be unset",
     "`None` is given for an option that has a default. Only options without a default can be unset.",
     "Leave the option out for its default."},
    {"KAIROS-O051", "Call cannot be read",
     "A specification in Python's notation is not a single call: it is a list, an assignment, or its syntax "
     "is wrong.",
     "Write `Name(key=value,…)`, and give each callback its own `--plugin`."},
    {"KAIROS-O052", "Invalid positional argument",
     "An argument without a name follows a named one, is one too many, or has a type that shows that another "
     "option is meant.",
     "Write the name of the option and '=' before the value."},
    {"KAIROS-O053", "List for a single value",
     "A list is given to an option that takes one value, or an item of a list contains a comma and could not "
     "be told from two items.",
     "Write one value, or items without commas."},
    {"KAIROS-O054", "Python function not run",
     "The value is a Python function. Kairos runs no Python code, but accepts formulas.",
     "Write the function as a formula, as the message shows."},
    {"KAIROS-O055", "Python code not run",
     "The value is a Python expression that would have to be evaluated.", "Write its result, in quotes."},
    {"KAIROS-O056", "Path without quotes in a call",
     "In Python's notation a path without quotes looks like a variable, so it is not taken as text.",
     "Put the path in quotes."},
    {"KAIROS-O057", "File name of an option too long",
     "An option of a callback names a file to write whose name, or the name of one of its directories, has "
     "more bytes than the file system allows, usually 255. Fields such as {epoch} count with the fewest "
     "characters that they become.",
     "Choose a shorter name."},
    {"KAIROS-O058", "Secret cannot be read",
     "The value of a secret option is `env:NAME` with a variable that is not set, `file:PATH` with a file "
     "that "
     "is empty or cannot be read, or `***`, which stands in records of runs for a secret that was not "
     "stored.",
     "Set the variable, correct the path, or give the secret again."},
    {"KAIROS-O060", "Callback not for several ranks",
     "In distributed training, callbacks of the phases report and persist run on rank 0 alone, unless they "
     "declare "
     "every_rank. This one would change the training there alone, or save runs, which the ranks do together.",
     "Leave the callback out, or train in one process."},
    {"KAIROS-O061", "Contradicting order of callbacks",
     "Callbacks may declare that they are called before or after others of their phase. These declarations "
     "have "
     "no order that keeps all of them.",
     "Leave one of the callbacks out."},
};

}  // namespace

std::span<const CodeEntry> option_codes() {
  return entries;
}

}  // namespace kairos::host::cli
