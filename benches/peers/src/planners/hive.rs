//! Hive Router's planner, the crate `hive-router-query-planner`.

use super::{Apollo, Node, Outline, Planner};
use anyhow::{Result, bail};
use graphql_tools::validation::rules::default_rules_validation_plan;
use graphql_tools::validation::validate::{ValidationPlan, validate};
use hive_router_query_planner::ast::document::NormalizedDocument;
use hive_router_query_planner::ast::normalization::normalize_operation;
use hive_router_query_planner::graph::PlannerOverrideContext;
use hive_router_query_planner::planner::plan_nodes::{PlanNode, QueryPlan};
use hive_router_query_planner::planner::{self, QueryPlannerOptions};
use hive_router_query_planner::utils::cancellation::CancellationToken;
use hive_router_query_planner::utils::parsing::{safe_parse_operation, safe_parse_schema};
use std::sync::OnceLock;

/// Hive's planner, set up as its router does.
pub struct Hive {
    planner: planner::Planner,
    rules: ValidationPlan,
    sdl: String,
    /// Loaded when a plan is to be checked.
    checker: OnceLock<Option<Apollo>>,
}

impl Planner for Hive {
    type Operation = NormalizedDocument;
    type Plan = QueryPlan;

    fn load(sdl: &str) -> Result<Self> {
        let document = safe_parse_schema(sdl)?;
        let options = QueryPlannerOptions::default();
        Ok(Self {
            planner: planner::Planner::new_from_supergraph(&document, options)?,
            rules: default_rules_validation_plan(),
            sdl: sdl.to_owned(),
            checker: OnceLock::new(),
        })
    }

    fn prepare(&self, text: &str) -> Result<NormalizedDocument> {
        let document = safe_parse_operation(text)?;
        let schema = &self.planner.consumer_schema.document;
        if let Some(error) = validate(schema, &document, &self.rules).first() {
            bail!("{}", error.message);
        }
        Ok(normalize_operation(
            &self.planner.supergraph,
            &document,
            None,
        )?)
    }

    fn plan(&self, operation: &NormalizedDocument) -> Result<QueryPlan> {
        Ok(self.planner.plan_from_normalized_operation(
            operation.executable_operation(),
            PlannerOverrideContext::default(),
            &CancellationToken::new(),
        )?)
    }

    fn outline(&self, plan: &QueryPlan) -> Outline {
        let tree = plan.node.as_ref().map_or(Node::NOTHING, tree);
        tree.outline(plan.to_string())
    }

    fn complaint(&self, text: &str, plan: &QueryPlan) -> Option<String> {
        let checker = self.checker.get_or_init(|| Apollo::load(&self.sdl).ok());
        checker.as_ref()?.complaint_of_hives(text, plan)
    }
}

fn tree(node: &PlanNode) -> Node<'_> {
    match node {
        PlanNode::Fetch(fetch) => Node::Request(&fetch.operation.document_str),
        PlanNode::BatchFetch(fetch) => Node::Request(&fetch.operation.document_str),
        PlanNode::Flatten(flatten) => tree(&flatten.node),
        PlanNode::Sequence(sequence) => Node::Sequence(sequence.nodes.iter().map(tree).collect()),
        PlanNode::Parallel(parallel) => Node::Parallel(parallel.nodes.iter().map(tree).collect()),
        PlanNode::Condition(condition) => {
            let clauses = [&condition.if_clause, &condition.else_clause];
            let clauses = clauses.into_iter().flatten();
            Node::Either(clauses.map(|node| tree(node)).collect())
        }
        // Neither is asked for.
        PlanNode::Subscription(_) | PlanNode::Defer(_) => Node::NOTHING,
    }
}
