//! Apollo Router's planner, in the crate `apollo-federation`.

use super::checked::Translation;
use super::{Node, Outline, Planner};
use anyhow::{Result, anyhow};
use apollo_compiler::ExecutableDocument;
use apollo_compiler::validation::Valid;
use apollo_federation::Supergraph;
use apollo_federation::correctness::{CorrectnessError, check_plan};
use apollo_federation::query_plan::query_planner::{
    QueryPlanOptions, QueryPlanner, QueryPlannerConfig,
};
use apollo_federation::query_plan::{PlanNode, QueryPlan, TopLevelPlanNode};
use hive_router_query_planner::planner::plan_nodes as hive;

/// Apollo's planner, set up as its router does.
pub struct Apollo {
    planner: QueryPlanner,
}

impl Planner for Apollo {
    type Operation = Valid<ExecutableDocument>;
    type Plan = QueryPlan;

    fn load(sdl: &str) -> Result<Self> {
        let supergraph = Supergraph::new_with_router_specs(sdl).map_err(|e| anyhow!("{e}"))?;
        let config = QueryPlannerConfig {
            generate_query_fragments: true,
            ..QueryPlannerConfig::default()
        };
        let planner = QueryPlanner::new(&supergraph, config).map_err(|e| anyhow!("{e}"))?;
        Ok(Self { planner })
    }

    /// A valid document; its normal form is made inside `build_query_plan`.
    fn prepare(&self, text: &str) -> Result<Valid<ExecutableDocument>> {
        let schema = self.planner.api_schema().schema();
        ExecutableDocument::parse_and_validate(schema, text, "operation.graphql")
            .map_err(|invalid| anyhow!("{}", invalid.errors))
    }

    fn plan(&self, operation: &Valid<ExecutableDocument>) -> Result<QueryPlan> {
        self.planner
            .build_query_plan(operation, None, QueryPlanOptions::default())
            .map_err(|error| anyhow!("{error}"))
    }

    fn outline(&self, plan: &QueryPlan) -> Outline {
        let node = plan.node.clone().and_then(inner);
        let tree = node.as_ref().map_or(Node::NOTHING, tree);
        tree.outline(plan.to_string())
    }

    fn complaint(&self, text: &str, plan: &QueryPlan) -> Option<String> {
        let operation = self.prepare(text).ok()?;
        let checked = check_plan(
            self.planner.api_schema(),
            self.planner.supergraph_schema(),
            self.planner.subgraph_schemas(),
            &operation,
            plan,
        );
        match checked {
            Ok(()) | Err(CorrectnessError::FederationError(_)) => None,
            Err(error) => Some(error.to_string()),
        }
    }
}

impl Apollo {
    /// The same for a plan of Hive's.
    pub(super) fn complaint_of_hives(&self, text: &str, plan: &hive::QueryPlan) -> Option<String> {
        match Translation::new(&self.planner).plan(plan)? {
            Ok(plan) => self.complaint(text, &plan),
            Err(invalid) => Some(invalid),
        }
    }
}

/// The same node as one of the type that stands everywhere below.
fn inner(node: TopLevelPlanNode) -> Option<PlanNode> {
    Some(match node {
        TopLevelPlanNode::Fetch(node) => PlanNode::Fetch(node),
        TopLevelPlanNode::Sequence(node) => PlanNode::Sequence(node),
        TopLevelPlanNode::Parallel(node) => PlanNode::Parallel(node),
        TopLevelPlanNode::Flatten(node) => PlanNode::Flatten(node),
        TopLevelPlanNode::Condition(node) => PlanNode::Condition(node),
        TopLevelPlanNode::Defer(node) => PlanNode::Defer(node),
        TopLevelPlanNode::Subscription(_) => return None,
    })
}

fn tree(node: &PlanNode) -> Node<'_> {
    match node {
        PlanNode::Fetch(fetch) => Node::Request(fetch.operation_document.as_serialized()),
        PlanNode::Flatten(flatten) => tree(&flatten.node),
        PlanNode::Sequence(sequence) => Node::Sequence(sequence.nodes.iter().map(tree).collect()),
        PlanNode::Parallel(parallel) => Node::Parallel(parallel.nodes.iter().map(tree).collect()),
        PlanNode::Condition(condition) => {
            let clauses = [&condition.if_clause, &condition.else_clause];
            let clauses = clauses.into_iter().flatten();
            Node::Either(clauses.map(|node| tree(node)).collect())
        }
        // Not asked for.
        PlanNode::Defer(_) => Node::NOTHING,
    }
}
