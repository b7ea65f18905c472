//! `TcpConnector` in the form that the HTTP crates ask for, and TLS set up over it within a stated
//! time. The cause of a failure is a code; texts of peers go nowhere.

use std::error::Error;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::rt::TokioIo;
use isthmus_core::executor::Executor;
use isthmus_core::future::BoxFuture;
use tokio::net::TcpStream;
use tower_service::Service;

use crate::connection::tcp_connector::{NoConnection, TcpConnector};

/// Connects over TCP to the host of a URL.
#[derive(Clone)]
pub(crate) struct UriConnector(pub(crate) TcpConnector);

impl Service<Uri> for UriConnector {
    type Response = TokioIo<TcpStream>;
    type Error = NoConnection;
    type Future = BoxFuture<'static, Result<Self::Response, NoConnection>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), NoConnection>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let tcp = self.0.clone();
        Box::pin(async move {
            let host = uri.host().ok_or(NoConnection("url"))?;
            let usual = if uri.scheme_str() == Some("http") {
                80
            } else {
                443
            };
            let port = uri.port_u16().unwrap_or(usual);
            tcp.connect(host, port).await.map(TokioIo::new)
        })
    }
}

/// Connects within a stated time, the handshake of TLS included.
#[derive(Clone)]
pub(crate) struct BoundedConnector {
    pub(crate) inner: HttpsConnector<UriConnector>,
    pub(crate) executor: Arc<dyn Executor>,
    pub(crate) limit: Duration,
}

impl Service<Uri> for BoundedConnector {
    type Response = MaybeHttpsStream<TokioIo<TcpStream>>;
    type Error = NoConnection;
    type Future = BoxFuture<'static, Result<Self::Response, NoConnection>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), NoConnection>> {
        self.inner
            .poll_ready(context)
            .map_err(|error| cause(&*error))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = self.inner.call(uri);
        let limit = self.executor.sleep(self.limit);
        Box::pin(async move {
            tokio::select! {
                connected = connecting => connected.map_err(|error| cause(&*error)),
                () = limit => Err(NoConnection("connect-timeout")),
            }
        })
    }
}

/// What is no failure of ours below is one of TLS above.
fn cause(error: &(dyn Error + Send + Sync + 'static)) -> NoConnection {
    let ours = error.downcast_ref::<NoConnection>();
    ours.copied().unwrap_or(NoConnection("tls"))
}
