#include "api/http/request_parser.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

namespace schedules::http {
namespace {

namespace beast = boost::beast;
using boost::system::error_code;
using Verb = beast::http::verb;
using View = beast::string_view;

constexpr size_t kMaxFieldCount = 200;

Method method_of(Verb verb) {
  switch (verb) {
    case Verb::get:
      return Method::get;
    case Verb::head:
      return Method::head;
    case Verb::post:
      return Method::post;
    case Verb::put:
      return Method::put;
    case Verb::patch:
      return Method::patch;
    case Verb::delete_:
      return Method::del;
    case Verb::options:
      return Method::options;
    default:
      return Method::other;
  }
}

}  // namespace

// Parses straight into a Request, so that nothing is copied twice.
struct RequestParser::Impl final : beast::http::basic_parser<true> {
  explicit Impl(Shared& its_shared) : shared(its_shared) {
    header_limit(static_cast<uint32_t>(shared.options.max_header_bytes));
    body_limit(boost::none);  // depends on the route, see take
    eager(false);
  }
  ~Impl() override { shared.body_bytes -= reserved; }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Shared& shared;
  Request request;
  Error error;
  size_t limit = 0;
  size_t reserved = 0;
  bool headers_told = false;
  bool http_1_0 = false;
  bool expects_continue = false;
  bool expects_other = false;

  bool reserve(size_t bytes) {
    if (bytes <= reserved) return true;
    const size_t more = bytes - reserved;
    if (shared.body_bytes.fetch_add(more) + more > shared.options.max_body_bytes_in_flight) {
      shared.body_bytes -= more;
      error = Error{.code = Code::overloaded,
                    .detail = "too many large bodies are under way",
                    .retry_after = std::chrono::seconds(1)};
      return false;
    }
    reserved = bytes;
    return true;
  }

  bool fits(uint64_t size) {
    if (size <= limit) return reserve(size);
    error = Error{.code = Code::payload_too_large, .detail = fmt::format("the body may hold {} bytes", limit)};
    return false;
  }

  void explain(error_code ec, std::string_view rest) {
    if (!error.detail.empty()) return;
    if (ec == beast::http::error::header_limit) {
      // Without a line end so far it is the address that is too long.
      const std::string_view start = rest.substr(0, shared.options.max_header_bytes);
      const bool address = request.target.empty() && start.find("\r\n") == std::string_view::npos;
      error.code = address ? Code::uri_too_long : Code::header_too_large;
      error.detail = fmt::format("the {} may hold {} bytes", address ? "address" : "headers",
                                 address ? shared.options.max_uri_bytes : shared.options.max_header_bytes);
      return;
    }
    error.code = Code::bad_request;
    error.detail = "not an HTTP/1.1 request: " + ec.message();
  }

 private:
  void on_request_impl(Verb verb, View method, View target, int version, error_code& ec) override {
    request.method = method_of(verb);
    request.method_text.assign(method.data(), method.size());
    http_1_0 = version < 11;
    if (target.size() > shared.options.max_uri_bytes) {
      error = Error{.code = Code::uri_too_long,
                    .detail = fmt::format("the address may hold {} bytes", shared.options.max_uri_bytes)};
      ec = beast::http::error::bad_target;
      return;
    }
    request.target.assign(target.data(), target.size());
  }
  void on_response_impl(int, View, int, error_code&) override {}
  void on_field_impl(beast::http::field name, View text, View value, error_code& ec) override {
    if (request.headers.size() >= kMaxFieldCount) {
      ec = beast::http::error::header_limit;
      return;
    }
    if (name == beast::http::field::expect) {
      expects_continue = equals_ignoring_case({value.data(), value.size()}, "100-continue");
      expects_other = !expects_continue;
    }
    request.headers.emplace_back(std::string(text.data(), text.size()), std::string(value.data(), value.size()));
  }
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<uint64_t>& length, error_code&) override {
    if (length) request.body.reserve(*length);
  }
  size_t on_body_impl(View text, error_code& ec) override { return take(text, ec); }
  void on_chunk_header_impl(uint64_t, View, error_code&) override {}
  size_t on_chunk_body_impl(uint64_t, View text, error_code& ec) override { return take(text, ec); }
  void on_finish_impl(error_code&) override {}

  size_t take(View text, error_code& ec) {
    if (!fits(request.body.size() + text.size())) {
      ec = beast::http::error::body_limit;
      return 0;
    }
    request.body.append(text.data(), text.size());
    return text.size();
  }
};

RequestParser::RequestParser(Shared& shared) : impl_(std::make_unique<Impl>(shared)) {}
RequestParser::~RequestParser() = default;

RequestParser::Step RequestParser::put(const char* data, size_t size) {
  error_code ec;
  Step step;
  // Complete already when the headers end the request.
  if (!impl_->is_done()) step.used = impl_->put(boost::asio::buffer(data, size), ec);
  if (ec && ec != beast::http::error::need_more) {
    impl_->explain(ec, {data + step.used, size - step.used});
    step.state = State::broken;
  } else if (impl_->is_header_done() && !std::exchange(impl_->headers_told, true)) {
    step.state = State::headers;
  } else if (impl_->is_done()) {
    step.state = State::complete;
  }
  return step;
}

bool RequestParser::admit(size_t limit) {
  impl_->limit = limit;
  return impl_->fits(impl_->content_length().value_or(0));
}

Request& RequestParser::request() { return impl_->request; }
const Error& RequestParser::error() const { return impl_->error; }
bool RequestParser::keep_alive() const { return impl_->keep_alive() && !impl_->http_1_0; }
bool RequestParser::http_1_0() const { return impl_->http_1_0; }
bool RequestParser::expects_continue() const { return impl_->expects_continue; }
bool RequestParser::expects_other() const { return impl_->expects_other; }

}  // namespace schedules::http
