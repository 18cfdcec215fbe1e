//! Hive's plans in Apollo's terms, for Apollo's checker: does a plan's data have the shape that the operation asks for, and
//! does each fetch send what its subgraph can look up?
//!
//! What cannot be said in those terms is not held against a plan.

use super::external::read_unprovided;
use apollo_compiler::Name;
use apollo_compiler::ast::OperationType;
use apollo_federation::query_plan::query_planner::QueryPlanner;
use apollo_federation::query_plan::requires_selection as requires;
use apollo_federation::query_plan::serializable_document::SerializableDocument;
use apollo_federation::query_plan::{
    FetchDataKeyRenamer, FetchDataPathElement, FetchDataRewrite, FetchNode, FlattenNode,
    ParallelNode, PlanNode, QueryPlan, SequenceNode, TopLevelPlanNode,
};
use hive_router_query_planner::ast::document::Document;
use hive_router_query_planner::ast::selection_item::SelectionItem;
use hive_router_query_planner::ast::selection_set::SelectionSet;
use hive_router_query_planner::planner::plan_nodes::{
    self as hive, FetchNodePathSegment, FetchRewrite, FlattenNodePath, FlattenNodePathSegment,
};
use hive_router_query_planner::state::supergraph_state::OperationKind;
use std::sync::Arc;

/// Translates for one supergraph.
pub(super) struct Translation<'p> {
    planner: &'p QueryPlanner,
}

/// A request to translate: what is sent where.
struct Sent<'h> {
    subgraph: &'h str,
    kind: OperationType,
    text: String,
    requires: Option<&'h SelectionSet>,
    rewrites: Option<&'h [FetchRewrite]>,
}

impl<'p> Translation<'p> {
    pub(super) fn new(planner: &'p QueryPlanner) -> Self {
        Self { planner }
    }

    /// The plan; or why one of its operations is not to be sent where it is. None: it has a part that is not translated.
    pub(super) fn plan(&self, plan: &hive::QueryPlan) -> Option<Result<QueryPlan, String>> {
        let Some(node) = &plan.node else {
            return Some(Ok(QueryPlan::default()));
        };
        Some(self.node(node)?.map(|node| QueryPlan {
            node: Some(TopLevelPlanNode::Sequence(SequenceNode {
                nodes: vec![node],
            })),
            ..QueryPlan::default()
        }))
    }

    fn node(&self, node: &hive::PlanNode) -> Option<Result<PlanNode, String>> {
        match node {
            hive::PlanNode::Fetch(fetch) => self.fetch(Sent {
                subgraph: &fetch.service_name,
                kind: kind(fetch.operation_kind.as_ref()),
                text: fetch.operation.document_str.clone(),
                requires: fetch.requires.as_ref(),
                rewrites: fetch.output_rewrites.as_deref(),
            }),
            hive::PlanNode::BatchFetch(fetch) => self.batch(fetch),
            hive::PlanNode::Flatten(flatten) => {
                let inner = self.node(&flatten.node)?;
                Some(inner.and_then(|inner| flattened(&flatten.path, inner)))
            }
            hive::PlanNode::Sequence(sequence) => {
                let nodes = self.nodes(&sequence.nodes)?;
                Some(nodes.map(|nodes| PlanNode::Sequence(SequenceNode { nodes })))
            }
            hive::PlanNode::Parallel(parallel) => {
                let nodes = self.nodes(&parallel.nodes)?;
                Some(nodes.map(|nodes| PlanNode::Parallel(ParallelNode { nodes })))
            }
            hive::PlanNode::Condition(_)
            | hive::PlanNode::Subscription(_)
            | hive::PlanNode::Defer(_) => None,
        }
    }

    fn nodes(&self, nodes: &[hive::PlanNode]) -> Option<Result<Vec<PlanNode>, String>> {
        nodes.iter().map(|node| self.node(node)).collect()
    }

    /// Each `_entities` field of a batch as a fetch of its own.
    fn batch(&self, fetch: &hive::BatchFetchNode) -> Option<Result<PlanNode, String>> {
        let mut nodes = Vec::new();
        let document = &fetch.operation.document;
        for alias in &fetch.entity_batch.aliases {
            let sent = Sent {
                subgraph: &fetch.service_name,
                kind: OperationType::Query,
                text: alone(document, &alias.alias)?,
                requires: Some(&alias.requires),
                rewrites: alias.output_rewrites.as_deref(),
            };
            let inner = self.fetch(sent)?;
            for path in &alias.merge_paths {
                let at = inner.clone().and_then(|inner| flattened(path, inner));
                match at {
                    Ok(node) => nodes.push(node),
                    Err(error) => return Some(Err(error)),
                }
            }
        }
        Some(Ok(PlanNode::Parallel(ParallelNode { nodes })))
    }

    fn fetch(&self, sent: Sent<'_>) -> Option<Result<PlanNode, String>> {
        let schemas = self.planner.subgraph_schemas();
        let (name, schema) = schemas.get_key_value(sent.subgraph)?;
        let mut document = SerializableDocument::from_string(sent.text);
        match document.init_parsed(schema.schema()).cloned() {
            Ok(parsed) => {
                if let Some(field) = read_unprovided(schema.schema(), &parsed) {
                    return Some(Err(format!(
                        "{name} is asked for {field}, which is external"
                    )));
                }
            }
            Err(invalid) => {
                let text = document.as_serialized();
                return Some(Err(format!("{} in {name}: {text}", invalid.errors)));
            }
        }
        let output_rewrites = sent.rewrites.unwrap_or_default().iter().map(renamed);
        let output_rewrites = output_rewrites.collect::<Option<Vec<_>>>()?.concat();
        Some(Ok(PlanNode::Fetch(Box::new(FetchNode {
            subgraph_name: name.clone(),
            id: None,
            variable_usages: Vec::new(),
            requires: sent.requires.map(required).unwrap_or_default(),
            operation_document: document,
            operation_name: None,
            operation_kind: sent.kind,
            input_rewrites: Arc::default(),
            output_rewrites,
            context_rewrites: Vec::new(),
        }))))
    }
}

fn kind(kind: Option<&OperationKind>) -> OperationType {
    match kind {
        Some(OperationKind::Mutation) => OperationType::Mutation,
        Some(OperationKind::Subscription) => OperationType::Subscription,
        Some(OperationKind::Query) | None => OperationType::Query,
    }
}

/// The operation that a batch's field would be without the others. None: it needs variables of its own.
fn alone(document: &Document, alias: &str) -> Option<String> {
    let entities = document.operation.selection_set.items.iter();
    let selections = entities.filter_map(|item| match item {
        SelectionItem::Field(field) if field.alias.as_deref() == Some(alias) => {
            Some(&field.selections)
        }
        _ => None,
    });
    let mut text = format!(
        "query($representations:[_Any!]!){{_entities(representations:$representations){}}}",
        selections.map(ToString::to_string).next()?
    );
    if text.matches('$').count() > 2 {
        return None;
    }
    let mut unused: Vec<_> = document.fragments.iter().collect();
    loop {
        let is_spread = |name: &str| {
            let spread = format!("...{name}");
            text.match_indices(&spread).any(|(at, _)| {
                let next = text[at + spread.len()..].chars().next();
                next.is_none_or(|next| !next.is_ascii_alphanumeric() && next != '_')
            })
        };
        let Some(at) = unused.iter().position(|one| is_spread(&one.name)) else {
            return Some(text);
        };
        let fragment = unused.remove(at);
        text += &format!(" {fragment}");
    }
}

/// A node at a path. Types stand with the element they are of.
fn flattened(path: &FlattenNodePath, node: PlanNode) -> Result<PlanNode, String> {
    let mut elements = Vec::new();
    for segment in path.as_slice() {
        match segment {
            FlattenNodePathSegment::Field(name) => {
                elements.push(FetchDataPathElement::Key(valid(name)?, None));
            }
            FlattenNodePathSegment::List => elements.push(FetchDataPathElement::AnyIndex(None)),
            FlattenNodePathSegment::TypeCondition(types) => {
                let types = types.iter().map(|ty| valid(ty)).collect::<Result<_, _>>()?;
                if let Some(
                    FetchDataPathElement::Key(_, conditions)
                    | FetchDataPathElement::AnyIndex(conditions),
                ) = elements.last_mut()
                {
                    *conditions = Some(types);
                }
            }
        }
    }
    Ok(PlanNode::Flatten(FlattenNode {
        path: elements,
        node: Box::new(node),
    }))
}

fn times(
    paths: &[Vec<FetchDataPathElement>],
    elements: &[FetchDataPathElement],
) -> Vec<Vec<FetchDataPathElement>> {
    let longer = |path: &Vec<FetchDataPathElement>| {
        let path = path.clone();
        let ends = elements.iter().cloned();
        ends.map(move |end| [path.clone(), vec![end]].concat())
            .collect::<Vec<_>>()
    };
    paths.iter().flat_map(longer).collect()
}

/// A rewrite of a response's keys, once for each type where there are several. None: another kind of rewrite.
fn renamed(rewrite: &FetchRewrite) -> Option<Vec<Arc<FetchDataRewrite>>> {
    let FetchRewrite::KeyRenamer(renamer) = rewrite else {
        return None;
    };
    let mut paths: Vec<Vec<FetchDataPathElement>> = vec![Vec::new()];
    for segment in &renamer.path {
        let elements: Vec<FetchDataPathElement> = match segment {
            FetchNodePathSegment::Key(name) => {
                vec![FetchDataPathElement::Key(valid(name).ok()?, None)]
            }
            FetchNodePathSegment::TypenameEquals(types) => {
                let types = types.iter().map(|ty| valid(ty).ok());
                types
                    .map(|ty| ty.map(FetchDataPathElement::TypenameEquals))
                    .collect::<Option<_>>()?
            }
        };
        paths = times(&paths, &elements);
    }
    let rename_key_to = valid(&renamer.rename_key_to).ok()?;
    let rewrite = |path| {
        Arc::new(FetchDataRewrite::KeyRenamer(FetchDataKeyRenamer {
            path,
            rename_key_to: rename_key_to.clone(),
        }))
    };
    Some(paths.into_iter().map(rewrite).collect())
}

fn required(selections: &SelectionSet) -> Vec<requires::Selection> {
    let one = |item: &SelectionItem| match item {
        SelectionItem::Field(field) => Some(requires::Selection::Field(requires::Field {
            alias: None,
            name: valid(&field.name).ok()?,
            selections: required(&field.selections),
        })),
        SelectionItem::InlineFragment(inline) => {
            let inline = requires::InlineFragment {
                type_condition: Some(valid(&inline.type_condition).ok()?),
                selections: required(&inline.selections),
            };
            Some(requires::Selection::InlineFragment(inline))
        }
        SelectionItem::FragmentSpread(_) => None,
    };
    selections.items.iter().filter_map(one).collect()
}

fn valid(name: &str) -> Result<Name, String> {
    Name::new(name).map_err(|_| format!("{name} is no name"))
}
