//! From a checked `supergraph.yaml` to the SDLs it names.
//!
//! Files are read here; a running subgraph is asked by the function the caller brings.

use futures_util::future::join_all;

use super::composer::SubgraphSdl;
use super::config::{Introspection, SchemaSource, SubgraphSource, SupergraphConfig};
use super::diagnostic::Diagnostic;

/// The SDL of every subgraph, or every one that could not be had. Introspections run side by side.
///
/// `introspect` answers with the SDL or with a sentence on what went wrong.
pub async fn read_subgraphs(
    config: &SupergraphConfig,
    introspect: impl AsyncFn(&Introspection) -> Result<String, String>,
) -> Result<Vec<SubgraphSdl>, Vec<Diagnostic>> {
    let reads = config.subgraphs.iter().map(async |(name, subgraph)| {
        let read = read(name, subgraph, &introspect).await;
        read.map_err(|message| {
            Diagnostic::error("SUBGRAPH_SCHEMA_UNREADABLE", message)
                .in_subgraph(name)
                .at(subgraph.location.clone())
        })
    });
    let mut subgraphs = Vec::new();
    let mut errors = Vec::new();
    for result in join_all(reads).await {
        match result {
            Ok(subgraph) => subgraphs.push(subgraph),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() {
        Ok(subgraphs)
    } else {
        Err(errors)
    }
}

async fn read(
    name: &str,
    subgraph: &SubgraphSource,
    introspect: &impl AsyncFn(&Introspection) -> Result<String, String>,
) -> Result<SubgraphSdl, String> {
    let (sdl, origin) = match &subgraph.schema {
        SchemaSource::File(path) => {
            let origin = path.display().to_string();
            let sdl = std::fs::read_to_string(path)
                .map_err(|error| format!("cannot read {origin}: {error}"))?;
            (sdl, origin)
        }
        SchemaSource::Introspect(introspection) => {
            let url = &introspection.url;
            let sdl = introspect(introspection)
                .await
                .map_err(|error| format!("cannot introspect {url}: {error}"))?;
            (sdl, url.to_string())
        }
        SchemaSource::Sdl(sdl) => (sdl.clone(), format!("the inline schema of `{name}`")),
    };
    Ok(SubgraphSdl {
        name: name.to_owned(),
        routing_url: subgraph.routing_url.clone(),
        sdl,
        origin,
    })
}
