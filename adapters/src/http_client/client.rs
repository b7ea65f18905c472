//! The HTTP client: sends one request and tells what became of it, in codes. It follows no
//! redirects, and reads the body of a reply only to be able to use the connection again.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Incoming};
use hyper::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use hyper::{Method, Request, Response, Uri};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::{Client, Error};
use isthmus_core::clock::Clock;
use isthmus_core::executor::Executor;
use isthmus_core::future::BoxFuture;

use crate::adapter::{Call, HttpCall, Reply};
use crate::connection::address_filter::AddressFilter;
use crate::connection::certificates::{CertificateError, TlsFiles, client_config};
use crate::connection::tcp_connector::{NoConnection, TcpConnector};
use crate::http_client::connector::{BoundedConnector, UriConnector};
use crate::http_client::departure::{DepartingBody, Departure};
use crate::http_client::runtime::ClientRuntime;
use crate::retry_after;
use crate::transport::Transport;

/// The largest body of a reply that is read; a connection with a larger one is given up.
const REPLY_MAX: u64 = 16 * 1024;
/// How long is waited for the body of a reply, whose status is known by then.
const REPLY_WAIT: Duration = Duration::from_secs(1);
/// How long a connection is kept without requests. Servers often keep them for a minute or more.
const IDLE: Duration = Duration::from_secs(30);
/// The largest head of a reply over HTTP/1.
const HEAD_MAX: usize = 64 * 1024;

/// How a client connects and how long it waits.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// Where it may connect to.
    pub filter: AddressFilter,
    /// Of what TLS is made; none for a client that speaks to this machine without TLS.
    pub tls: Option<TlsFiles>,
    /// The longest wait for a connection, the handshake of TLS included.
    pub connect_timeout: Duration,
    /// The longest wait for the head of a reply, from the beginning.
    pub timeout: Duration,
    /// How many connections are kept for later.
    pub idle_max: usize,
}

/// Sends requests.
pub struct HttpClient {
    client: Client<BoundedConnector, DepartingBody>,
    timeout: Duration,
    clock: Arc<dyn Clock>,
    executor: Arc<dyn Executor>,
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient")
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl HttpClient {
    /// A client; reads the files of its settings.
    ///
    /// # Errors
    /// A file that cannot be read or used.
    pub fn new(
        settings: HttpSettings,
        clock: Arc<dyn Clock>,
        executor: Arc<dyn Executor>,
    ) -> Result<Self, CertificateError> {
        let tcp = TcpConnector {
            filter: Arc::new(settings.filter),
            executor: Arc::clone(&executor),
            limit: settings.connect_timeout,
        };
        let connector = BoundedConnector {
            inner: HttpsConnectorBuilder::new()
                .with_tls_config(client_config(settings.tls.as_ref())?)
                .https_or_http()
                .enable_all_versions()
                .wrap_connector(UriConnector(tcp)),
            executor: Arc::clone(&executor),
            limit: settings.connect_timeout,
        };
        let runtime = ClientRuntime(Arc::clone(&executor));
        let client = Client::builder(runtime.clone())
            .pool_timer(runtime.clone())
            .timer(runtime)
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(settings.idle_max)
            .http1_max_buf_size(HEAD_MAX)
            .build(connector);
        Ok(Self {
            client,
            timeout: settings.timeout,
            clock,
            executor,
        })
    }

    /// Sends a request and tells what became of it.
    pub async fn send(&self, call: &HttpCall) -> Reply {
        let departure = Departure::default();
        let Some(request) = request(call, departure.clone()) else {
            return Reply::NotSent("unsendable");
        };
        let answer = tokio::select! {
            answer = self.client.request(request) => answer,
            () = self.executor.sleep(self.timeout) => {
                return not_answered(&departure, "timeout", "timeout");
            }
        };
        match answer {
            Ok(response) => self.read(response).await,
            Err(error) => not_answered(&departure, cause(&error), "cut"),
        }
    }

    /// The status decides; what the body says is read by nobody.
    async fn read(&self, response: Response<Incoming>) -> Reply {
        let now = self.clock.now();
        let retry_after = only(response.headers(), &RETRY_AFTER);
        let reply = Reply::Http {
            status: response.status().as_u16(),
            retry_after: retry_after.and_then(|value| retry_after::parse(value, now)),
        };
        let body = response.into_body();
        if body.is_end_stream() || body.size_hint().lower() > REPLY_MAX {
            return reply;
        }
        tokio::select! {
            () = drain(body) => {}
            () = self.executor.sleep(REPLY_WAIT) => {}
        }
        reply
    }
}

impl Transport for HttpClient {
    fn perform(&self, call: Arc<Call>) -> BoxFuture<'_, Reply> {
        Box::pin(async move {
            match call.as_ref() {
                Call::Http(call) => self.send(call).await,
                Call::Append { .. }
                | Call::Amqp(_)
                | Call::Mllp(_)
                | Call::File(_)
                | Call::Unsendable(_) => Reply::NotSent("unsendable"),
            }
        })
    }
}

/// The request as the HTTP crates take it; none when a part is not of its form.
fn request(call: &HttpCall, departure: Departure) -> Option<Request<DepartingBody>> {
    let body = DepartingBody::new(Bytes::clone(call.body.reveal()), departure);
    let mut request = Request::new(body);
    *request.method_mut() = Method::from_bytes(call.method.as_bytes()).ok()?;
    *request.uri_mut() = Uri::try_from(&*call.url).ok()?;
    for header in &call.headers {
        let mut value = HeaderValue::from_str(&header.value).ok()?;
        value.set_sensitive(header.masked);
        let name = HeaderName::from_bytes(header.name.as_bytes()).ok()?;
        request.headers_mut().append(name, value);
    }
    Some(request)
}

/// What to say when no reply came: whether the body left decides. From here on it cannot.
fn not_answered(departure: &Departure, before: &'static str, behind: &'static str) -> Reply {
    if departure.withdraw() {
        Reply::NotSent(before)
    } else {
        Reply::Lost(behind)
    }
}

/// Why a request did not leave.
fn cause(error: &Error) -> &'static str {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(NoConnection(code)) = error.downcast_ref() {
            return code;
        }
        next = error.source();
    }
    "unsent"
}

/// The value of a header that came once and is text.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

async fn drain(body: Incoming) {
    let limit = usize::try_from(REPLY_MAX).unwrap_or(usize::MAX);
    let mut body = Limited::new(body, limit);
    while let Some(Ok(_frame)) = body.frame().await {}
}
