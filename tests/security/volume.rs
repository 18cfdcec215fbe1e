//! Requests that are small until they are read.

use super::status;
use crate::{
    kit::{Client, Process},
    telemetry::shop,
};
use flate2::{Compression, write::GzEncoder};
use std::io::Write;

const MB: usize = 1_000_000;

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn brotli(plain: &[u8]) -> Vec<u8> {
    let mut coded = Vec::new();
    let mut encoder = brotli::CompressorWriter::new(&mut coded, 4096, 1, 22);
    encoder.write_all(plain).unwrap();
    drop(encoder);
    coded
}

/// CVE-2024-28101: the limit was compared with the body as it came, not with what it holds.
#[test]
fn what_a_body_holds_is_what_is_limited() {
    let process = Process::start("", &shop(&[]));
    let spaces = vec![b' '; MB];
    let bombs = [
        // Both codings are read on where one stream ends and another begins.
        ("gzip", gzip(&spaces).repeat(150), 413),
        (
            "zstd",
            zstd::encode_all(spaces.as_slice(), 1).unwrap().repeat(150),
            413,
        ),
        ("br", brotli(&spaces.repeat(30)), 413),
        ("gzip, gzip", gzip(&gzip(&spaces).repeat(150)), 415),
        ("deflate", gzip(&spaces).repeat(150), 415),
    ];
    for (coding, bomb, expected) in bombs {
        assert!(bomb.len() < 2 * MB, "{}", bomb.len());
        let before = process.peak_kib();
        let mut client = Client::connect(process.address);
        let length = bomb.len();
        client.send(
            format!(
                "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-encoding: {coding}\r\n\
                 content-length: {length}\r\n\r\n"
            )
            .as_bytes(),
        );
        client.send(&bomb);
        assert_eq!(
            status(&client.response().unwrap().start),
            expected,
            "{coding}"
        );
        let more = process.peak_kib() - before;
        assert!(more < 16 * 1024, "{coding}: {more} KiB");
    }
}
