// SPDX-License-Identifier: MIT
// The breadcrumb of each thread.
#include "plugin/run/breadcrumb.hpp"

namespace kairos::host {

thread_local constinit BreadcrumbSlot breadcrumb;

}  // namespace kairos::host
