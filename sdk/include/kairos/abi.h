/* SPDX-License-Identifier: MIT */
/* The whole C ABI of Kairos plugins, in pure C11 without any dependency. */
#ifndef KAIROS_ABI_H
#define KAIROS_ABI_H

#include "abi/artifacts.h"
#include "abi/batch.h"
#include "abi/control.h"
#include "abi/dist.h"
#include "abi/event.h"
#include "abi/expressions.h"
#include "abi/files.h"
#include "abi/forward.h"
#include "abi/host.h"
#include "abi/info.h"
#include "abi/ledger.h"
#include "abi/logs.h"
#include "abi/model.h"
#include "abi/note.h"
#include "abi/optimizer.h"
#include "abi/option.h"
#include "abi/options.h"
#include "abi/plugin.h"
#include "abi/run.h"
#include "abi/state.h"
#include "abi/step.h"
#include "abi/tasks.h"
#include "abi/tensors.h"
#include "abi/types.h"
#include "abi/version.h"
#include "abi/weights.h"

#endif
