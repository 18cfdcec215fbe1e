//! The stage between a document and its execution: the program that answers it for one request, and what that costs.

use super::{
    Code, Local, Refusal, Snapshot,
    authentication::Caller,
    authorization::{Asked, Unmet},
    demand_control::Weighed,
    graphql,
    observation::Observation,
    prepared::Prepared,
};
use crate::{
    executor::Program,
    operation::{Conditions, Document, OperationKind},
};
use serde_json::{Map, Value};
use std::{pin::pin, sync::Arc};
use tokio::time::{Instant, timeout_at};

/// The program that answers a document for these variables. What depends on the request is settled first, so that the plan
/// is without conditions.
pub(super) async fn plan(
    (snapshot, local, observation): (&Snapshot, &Local, &Observation<'_>),
    caller: &Caller,
    (prepared, variables): (&Arc<Prepared>, &Map<String, Value>),
    deadline: Instant,
) -> Result<(Conditions, Arc<Program>), Refusal> {
    let document = prepared.document();
    let headers = &observation.head().headers;
    let labels = snapshot.labels.on(document.labels(), headers);
    let conditions = document.conditions(variables).with_labels(labels);
    let program = async |conditions: &Conditions| {
        let planning = snapshot.documents.program(prepared, conditions);
        let program = in_time(deadline, planning).await?;
        snapshot.authorization.judge(&program)?;
        Ok::<_, Refusal>(program)
    };
    let asked = Asked {
        supergraph: snapshot.supergraph(),
        document,
        variables,
        caller,
        headers,
        connections: &local.connections,
    };
    let authorization = &snapshot.authorization;
    let decided = match authorization.elsewhere(document) {
        None => None,
        Some(policies) => {
            let deciding = async { Ok(authorization.decide(policies, asked).await) };
            Some(Box::pin(in_time(deadline, deciding)).await?)
        }
    };
    let conditions = match authorization.unmet(asked, decided.as_deref()) {
        Unmet::Nothing => conditions,
        Unmet::Claims(unmet) => conditions.without(unmet),
        Unmet::OnlyTold(unmet) => {
            program(&conditions.clone().without(unmet)).await?;
            conditions
        }
    };
    let program = program(&conditions).await?;
    Ok((conditions, program))
}

/// Refuses an operation that may not be sent so, or that is larger than operations may be.
pub(super) fn check_operation(
    snapshot: &Snapshot,
    method: graphql::Method,
    document: &Document,
) -> Result<(), Refusal> {
    if method == graphql::Method::Get && document.kind() != OperationKind::Query {
        return Err(Refusal::method("POST", "Mutations must be sent by POST"));
    }
    if document.has_introspection() && !snapshot.introspection {
        return Err(Refusal::new(
            Code::IntrospectionDisabled,
            "Introspection is disabled (supergraph.introspection)",
        ));
    }
    snapshot.limits.check(document.measures())
}

/// What an operation costs, if that matters; refused if it is too much.
pub(super) fn weigh(
    snapshot: &Snapshot,
    observation: &Observation<'_>,
    program: &Program,
    variables: &Map<String, Value>,
) -> Result<Option<Arc<Weighed>>, Refusal> {
    let Some(demand) = &snapshot.demand_control else {
        return Ok(None);
    };
    let weighed = demand.weigh(program, snapshot.supergraph(), variables)?;
    if let Some(weighed) = &weighed {
        observation.estimated(weighed.estimated);
    }
    Ok(weighed.map(Arc::new))
}

/// What a stage gives, if it does before the request has to end.
pub(super) async fn in_time<T>(
    deadline: Instant,
    stage: impl Future<Output = Result<T, Refusal>>,
) -> Result<T, Refusal> {
    // Pinned where it is, for it may be large, and the timeout would move it.
    timeout_at(deadline, pin!(stage))
        .await
        .unwrap_or_else(|_| Err(Refusal::timeout()))
}
