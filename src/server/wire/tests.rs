//! What hyper gets of what a client sends, in whatever pieces it comes and is asked for.

use super::*;
use http::Request;
use tokio::{
    io::{AsyncWriteExt, duplex},
    time::timeout,
};

const LIMITS: Limits = Limits {
    headers_max: 10,
    head_bytes_max: 1000,
};
/// Sizes of pieces; some are about as long as the preface of HTTP/2.
const PIECES: [usize; 9] = [1, 2, 3, 7, 23, 24, 25, 100, 10_000];

const GOOD: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n\
    POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello\
    POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx: y\r\n\r\n\
    PUT / HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n";

/// How reading ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Closed,
    Failed(io::ErrorKind),
    /// Nothing more comes, though the client has gone.
    Waiting,
}

/// Reads what is passed on, in such pieces.
async fn read<S: AsyncRead + AsyncWrite + Unpin>(
    wire: &mut Wire<S>,
    piece: usize,
) -> (Vec<u8>, End) {
    let (mut got, mut buffer) = (Vec::new(), vec![0; piece]);
    loop {
        match timeout(Duration::from_secs(1), wire.read(&mut buffer)).await {
            Ok(Ok(0)) => return (got, End::Closed),
            Ok(Ok(length)) => got.extend_from_slice(&buffer[..length]),
            Ok(Err(error)) => return (got, End::Failed(error.kind())),
            Err(_) => return (got, End::Waiting),
        }
    }
}

/// A wire whose client sends this, in such pieces, and stays.
async fn wire(
    bytes: &[u8],
    piece: usize,
) -> (Wire<tokio::io::DuplexStream>, Arc<Talk>, Option<Protocol>) {
    let (mut client, server) = duplex(piece);
    let talk = Arc::<Talk>::default();
    let mut wire = Wire::new(server, LIMITS, Arc::clone(&talk), None);
    let bytes = bytes.to_vec();
    tokio::spawn(async move {
        // It may have been given up.
        let _ = client.write_all(&bytes).await;
        let _ = client.shutdown().await;
    });
    let protocol = wire.protocol().await.unwrap();
    (wire, talk, protocol)
}

#[tokio::test(start_paused = true)]
async fn what_is_sound_passes_as_it_is() {
    for piece in PIECES {
        let (mut wire, _, protocol) = wire(GOOD, piece).await;
        assert_eq!(protocol, Some(Protocol::Http1));
        assert_eq!(
            read(&mut wire, piece).await,
            (GOOD.to_vec(), End::Closed),
            "{piece}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_unsound_head_is_replaced_and_nothing_comes_after_it() {
    let bad =
        b"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\nGET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n";
    for piece in PIECES {
        let (mut wire, talk, _) = wire(&[GOOD, bad].concat(), piece).await;
        let expected = [GOOD, IN_ITS_PLACE].concat();
        assert_eq!(
            read(&mut wire, piece).await,
            (expected, End::Waiting),
            "{piece}"
        );
        let substitute = Request::get("*").body(()).unwrap();
        assert_eq!(talk.refused(&substitute), Some(Fault::Hosts));
        let other = Request::get("/").body(()).unwrap();
        assert_eq!(talk.refused(&other), None);
    }
}

#[tokio::test(start_paused = true)]
async fn an_unsound_body_breaks_off_where_it_was_sound() {
    let sound = b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n";
    let bad = b"5;x=y\r\nhello\r\n0\r\n\r\n";
    for piece in PIECES {
        let (mut wire, talk, _) = wire(&[&sound[..], bad].concat(), piece).await;
        let failed = End::Failed(io::ErrorKind::InvalidData);
        assert_eq!(
            read(&mut wire, piece).await,
            (sound.to_vec(), failed),
            "{piece}"
        );
        assert_eq!(talk.refused(&Request::get("*").body(()).unwrap()), None);
    }
}

#[tokio::test(start_paused = true)]
async fn what_follows_an_offer_comes_when_it_is_taken() {
    let offer = b"GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
    let early = b"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n\0\x01\x02";
    for piece in PIECES {
        let (mut wire, talk, _) = wire(&[&offer[..], early].concat(), piece).await;
        let (got, end) = read(&mut wire, piece).await;
        // That the client has gone is told, what it said is not.
        assert_eq!((&got[..], end), (&offer[..], End::Closed), "{piece}");
        talk.switch();
        assert_eq!(
            read(&mut wire, piece).await,
            (early.to_vec(), End::Closed),
            "{piece}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn http_2_passes_as_it_is() {
    let bytes = [PREFACE, b"\0\0\0\x04\0\0\0\0\0 whatever\n"].concat();
    for piece in PIECES {
        let (mut wire, _, protocol) = wire(&bytes, piece).await;
        assert_eq!(protocol, Some(Protocol::Http2));
        assert_eq!(
            read(&mut wire, piece).await,
            (bytes.clone(), End::Closed),
            "{piece}"
        );
    }
    let (_, _, protocol) = wire(&PREFACE[..20], 3).await;
    assert_eq!(protocol, None);
    // Nearly, but not quite.
    let (mut wire, talk, protocol) = wire(b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", 5).await;
    assert_eq!(protocol, Some(Protocol::Http1));
    assert_eq!(
        read(&mut wire, 100).await,
        (IN_ITS_PLACE.to_vec(), End::Waiting)
    );
    assert_eq!(
        talk.refused(&Request::get("*").body(()).unwrap()),
        Some(Fault::Version)
    );
}
