#include "app/panel.h"

#include <boost/json/parse.hpp>

#include "base/log.h"
#include "config/report.h"

namespace schedules {
namespace {

// The text that set_setting reads: a JSON text without its quotes, anything else as it is.
std::string plain(const std::string& json) {
  boost::system::error_code error;
  const auto value = boost::json::parse(json, error);
  if (!error && value.is_string()) return std::string(value.as_string());
  return value.is_null() ? std::string() : json;
}

Status check_value(const std::string& key, const std::string& json) {
  const auto* info = find_setting(key);
  if (info == nullptr) return fail_field(Code::unknown_field, key, "there is no such setting{}", suggest_setting(key));
  return check_panel_value(*info, plain(json));
}

bool needs_restart(std::string_view key) {
  const auto* info = find_setting(key);
  return info == nullptr || !info->live;
}

bool is_secret(std::string_view key) {
  const auto* info = find_setting(key);
  return info != nullptr && (info->kind == SettingKind::secret || info->kind == SettingKind::url);
}

}  // namespace

OverridePanel::OverridePanel(const Settings& started, std::unique_ptr<MongoSettingOverrides> kept, const Clock& clock,
                             Apply apply)
    : kept_(std::move(kept)), clock_(clock), apply_(std::move(apply)), base_(started) {}

api::SettingsPanel OverridePanel::doors() {
  return api::SettingsPanel{
      .schemas_json = [] { return panel_schemas_json(); },
      .value_json = [this](std::string_view key) -> std::optional<std::string> {
        const auto* info = find_setting(key);
        if (info == nullptr) return std::nullopt;
        const std::scoped_lock lock(mutex_);
        return setting_value_json(with(overrides_, false), *info);
      },
      .sources_json =
          [this] {
            const std::scoped_lock lock(mutex_);
            return setting_sources_json(with(overrides_, false));
          },
      .save = [this](std::vector<api::SettingChange> changes, std::string by,
                     Done<void> done) { save(std::move(changes), std::move(by), std::move(done)); },
      .refresh = [this](Done<void> done) { read(std::move(done)); },
      .restart_required = needs_restart,
      .secret = is_secret};
}

Settings OverridePanel::with(const Values& overrides, bool live_only) const {
  Settings settings = base_;
  for (const auto& [key, json] : overrides) {
    const auto* info = find_setting(key);
    if (info == nullptr || (live_only && !info->live)) continue;
    static_cast<void>(
        set_setting(settings, *info, plain(json), {.source = Source::panel}));  // checked when it was taken
  }
  return settings;
}

// All or none.
Status OverridePanel::check(const std::vector<api::SettingChange>& changes) {
  const std::scoped_lock lock(mutex_);
  Values together = overrides_;
  for (const auto& change : changes) {
    if (auto checked = check_value(change.key, change.value_json); !checked) return checked;
    together[change.key] = change.value_json;
  }
  return check_settings(with(together, false));
}

void OverridePanel::save(std::vector<api::SettingChange> changes, std::string by, Done<void> done) {
  if (auto checked = check(changes); !checked) return done(fail(checked.error()));
  if (!kept_) {
    take(std::move(changes));
    return done({});
  }
  std::vector<SettingOverride> overrides;
  for (const auto& change : changes) overrides.push_back({change.key, change.value_json});
  kept_->save(std::move(overrides), std::move(by), clock_.wall(),
              [this, changes = std::move(changes), done = std::move(done)](Result<void> saved) mutable {
                if (!saved) return done(fail(std::move(saved.error())));
                take(std::move(changes));
                done({});
              });
}

void OverridePanel::take(std::vector<api::SettingChange> changes) {
  {
    const std::scoped_lock lock(mutex_);
    for (auto& change : changes) overrides_[std::move(change.key)] = std::move(change.value_json);
  }
  put_in_force();
}

void OverridePanel::put_in_force() {
  Settings running;
  {
    const std::scoped_lock lock(mutex_);
    running = with(overrides_, true);
  }
  apply_(running);
}

void OverridePanel::rebase(const Settings& settings) {
  {
    const std::scoped_lock lock(mutex_);
    base_ = settings;
  }
  put_in_force();
}

void OverridePanel::read(Done<void> done) {
  if (!kept_) return done({});
  kept_->list([this, done = std::move(done)](Result<std::vector<SettingOverride>> found) mutable {
    if (!found) return done(fail(std::move(found.error())));
    replace(*found);
    done({});
  });
}

// Other programs may have written them: one that cannot be is left out, and so are all where they contradict each other.
void OverridePanel::replace(const std::vector<SettingOverride>& found) {
  {
    const std::scoped_lock lock(mutex_);
    Values usable;
    for (const auto& one : found) {
      auto checked = check_value(one.key, one.value);
      if (checked) {
        usable[one.key] = one.value;
        checked = check_settings(with(usable, false));
      }
      if (checked) continue;
      usable.erase(one.key);
      log::warn("settings.override_refused", {{"key", one.key}, {"error", checked.error().detail}});
    }
    if (usable == overrides_) return;
    overrides_ = std::move(usable);
  }
  put_in_force();
}

}  // namespace schedules
