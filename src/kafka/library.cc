#include "kafka/library.h"

#include <array>

#include "base/log.h"

namespace schedules::kafka {
namespace {

constexpr int kSyslogWarning = 4;
constexpr int kSyslogInfo = 6;

void write_log(const rd_kafka_t* handle, int level, const char* facility, const char* text) {
  const auto to = level <= kSyslogWarning ? log::Level::warn
                  : level <= kSyslogInfo  ? log::Level::info
                                          : log::Level::debug;
  if (!log::enabled(to)) return;
  log::write(to, "kafka.client", {{"client", rd_kafka_name(handle)}, {"facility", facility}, {"text", text}});
}

}  // namespace

Result<ConfPtr> make_conf(const KafkaOptions& options, const Properties& more) {
  auto properties = properties_of(options);
  if (!properties) return fail(std::move(properties.error()));
  properties->insert(properties->end(), more.begin(), more.end());
  ConfPtr conf(rd_kafka_conf_new());
  std::array<char, 512> reason{};
  for (const auto& [name, value] : *properties) {
    const auto set = rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), reason.data(), reason.size());
    if (set != RD_KAFKA_CONF_OK) return fail_field(Code::invalid_argument, name, "{}", reason.data());
  }
  rd_kafka_conf_set_log_cb(conf.get(), write_log);
  return conf;
}

Result<HandlePtr> make_handle(rd_kafka_type_t type, ConfPtr conf) {
  std::array<char, 512> reason{};
  HandlePtr handle(rd_kafka_new(type, conf.get(), reason.data(), reason.size()));
  if (!handle) return fail(Code::invalid_argument, "the Kafka client cannot be made: {}", reason.data());
  static_cast<void>(conf.release());  // the handle owns it now
  return handle;
}

Code code_of(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
      return Code::not_found;
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
      return Code::invalid_argument;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
      return Code::payload_too_large;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
      return Code::forbidden;
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
      return Code::unauthenticated;
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
      return Code::overloaded;
    case RD_KAFKA_RESP_ERR__PURGE_QUEUE:
    case RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
    case RD_KAFKA_RESP_ERR__DESTROY:
      return Code::shutting_down;
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
      return Code::bad_request;
    case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
    case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
      return Code::conflict;
    default:
      return Code::unavailable;
  }
}

Error error_of(rd_kafka_resp_err_t error, std::string_view what) {
  return Error{.code = code_of(error),
               .detail = fmt::format("{}: {} ({})", what, rd_kafka_err2str(error), rd_kafka_err2name(error))};
}

}  // namespace schedules::kafka
