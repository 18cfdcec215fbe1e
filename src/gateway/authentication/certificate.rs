//! Certificates that clients have proven to be theirs when the connection was made.

use super::{Asking, Caller, Rejection};
use crate::gateway::consumers::Directory;

/// Whose certificate a request comes with, if with any.
pub(super) fn caller(
    consumers: &Directory,
    asking: &Asking<'_>,
) -> Result<Option<Caller>, Rejection> {
    let Some(tls) = asking.peer.tls else {
        return Ok(None);
    };
    let Some(certificate) = &tls.certificate else {
        return Ok(None);
    };
    let consumer = consumers.of_certificate(certificate, tls.authority.as_deref());
    let consumer = consumer.ok_or(Rejection::UnknownCertificate)?;
    Ok(Some(Caller::known(consumer)))
}
