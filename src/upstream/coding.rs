//! Content codings: the compressed forms that bodies travel in (RFC 9110 section 8.4.1).
//!
//! Bodies are coded whole, for on both sides they are whole: what the gateway writes, and what it reads. What takes
//! longer than a worker's other requests should wait is done aside.

use super::{aside, inflate};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http::{HeaderMap, HeaderValue, header};
use std::io::{self, Write};
use zstd::zstd_safe::CParameter;

/// A coding that is read and written here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    Gzip,
    Brotli,
    Zstd,
}

/// What a body says of its coding that is not understood: a coding that is not here, or several on top of each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the content encoding must be one of gzip, br and zstd")]
pub struct UnknownCoding;

/// Why a body could not be brought out of its coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InflateError {
    #[error("what it holds is larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("it is not valid {0}")]
    Invalid(&'static str),
}

/// Bodies of at most this size are coded where they are: that takes less than a millisecond. Larger ones go aside.
const IN_PLACE_BYTES_MAX: usize = 64 * 1024;

// The levels are where more time begins to save little (`docs/http.md`).
/// Of 1 to 9.
const GZIP_LEVEL: u32 = 4;
/// Of 0 to 11. From 5 on, small bodies take milliseconds.
const BROTLI_QUALITY: i32 = 3;
/// Of 1 to 22.
const ZSTD_LEVEL: i32 = 3;
/// Brotli's window as a power of two, from 1 KiB to 16 MiB: as large as the body, up to 4 MiB.
const BROTLI_WINDOW: std::ops::RangeInclusive<u32> = 10..=22;

impl Coding {
    /// All of them, the one that is quickest for what it saves first.
    pub const ALL: [Self; 3] = [Self::Zstd, Self::Brotli, Self::Gzip];
    /// All of them, as an `Accept-Encoding`.
    pub const ACCEPTED: HeaderValue = HeaderValue::from_static("gzip, br, zstd");

    /// The coding of this name.
    pub fn named(name: &str) -> Option<Self> {
        let is = |token: &str| name.eq_ignore_ascii_case(token);
        match () {
            // Once written like that (RFC 9110 section 8.4.1.3).
            () if is("gzip") || is("x-gzip") => Some(Self::Gzip),
            () if is("br") => Some(Self::Brotli),
            () if is("zstd") => Some(Self::Zstd),
            () => None,
        }
    }

    /// Its name in headers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }

    /// The coding of the body that comes with these headers. None: it is as it is.
    pub fn of(headers: &HeaderMap) -> Result<Option<Self>, UnknownCoding> {
        let mut values = headers.get_all(header::CONTENT_ENCODING).iter();
        let (value, None) = (values.next(), values.next()) else {
            return Err(UnknownCoding);
        };
        let Some(value) = value else {
            return Ok(None);
        };
        match value.to_str().map_err(|_| UnknownCoding)?.trim() {
            name if name.eq_ignore_ascii_case("identity") => Ok(None),
            name => Self::named(name).map(Some).ok_or(UnknownCoding),
        }
    }

    /// The body in this coding. None if it is not smaller in it, or an encoder failed.
    pub async fn compress(self, body: Bytes) -> Option<Vec<u8>> {
        let compressed = if body.len() <= IN_PLACE_BYTES_MAX {
            self.compressed(&body)
        } else {
            let body = body.clone();
            aside::run(move || self.compressed(&body)).await?
        };
        match compressed {
            Ok(compressed) => (compressed.len() < body.len()).then_some(compressed),
            Err(error) => {
                tracing::error!(%error, coding = self.name(), "a body could not be compressed");
                None
            }
        }
    }

    /// What a body in this coding holds, if that has at most `limit` bytes.
    pub async fn inflate(self, body: Bytes, limit: usize) -> Result<Bytes, InflateError> {
        // How large it is inside only shows in the doing. What is begun in vain here is as little as what is done here.
        if body.len() <= IN_PLACE_BYTES_MAX {
            match self.inflated(&body, limit.min(IN_PLACE_BYTES_MAX)) {
                Err(InflateError::TooLarge { .. }) if limit > IN_PLACE_BYTES_MAX => {}
                done => return Ok(done?.into()),
            }
        }
        let inflated = aside::run(move || self.inflated(&body, limit)).await;
        Ok(inflated.ok_or(InflateError::Invalid(self.name()))??.into())
    }

    fn inflated(self, body: &[u8], limit: usize) -> Result<Vec<u8>, InflateError> {
        let inflated = match self {
            Self::Gzip => inflate::gzip(body, limit),
            Self::Brotli => inflate::brotli(body, limit),
            Self::Zstd => inflate::zstd(body, limit),
        };
        match inflated {
            Some(inflated) if inflated.len() > limit => Err(InflateError::TooLarge { limit }),
            inflated => inflated.ok_or(InflateError::Invalid(self.name())),
        }
    }

    fn compressed(self, body: &[u8]) -> io::Result<Vec<u8>> {
        // JSON comes down to a quarter or less.
        let compressed = Vec::with_capacity(body.len() / 4);
        match self {
            Self::Gzip => {
                let mut encoder = GzEncoder::new(compressed, Compression::new(GZIP_LEVEL));
                encoder.write_all(body)?;
                encoder.finish()
            }
            Self::Brotli => {
                let window = body.len().checked_ilog2().map_or(0, |power| power + 1);
                let parameters = brotli::enc::BrotliEncoderParams {
                    quality: BROTLI_QUALITY,
                    lgwin: window.clamp(*BROTLI_WINDOW.start(), *BROTLI_WINDOW.end()) as i32,
                    size_hint: body.len(),
                    ..Default::default()
                };
                let mut compressed = compressed;
                brotli::BrotliCompress(&mut &*body, &mut compressed, &parameters)?;
                Ok(compressed)
            }
            Self::Zstd => zstd::bulk::compress(body, ZSTD_LEVEL),
        }
    }
}

/// A coding under way.
pub(super) enum StreamEncoder {
    Gzip(GzEncoder<Vec<u8>>),
    Brotli(Box<brotli::CompressorWriter<Vec<u8>>>),
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
}

/// For bodies whose length is not known, as powers of two: a stream costs so much memory. Brotli's window…
const BROTLI_STREAM_WINDOW: u32 = 18;
/// …and that of zstd with its two tables, which would take 3 MB together.
const ZSTD_STREAM: [CParameter; 3] = [
    CParameter::WindowLog(17),
    CParameter::HashLog(15),
    CParameter::ChainLog(14),
];

impl StreamEncoder {
    pub(super) fn new(coding: Coding) -> io::Result<Self> {
        let out = Vec::new();
        Ok(match coding {
            Coding::Gzip => Self::Gzip(GzEncoder::new(out, Compression::new(GZIP_LEVEL))),
            Coding::Brotli => {
                let quality = BROTLI_QUALITY.unsigned_abs();
                let writer =
                    brotli::CompressorWriter::new(out, 4096, quality, BROTLI_STREAM_WINDOW);
                Self::Brotli(Box::new(writer))
            }
            Coding::Zstd => {
                let mut encoder = zstd::stream::write::Encoder::new(out, ZSTD_LEVEL)?;
                for parameter in ZSTD_STREAM {
                    encoder.set_parameter(parameter)?;
                }
                Self::Zstd(encoder)
            }
        })
    }

    /// Takes in a piece; what comes out.
    pub(super) fn write(&mut self, piece: &[u8]) -> io::Result<Vec<u8>> {
        self.writer().write_all(piece)?;
        Ok(self.take())
    }

    /// All of what went in comes out.
    pub(super) fn flush(&mut self) -> io::Result<Vec<u8>> {
        self.writer().flush()?;
        Ok(self.take())
    }

    /// The last of it.
    pub(super) fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            Self::Gzip(encoder) => encoder.finish(),
            Self::Brotli(encoder) => Ok(encoder.into_inner()),
            Self::Zstd(encoder) => encoder.finish(),
        }
    }

    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Self::Gzip(encoder) => encoder,
            Self::Brotli(encoder) => encoder,
            Self::Zstd(encoder) => encoder,
        }
    }

    fn take(&mut self) -> Vec<u8> {
        std::mem::take(match self {
            Self::Gzip(encoder) => encoder.get_mut(),
            Self::Brotli(encoder) => encoder.get_mut(),
            Self::Zstd(encoder) => encoder.get_mut(),
        })
    }
}

#[cfg(test)]
mod tests;
