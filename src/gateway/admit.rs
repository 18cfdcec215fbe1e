//! Letting a request in, whichever end it is for.

use super::{
    Body, Local, Refusal, Snapshot,
    authentication::{Asking, Caller, Mismatch},
    observation::Observation,
    policies::Admission,
    program::in_time,
    rates::Standings,
};
use http_body::Body as _;
use tokio::time::Instant;

/// A request that was let in.
pub(super) struct Admitted {
    pub(super) caller: Caller,
    /// If it was signed, it breaks off where it is another one.
    pub(super) body: Body,
    pub(super) mismatch: Mismatch,
}

/// Lets a request in, and says who sends it.
pub(super) async fn admit<'a>(
    (snapshot, local, observation): (&Snapshot, &Local, &Observation<'_>),
    admission: &'a Admission,
    body: Body,
    standings: &mut Standings<'a>,
    deadline: Instant,
) -> Result<Admitted, Refusal> {
    let asking = Asking {
        head: observation.head(),
        peer: observation.peer(),
        has_body: !body.is_end_stream(),
        connections: &local.connections,
    };
    let facts = observation.facts();
    let admitting = admission.admit(&snapshot.authentication, &asking, facts, standings);
    let caller = in_time(deadline, admitting).await?;
    observation.caller(&caller);
    let (body, mismatch) = caller.checked(body)?;
    Ok(Admitted {
        caller,
        body,
        mismatch,
    })
}
