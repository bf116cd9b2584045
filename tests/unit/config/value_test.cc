#include <gmock/gmock.h>

#include "config/settings.h"
#include "config/value.h"

namespace schedules {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Sets one value over the defaults; the error's detail, or "" if it was taken.
std::string refusal(std::string_view name, std::string_view text) {
  Settings settings;
  const auto before = show_setting(settings, *find_setting(name));
  const auto status = set_setting(settings, *find_setting(name), text, {Source::flag, "--set"});
  if (status) return "";
  EXPECT_EQ(show_setting(settings, *find_setting(name)), before) << "a refused value changed the setting";
  EXPECT_EQ(status.error().field, fmt::format("schedules_{}", name));
  return status.error().detail;
}

std::string shown(std::string_view name, std::string_view text) {
  Settings settings;
  const auto status = set_setting(settings, *find_setting(name), text, {Source::flag, "--set"});
  return status ? show_setting(settings, *find_setting(name)) : "refused: " + status.error().detail;
}

TEST(Settings, DefaultsAreThoseOfTheOriginal) {
  const Settings settings;
  EXPECT_EQ(settings.check_interval_seconds, 60);
  EXPECT_EQ(settings.max_retries, 3);
  EXPECT_EQ(settings.retry_delay_seconds, 60);
  EXPECT_EQ(settings.execution_history_ttl_days, 30);
  EXPECT_EQ(settings.max_concurrent_executions, 10);
  EXPECT_EQ(settings.timezone, "UTC");
  EXPECT_TRUE(settings.use_hybrid_scheduler);
  EXPECT_EQ(settings.redis_processing_interval, 1);
  EXPECT_EQ(settings.clickhouse_sync_interval, 300);
  EXPECT_EQ(settings.immediate_horizon_seconds, 86'400);
  EXPECT_EQ(settings.transfer_horizon_seconds, 172'800);
  EXPECT_TRUE(settings.analytics_enabled);
  EXPECT_EQ(settings.analytics_retention_days, 90);
}

TEST(Settings, DefaultsAgreeWithEachOther) { EXPECT_TRUE(check_settings(Settings{})); }

TEST(Settings, KafkaWithSaslNeedsAUserAndAPassword) {
  Settings settings;
  settings.kafka_security_protocol = KafkaSecurity::sasl_ssl;
  EXPECT_TRUE(check_settings(settings)) << "without brokers it does not matter";
  settings.kafka_brokers = {"127.0.0.1:9092"};
  EXPECT_EQ(check_settings(settings).error().field, "schedules_KAFKA_SASL_USERNAME");
  settings.kafka_sasl_username = "me";
  EXPECT_EQ(check_settings(settings).error().field, "schedules_KAFKA_SASL_PASSWORD");
  settings.kafka_sasl_password = "secret";
  EXPECT_TRUE(check_settings(settings));
  settings.kafka_ssl_certificate_file = "me.pem";
  EXPECT_EQ(check_settings(settings).error().field, "schedules_KAFKA_SSL_KEY_FILE");
}

TEST(Settings, EveryDefaultShownIsReadBackAsTheSame) {
  const Settings settings;
  for (const auto& info : setting_table()) {
    Settings copy;
    const auto text = show_setting(settings, info);
    ASSERT_TRUE(set_setting(copy, info, text, {})) << info.name;
    EXPECT_EQ(show_setting(copy, info), text) << info.name;
  }
}

TEST(Settings, NamesAreFoundInAnyCaseWithAndWithoutPrefix) {
  const auto* row = find_setting("MAX_RETRIES");
  ASSERT_NE(row, nullptr);
  EXPECT_EQ(find_setting("max_retries"), row);
  EXPECT_EQ(find_setting("schedules_Max_Retries"), row);
  EXPECT_EQ(find_setting("SCHEDULES_MAX_RETRIES"), row);
  EXPECT_EQ(find_setting("schedules_"), nullptr);
  EXPECT_EQ(find_setting(""), nullptr);
}

TEST(SettingValue, WholeNumberOutsideItsBoundsIsRefused) {
  EXPECT_EQ(shown("SHARDS", "1024"), "1024");
  EXPECT_THAT(refusal("SHARDS", "1025"), HasSubstr("not between 1 and 1024"));
  EXPECT_THAT(refusal("SHARDS", "0"), HasSubstr("not between"));
  EXPECT_THAT(refusal("SHARDS", "99999999999999999999"), HasSubstr("not between"));
  EXPECT_THAT(refusal("SHARDS", "16x"), HasSubstr("not a whole number"));
  EXPECT_THAT(refusal("SHARDS", "1.5"), HasSubstr("not a whole number"));
  EXPECT_THAT(refusal("SHARDS", ""), HasSubstr("not a whole number"));
}

TEST(SettingValue, DurationReadsItsUnitAndTexts) {
  EXPECT_EQ(shown("RETRY_DELAY_SECONDS", "90"), "90");
  EXPECT_EQ(shown("RETRY_DELAY_SECONDS", "90s"), "90");
  EXPECT_EQ(shown("RETRY_DELAY_SECONDS", "1h30m"), "5400");
  EXPECT_EQ(shown("ANALYTICS_RETENTION_DAYS", "2w"), "14");
  EXPECT_THAT(refusal("RETRY_DELAY_SECONDS", "1500ms"), HasSubstr("whole number of seconds"));
  EXPECT_THAT(refusal("ANALYTICS_RETENTION_DAYS", "36h"), HasSubstr("whole number of days"));
  EXPECT_THAT(refusal("RETRY_DELAY_SECONDS", "2d"), HasSubstr("not between"));
  EXPECT_THAT(refusal("RETRY_DELAY_SECONDS", "soon"), HasSubstr("neither a whole number"));
}

TEST(SettingValue, BooleanReadsTheUsualWords) {
  for (const auto* yes : {"true", "TRUE", "1", "yes", "on"}) EXPECT_EQ(shown("FSYNC", yes), "true") << yes;
  for (const auto* no : {"false", "False", "0", "no", "off"}) EXPECT_EQ(shown("FSYNC", no), "false") << no;
  EXPECT_THAT(refusal("FSYNC", "perhaps"), HasSubstr("neither true nor false"));
}

TEST(SettingValue, ChoiceIsReadInAnyCaseAndSuggestsTheNearest) {
  EXPECT_EQ(shown("LOG_FORMAT", "JSON"), "json");
  EXPECT_EQ(shown("JWT_ALGO", "rs256"), "RS256");
  EXPECT_THAT(refusal("AUTH", "tokem"), HasSubstr("did you mean token?"));
  EXPECT_THAT(refusal("LOG_LEVEL", "verbose"), HasSubstr("none of debug, info, warn, error, off"));
}

TEST(SettingValue, ChoiceIsTheEnumeratorOfThatName) {
  Settings settings;
  ASSERT_TRUE(set_setting(settings, *find_setting("LOG_LEVEL"), "error", {}));
  ASSERT_TRUE(set_setting(settings, *find_setting("DEFAULT_TARGET"), "kafka", {}));
  ASSERT_TRUE(set_setting(settings, *find_setting("JWT_ALGO"), "ES512", {}));
  ASSERT_TRUE(set_setting(settings, *find_setting("CORRELATION_MODE"), "null", {}));
  ASSERT_TRUE(set_setting(settings, *find_setting("CRON_SECONDS_FIELD"), "last", {}));
  ASSERT_TRUE(set_setting(settings, *find_setting("AUTH"), "stufio", {}));
  EXPECT_EQ(settings.log_level, log::Level::error);
  EXPECT_EQ(settings.default_target, TargetKind::kafka);
  EXPECT_EQ(settings.jwt_algo, JwtAlgorithm::ES512);
  EXPECT_EQ(settings.correlation_mode, CorrelationMode::null);
  EXPECT_EQ(settings.cron_seconds_field, SecondsField::last);
  EXPECT_EQ(settings.auth, AuthMode::stufio);
}

TEST(SettingValue, ListReadsCommasAndJson) {
  Settings settings;
  const auto& info = *find_setting("CORS_ORIGINS");
  ASSERT_TRUE(set_setting(settings, info, " https://a.example , https://b.example,", {}));
  EXPECT_THAT(settings.cors_origins, ElementsAre("https://a.example", "https://b.example"));
  ASSERT_TRUE(set_setting(settings, info, R"(["https://c.example"])", {}));
  EXPECT_THAT(settings.cors_origins, ElementsAre("https://c.example"));
  ASSERT_TRUE(set_setting(settings, info, "", {}));
  EXPECT_TRUE(settings.cors_origins.empty());
  EXPECT_THAT(refusal("CORS_ORIGINS", "[1]"), HasSubstr("JSON array of strings"));
  EXPECT_THAT(refusal("CORS_ORIGINS", "[\"a\""), HasSubstr("JSON array of strings"));
}

TEST(SettingValue, NetworksAreChecked) {
  EXPECT_EQ(shown("WEBHOOK_ALLOW", "127.0.0.0/8,fd00::/8,10.1.2.3"), "127.0.0.0/8,fd00::/8,10.1.2.3");
  EXPECT_THAT(refusal("WEBHOOK_ALLOW", "10.0.0.0/33"), HasSubstr("not a network"));
  EXPECT_THAT(refusal("WEBHOOK_ALLOW", "localhost"), HasSubstr("not a network"));
  EXPECT_THAT(refusal("WEBHOOK_ALLOW", "10.0.0.0/"), HasSubstr("not a network"));
}

TEST(SettingValue, AddressesAreHostAndPort) {
  EXPECT_EQ(shown("LISTEN", "[::1]:0"), "[::1]:0");
  EXPECT_EQ(shown("KAFKA_BROKERS", "a:9092,b:9092"), "a:9092,b:9092");
  for (const auto* bad : {"8480", "127.0.0.1", ":8480", "::1:8480", "host:99999", "host:x", "http://h:1"}) {
    EXPECT_THAT(refusal("LISTEN", bad), HasSubstr("not host:port")) << bad;
  }
  EXPECT_THAT(refusal("KAFKA_BROKERS", "a:9092,b"), HasSubstr("not host:port"));
}

TEST(SettingValue, ServerAddressesHaveTheirSchemes) {
  EXPECT_EQ(shown("REDIS_URL", "redis-sentinel://a:1,b:2/0#main"), "redis-sentinel://a:1,b:2/0#main");
  EXPECT_EQ(shown("MONGO_URL", ""), "");
  EXPECT_THAT(refusal("REDIS_URL", "http://x"), HasSubstr("redis-cluster://"));
  EXPECT_THAT(refusal("MONGO_URL", "mongodb://"), HasSubstr("begin with mongodb://"));
  EXPECT_THAT(refusal("CLICKHOUSE_URL", "localhost:8123"), HasSubstr("clickhouse://"));
}

TEST(SettingValue, RefusedAddressIsNotRepeatedInTheFault) {
  EXPECT_EQ(refusal("REDIS_URL", "redsi://:hunter2@x").find("hunter2"), std::string::npos);
}

TEST(SettingValue, UnknownZoneIsRefused) {
  EXPECT_EQ(shown("TIMEZONE", "Europe/London"), "Europe/London");
  EXPECT_THAT(refusal("TIMEZONE", "Europe/Londn"), HasSubstr("Europe/London"));
}

TEST(SettingValue, TextIsTrimmedAndPrintable) {
  EXPECT_EQ(shown("DATA_DIR", " /var/lib/x "), "/var/lib/x");
  EXPECT_THAT(refusal("DATA_DIR", "a\nb"), HasSubstr("not printable"));
  EXPECT_THAT(refusal("DATA_DIR", ""), HasSubstr("must not be empty"));
  EXPECT_THAT(refusal("NODE_ID", std::string(129, 'x')), HasSubstr("128 are allowed"));
}

TEST(SettingMask, SecretsAndPasswordsAreNotShown) {
  Settings settings;
  ASSERT_TRUE(set_setting(settings, *find_setting("SECRET_KEY"), "hunter2", {}));
  ASSERT_TRUE(set_setting(settings, *find_setting("MONGO_URL"), "mongodb://me:hunter2@h/db", {}));
  EXPECT_EQ(show_masked(settings, *find_setting("SECRET_KEY")), "********");
  EXPECT_EQ(show_masked(settings, *find_setting("MONGO_URL")), "mongodb://me:********@h/db");
  EXPECT_EQ(show_masked(settings, *find_setting("WEBHOOK_SECRET")), "");
}

TEST(SettingMask, OnlyThePasswordOfAnAddressIsHidden) {
  EXPECT_EQ(config::mask_url("redis://h:6379/0"), "redis://h:6379/0");
  EXPECT_EQ(config::mask_url("redis://:p@ss@h:6379/0"), "redis://:********@h:6379/0");
  EXPECT_EQ(config::mask_url("redis://me@h:6379"), "redis://me@h:6379");
  EXPECT_EQ(config::mask_url("not an address"), "not an address");
}

TEST(SettingRules, OpenServerWithoutAuthIsRefused) {
  Settings settings;
  for (const auto* open : {"0.0.0.0:8480", "10.0.0.1:80", "[::]:8480", "example.com:80"}) {
    settings.listen = open;
    const auto status = check_settings(settings);
    ASSERT_FALSE(status) << open;
    EXPECT_EQ(status.error().field, "schedules_AUTH");
  }
  for (const auto* closed : {"127.0.0.1:1", "127.9.9.9:1", "localhost:1", "[::1]:1"}) {
    settings.listen = closed;
    EXPECT_TRUE(check_settings(settings)) << closed;
  }
  settings.listen = "0.0.0.0:8480";
  settings.auth = AuthMode::token;
  settings.secret_key = "k";
  EXPECT_TRUE(check_settings(settings));
}

TEST(SettingRules, AuthNeedsItsKeys) {
  Settings settings;
  settings.auth = AuthMode::token;
  EXPECT_EQ(check_settings(settings).error().field, "schedules_SECRET_KEY");
  settings.jwt_algo = JwtAlgorithm::RS256;
  EXPECT_EQ(check_settings(settings).error().field, "schedules_JWT_PUBLIC_KEY_FILE");
  settings.jwt_public_key_file = "key.pem";
  EXPECT_TRUE(check_settings(settings));
  settings.auth = AuthMode::stufio;
  EXPECT_EQ(check_settings(settings).error().field, "schedules_MONGO_URL");
}

TEST(SettingRules, AllDisagreementsAreToldAtOnce) {
  Settings settings;
  settings.default_target = TargetKind::kafka;
  settings.transfer_horizon_seconds = 300;
  settings.redis_wait_replicas = 1;
  const auto status = check_settings(settings);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().field, "schedules_DEFAULT_TARGET");
  ASSERT_EQ(status.error().more.size(), 2U);
  EXPECT_EQ(status.error().more[0].field, "schedules_TRANSFER_HORIZON_SECONDS");
  EXPECT_EQ(status.error().more[1].field, "schedules_REDIS_WAIT_REPLICAS");
}

}  // namespace
}  // namespace schedules
