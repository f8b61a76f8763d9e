//! What the API server wraps its protobuf messages in.
//!
//! Source: apimachinery `pkg/runtime/serializer/protobuf`: an object is the magic bytes `k8s\0` and a
//! `runtime.Unknown` that holds it; a watch is a stream of length-delimited `meta.v1.WatchEvent`s, each
//! with such an object inside.

use super::{trouble::Trouble, wire};
use bytes::{Buf, Bytes, BytesMut};
use prost::Message;

/// What a client asks for. JSON is the fallback of proxies that answer in the server's place.
pub const ACCEPT_LIST: &str = "application/vnd.kubernetes.protobuf, application/json";
pub const ACCEPT_WATCH: &str = "application/vnd.kubernetes.protobuf;stream=watch, application/json";

const MAGIC: &[u8] = b"k8s\0";

/// A frame larger than this is no Kubernetes object: etcd refuses far smaller ones.
const MAX_FRAME: usize = 64 << 20;

/// The object's own bytes, out of its envelope.
pub fn open(mut data: Bytes) -> Result<Bytes, Trouble> {
    if !data.starts_with(MAGIC) {
        return Err(Trouble::nonsense("it sent no Kubernetes protobuf"));
    }
    data.advance(MAGIC.len());
    Ok(wire::Unknown::decode(data)?.raw)
}

/// Takes the next whole frame off a watch stream's buffer, if it is there.
pub fn next_frame(buffer: &mut BytesMut) -> Result<Option<Bytes>, Trouble> {
    let Some(head) = buffer.first_chunk::<4>() else { return Ok(None) };
    let length = u32::from_be_bytes(*head) as usize;
    if length > MAX_FRAME {
        return Err(Trouble::nonsense("it sent a watch frame of an impossible size"));
    }
    if buffer.len() < 4 + length {
        return Ok(None);
    }
    buffer.advance(4);
    Ok(Some(buffer.split_to(length).freeze()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_found_however_the_stream_is_cut() {
        let stream = [&[0, 0, 0, 2, b'a', b'b', 0, 0, 0, 0, 0, 0, 0, 1][..], b"c"].concat();
        for cut in 0..=stream.len() {
            let (mut buffer, mut frames) = (BytesMut::new(), Vec::new());
            for part in [&stream[..cut], &stream[cut..]] {
                buffer.extend_from_slice(part);
                while let Some(frame) = next_frame(&mut buffer).unwrap() {
                    frames.push(frame);
                }
            }
            assert_eq!(frames, [&b"ab"[..], b"", b"c"], "cut at {cut}");
        }
    }

    #[test]
    fn what_is_no_kubernetes_stream_is_refused() {
        assert!(next_frame(&mut BytesMut::from(&b"<html>"[..])).is_err());
        assert!(open(Bytes::from_static(b"{\"kind\":\"Pod\"}")).is_err());
    }
}
