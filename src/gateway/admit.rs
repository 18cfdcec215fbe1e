//! Letting a request in, whichever end it is for.

use super::{
    Body, Local, Refusal, Snapshot,
    authentication::{Asking, Caller, Mismatch, Place},
    observation::Observation,
    overload::Arrival,
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
    /// It breaks off where it is another one than was signed, or comes when there is no place for it any more.
    pub(super) body: Body,
    pub(super) checks: Checks,
}

/// What was found of a body.
pub(super) struct Checks {
    arrival: Arrival,
    mismatch: Mismatch,
}

impl Checks {
    /// What becomes of a request whose body has come: if something was wrong with that, it is what the client is told.
    pub(super) fn judge<T>(&self, answered: Result<T, Refusal>) -> Result<T, Refusal> {
        self.mismatch.judge(self.arrival.judge(answered))
    }
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
    let (body, arrival) = observation.origin().hold.while_it_comes(body);
    let (body, mismatch) = caller.checked(body)?;
    Ok(Admitted {
        caller,
        body,
        checks: Checks { arrival, mismatch },
    })
}
