//! Whom a client's certificate names. It has been verified by then: this only reads.

use std::{fmt::Write, net::IpAddr};
use x509_parser::{extensions::GeneralName, prelude::FromDer};

/// A certificate that a client has proven to be its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// SHA-256 of the whole certificate, in lower hexadecimal.
    pub sha256: Box<str>,
    /// The whole subject, as people read it.
    pub subject: Box<str>,
    /// The common name of the subject. None: it has none, or several.
    pub subject_cn: Option<Box<str>>,
    /// The subject's alternative names, in the certificate's order.
    pub sans: Vec<AlternativeName>,
    /// When it ends to be valid, in seconds since 1970.
    pub expires: i64,
}

/// One alternative name. Its kind is part of it: a URI is never taken for a host.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AlternativeName {
    /// In lower case.
    Dns(Box<str>),
    Uri(Box<str>),
    Email(Box<str>),
    Ip(IpAddr),
}

/// Why a certificate is not taken, though it was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    #[error("it is malformed")]
    Malformed,
    #[error("a name in it is empty, or has control characters")]
    Name,
    #[error("an address in it is none")]
    Address,
}

impl ClientCertificate {
    /// Reads a certificate in DER. Names that some would read to their end and others to a NUL have no place here.
    pub fn read(der: &[u8]) -> Result<Self, CertificateError> {
        let (rest, certificate) = x509_parser::certificate::X509Certificate::from_der(der)
            .map_err(|_| CertificateError::Malformed)?;
        if !rest.is_empty() {
            return Err(CertificateError::Malformed);
        }
        let subject = certificate.subject();
        let mut common_names = Vec::new();
        for attribute in subject.iter_common_name() {
            let text = attribute.as_str();
            common_names.push(name(text.map_err(|_| CertificateError::Malformed)?)?);
        }
        let extension = certificate.subject_alternative_name();
        let extension = extension.map_err(|_| CertificateError::Malformed)?;
        let mut sans = Vec::new();
        for general in extension.iter().flat_map(|san| &san.value.general_names) {
            sans.extend(alternative(general)?);
        }
        let subject = subject.to_string();
        if subject.contains(char::is_control) {
            return Err(CertificateError::Name);
        }
        Ok(Self {
            sha256: sha256(der),
            subject: subject.into(),
            subject_cn: common_names.pop().filter(|_| common_names.is_empty()),
            sans,
            expires: certificate.validity().not_after.timestamp(),
        })
    }

    /// The value of `X-Forwarded-Client-Cert`, as Envoy writes it.
    pub fn forwarded(&self) -> String {
        let mut value = format!("Hash={};Subject={}", self.sha256, quoted(&self.subject));
        for san in &self.sans {
            let (kind, name) = match san {
                AlternativeName::Uri(name) => ("URI", name),
                AlternativeName::Dns(name) => ("DNS", name),
                AlternativeName::Email(_) | AlternativeName::Ip(_) => continue,
            };
            value.push_str(&format!(";{kind}={}", quoted(name)));
        }
        value
    }
}

/// None: a kind of name that nobody is known by.
fn alternative(general: &GeneralName<'_>) -> Result<Option<AlternativeName>, CertificateError> {
    let read = match general {
        GeneralName::DNSName(text) => AlternativeName::Dns(name(text)?.to_ascii_lowercase().into()),
        GeneralName::URI(text) => AlternativeName::Uri(name(text)?),
        GeneralName::RFC822Name(text) => AlternativeName::Email(name(text)?),
        GeneralName::IPAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            let address = v4.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from));
            AlternativeName::Ip(address.map_err(|_| CertificateError::Address)?)
        }
        GeneralName::Invalid(..) => return Err(CertificateError::Malformed),
        _ => return Ok(None),
    };
    Ok(Some(read))
}

fn name(text: &str) -> Result<Box<str>, CertificateError> {
    if text.is_empty() || text.contains(char::is_control) {
        return Err(CertificateError::Name);
    }
    Ok(text.into())
}

fn sha256(der: &[u8]) -> Box<str> {
    let digest = ring::digest::digest(&ring::digest::SHA256, der);
    let mut hex = String::with_capacity(64);
    for byte in digest.as_ref() {
        // Writing to a string does not fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex.into()
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        if matches!(letter, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(letter);
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    //! What is read of certificates, and which are not taken.

    use super::*;
    use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, SanType};

    fn read(
        common_names: &[&str],
        sans: Vec<SanType>,
    ) -> Result<ClientCertificate, CertificateError> {
        let mut params = CertificateParams::default();
        params.subject_alt_names = sans;
        params.distinguished_name = DistinguishedName::new();
        for name in common_names {
            params.distinguished_name.push(DnType::CommonName, *name);
        }
        let key = KeyPair::generate().unwrap();
        ClientCertificate::read(params.self_signed(&key).unwrap().der())
    }

    fn dns(name: &str) -> SanType {
        SanType::DnsName(name.try_into().unwrap())
    }

    #[test]
    fn names_keep_their_kinds() {
        let sans = vec![
            dns("App.Shop.Test"),
            SanType::URI("spiffe://shop/app".try_into().unwrap()),
            SanType::Rfc822Name("app@shop.test".try_into().unwrap()),
            SanType::IpAddress([10, 0, 0, 1].into()),
        ];
        let certificate = read(&["app"], sans).unwrap();
        assert_eq!(certificate.subject_cn.as_deref(), Some("app"));
        let expected = [
            AlternativeName::Dns("app.shop.test".into()),
            AlternativeName::Uri("spiffe://shop/app".into()),
            AlternativeName::Email("app@shop.test".into()),
            AlternativeName::Ip([10, 0, 0, 1].into()),
        ];
        assert_eq!(certificate.sans, expected);
        assert_eq!(certificate.sha256.len(), 64);
        let told = certificate.forwarded();
        let (hash, rest) = told.split_once(';').unwrap();
        assert_eq!(hash, format!("Hash={}", certificate.sha256));
        assert_eq!(
            rest,
            "Subject=\"CN=app\";DNS=\"app.shop.test\";URI=\"spiffe://shop/app\""
        );
    }

    #[test]
    fn names_that_could_be_cut_short_are_refused() {
        for bad in ["admin\0.evil.test", "a\r\nb", ""] {
            let by_common_name = read(&[bad], Vec::new());
            assert_eq!(by_common_name, Err(CertificateError::Name), "{bad:?}");
            let by_dns = read(&["app"], vec![dns(bad)]);
            assert_eq!(by_dns, Err(CertificateError::Name), "{bad:?}");
        }
        assert_eq!(
            ClientCertificate::read(b"no"),
            Err(CertificateError::Malformed)
        );
    }

    #[test]
    fn what_is_said_cannot_end_its_quotes() {
        let certificate = read(&[r#"a";URI="spiffe://shop/admin"#], Vec::new()).unwrap();
        let told = certificate.forwarded();
        assert!(
            told.ends_with(r#";Subject="CN=a\";URI=\"spiffe://shop/admin""#),
            "{told}"
        );
    }
}
