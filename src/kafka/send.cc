#include "kafka/send.h"

#include <array>

namespace schedules::kafka {
namespace {

rd_kafka_headers_t* headers_of(const RecordHeaders& headers) {
  auto* out = rd_kafka_headers_new(headers.size());
  for (const auto& [name, value] : headers) {
    rd_kafka_header_add(out, name.data(), static_cast<ssize_t>(name.size()), value ? value->data() : nullptr,
                        value ? static_cast<ssize_t>(value->size()) : 0);
  }
  return out;
}

rd_kafka_vu_t argument(rd_kafka_vtype_t type) {
  rd_kafka_vu_t out{};
  out.vtype = type;
  return out;
}

rd_kafka_vu_t bytes_argument(rd_kafka_vtype_t type, const std::string& bytes) {
  auto out = argument(type);
  out.u.mem = {.ptr = const_cast<char*>(bytes.data()), .size = bytes.size()};
  return out;
}

}  // namespace

rd_kafka_resp_err_t send_record(rd_kafka_t* handle, rd_kafka_topic_t* topic, const OutgoingRecord& record,
                                void* opaque) {
  std::array<rd_kafka_vu_t, 6> arguments;
  size_t count = 0;
  arguments[count] = argument(RD_KAFKA_VTYPE_RKT);
  arguments[count++].u.rkt = topic;
  arguments[count] = argument(RD_KAFKA_VTYPE_OPAQUE);
  arguments[count++].u.ptr = opaque;
  if (record.partition) {
    arguments[count] = argument(RD_KAFKA_VTYPE_PARTITION);
    arguments[count++].u.i32 = *record.partition;
  }
  if (record.key) arguments[count++] = bytes_argument(RD_KAFKA_VTYPE_KEY, *record.key);
  if (record.value) arguments[count++] = bytes_argument(RD_KAFKA_VTYPE_VALUE, *record.value);
  auto* headers = headers_of(record.headers);
  arguments[count] = argument(RD_KAFKA_VTYPE_HEADERS);
  arguments[count++].u.headers = headers;
  const ErrorPtr error(rd_kafka_produceva(handle, arguments.data(), count));
  if (!error) return RD_KAFKA_RESP_ERR_NO_ERROR;
  rd_kafka_headers_destroy(headers);
  return rd_kafka_error_code(error.get());
}

}  // namespace schedules::kafka
