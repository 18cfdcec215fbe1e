//! Letting a request in, whichever end it is for.

use super::{
    Body, Local, Refusal, Snapshot,
    authentication::{Asking, Caller, Mismatch},
    observation::Observation,
    policies::Admission,
    program::in_time,
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
pub(super) async fn admit(
    (snapshot, local, observation): (&Snapshot, &Local, &Observation<'_>),
    admission: &Admission,
    body: Body,
    deadline: Instant,
) -> Result<Admitted, Refusal> {
    let asking = Asking {
        head: observation.head(),
        peer: observation.peer(),
        has_body: !body.is_end_stream(),
        connections: &local.connections,
    };
    let admitting = admission.admit(&snapshot.authentication, &asking);
    let caller = in_time(deadline, admitting).await?;
    observation.caller(&caller);
    let (body, mismatch) = caller.checked(body)?;
    Ok(Admitted {
        caller,
        body,
        mismatch,
    })
}
