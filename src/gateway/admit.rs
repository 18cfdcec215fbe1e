//! Letting a request in, whichever end it is for.

use super::{
    Body, Local, Refusal, Snapshot,
    authentication::{Asking, Caller, Mismatch, Place},
    observation::Observation,
    policies::Admission,
    program::in_time,
    rates::Standings,
    rest,
};
use http::Response;
use http_body::Body as _;
use tokio::time::Instant;

/// A request that was let in.
pub(super) struct Admitted {
    pub(super) caller: Caller,
    /// If it was signed, it breaks off where it is another one.
    pub(super) body: Body,
    pub(super) mismatch: Mismatch,
}

/// Answers at a path for signing in or out, which no policy stands before.
pub(super) async fn sign(
    (snapshot, local, observation): (&Snapshot, &Local, &Observation<'_>),
    place: Place,
) -> Response<Body> {
    let deadline = Instant::now() + snapshot.timeout;
    let asking = asking(local, observation, false);
    let signing = async {
        let answered = snapshot.authentication.sign(place, &asking).await?;
        Ok(answered.response().map(Body::full))
    };
    let signed = in_time(deadline, Box::pin(signing)).await;
    signed.unwrap_or_else(|refusal| rest::refuse(&refusal))
}

fn asking<'a>(local: &'a Local, observation: &'a Observation<'_>, has_body: bool) -> Asking<'a> {
    Asking {
        head: observation.head(),
        peer: observation.peer(),
        has_body,
        connections: &local.connections,
        cookies: observation.cookies(),
    }
}

/// Lets a request in, and says who sends it.
pub(super) async fn admit<'a>(
    (snapshot, local, observation): (&Snapshot, &Local, &Observation<'_>),
    admission: &'a Admission,
    body: Body,
    standings: &mut Standings<'a>,
    deadline: Instant,
) -> Result<Admitted, Refusal> {
    let asking = asking(local, observation, !body.is_end_stream());
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
