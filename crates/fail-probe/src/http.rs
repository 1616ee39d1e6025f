//! Asks a web server, by HTTP/1.1 on a connection of its own.
//!
//! The status must be one of those that are good, and the body must be as it is wanted: it is
//! read to its end or to its first megabyte, whatever the server sends. Redirects are followed as
//! often as it was said, to `http` and `https` only; what is secret (`auth=`, `header=`, `body=`)
//! is told to nobody but the scheme, host and port of the URL of the check.

use std::net::SocketAddr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use fail_conf::hcfile::check::{Host, Http, Terms, Tls};
use fail_core::watch::Finding;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Uri};
use memchr::memmem;
use percent_encoding::percent_decode_str;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use url::Url;

use crate::certificate::Shown;
use crate::exchange::{Answer, exchange};
use crate::file;
use crate::found::{Found, bad, figure, good, unknown};
use crate::net;
use crate::note;
use crate::tls;

/// Stands for a place that is not shown.
const REPEATS: &str = "a place that repeats the password";

/// Who asks, for the log of the server.
const AGENT: &str = concat!("hc/", env!("CARGO_PKG_VERSION"));

pub(crate) async fn probe(http: &Http, terms: &Terms) -> Found {
    let began = Instant::now();
    let secret = match &http.auth {
        Some(path) => Some(file::secret::<1>(path).await.map_err(unknown)?.concat()),
        None => None,
    };
    let mut visit = Visit::new(http, terms, secret)?;
    let found = visit.answered().await;
    note::measured(figure("time", began.elapsed().as_secs_f64(), "s"));
    found.map(|finding| tls::judged(finding, visit.shown.as_ref(), &http.tls))
}

/// The check with connections that are there, of which one is opened for each URL that is asked:
/// [`crate::stage`].
pub(crate) async fn on_stage<S>(
    http: &Http,
    terms: &Terms,
    secret: Option<String>,
    at: SocketAddr,
    mut open: impl FnMut(&Url) -> S,
) -> Found
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let visit = Visit::new(http, terms, secret)?;
    let mut next = visit.begins()?;
    loop {
        let request = visit.request(&next)?;
        let answer = exchange(open(&next.url), at, request).await?;
        match visit.leads(&next, &answer)? {
            Some(further) => next = further,
            None => return visit.judge(answer, &next).await,
        }
    }
}

/// One check, from redirect to redirect.
struct Visit<'a> {
    http: &'a Http,
    terms: &'a Terms,
    /// That of the check.
    first: Url,
    authorization: Option<HeaderValue>,
    /// The certificate with the fewest days left of those that were shown.
    shown: Option<Shown>,
}

/// What is asked next.
struct Next {
    url: Url,
    method: Method,
    body: String,
    /// So many redirects have led there.
    followed: u32,
}

impl Visit<'_> {
    fn new<'a>(
        http: &'a Http,
        terms: &'a Terms,
        secret: Option<String>,
    ) -> Result<Visit<'a>, Finding> {
        let first = Url::parse(&http.url);
        let first = first.map_err(|e| unknown(format!("its URL is none: {e}")))?;
        if !first.username().is_empty() || first.password().is_some() {
            return Err(unknown("a password in the URL is not used: auth=FILE"));
        }
        let authorization = match secret {
            None => None,
            Some(secret) => {
                let encoded = BASE64_STANDARD.encode(&secret);
                // A user and a password, or a token.
                let value = match secret.contains(':') {
                    true => format!("Basic {encoded}"),
                    false => format!("Bearer {secret}"),
                };
                // In all its forms.
                note::hide(secret.split_once(':').map(|(_, word)| word.to_string()));
                let bare = encoded.trim_end_matches('=').to_string();
                note::hide([secret, bare]);
                let value = HeaderValue::from_str(&value);
                let mut value = value.map_err(|e| unknown(format!("no password: {e}")))?;
                value.set_sensitive(true);
                Some(value)
            }
        };
        Ok(Visit {
            http,
            terms,
            first,
            authorization,
            shown: None,
        })
    }

    /// Asks until there is an answer that is no redirect, and looks at it.
    async fn answered(&mut self) -> Found {
        let mut next = self.begins()?;
        loop {
            let answer = self.ask(&next).await?;
            match self.leads(&next, &answer)? {
                Some(further) => next = further,
                None => return self.judge(answer, &next).await,
            }
        }
    }

    /// What is asked first.
    fn begins(&self) -> Result<Next, Finding> {
        let method = Method::from_bytes(self.http.method.as_bytes());
        let method = method.map_err(|e| unknown(format!("{}: {e}", self.http.method)))?;
        Ok(Next {
            url: self.first.clone(),
            method,
            body: self.http.body.clone().unwrap_or_default(),
            followed: 0,
        })
    }

    /// What an answer has one ask next; nothing: it is the last.
    fn leads(&self, asked: &Next, answer: &Answer) -> Result<Option<Next>, Finding> {
        let limit = self.http.follow;
        let Some(place) = place(answer).filter(|_| answer.redirects() && limit > 0) else {
            return Ok(None);
        };
        if repeats(&place) {
            return Err(repeated(answer.status()));
        }
        if asked.followed == limit {
            let place = told(&place);
            let why = format!("more than {limit} redirects, the last to {place}");
            return Err(bad(why));
        }
        self.redirected(asked, answer.status(), &place).map(Some)
    }

    /// Where a redirect leads.
    fn redirected(&self, from: &Next, status: u16, place: &str) -> Result<Next, Finding> {
        let url = from.url.join(place);
        let to = told(place);
        let mut url = url.map_err(|e| bad(format!("status {status} to {to}: {e}")))?;
        if !["http", "https"].contains(&url.scheme()) {
            let why = format!("status {status} to {to}: only http and https are followed");
            return Err(bad(why));
        }
        // What a server proposes as a password is none of ours. Both can be taken from a URL
        // that has a host.
        let _ = (url.set_username(""), url.set_password(None));
        url.set_fragment(None);
        // Reading it takes out line feeds and changes letters: it may be our password only now.
        if repeats(url.as_str()) {
            return Err(repeated(status));
        }
        // As browsers do: after 303, and 301 and 302 of a POST, one only looks.
        let looks = matches!(from.method, Method::GET | Method::HEAD);
        if !looks && matches!(status, 301..=303) {
            return Ok(Next {
                url,
                method: Method::GET,
                body: String::new(),
                followed: from.followed + 1,
            });
        }
        if !looks && !self.own(&url) {
            let (method, url) = (&from.method, told(url.as_str()));
            let why = format!("status {status} would have {method} done at {url}");
            return Err(bad(why));
        }
        Ok(Next {
            url,
            method: from.method.clone(),
            body: from.body.clone(),
            followed: from.followed + 1,
        })
    }

    /// Whether it may be told what is secret.
    fn own(&self, url: &Url) -> bool {
        url.origin() == self.first.origin()
    }

    async fn ask(&mut self, next: &Next) -> Result<Answer, Finding> {
        let request = self.request(next)?;
        let host = host(&next.url)?;
        let (stream, at) = net::connect(&self.door(&next.url, &host), self.terms).await?;
        if next.url.scheme() != "https" {
            return exchange(stream, at, request).await;
        }
        let same = next.url.host() == self.first.host();
        let tls = Tls {
            name: self.http.tls.name.clone().filter(|_| same),
            ..self.http.tls.clone()
        };
        let (stream, shown) = tls::wrap(stream, at, &host.name, &tls).await?;
        self.show(shown);
        exchange(stream, at, request).await
    }

    /// Of several certificates that one counts which ends first.
    fn show(&mut self, shown: Shown) {
        match &self.shown {
            Some(other) if other.ends_before(&shown) => {
                note::measured(other.figure(&self.http.tls));
            }
            _ => self.shown = Some(shown),
        }
    }

    /// Where to connect: `via=` stands for the host of the check, and its port for the port of
    /// the check.
    fn door(&self, url: &Url, host: &Host) -> Host {
        match &self.http.via {
            Some(via) if self.own(url) => via.clone(),
            Some(via) if url.host() == self.first.host() => Host {
                name: via.name.clone(),
                port: host.port,
            },
            _ => host.clone(),
        }
    }

    fn request(&self, next: &Next) -> Result<Request<String>, Finding> {
        let own = self.own(&next.url);
        let mut headers = HeaderMap::new();
        headers.insert(header::USER_AGENT, HeaderValue::from_static(AGENT));
        headers.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        let named = match next.url.port() {
            Some(port) => format!("{}:{port}", next.url.host_str().unwrap_or_default()),
            None => next.url.host_str().unwrap_or_default().to_string(),
        };
        let odd = |e: &dyn std::fmt::Display| unknown(format!("the URL can not be asked: {e}"));
        let named = HeaderValue::from_str(&named).map_err(|e| odd(&e))?;
        headers.insert(header::HOST, named);
        if own {
            // Said twice is sent twice, but for what stands there already.
            let mut said = HeaderMap::new();
            for (name, value) in &self.http.headers {
                let name = HeaderName::from_bytes(name.as_bytes()).map_err(|e| odd(&e))?;
                let value = HeaderValue::from_str(value).map_err(|e| odd(&e))?;
                said.append(name, value);
            }
            headers.extend(said);
            if let Some(said) = &self.authorization {
                headers.insert(header::AUTHORIZATION, said.clone());
            }
        }
        let target = &next.url[url::Position::BeforePath..url::Position::AfterQuery];
        let target: Uri = target.parse().map_err(|e| odd(&e))?;
        let body = match own {
            true => next.body.clone(),
            false => String::new(),
        };
        let mut request = Request::new(body);
        *request.method_mut() = next.method.clone();
        *request.uri_mut() = target;
        *request.headers_mut() = headers;
        Ok(request)
    }

    /// The last answer, held against what is wanted.
    async fn judge(&self, answer: Answer, asked: &Next) -> Found {
        let http = self.http;
        let status = answer.status();
        let to = match place(&answer) {
            Some(place) => format!(" to {}", told(&place)),
            None => String::new(),
        };
        let from = match asked.followed {
            0 => String::new(),
            _ => format!(" from {}", told(asked.url.as_str())),
        };
        let fits = match http.status.as_slice() {
            [] => (200..=399).contains(&status),
            good => good
                .iter()
                .any(|(from, to)| (*from..=*to).contains(&status)),
        };
        if !fits {
            return Err(bad(format!("status {status}{to}{from}")));
        }
        let encoded = answer.encoded();
        let body = answer.body().await?;
        note::measured(figure("size", body.bytes.len() as f64, "B"));
        let missing = |text: &&String| memmem::find(&body.bytes, text.as_bytes()).is_none();
        if let Some(text) = http.matches.iter().find(missing) {
            let encoded = encoded.map(|how| format!(", which is encoded as {how}"));
            let encoded = encoded.unwrap_or_default();
            let why = format!("\"{text}\" is not in the body{from}{encoded}");
            return Err(bad(format!("{why}; status {status}")));
        }
        if let Some(text) = http.no_matches.iter().find(|text| !missing(text)) {
            return Err(bad(format!(
                "\"{text}\" is in the body{from}; status {status}"
            )));
        }
        let more = match body.whole {
            true => "",
            false => "more than ",
        };
        let size = body.bytes.len();
        Ok(good(format!(
            "status {status}{to}{from}, {more}{size} bytes"
        )))
    }
}

/// Whether a place has in it what is secret, as it stands there or as it is read.
fn repeats(place: &str) -> bool {
    let read = percent_decode_str(place).decode_utf8_lossy();
    note::has_secret(place) || note::has_secret(&read)
}

/// Nobody is to be looked up or asked whose name is our password.
fn repeated(status: u16) -> Finding {
    bad(format!("status {status} to {REPEATS}"))
}

/// Where the headers of an answer lead.
fn place(answer: &Answer) -> Option<String> {
    let place = answer.head.headers.get(header::LOCATION)?;
    Some(String::from_utf8_lossy(place.as_bytes()).into_owned())
}

/// A place without what often is a key to it.
fn told(place: &str) -> &str {
    let place = place.split(['?', '#']).next().unwrap_or("");
    match repeats(place) {
        true => REPEATS,
        false => place,
    }
}

/// Whom a URL names, with the port that it means.
fn host(url: &Url) -> Result<Host, Finding> {
    let name = match url.host() {
        Some(url::Host::Domain(name)) => name.to_string(),
        Some(url::Host::Ipv4(ip)) => ip.to_string(),
        Some(url::Host::Ipv6(ip)) => ip.to_string(),
        None => return Err(unknown(format!("{url} names no host"))),
    };
    let port = url.port_or_known_default();
    let port = port.ok_or_else(|| unknown(format!("{url} has no port")))?;
    Ok(Host { name, port })
}
