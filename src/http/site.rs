//! Requests and their answers.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG, EXPIRES, HeaderName, HeaderValue, IF_MODIFIED_SINCE,
    IF_NONE_MATCH, LAST_MODIFIED,
};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use tokio::sync::watch;

use super::published::{File, Published, path_of, unescape};
use crate::admin::{OcspAnswer, OcspResponder};
use crate::metrics;
use crate::model::BoxFuture;

/// Largest OCSP request, in bytes.
const MAX_OCSP_REQUEST: usize = 16 * 1024;
const OCSP_REQUEST: &str = "application/ocsp-request";
const OCSP_RESPONSE: &str = "application/ocsp-response";
/// Where OCSP requests go beside the addresses of the settings.
const OCSP_PATH: &[u8] = b"/ocsp";

type Answer = Response<Full<Bytes>>;

/// What monitoring can ask.
pub trait Monitored: Send + Sync {
    /// A page of metrics, in the text format of Prometheus.
    fn metrics(&self) -> BoxFuture<'_, String>;

    /// Why nothing will work any more until the process is started again, if that is so.
    fn needs_restart(&self) -> Option<String>;

    /// Why certificates cannot be issued now; empty where they can.
    fn not_ready(&self) -> BoxFuture<'_, Vec<String>>;
}

/// What a listener serves.
pub enum Site {
    /// For everybody.
    Public(PublicSite),
    /// For monitoring.
    Monitoring(Arc<dyn Monitored>),
}

/// CRLs, CA certificates and OCSP answers.
pub struct PublicSite {
    published: watch::Receiver<Arc<Published>>,
    ocsp: Option<Ocsp>,
}

struct Ocsp {
    responder: Arc<OcspResponder>,
    paths: Vec<Vec<u8>>,
}

impl Site {
    /// Serves what is published at the time, and OCSP answers below `/ocsp` and the paths of
    /// these addresses.
    pub fn new(
        published: watch::Receiver<Arc<Published>>,
        responder: Option<Arc<OcspResponder>>,
        ocsp_urls: &[String],
    ) -> Self {
        let paths = ocsp_urls.iter().filter_map(|url| path_of(url));
        // What begins with a longer path does not mean the shorter one.
        let mut paths: Vec<_> = paths.chain([OCSP_PATH.to_vec()]).map(without_slash).collect();
        paths.sort_by_key(|path| std::cmp::Reverse(path.len()));
        let ocsp = responder.map(|responder| Ocsp { responder, paths });
        Self::Public(PublicSite { published, ocsp })
    }

    /// Answers a request, whose body may take `patience` to arrive.
    pub async fn answer<B>(&self, request: Request<B>, patience: Duration) -> Response<Full<Bytes>>
    where
        B: hyper::body::Body + Unpin,
        B::Data: Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        match self {
            Self::Public(site) => site.answer(request, patience).await,
            Self::Monitoring(monitored) => monitor(&**monitored, &request).await,
        }
    }
}

async fn monitor<B>(monitored: &dyn Monitored, request: &Request<B>) -> Answer {
    let path = request.uri().path();
    if !["/metrics", "/healthz", "/readyz"].contains(&path) {
        return status(StatusCode::NOT_FOUND);
    }
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        return not_allowed("GET, HEAD");
    }
    match path {
        "/metrics" => {
            let page = monitored.metrics().await;
            text(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", page)
        }
        "/readyz" => match monitored.not_ready().await {
            problems if problems.is_empty() => text(StatusCode::OK, PLAIN, "ready\n".to_owned()),
            problems => {
                let problems = format!("{}\n", problems.join("\n"));
                text(StatusCode::SERVICE_UNAVAILABLE, PLAIN, problems)
            }
        },
        // Who answers lives, unless it knows better.
        _ => match monitored.needs_restart() {
            None => text(StatusCode::OK, PLAIN, "ok\n".to_owned()),
            Some(problem) => text(StatusCode::SERVICE_UNAVAILABLE, PLAIN, format!("{problem}\n")),
        },
    }
}

impl PublicSite {
    /// Answers a request, whose body may take `patience` to arrive.
    async fn answer<B>(&self, request: Request<B>, patience: Duration) -> Answer
    where
        B: hyper::body::Body + Unpin,
        B::Data: Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let path = unescape(request.uri().path());
        let file = self.published.borrow().at(&path).cloned();
        if let Some(file) = file {
            return match *request.method() {
                Method::GET | Method::HEAD => of_file(&file, request.headers(), SystemTime::now()),
                _ => not_allowed("GET, HEAD"),
            };
        }
        let Some(ocsp) = &self.ocsp else { return status(StatusCode::NOT_FOUND) };
        let Some(rest) = ocsp.rest(&path) else { return status(StatusCode::NOT_FOUND) };
        match *request.method() {
            Method::POST if rest.is_empty() => {
                let kind = request.headers().get(CONTENT_TYPE);
                if kind.is_none_or(|kind| !is_ocsp_request(kind)) {
                    return status(StatusCode::UNSUPPORTED_MEDIA_TYPE);
                }
                let body = Limited::new(request.into_body(), MAX_OCSP_REQUEST).collect();
                match tokio::time::timeout(patience, body).await {
                    Ok(Ok(body)) => {
                        let answer = ocsp.responder.answer(&body.to_bytes()).await;
                        // RFC 9110 9.3.3: answers to POST are for who asked.
                        of_ocsp(OcspAnswer { shared_until: None, ..answer })
                    }
                    Ok(Err(_)) => status(StatusCode::PAYLOAD_TOO_LARGE),
                    Err(_) => status(StatusCode::REQUEST_TIMEOUT),
                }
            }
            Method::GET if !rest.is_empty() => match STANDARD.decode(rest) {
                Ok(der) if der.len() <= MAX_OCSP_REQUEST => {
                    of_ocsp(ocsp.responder.answer(&der).await)
                }
                _ => status(StatusCode::BAD_REQUEST),
            },
            Method::GET => status(StatusCode::BAD_REQUEST),
            _ => not_allowed("GET, POST"),
        }
    }
}

impl Ocsp {
    /// What follows one of the responder's paths: nothing, or a request in base64, which may
    /// begin with slashes of its own.
    fn rest<'p>(&self, path: &'p [u8]) -> Option<&'p [u8]> {
        self.paths.iter().find_map(|own| {
            let rest = path.strip_prefix(&own[..])?;
            match rest {
                [] => Some(rest),
                [b'/', rest @ ..] => Some(rest),
                _ => None,
            }
        })
    }
}

fn without_slash(path: Vec<u8>) -> Vec<u8> {
    path.strip_suffix(b"/").map_or(path.clone(), <[u8]>::to_vec)
}

fn is_ocsp_request(kind: &HeaderValue) -> bool {
    let kind = kind.to_str().unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case(OCSP_REQUEST)
}

fn of_file(file: &File, asked: &HeaderMap, now: SystemTime) -> Answer {
    let unchanged = is_unchanged(file, asked);
    let body = if unchanged { Bytes::new() } else { file.body.clone() };
    let mut answer = Response::new(Full::new(body));
    if unchanged {
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = answer.headers_mut();
    put(headers, CONTENT_TYPE, file.content_type);
    put(headers, ETAG, &file.etag);
    put(headers, LAST_MODIFIED, &httpdate::fmt_http_date(file.modified));
    cache(headers, file.fresh_until, now);
    answer
}

/// RFC 9110 13.2.2: the tag decides where one is given, the date where none is.
fn is_unchanged(file: &File, asked: &HeaderMap) -> bool {
    let mut tags = asked.get_all(IF_NONE_MATCH).iter().peekable();
    if tags.peek().is_some() {
        let lists = tags.filter_map(|list| list.to_str().ok());
        let mut tags = lists.flat_map(|list| list.split(',')).map(str::trim);
        return tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == file.etag);
    }
    let since = asked.get(IF_MODIFIED_SINCE).and_then(|date| date.to_str().ok());
    let since = since.and_then(|date| httpdate::parse_http_date(date).ok());
    since.is_some_and(|since| httpdate::HttpDate::from(file.modified) <= since.into())
}

fn of_ocsp(answer: OcspAnswer) -> Answer {
    let [answered, failed] = &metrics::OCSP;
    if answer.is_signed() {
        answered.add()
    } else {
        failed.add()
    }
    let mut response = Response::new(Full::new(Bytes::from(answer.der)));
    let headers = response.headers_mut();
    put(headers, CONTENT_TYPE, OCSP_RESPONSE);
    match answer.shared_until {
        Some(until) => cache(headers, Some(until), SystemTime::now()),
        None => put(headers, CACHE_CONTROL, "no-store"),
    }
    response
}

/// Lets others keep the answer until then.
fn cache(headers: &mut HeaderMap, until: Option<SystemTime>, now: SystemTime) {
    let left = until.and_then(|until| until.duration_since(now).ok()).unwrap_or_default();
    match until.filter(|_| left.as_secs() > 0) {
        Some(until) => {
            let control =
                format!("public, no-transform, must-revalidate, max-age={}", left.as_secs());
            put(headers, CACHE_CONTROL, &control);
            put(headers, EXPIRES, &httpdate::fmt_http_date(until));
        }
        None => put(headers, CACHE_CONTROL, "no-cache"),
    }
}

/// Sets a header. None of the values here has a byte that it could not have.
fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

fn not_allowed(methods: &'static str) -> Answer {
    let mut answer = status(StatusCode::METHOD_NOT_ALLOWED);
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static(methods));
    answer
}

/// An answer of one line: what the code means.
fn status(code: StatusCode) -> Answer {
    text(code, PLAIN, format!("{code}\n"))
}

const PLAIN: &str = "text/plain; charset=utf-8";

fn text(code: StatusCode, content_type: &str, text: String) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(text)));
    *answer.status_mut() = code;
    put(answer.headers_mut(), CONTENT_TYPE, content_type);
    put(answer.headers_mut(), CACHE_CONTROL, "no-store");
    answer
}
