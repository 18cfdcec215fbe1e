//! Hive Router's planner, the crate `hive-router-query-planner`.

use super::{Apollo, Outline, Planner, Shape};
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
        let (mut bytes, mut shape) = (0, Shape::default());
        if let Some(node) = &plan.node {
            shape = measure(node, &mut bytes);
        }
        Outline {
            requests: shape.requests,
            depth: shape.depth,
            bytes,
            text: plan.to_string(),
            complaint: None,
        }
    }

    fn complaint(&self, text: &str, plan: &QueryPlan) -> Option<String> {
        let checker = self.checker.get_or_init(|| Apollo::load(&self.sdl).ok());
        checker.as_ref()?.complaint_of_hives(text, plan)
    }
}

fn measure(node: &PlanNode, bytes: &mut usize) -> Shape {
    match node {
        PlanNode::Fetch(fetch) => {
            *bytes += fetch.operation.document_str.len();
            Shape::REQUEST
        }
        PlanNode::BatchFetch(fetch) => {
            *bytes += fetch.operation.document_str.len();
            Shape::REQUEST
        }
        PlanNode::Flatten(flatten) => measure(&flatten.node, bytes),
        PlanNode::Sequence(sequence) => {
            let nodes = sequence.nodes.iter().map(|node| measure(node, bytes));
            nodes.fold(Shape::default(), Shape::then)
        }
        PlanNode::Parallel(parallel) => {
            let nodes = parallel.nodes.iter().map(|node| measure(node, bytes));
            nodes.fold(Shape::default(), Shape::beside)
        }
        PlanNode::Condition(condition) => {
            let clauses = [&condition.if_clause, &condition.else_clause];
            let clauses = clauses.into_iter().flatten();
            clauses
                .map(|node| measure(node, bytes))
                .fold(Shape::default(), Shape::or)
        }
        // Neither is asked for.
        PlanNode::Subscription(_) | PlanNode::Defer(_) => Shape::default(),
    }
}
