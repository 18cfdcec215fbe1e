//! The `openapi` section.

use crate::gateway::url_path::UrlPath;
use serde::Deserialize;
use serde_json::{Value, json};

/// Whether the OpenAPI document is served, and what it says beside the routes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Off unless it is switched on: it tells everybody what there is.
    pub enabled: bool,
    pub path: UrlPath,
    pub title: String,
    /// Of the API, not of OpenAPI.
    pub version: String,
    pub description: Option<String>,
    /// Where clients reach the routes; none: where they read the document.
    pub servers: Vec<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            enabled: false,
            path: UrlPath::from_static("/openapi.json"),
            title: "API".to_owned(),
            version: "1.0.0".to_owned(),
            description: None,
            servers: Vec::new(),
        }
    }
}

impl Config {
    /// The `info` of the document.
    pub(super) fn about(&self) -> Value {
        let mut about = json!({ "title": self.title, "version": self.version });
        if let Some(description) = &self.description {
            about["description"] = description.as_str().into();
        }
        about
    }
}
