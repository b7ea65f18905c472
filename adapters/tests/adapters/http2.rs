//! The client over HTTP/2, where a server offers it: requests share a connection.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, Version};
use hyper_util::rt::{TokioExecutor as HyperExecutor, TokioIo};
use isthmus_adapters::connection::certificates::TlsFiles;
use isthmus_adapters::http_client::client::HttpSettings;
use isthmus_core::executor::Executor;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::pki::Pki;
use crate::runtime::TokioExecutor;
use crate::scripted_server::{client, send, settings};
use crate::scripted_transport::status;

async fn answer(request: Request<Incoming>) -> Result<Response<Empty<Bytes>>, Infallible> {
    assert_eq!(request.version(), Version::HTTP_2);
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let code = if body.is_empty() { 400 } else { 202 };
    Ok(Response::builder().status(code).body(Empty::new()).unwrap())
}

#[tokio::test]
async fn requests_share_a_connection() {
    let pki = Pki::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = TlsAcceptor::from(Arc::new(pki.server(&["localhost"], false, &["h2"])));
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    let serve = async move {
        while let Ok((stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::Relaxed);
            let stream = TokioIo::new(acceptor.accept(stream).await.unwrap());
            let builder = hyper::server::conn::http2::Builder::new(HyperExecutor::new());
            let connection = builder.serve_connection(stream, service_fn(answer));
            let connection = async { drop(connection.await) };
            TokioExecutor.spawn("connection", Box::pin(connection));
        }
    };
    TokioExecutor.spawn("server", Box::pin(serve));
    let files = TlsFiles {
        authorities: Some(pki.path("ca.pem")),
        identity: None,
    };
    let client = client(HttpSettings {
        tls: Some(files),
        ..settings("https://localhost/", Duration::from_secs(10))
    });
    let url = format!("https://localhost:{port}/hook");
    assert_eq!(send(&client, &url).await, status(202));
    let (one, two) = tokio::join!(send(&client, &url), send(&client, &url));
    assert_eq!((one, two), (status(202), status(202)));
    assert_eq!(connections.load(Ordering::Relaxed), 1);
}
