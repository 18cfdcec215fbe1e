//! The files of the pages, embedded. Those of the IDE are large, so a build may leave them out (feature `ide`).

/// A file that a page loads.
pub(super) struct File {
    pub name: &'static str,
    pub content_type: &'static str,
    pub content: &'static [u8],
}

impl File {
    /// Whether its name changes when its content does.
    pub(super) fn is_versioned(&self) -> bool {
        self.name.bytes().any(|byte| byte.is_ascii_digit())
    }
}

pub(super) const HOMEPAGE: &str = include_str!("homepage.html");

#[cfg(feature = "ide")]
pub(super) const IDE: Option<&str> = Some(include_str!("ide.html"));
#[cfg(not(feature = "ide"))]
pub(super) const IDE: Option<&str> = None;

#[cfg(feature = "ide")]
const SCRIPT: &str = "text/javascript; charset=utf-8";
#[cfg(feature = "ide")]
const STYLE: &str = "text/css; charset=utf-8";

#[cfg(not(feature = "ide"))]
pub(super) const FILES: &[File] = &[];
#[cfg(feature = "ide")]
pub(super) const FILES: &[File] = &[
    File {
        name: "ide.css",
        content_type: STYLE,
        content: include_bytes!("ide.css"),
    },
    File {
        name: "ide.js",
        content_type: SCRIPT,
        content: include_bytes!("ide.js"),
    },
    File {
        name: "plan.js",
        content_type: SCRIPT,
        content: include_bytes!("plan.js"),
    },
    File {
        name: "graphiql-3.9.0.min.css",
        content_type: STYLE,
        content: include_bytes!("assets/graphiql-3.9.0.min.css"),
    },
    File {
        name: "graphiql-3.9.0.min.js",
        content_type: SCRIPT,
        content: include_bytes!("assets/graphiql-3.9.0.min.js"),
    },
    File {
        name: "react-18.3.1.production.min.js",
        content_type: SCRIPT,
        content: include_bytes!("assets/react-18.3.1.production.min.js"),
    },
    File {
        name: "react-dom-18.3.1.production.min.js",
        content_type: SCRIPT,
        content: include_bytes!("assets/react-dom-18.3.1.production.min.js"),
    },
];
