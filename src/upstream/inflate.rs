//! Bodies out of their codings, never larger than what is allowed.
//!
//! A coded body may hold a thousand times its own size, so the limit holds while it is read: of what is over it, no more
//! than the first byte is made. Windows, the memory that a decoder keeps of what it has written, are bounded as well.
//!
//! Each function gives all that a body holds, or the beginning that is one byte too long; none if it is not valid.

use brotli::{BrotliDecompressStream, BrotliResult, BrotliState, enc::StandardAlloc};
use flate2::bufread::MultiGzDecoder;
use std::io::Read;

/// The largest window in HTTP, as a power of two (RFC 9659).
const ZSTD_WINDOW_MAX: u32 = 23;
const FIRST_BYTES: usize = 4 * 1024;

pub(super) fn gzip(body: &[u8], limit: usize) -> Option<Vec<u8>> {
    read(MultiGzDecoder::new(body), limit)
}

fn read(reader: impl Read, limit: usize) -> Option<Vec<u8>> {
    let mut inflated = Vec::with_capacity(FIRST_BYTES.min(limit));
    let bytes_max = (limit as u64).saturating_add(1);
    reader.take(bytes_max).read_to_end(&mut inflated).ok()?;
    Some(inflated)
}

pub(super) fn zstd(body: &[u8], limit: usize) -> Option<Vec<u8>> {
    // An empty body would be no frame at all, and as such valid.
    if body.is_empty() {
        return None;
    }
    let mut decoder = zstd::Decoder::with_buffer(body).ok()?;
    decoder.window_log_max(ZSTD_WINDOW_MAX).ok()?;
    read(decoder, limit)
}

/// The crate's own reader takes windows of up to a gigabyte, which are not part of the coding (RFC 7932 section 9.1).
pub(super) fn brotli(body: &[u8], limit: usize) -> Option<Vec<u8>> {
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
