// Stands in for src/app while that room does not exist.
#include "cli/session.h"
#include "config/settings.h"

namespace schedules {

int serve(const Settings& settings);
int migrate(const Settings& settings, bool dry_run);

__attribute__((weak)) int serve(const Settings&) {
  return cli::report({.code = Code::unavailable, .detail = "this build has no server"});
}
__attribute__((weak)) int migrate(const Settings&, bool) {
  return cli::report({.code = Code::unavailable, .detail = "this build has no stores"});
}

}  // namespace schedules
