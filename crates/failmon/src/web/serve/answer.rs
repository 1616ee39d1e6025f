//! What is answered to a request: a page, events, JSON, figures, or why not.

use std::sync::Arc;

use hyper::body::Bytes;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use percent_encoding::percent_decode_str;
use tokio::sync::Semaphore;

use crate::web::cgi::parameters;
use crate::web::parts::Shown;
use crate::web::{api, metrics, page};

use super::body::{Events, Reply};
use super::door::{Door, No};
use super::picture::{Picture, What};

/// Streams of events at a time. Each costs a connection and some kilobytes; the rest of the
/// connections is for those who ask once.
pub const EVENTS_MAX: usize = 128;

/// Sent with every answer: it is as of now, it is what it says it is, and nobody else's page
/// may use it.
const ALWAYS: [(HeaderName, &str); 4] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

const HTML: &str = "text/html; charset=utf-8";
const PLAIN: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";

/// What all answers are made of.
#[derive(Debug)]
pub struct House {
    /// What is shown.
    pub picture: Arc<Picture>,
    /// Who may see it.
    pub door: Door,
    /// The places for streams of events.
    pub places: Arc<Semaphore>,
}

impl House {
    /// The answer to a request. What is in its body is not looked at.
    pub fn answer<B>(&self, request: &Request<B>) -> Response<Reply> {
        let mut response = self.respond(request);
        for (name, value) in ALWAYS {
            let value = HeaderValue::from_static(value);
            response.headers_mut().insert(name, value);
        }
        response
    }

    fn respond<B>(&self, request: &Request<B>) -> Response<Reply> {
        let uri = request.uri();
        match self.door.opens(request.version(), uri, request.headers()) {
            Ok(()) => {}
            Err(No::Unsaid) => {
                return refused(
                    StatusCode::BAD_REQUEST,
                    "It has to say which host it is for.",
                );
            }
            Err(No::Elsewhere) => {
                let text =
                    "This is failmon on a loopback address, and not the host that was asked for.";
                return refused(StatusCode::MISDIRECTED_REQUEST, text);
            }
            Err(No::Unknown) => {
                let mut response = refused(StatusCode::UNAUTHORIZED, "The token is needed.");
                for way in ["Bearer", "Basic realm=\"failmon\", charset=\"UTF-8\""] {
                    let way = HeaderValue::from_static(way);
                    response.headers_mut().append(header::WWW_AUTHENTICATE, way);
                }
                return response;
            }
        }
        if ![Method::GET, Method::HEAD].contains(request.method()) {
            let mut response = refused(
                StatusCode::METHOD_NOT_ALLOWED,
                "Only GET and HEAD are answered.",
            );
            let allowed = HeaderValue::from_static("GET, HEAD");
            response.headers_mut().insert(header::ALLOW, allowed);
            return response;
        }
        let told = |kind, what| text(StatusCode::OK, kind, self.picture.text(what, None));
        match uri.path() {
            "/" => self.page(uri.query().unwrap_or_default()),
            "/events" => self.events(request),
            "/metrics" => told(fail_client::metrics::TYPE, What::Metrics),
            "/healthz" => self.health(),
            "/api/v1/cluster" => told(JSON, What::Cluster),
            "/api/v1/services" => told(JSON, What::Services),
            "/api/v1/hosts" => told(JSON, What::Hosts),
            "/api/v1/alerts" => told(JSON, What::Alerts),
            "/api/v1/events" => told(JSON, What::Events),
            path => match path.strip_prefix("/api/") {
                None => refused(StatusCode::NOT_FOUND, "There is nothing here."),
                Some(rest) => self.service(rest.strip_prefix("v1/services/")),
            },
        }
    }

    fn page(&self, query: &str) -> Response<Reply> {
        let refresh = match parameters(query) {
            Ok(refresh) => refresh,
            Err(sentence) => return refused(StatusCode::BAD_REQUEST, &sentence),
        };
        let page = self.picture.text(What::Page, refresh);
        let mut response = text(StatusCode::OK, HTML, page);
        // In a header it can say more than on the page: who may put it into a frame.
        let policy = page::policy(true) + "; frame-ancestors 'none'";
        if let Ok(policy) = HeaderValue::from_str(&policy) {
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        response
    }

    fn events<B>(&self, request: &Request<B>) -> Response<Reply> {
        if request.method() == Method::HEAD {
            return text(StatusCode::OK, "text/event-stream", Bytes::new());
        }
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            let sentence = format!("{EVENTS_MAX} pages are open: there is no place for one more.");
            let mut response = refused(StatusCode::SERVICE_UNAVAILABLE, &sentence);
            let later = HeaderValue::from_static("10");
            response.headers_mut().insert(header::RETRY_AFTER, later);
            return response;
        };
        // A browser that lost the stream says where it was; else the page does.
        let again = request.headers().get("last-event-id");
        let query = request.uri().query().unwrap_or_default();
        let from = match again.and_then(|id| id.to_str().ok()) {
            Some(id) => id,
            None => query.strip_prefix("from=").unwrap_or_default(),
        };
        let number = self.picture.number(from);
        let events = Events::new(Arc::clone(&self.picture), number, place);
        let mut response = Response::new(Reply::Events(Box::new(events)));
        let kind = HeaderValue::from_static("text/event-stream");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    }

    fn service(&self, name: Option<&str>) -> Response<Reply> {
        let name = name.and_then(|name| percent_decode_str(name).decode_utf8().ok());
        let found = name.and_then(|name| {
            self.picture
                .shown(false, |shown| api::service(shown, &name))
        });
        match found {
            Some(found) => text(StatusCode::OK, JSON, found),
            None => text(
                StatusCode::NOT_FOUND,
                JSON,
                api::error("there is nothing of that name"),
            ),
        }
    }

    fn health(&self) -> Response<Reply> {
        let silent = |shown: &Shown| {
            let views = &shown.cluster.views;
            let speaks = |view| metrics::speaks(view, shown.now);
            (!views.iter().any(speaks)).then(|| {
                let troubles = views.iter().filter_map(|view| {
                    let trouble = view.trouble(shown.now)?;
                    Some(format!("{}: {trouble}\n", view.target))
                });
                troubles.collect::<String>()
            })
        };
        match self.picture.shown(false, silent) {
            None => text(StatusCode::OK, PLAIN, "ok\n"),
            Some(troubles) => {
                let said = format!("no failsh answers\n{}", plain(&troubles));
                text(StatusCode::SERVICE_UNAVAILABLE, PLAIN, said)
            }
        }
    }
}

/// Lines without what steers a terminal.
fn plain(lines: &str) -> String {
    let clean = |line| fail_client::clean(line).into_owned() + "\n";
    lines.lines().map(clean).collect()
}

fn text(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Response<Reply> {
    let mut response = Response::new(Reply::Text(body.into()));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static(kind);
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

fn refused(status: StatusCode, sentence: &str) -> Response<Reply> {
    text(status, PLAIN, format!("{sentence}\n"))
}
