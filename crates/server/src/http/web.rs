//! The web app, built into the binary: `path`, `path.html`, `path/index.html`, else the page that says not found.

use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::Problem;

/// The exported app; in a debug build its files are read when asked for.
#[derive(RustEmbed)]
#[folder = "../../web/out"]
#[allow_missing = true]
struct Files;

/// Answers everything that no route takes.
pub async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_matches('/');
    if path == "api" || path.starts_with("api/") || path == "ws" || path.starts_with("ws/") {
        return Problem::not_found("route").into_response();
    }
    if !matches!(method, Method::GET | Method::HEAD) {
        return super::described::not_allowed("GET, HEAD");
    }
    let index = if path.is_empty() { "index.html".to_owned() } else { format!("{path}/index.html") };
    for candidate in [path.to_owned(), format!("{path}.html"), index] {
        if let Some(file) = Files::get(&candidate) {
            return respond(StatusCode::OK, &candidate, file, &headers);
        }
    }
    match Files::get("404.html") {
        Some(file) => respond(StatusCode::NOT_FOUND, "404.html", file, &headers),
        None => Problem::new(
            StatusCode::NOT_FOUND,
            "the web app was not built into this binary: run `cargo xtask web`",
        )
        .into_response(),
    }
}

fn respond(status: StatusCode, name: &str, file: EmbeddedFile, headers: &HeaderMap) -> Response {
    let tag = tag(&file);
    if status == StatusCode::OK && headers.get(header::IF_NONE_MATCH).is_some_and(|known| *known == tag) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response();
    }
    // What Next writes below _next/static has its hash in its name.
    let caching =
        if name.starts_with("_next/static/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type(name))),
        (header::CACHE_CONTROL, HeaderValue::from_static(caching)),
        (header::ETAG, tag),
    ];
    (status, headers, file.data).into_response()
}

fn tag(file: &EmbeddedFile) -> HeaderValue {
    let hex: String = file.metadata.sha256_hash().iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    HeaderValue::from_str(&format!("\"{hex}\"")).unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
