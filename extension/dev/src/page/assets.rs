//! The page's files, embedded: the binary serves them from wherever it was copied to.

use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use super::reply::Refusal;

/// One file of the bundle that `npm run build` writes.
struct Asset {
    name: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
}

const INDEX: Asset = Asset {
    name: "index.html",
    content_type: "text/html; charset=utf-8",
    bytes: include_bytes!("assets/index.html"),
};

const ASSETS: [Asset; 4] = [
    Asset {
        name: "page.js",
        content_type: "text/javascript; charset=utf-8",
        bytes: include_bytes!("assets/page.js"),
    },
    Asset {
        name: "page.css",
        content_type: "text/css; charset=utf-8",
        bytes: include_bytes!("assets/page.css"),
    },
    Asset {
        name: "icon.svg",
        content_type: "image/svg+xml",
        bytes: include_bytes!("assets/icon.svg"),
    },
    Asset {
        name: "licenses.txt",
        content_type: "text/plain; charset=utf-8",
        bytes: include_bytes!("assets/licenses.txt"),
    },
];

impl Asset {
    fn respond(&self) -> Response {
        // Names carry no hash, so that the bundle is the same bytes everywhere; the
        // browser has to ask each time, which costs nothing over loopback.
        let headers = [
            (CONTENT_TYPE, self.content_type),
            (CACHE_CONTROL, "no-cache"),
        ];
        (headers, self.bytes).into_response()
    }
}

/// `GET /`
pub(super) async fn index() -> Response {
    INDEX.respond()
}

/// `GET /assets/{name}`
pub(super) async fn asset(Path(name): Path<String>) -> Result<Response, Refusal> {
    let found = ASSETS.iter().find(|asset| asset.name == name);
    found
        .map(Asset::respond)
        .ok_or_else(|| Refusal::unknown("asset", &name))
}
