// What administrators have set in the framework's settings page, above the settings that a node was started with. Overrides of
// live settings apply at once, others are shown and wait for a restart. With MongoDB they are kept in its collection
// `settings` and shared by all nodes; without it they are forgotten at the restart. Thread-safe.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "api/deps.h"
#include "config/settings.h"
#include "store/mongo/setting_overrides.h"

namespace schedules {

class OverridePanel {
 public:
  using Apply = std::function<void(const Settings&)>;

  /// `kept`: null without MongoDB; what it is still asked must be answered before this goes. `apply` is given the settings
  /// that are to be in force, on any thread.
  OverridePanel(const Settings& started, std::unique_ptr<MongoSettingOverrides> kept, const Clock& clock, Apply apply);

  [[nodiscard]] api::SettingsPanel doors();
  /// Files and environment say something else now; overrides stay above it.
  void rebase(const Settings& settings);
  /// Reads what is kept, and applies what has changed. Errors: unavailable and the like; what was read before stays.
  void read(Done<void> done);

 private:
  using Values = std::map<std::string, std::string, std::less<>>;  ///< key → JSON text

  void save(std::vector<api::SettingChange> changes, std::string by, Done<void> done);
  [[nodiscard]] Status check(const std::vector<api::SettingChange>& changes);
  void take(std::vector<api::SettingChange> changes);
  void replace(const std::vector<SettingOverride>& found);
  [[nodiscard]] Settings with(const Values& overrides, bool live_only) const;
  void put_in_force();

  const std::unique_ptr<MongoSettingOverrides> kept_;
  const Clock& clock_;
  const Apply apply_;
  std::mutex mutex_;
  Settings base_;     ///< guarded by mutex_
  Values overrides_;  ///< guarded by mutex_
};

}  // namespace schedules
