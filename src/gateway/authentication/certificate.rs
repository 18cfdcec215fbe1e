//! Certificates that clients have proven to be theirs when the connection was made.

use super::{Asking, Caller, Rejection, now};
use crate::gateway::{ClientCertificate, consumers::Directory};

/// Whose certificate a request comes with, if with any.
pub(super) fn caller(
    consumers: &Directory,
    asking: &Asking<'_>,
) -> Result<Option<Caller>, Rejection> {
    let (Some(tls), Some(certificate)) = (asking.peer.tls, shown(asking)) else {
        return Ok(None);
    };
    let consumer = consumers.of_certificate(certificate, tls.authority.as_deref());
    let consumer = consumer.ok_or(Rejection::UnknownCertificate)?;
    let ends = certificate.expires as f64;
    Ok(Some(Caller::known(consumer).until(Some(ends))))
}

/// Refuses a request on a connection whose certificate has ended since, whatever way it takes: upstreams are told of it, too.
pub(super) fn check_time(asking: &Asking<'_>) -> Result<(), Rejection> {
    match shown(asking) {
        Some(certificate) if certificate.expires as f64 <= now() => {
            Err(Rejection::ExpiredCertificate)
        }
        _ => Ok(()),
    }
}

fn shown<'a>(asking: &Asking<'a>) -> Option<&'a ClientCertificate> {
    asking.peer.tls?.certificate.as_deref()
}
