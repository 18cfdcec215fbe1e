//! Bodies out of their codings, never larger than what is allowed.
//!
//! A coded body may hold a thousand times its own size, so the limit holds while it is read: what is over it is never
//! made. Windows, the memory that a decoder keeps of what it has written, are bounded as well.

use super::{Coding, coding::InflateError};
use brotli::{BrotliDecompressStream, BrotliResult, BrotliState, enc::StandardAlloc};
use flate2::bufread::MultiGzDecoder;
use std::io::Read;

/// The largest window in HTTP, as a power of two (RFC 9659).
const ZSTD_WINDOW_MAX: u32 = 23;
const FIRST_BYTES: usize = 4 * 1024;

/// What `body` holds, if it is whole and has at most `limit` bytes.
pub(super) fn inflate(coding: Coding, body: &[u8], limit: usize) -> Result<Vec<u8>, InflateError> {
    let inflated = match coding {
        // An empty body is not the beginning of one either.
        _ if body.is_empty() => None,
        Coding::Gzip => read(MultiGzDecoder::new(body), limit),
        Coding::Brotli => brotli(body, limit),
        Coding::Zstd => zstd(body, limit),
    };
    let inflated = inflated.ok_or(InflateError::Invalid(coding.name()))?;
    if inflated.len() > limit {
        return Err(InflateError::TooLarge { limit });
    }
    Ok(inflated)
}

/// All that is read, or the first byte too many with what is before it. None if it is not valid.
fn read(reader: impl Read, limit: usize) -> Option<Vec<u8>> {
    let mut inflated = Vec::with_capacity(FIRST_BYTES.min(limit));
    let bytes_max = (limit as u64).saturating_add(1);
    reader.take(bytes_max).read_to_end(&mut inflated).ok()?;
    Some(inflated)
}

fn zstd(body: &[u8], limit: usize) -> Option<Vec<u8>> {
    let mut decoder = zstd::Decoder::with_buffer(body).ok()?;
    decoder.window_log_max(ZSTD_WINDOW_MAX).ok()?;
    read(decoder, limit)
}

/// The crate's own reader takes windows of up to a gigabyte, which are not part of the coding (RFC 7932 section 9.1).
fn brotli(body: &[u8], limit: usize) -> Option<Vec<u8>> {
    let allocator = StandardAlloc::default;
    let mut state = BrotliState::new_strict(allocator(), allocator(), allocator());
    let (mut unread, mut read, mut written, mut total) = (body.len(), 0, 0, 0);
    let mut inflated = vec![0; FIRST_BYTES.min(limit.saturating_add(1))];
    loop {
        let mut room = inflated.len() - written;
        let result = BrotliDecompressStream(
            &mut unread,
            &mut read,
            body,
            &mut room,
            &mut written,
            &mut inflated,
            &mut total,
            &mut state,
        );
        match result {
            BrotliResult::ResultSuccess if unread == 0 => break,
            BrotliResult::NeedsMoreOutput if inflated.len() > limit => break,
            BrotliResult::NeedsMoreOutput => {
                let larger = inflated.len().saturating_mul(2);
                inflated.resize(larger.min(limit.saturating_add(1)), 0);
            }
            _ => return None,
        }
    }
    inflated.truncate(written);
    Some(inflated)
}
