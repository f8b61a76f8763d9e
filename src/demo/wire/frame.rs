//! Frames: a length of four bytes, a header, a body.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::{
    messages::{ApiKey, ResponseHeader},
    protocol::Encodable,
};
use tokio::io::{AsyncRead, AsyncReadExt};

/// A longer request closes its connection. Brokers take 100 MiB; no client of a demo sends a tenth of it.
const LONGEST: usize = 16 << 20;
/// Key, version and correlation id.
const SHORTEST: usize = 8;

/// A request whose body is not yet decoded.
pub struct Asked {
    pub key: ApiKey,
    pub version: i16,
    pub correlation: i32,
    pub client_id: String,
    pub body: Bytes,
}

/// The next whole frame without its length; None: the client left, or sends what is no frame. May be dropped
/// and called again with the same buffer.
pub async fn read(stream: &mut (impl AsyncRead + Unpin), buffer: &mut BytesMut) -> Option<Bytes> {
    loop {
        if let Some(head) = buffer.first_chunk::<4>() {
            let length = usize::try_from(i32::from_be_bytes(*head)).ok()?;
            if !(SHORTEST..=LONGEST).contains(&length) {
                return None;
            }
            if buffer.len() >= 4 + length {
                buffer.advance(4);
                return Some(buffer.split_to(length).freeze());
            }
        }
        buffer.reserve(8 << 10);
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}

/// Takes the header off; None: it is none.
///
/// Source: Apache Kafka `RequestHeader.json`; which of its versions it is follows from the request's.
pub fn open(mut frame: Bytes) -> Option<Asked> {
    let (key, version) = (frame.try_get_i16().ok()?, frame.try_get_i16().ok()?);
    let key = ApiKey::try_from(key).ok()?;
    let correlation = frame.try_get_i32().ok()?;
    // A text that is not there has the length −1.
    let client_id = match usize::try_from(frame.try_get_i16().ok()?) {
        Ok(length) => String::from_utf8_lossy(&take(&mut frame, length)?).into_owned(),
        Err(_) => String::new(),
    };
    if key.request_header_version(version) >= 2 {
        for _ in 0..varint(&mut frame)? {
            let _tag = varint(&mut frame)?;
            let length = varint(&mut frame)?;
            take(&mut frame, length as usize)?;
        }
    }
    Some(Asked { key, version, correlation, client_id, body: frame })
}

fn take(frame: &mut Bytes, length: usize) -> Option<Bytes> {
    (length <= frame.len()).then(|| frame.split_to(length))
}

fn varint(frame: &mut Bytes) -> Option<u32> {
    let mut sum = 0;
    for shift in (0..35).step_by(7) {
        let byte = frame.try_get_u8().ok()?;
        sum |= u32::from(byte & 0x7f).checked_shl(shift)?;
        if byte < 0x80 {
            return Some(sum);
        }
    }
    None
}

/// A whole frame with an answer in it; None where the answer has what its version cannot tell.
pub fn close(asked: &Asked, version: i16, answer: &impl Encodable) -> Option<Bytes> {
    let mut frame = BytesMut::with_capacity(1 << 10);
    frame.put_i32(0);
    let header = ResponseHeader::default().with_correlation_id(asked.correlation);
    header.encode(&mut frame, asked.key.response_header_version(version)).ok()?;
    if let Err(error) = answer.encode(&mut frame, version) {
        tracing::warn!(key = ?asked.key, version, %error, "an answer does not encode");
        return None;
    }
    let length = i32::try_from(frame.len() - 4).ok()?;
    frame[..4].copy_from_slice(&length.to_be_bytes());
    Some(frame.freeze())
}
