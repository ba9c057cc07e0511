//! Connections: TLS, HTTP, the limits of both, and the way of a request through its service.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode};
use http_body::Body as _;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use s3s::service::S3Service;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::log::LogEntry;
use crate::misbehave::{Fault, Orders};
use crate::reply::{Reply, add_header, header, json as json_reply, login_page, page, redirect, xml};
use crate::state::State;
use crate::{Service, cdn, cmr, delivery, gateway, login, s3};

/// The largest request body that is read. A search by a thousand granule names has 0.1 MB.
const BODY_LIMIT: usize = 1 << 20;
/// Connections beyond this wait until others have closed.
const CONNECTIONS: usize = 512;
/// How long a client may take for its handshake, for the head of a request, and for its body.
const PATIENCE: Duration = Duration::from_secs(30);

/// One service on its listener.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) service: Service,
    pub(crate) state: Arc<State>,
    pub(crate) s3: S3Service,
    pub(crate) acceptor: TlsAcceptor,
}

impl Server {
    /// Accepts connections for ever. Dropping the future closes them all.
    pub(crate) async fn run(self, listener: TcpListener) {
        let mut connections = JoinSet::new();
        loop {
            let full = connections.len() >= CONNECTIONS;
            tokio::select! {
                accepted = listener.accept(), if !full => match accepted {
                    Ok((socket, _)) => { connections.spawn(self.clone().until_disconnected(socket)); }
                    // Out of file descriptors, most likely: others must close first.
                    Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                },
                Some(_) = connections.join_next() => {}
            }
        }
    }

    fn until_disconnected(self, socket: TcpStream) -> impl Future<Output = ()> {
        // Subscribed before the first byte is read, so that no request slips past an order to disconnect.
        let mut ended = self.state.connected();
        async move {
            tokio::select! {
                _ = ended.changed() => {}
                () = self.connection(socket) => {}
            }
        }
    }

    async fn connection(self, socket: TcpStream) {
        // Without it small answers wait for the client's acknowledgement.
        let _ = socket.set_nodelay(true);
        let Ok(Ok(stream)) = tokio::time::timeout(PATIENCE, self.acceptor.accept(socket)).await else {
            return;
        };
        let handler = service_fn(|request| {
            let server = self.clone();
            async move { Ok::<_, Infallible>(server.answer(request).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(PATIENCE)
            .half_close(true)
            // As S3 writes them; some old libraries look for "Content-Length" to the letter.
            .title_case_headers(true)
            .serve_connection(TokioIo::new(stream), handler);
        // A connection that breaks concerns only its client.
        let _ = connection.await;
    }

    /// Answers a request: faults first, then the service, then the way out.
    async fn answer(&self, request: Request<Incoming>) -> Reply {
        let underway = self.state.progress.one_more(self.service);
        let mut entry = LogEntry::of(self.service, &request);
        let faults = self.state.rules.take(self.service, &request);
        let method = request.method().clone();
        let mut reply = match instead(self.service, &faults) {
            Some(reply) => reply,
            None => self.properly(request, &faults).await,
        };
        mark(self.service, &mut reply);
        entry.status = reply.status().as_u16();
        let open = self.state.log.add(entry);
        delivery::dispatch(reply, &method, &faults, open, underway)
    }

    async fn properly(&self, request: Request<Incoming>, faults: &[Fault]) -> Reply {
        for fault in faults {
            self.state.expire(fault);
        }
        let (parts, body) = request.into_parts();
        let body = match bounded(body).await {
            Ok(body) => body,
            Err(status) => return trouble(self.service, status),
        };
        let mut request = Request::from_parts(parts, body);
        let orders = Orders::from_faults(faults);
        request.extensions_mut().insert(orders);
        if self.service == Service::S3 {
            return s3::answer(&self.s3, request).await;
        }
        // The others read folders and hash tokens: work that must not hold up connections.
        let (service, state) = (self.service, self.state.clone());
        let work = move || match service {
            Service::Cmr => cmr::answer(&state, &request, orders),
            Service::EarthdataLogin => login::answer(&state, &request),
            Service::Gateway => gateway::answer(&state, &request),
            Service::Cdn | Service::S3 => cdn::answer(&state, &request, orders),
        };
        let done = tokio::task::spawn_blocking(work).await;
        done.unwrap_or_else(|_| trouble(service, StatusCode::INTERNAL_SERVER_ERROR))
    }
}

/// Reads a body whole, within the limits of size and patience.
async fn bounded(body: Incoming) -> Result<Bytes, StatusCode> {
    if body.size_hint().lower() > BODY_LIMIT as u64 {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    match tokio::time::timeout(PATIENCE, Limited::new(body, BODY_LIMIT).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(_)) => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}

impl LogEntry {
    fn of<B>(service: Service, request: &Request<B>) -> Self {
        Self {
            service,
            method: request.method().to_string(),
            path: request.uri().path().to_owned(),
            range: header(request.headers(), "range").map(String::from),
            user_agent: header(request.headers(), "user-agent").map(String::from),
            status: 0,
            bytes_sent: 0,
            had_authorization: request.headers().contains_key("authorization"),
        }
    }
}

/// The answer that a fault puts in place of the service's own.
fn instead(service: Service, faults: &[Fault]) -> Option<Reply> {
    faults.iter().find_map(|fault| match fault {
        Fault::Status { code, retry_after } => {
            // An answer below 200 is none: the client would wait for the real one.
            let status = StatusCode::from_u16(*code).ok().filter(|status| status.as_u16() >= 200);
            let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let mut reply = trouble(service, status);
            if let Some(wait) = retry_after {
                add_header(&mut reply, "retry-after", &wait.as_secs().to_string());
            }
            Some(reply)
        }
        Fault::LoginPage => Some(login_page()),
        Fault::RedirectTo(url) => Some(redirect(StatusCode::FOUND, url)),
        Fault::RegionRefused => Some(xml(StatusCode::FORBIDDEN, "AccessDenied", "Access Denied")),
        _ => None,
    })
}

/// A status in the words and the format of a service.
fn trouble(service: Service, status: StatusCode) -> Reply {
    let text = status.canonical_reason().unwrap_or("Error");
    match service {
        Service::Cmr => json_reply(status, &json!({"errors": [text]})),
        Service::EarthdataLogin => json_reply(status, &json!({"error": text})),
        Service::Gateway => page(status, text, text),
        Service::Cdn | Service::S3 => xml(status, code_of(status), text),
    }
}

/// S3's name for a status.
fn code_of(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "InvalidRequest",
        401 | 403 => "AccessDenied",
        404 => "NoSuchKey",
        412 => "PreconditionFailed",
        413 => "EntityTooLarge",
        416 => "InvalidRange",
        429 | 503 => "SlowDown",
        _ => "InternalError",
    }
}

/// The headers by which clients tell who answers.
fn mark(service: Service, reply: &mut Reply) {
    match service {
        Service::S3 => {
            reply.headers_mut().insert("server", HeaderValue::from_static("AmazonS3"));
            reply.headers_mut().insert("x-amz-request-id", HeaderValue::from_static("SANDBOX"));
        }
        Service::Cmr => {
            reply.headers_mut().insert("cmr-request-id", HeaderValue::from_static("sandbox"));
        }
        Service::EarthdataLogin | Service::Gateway | Service::Cdn => {}
    }
}
